import { getCountries } from 'libphonenumber-js/max'
import { describe, expect, test } from 'vitest'
import {
  dayAt,
  endOf,
  instantAtOffset,
  instantOf,
  isoWithOffset,
  lastDays,
  readTimeZone,
  timeZoneOf,
} from './time-zones.ts'

describe('the time zone of a country', () => {
  test.each([
    ['ZA', 'Africa/Johannesburg'],
    ['NG', 'Africa/Lagos'],
    ['KE', 'Africa/Nairobi'],
    ['GH', 'Africa/Accra'],
    ['EG', 'Africa/Cairo'],
    ['MA', 'Africa/Casablanca'],
    ['CI', 'Africa/Abidjan'],
    ['SN', 'Africa/Dakar'],
    ['UG', 'Africa/Kampala'],
    ['RW', 'Africa/Kigali'],
    ['TZ', 'Africa/Dar_es_Salaam'],
    ['CD', 'Africa/Kinshasa'],
    ['GB', 'Europe/London'],
    ['DE', 'Europe/Berlin'],
    ['US', 'America/New_York'],
    ['IN', 'Asia/Kolkata'],
    ['NP', 'Asia/Kathmandu'],
    ['ER', 'Africa/Asmara'],
  ])('the default time zone of %s is %s', (country, zone) => {
    expect(timeZoneOf(country)).toBe(zone)
  })

  test('every country that a merchant can have has a time zone, and one only where it is said which', () => {
    const unreadable = getCountries().filter((country) => readTimeZone(timeZoneOf(country)) === null)
    expect(unreadable).toEqual([])
    const several = getCountries().filter((country) => {
      const locale = new Intl.Locale(`und-${country}`) as { getTimeZones?(): string[]; timeZones?: string[] }
      const zones = locale.getTimeZones?.() ?? locale.timeZones ?? []
      return zones.length > 1 && timeZoneOf(country) === zones[0]
    })
    // Countries whose main zone is the first in the alphabet all the same.
    expect(several).toEqual(['CD', 'CN', 'DE', 'EC', 'ID', 'KZ', 'MY', 'NZ', 'PS'])
  })
})

test.each([
  ['Africa/Lagos', 'Africa/Lagos'],
  ['africa/lagos', 'Africa/Lagos'],
  ['UTC', 'UTC'],
  ['Asia/Kathmandu', 'Asia/Kathmandu'],
  ['asia/kolkata', 'Asia/Kolkata'],
  ['Europe/Kyiv', 'Europe/Kyiv'],
  ['Europe/Kiev', 'Europe/Kiev'],
  ['EST', 'EST'],
])('the time zone %s is read as %s', (name, zone) => {
  expect(readTimeZone(name)).toBe(zone)
})

test.each(['Africa/Lagoss', 'Lagos', '+01:00', 'GMT+1', '', ' ', 'W. Central Africa Standard Time', '__proto__'])(
  'the time zone %j does not exist',
  (name) => {
    expect(readTimeZone(name)).toBeNull()
  },
)

describe('the beginning of a day', () => {
  test.each([
    ['2026-11-01', 'Africa/Lagos', '2026-10-31T23:00:00.000Z'],
    ['2026-11-01', 'Africa/Accra', '2026-11-01T00:00:00.000Z'],
    ['2026-11-01', 'Africa/Nairobi', '2026-10-31T21:00:00.000Z'],
    // On the last Friday of April clocks go from 00:00 to 01:00: the day has 23 hours and begins at one.
    ['2026-04-24', 'Africa/Cairo', '2026-04-23T22:00:00.000Z'],
    ['2026-04-25', 'Africa/Cairo', '2026-04-24T21:00:00.000Z'],
    // On the last Thursday of October clocks go from 24:00 back to 23:00: the day has 25 hours.
    ['2026-10-29', 'Africa/Cairo', '2026-10-28T21:00:00.000Z'],
    ['2026-10-30', 'Africa/Cairo', '2026-10-29T22:00:00.000Z'],
    // Ramadan of 2026: clocks are an hour earlier from 15 February until 22 March.
    ['2026-02-15', 'Africa/Casablanca', '2026-02-14T23:00:00.000Z'],
    ['2026-02-16', 'Africa/Casablanca', '2026-02-16T00:00:00.000Z'],
    ['2026-03-23', 'Africa/Casablanca', '2026-03-22T23:00:00.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['2026-10-26', 'Europe/London', '2026-10-26T00:00:00.000Z'],
  ])('%s in %s begins at %s', (day, zone, instant) => {
    expect(instantOf(day, null, zone).toISOString()).toBe(instant)
    expect(dayAt(new Date(instant), zone)).toBe(day)
    expect(dayAt(new Date(Date.parse(instant) - 1), zone)).not.toBe(day)
  })
})

test.each([
  ['2026-03-29', '02:30', 'Europe/Berlin'],
  ['2026-03-08', '02:00', 'America/New_York'],
  ['2026-03-08', '02:59:59.999999999', 'America/New_York'],
  ['2026-04-24', '00:30', 'Africa/Cairo'],
  ['2011-12-30', null, 'Pacific/Apia'],
  ['2011-12-30', '12:00', 'Pacific/Apia'],
])('%s %s, which the clocks of %s skip, does not exist', (day, time, zone) => {
  expect(() => instantOf(day, time, zone)).toThrow(RangeError)
})

test('a day ends where the next begins, also where clocks skip the next day', () => {
  expect(endOf('2026-11-30', 'Africa/Lagos').toISOString()).toBe('2026-11-30T23:00:00.000Z')
  expect(endOf('2011-12-29', 'Pacific/Apia').toISOString()).toBe('2011-12-30T10:00:00.000Z')
  expect(endOf('2026-04-23', 'Africa/Cairo').toISOString()).toBe('2026-04-23T22:00:00.000Z')
  expect(endOf('2028-02-28', 'UTC').toISOString()).toBe('2028-02-29T00:00:00.000Z')
})

test('with an offset a time exists that the clocks of some zone skip', () => {
  expect(instantAtOffset('2026-03-08', '02:30', '-05:00').toISOString()).toBe('2026-03-08T07:30:00.000Z')
})

test('of a time that clocks show twice the first counts', () => {
  expect(instantOf('2026-10-25', '02:30', 'Europe/Berlin').toISOString()).toBe('2026-10-25T00:30:00.000Z')
})

test.each([
  '0000-01-01',
  '0000-12-31',
  '2026-02-30',
  '2026-02-29',
  '2026-04-31',
  '2026-13-01',
  '2026-00-10',
  '2026-01-00',
  '2100-02-29',
])('the day %s does not exist', (day) => {
  expect(() => instantOf(day, null, 'UTC')).toThrow(RangeError)
  expect(() => endOf(day, 'UTC')).toThrow(RangeError)
  expect(() => instantAtOffset(day, '10:00', 'Z')).toThrow(RangeError)
})

test('the last days end with the day that the zone’s calendars show', () => {
  const late = new Date('2026-03-01T23:30:00Z')
  expect(lastDays(3, late, 'UTC')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01'])
  expect(lastDays(2, late, 'Africa/Lagos')).toEqual(['2026-03-01', '2026-03-02'])
  expect(lastDays(3, new Date('2011-12-31T00:00:00Z'), 'Pacific/Apia')).toEqual(['2011-12-29', '2011-12-31'])
})

test('a time is written with the offset that the zone has at that instant', () => {
  expect(isoWithOffset(new Date('2026-11-30T22:15:00Z'), 'Africa/Lagos')).toBe('2026-11-30T23:15:00.000+01:00')
  expect(isoWithOffset(new Date('2026-11-30T22:15:00.5Z'), 'UTC')).toBe('2026-11-30T22:15:00.500+00:00')
})
