import { describe, expect, test } from 'vitest'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { readClosedPeriod, readEnd, readInstant, readPeriod } from './instants.ts'

const lagos = { merchant: { timeZone: 'Africa/Lagos' } } as Tenant

describe('an instant', () => {
  test.each([
    ['2026-11-30', '2026-11-29T23:00:00.000Z'],
    ['2026-11-30T10:30', '2026-11-30T09:30:00.000Z'],
    ['2026-11-30 10:30:15', '2026-11-30T09:30:15.000Z'],
    ['2026-11-30T10:30:15.123456', '2026-11-30T09:30:15.123Z'],
    ['2026-11-30T10:30:15Z', '2026-11-30T10:30:15.000Z'],
    ['2026-11-30T10:30:15+02:00', '2026-11-30T08:30:15.000Z'],
    ['2026-11-30T10:30:15-0530', '2026-11-30T16:00:15.000Z'],
    ['2026-11-30T10%3A30%3A15Z', '2026-11-30T10:30:15.000Z'],
    [' 2028-02-29 ', '2028-02-28T23:00:00.000Z'],
  ])('%s is read as %s by a merchant in Lagos', (text, instant) => {
    expect(readInstant(lagos, text, 'from')?.toISOString()).toBe(instant)
  })

  test.each([undefined, '', ' '])('%j is no instant', (text) => {
    expect([readInstant(lagos, text, 'from'), readEnd(lagos, text, 'to')]).toEqual([undefined, undefined])
  })

  test.each([
    '2026-02-30',
    '2026-02-29',
    '2026-11-31',
    '2026-13-01',
    '2026-12-32',
    '2026-02-30T10:00:00Z',
    '2026-02-30T10:00:00',
    '2026-01-01T24:00:01Z',
    '2026-01-01T10:60:00Z',
    '2026-01-01T10:00:00+25:00',
    '2026-01-01T24:00:00Z',
    '2026-01-01T10:00:60Z',
    '0000-01-01',
    '0000-06-01T10:00:00Z',
  ])('%s is refused, because there is no such day or time', (text) => {
    const message = `from must be a day and a time that exist, not "${text}"`
    const refusal = expect.objectContaining({ code: 'invalid_request', message, field: 'from' })
    expect(() => readInstant(lagos, text, 'from')).toThrow(refusal)
    expect(() => readEnd(lagos, text, 'from')).toThrow(refusal)
  })

  test.each(['x', '2026', '2026-1-1', '01/02/2026', '2026-01-01T', '1764288000', '2026-01-01Z'])(
    '%s is refused, because it has not the form of a time',
    (text) => {
      const message = `to must be a time such as 2024-01-01 or 2024-01-01T00:00:00.000Z, not "${text}"`
      expect(() => readEnd(lagos, text, 'to')).toThrow(message)
    },
  )

  test('a time that clocks skip is refused without an offset, and read with one', () => {
    const newYork = { merchant: { timeZone: 'America/New_York' } } as Tenant
    const message =
      'from must be a day and a time that exist in the time zone America/New_York, whose clocks skip it, not "2026-03-08T02:30"'
    expect(() => readInstant(newYork, '2026-03-08T02:30', 'from')).toThrow(message)
    expect(readInstant(newYork, '2026-03-08T02:30:00Z', 'from')?.toISOString()).toBe('2026-03-08T02:30:00.000Z')
  })
})

test('the end of a period is an instant, or the end of a day', () => {
  expect(readEnd(lagos, '2026-11-30', 'to')?.toISOString()).toBe('2026-11-30T23:00:00.000Z')
  expect(readEnd(lagos, '2026-11-30T00:00', 'to')?.toISOString()).toBe('2026-11-29T23:00:00.000Z')
  expect(readEnd(lagos, '2026-11-30T12:00:00Z', 'to')?.toISOString()).toBe('2026-11-30T12:00:00.000Z')
  expect(readPeriod(lagos, ['2026-11-01', undefined])).toEqual({
    from: new Date('2026-10-31T23:00Z'),
    until: undefined,
  })
})

test('in the lists of vendors an instant at the end is in the period, and a day as a whole', () => {
  const until = (to: string) => readClosedPeriod(lagos, [undefined, to]).until?.toISOString()
  expect(until('2026-11-30')).toBe('2026-11-30T23:00:00.000Z')
  expect(until('2026-11-30T12:00:00Z')).toBe('2026-11-30T12:00:00.001Z')
  expect(readClosedPeriod(lagos, ['', ' '])).toEqual({ from: undefined, until: undefined })
})
