/** The viewer's locale and the merchant's clocks. */
export interface TimeFormat {
  locale: string
  timeZone: string
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf({ locale, timeZone }: TimeFormat, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${timeZone} ${JSON.stringify(options)}`
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale, { timeZone, ...options })
  formats.set(key, known)
  return known
}

/** 14:02 */
export function timeOfDay(at: string | Date, format: TimeFormat): string {
  return formatOf(format, { hour: '2-digit', minute: '2-digit' }).format(new Date(at))
}

/** 3 March 2026 */
export function longDate(at: string | Date, format: TimeFormat): string {
  return formatOf(format, { day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(at))
}

/** 3 Mar, 14:02 */
export function shortTime(at: string | Date, format: TimeFormat): string {
  return formatOf(format, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(new Date(at))
}

/** The instant to the second, with the zone. */
export function exactTime(at: string | Date, format: TimeFormat): string {
  const options = { dateStyle: 'full', timeStyle: 'long' } as const
  return formatOf(format, options).format(new Date(at))
}

/** The day by the merchant's clocks, as 2026-03-03: to group by and to ask for. */
export function dayOf(at: string | Date, { timeZone }: TimeFormat): string {
  const parts = formatOf({ locale: 'en', timeZone }, { year: 'numeric', month: '2-digit', day: '2-digit' })
  const found = Object.fromEntries(parts.formatToParts(new Date(at)).map(({ type, value }) => [type, value]))
  return `${found.year}-${found.month}-${found.day}`
}

/** The heading of a day: Today, Yesterday, or its date. */
export function dayName(day: string, now: Date, format: TimeFormat): string {
  if (day === dayOf(now, format)) return 'Today'
  if (day === dayOf(new Date(now.getTime() - 86_400_000), format)) return 'Yesterday'
  // Noon, in no zone: the day has its name already.
  return longDate(`${day}T12:00:00Z`, { ...format, timeZone: 'UTC' })
}

/** The day that lies `days` before another, as 2026-03-03. */
export function daysBefore(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10)
}

const relatives = new Map<string, Intl.RelativeTimeFormat>()

function relativeOf(locale: string): Intl.RelativeTimeFormat {
  const known = relatives.get(locale) ?? new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  relatives.set(locale, known)
  return known
}

const steps = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** "2 days ago" up to a week, then the date. */
export function ago(at: string, now: Date, format: TimeFormat): string {
  const ms = new Date(at).getTime() - now.getTime()
  if (Math.abs(ms) >= 7 * 86_400_000) return longDate(at, format)
  const words = relativeOf(format.locale)
  for (const [unit, length] of steps) if (Math.abs(ms) >= length) return words.format(Math.trunc(ms / length), unit)
  return Math.abs(ms) < 10_000 ? 'now' : words.format(Math.trunc(ms / 1000), 'second')
}
