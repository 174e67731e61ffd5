import { Temporal } from 'temporal-polyfill'

/** A day of the calendar: `2026-11-30`. */
type Day = string

/**
 * The zone of a country's capital or largest city, for each country with several zones or with a zone that `Intl` knows by a
 * former name. Other countries are not listed, because `Intl` knows their zone.
 */
const mainZones: Readonly<Record<string, string>> = {
  AR: 'America/Argentina/Buenos_Aires',
  AU: 'Australia/Sydney',
  BR: 'America/Sao_Paulo',
  CA: 'America/Toronto',
  CD: 'Africa/Kinshasa',
  CL: 'America/Santiago',
  CN: 'Asia/Shanghai',
  CY: 'Asia/Nicosia',
  DE: 'Europe/Berlin',
  EC: 'America/Guayaquil',
  ER: 'Africa/Asmara',
  ES: 'Europe/Madrid',
  FM: 'Pacific/Pohnpei',
  FO: 'Atlantic/Faroe',
  GL: 'America/Nuuk',
  ID: 'Asia/Jakarta',
  IN: 'Asia/Kolkata',
  KI: 'Pacific/Tarawa',
  KZ: 'Asia/Almaty',
  MH: 'Pacific/Majuro',
  MM: 'Asia/Yangon',
  MN: 'Asia/Ulaanbaatar',
  MX: 'America/Mexico_City',
  MY: 'Asia/Kuala_Lumpur',
  NP: 'Asia/Kathmandu',
  NZ: 'Pacific/Auckland',
  PF: 'Pacific/Tahiti',
  PG: 'Pacific/Port_Moresby',
  PS: 'Asia/Gaza',
  PT: 'Europe/Lisbon',
  RU: 'Europe/Moscow',
  TA: 'Atlantic/St_Helena',
  UA: 'Europe/Kyiv',
  US: 'America/New_York',
  UZ: 'Asia/Tashkent',
  VN: 'Asia/Ho_Chi_Minh',
  AC: 'Atlantic/St_Helena',
  XK: 'Europe/Belgrade',
}

/** The time zone in which most people of a country live, by its current name. UTC for a country without a zone of its own. */
export function timeZoneOf(country: string): string {
  return mainZones[country] ?? zonesOf(country)[0] ?? 'UTC'
}

interface ZonesOfLocale {
  getTimeZones?(): string[] | undefined
  timeZones?: string[]
}

function zonesOf(country: string): readonly string[] {
  // Node 22 has a member where later versions have a method, and the types of ECMAScript have neither.
  const locale: Intl.Locale & ZonesOfLocale = new Intl.Locale(`und-${country}`)
  return (locale.getTimeZones === undefined ? locale.timeZones : locale.getTimeZones()) ?? []
}

/**
 * The zone as IANA spells it (`africa/lagos` is `Africa/Lagos`), or null for a name that is none. The name stays the one that was
 * given: `Intl` would answer Asia/Katmandu for Asia/Kathmandu, and America/Panama for EST.
 */
export function readTimeZone(name: string): string | null {
  // `Intl` also takes offsets such as +01:00, which are no zones.
  if (!/^[a-z]/i.test(name)) return null
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId
  } catch {
    return null
  }
}

/**
 * The instant at which clocks in the zone show this day and time. Where clocks are put back, the first of the two. Throws
 * RangeError for a day or a time that does not exist, also where clocks are put forward and skip it.
 *
 * @param time `10:30`, `10:30:00` or with a fraction; null for the beginning of the day, which is not everywhere 00:00
 */
export function instantOf(day: Day, time: string | null, timeZone: string): Date {
  const date = readDay(day)
  const wanted = time === null ? null : readTime(time)
  const found = date.toZonedDateTime({ timeZone, ...(wanted === null ? {} : { plainTime: wanted }) })
  const isShown = found.toPlainDate().equals(date) && (wanted === null || found.toPlainTime().equals(wanted))
  if (!isShown) throw new RangeError('clocks in the zone skip this time')
  return new Date(found.epochMilliseconds)
}

/** The instant of a day and a time with an offset such as `Z` or `+01:00`. Throws RangeError for one that does not exist. */
export function instantAtOffset(day: Day, time: string, offset: string): Date {
  const instant = Temporal.Instant.from(`${readDay(day)}T${readTime(time)}${offset}`)
  return new Date(instant.epochMilliseconds)
}

/** The first instant after a day, also where clocks skip the next day. Throws RangeError for a day that does not exist. */
export function endOf(day: Day, timeZone: string): Date {
  return new Date(readDay(day).add({ days: 1 }).toZonedDateTime({ timeZone }).epochMilliseconds)
}

/** The year before the year 1 is no year 0. */
function readDay(day: Day): Temporal.PlainDate {
  const date = Temporal.PlainDate.from(day, { overflow: 'reject' })
  if (date.year < 1) throw new RangeError('there is no year 0')
  return date
}

/** A minute of 61 seconds is no time here. */
function readTime(time: string): Temporal.PlainTime {
  if (/^\d\d:\d\d:60/.test(time)) throw new RangeError('there is no second 60')
  return Temporal.PlainTime.from(time, { overflow: 'reject' })
}

/** The day that calendars in the zone show at this instant. */
export function dayAt(instant: Date, timeZone: string): Day {
  return zonedAt(instant, timeZone).toPlainDate().toString()
}

/** The last `count` days up to the day of this instant, oldest first. Days that the zone skipped are left out. */
export function lastDays(count: number, instant: Date, timeZone: string): Day[] {
  const today = zonedAt(instant, timeZone).toPlainDate()
  const days = Array.from({ length: count }, (_, i) => today.subtract({ days: count - 1 - i }))
  return days.filter((day) => day.toZonedDateTime(timeZone).toPlainDate().equals(day)).map(String)
}

/** ISO 8601 with the offset of the zone, to the millisecond: `2026-11-30T23:15:00.000+01:00`. */
export function isoWithOffset(instant: Date, timeZone: string): string {
  return zonedAt(instant, timeZone).toString({ fractionalSecondDigits: 3, timeZoneName: 'never' })
}

function zonedAt(instant: Date, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timeZone)
}
