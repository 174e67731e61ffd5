import { expect, test } from 'vitest'
import { ago, dayName, dayOf, daysBefore } from './times.ts'

const format = { locale: 'en', timeZone: 'Africa/Johannesburg' }
const now = new Date('2026-03-03T10:00:00Z')

test('a day is that of the merchant’s clocks', () => {
  expect(dayOf('2026-03-02T21:59:59Z', format)).toBe('2026-03-02')
  expect(dayOf('2026-03-02T22:00:00Z', format)).toBe('2026-03-03')
  expect(dayOf('2026-03-02T22:00:00Z', { ...format, timeZone: 'America/New_York' })).toBe('2026-03-02')
})

test('today and yesterday have names, other days their dates', () => {
  expect(['2026-03-03', '2026-03-02', '2026-03-01'].map((day) => dayName(day, now, format))).toEqual([
    'Today',
    'Yesterday',
    'March 1, 2026',
  ])
})

test('days are counted over the ends of months and years', () => {
  expect([daysBefore('2026-03-01', 1), daysBefore('2024-03-01', 1), daysBefore('2026-01-01', 1)]).toEqual([
    '2026-02-28',
    '2024-02-29',
    '2025-12-31',
  ])
})

test('a time is relative up to a week, then its date', () => {
  const at = (ms: number) => ago(new Date(now.getTime() - ms).toISOString(), now, format)
  expect([at(2_000), at(120_000), at(3 * 3_600_000), at(2 * 86_400_000), at(8 * 86_400_000)]).toEqual([
    'now',
    '2 min. ago',
    '3 hr. ago',
    '2 days ago',
    'February 23, 2026',
  ])
})
