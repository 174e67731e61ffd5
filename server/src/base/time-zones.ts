import { Temporal } from 'temporal-polyfill'

/** A day of the calendar: `2026-11-30`. */
type Day = string

/**
 * The zone of a country's capital or largest city, for each country with several zones. Countries with one zone are not
 * listed, because `Intl` knows their zone.
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
  ES: 'Europe/Madrid',
  FM: 'Pacific/Pohnpei',
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

/** The time zone in which most people of a country live. UTC for a country without a zone of its own. */
export function timeZoneOf(country: string): string {
  return mainZones[country] ?? zonesOf(country)[0] ?? 'UTC'
}

function zonesOf(country: string): readonly string[] {
  // The types of ECMAScript do not have this method yet.
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & { getTimeZones(): string[] | undefined }
  return locale.getTimeZones() ?? []
}

/** The zone as IANA spells it (`africa/lagos` is `Africa/Lagos`), or null for a name that is none. */
export function readTimeZone(name: string): string | null {
  // `Intl` also takes offsets such as +01:00, which are no zones.
  if (!/^[a-z]/i.test(name)) return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

/**
 * The instant at which clocks in the zone show this day and time. Where clocks are put forward, a time that they skip
 * counts as the time that they show instead; where clocks are put back, the first of the two. Throws RangeError for a day or
 * a time that does not exist.
 *
 * @param time `10:30`, `10:30:00` or with a fraction; null for the beginning of the day, which is not everywhere 00:00
 */
export function instantOf(day: Day, time: string | null, timeZone: string): Date {
  const date = Temporal.PlainDate.from(day, { overflow: 'reject' })
  const plainTime = time === null ? undefined : Temporal.PlainTime.from(time, { overflow: 'reject' })
  return new Date(
    date.toZonedDateTime({ timeZone, ...(plainTime === undefined ? {} : { plainTime }) }).epochMilliseconds,
  )
}

/** The day after. Throws RangeError for a day that does not exist. */
export function dayAfter(day: Day): Day {
  return Temporal.PlainDate.from(day, { overflow: 'reject' }).add({ days: 1 }).toString()
}

/** The day that calendars in the zone show at this instant. */
export function dayAt(instant: Date, timeZone: string): Day {
  return zonedAt(instant, timeZone).toPlainDate().toString()
}

/** The last `count` days up to the day of this instant, oldest first. */
export function lastDays(count: number, instant: Date, timeZone: string): Day[] {
  const today = zonedAt(instant, timeZone).toPlainDate()
  return Array.from({ length: count }, (_, i) => today.subtract({ days: count - 1 - i }).toString())
}

/** ISO 8601 with the offset of the zone, to the millisecond: `2026-11-30T23:15:00.000+01:00`. */
export function isoWithOffset(instant: Date, timeZone: string): string {
  return zonedAt(instant, timeZone).toString({ fractionalSecondDigits: 3, timeZoneName: 'never' })
}

function zonedAt(instant: Date, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timeZone)
}
