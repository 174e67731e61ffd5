import { ServiceError } from '../../base/errors.ts'
import { endOf, instantAtOffset, instantOf } from '../../base/time-zones.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'

const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/

/**
 * Reads `2024-01-01`, `2024-01-01T00:00:00Z`, with milliseconds, an offset or a space in the middle. A day alone stands for
 * its beginning. A day, and a time without an offset, are read by the merchant's clocks. Undefined for no text, and for a
 * blank text, which clients of vendors send. The schemas of `/v1` refuse a blank text before. Throws `invalid_request`, also
 * for a day that does not exist.
 */
export function readInstant({ merchant }: Tenant, text: string | undefined, field: string): Date | undefined {
  const given = readText(text, field)
  return given && instantIn(merchant.timeZone, given, field)
}

/** Reads the time that a value must have: a day is the whole day, an instant is itself, to the millisecond. Refuses a blank text. */
export function readMoment(tenant: Tenant, text: string, field: string): { from: Date; until: Date } {
  const { from, until } = readClosedPeriod(tenant, [text, text], [field, field])
  if (from === undefined || until === undefined) throw notATime(text, field)
  return { from, until }
}

/**
 * Reads the end of a period: the first instant that is no longer in it. Works like `readInstant`, but a day alone is in the
 * period, so the period ends where the next day begins.
 */
export function readEnd({ merchant }: Tenant, text: string | undefined, field: string): Date | undefined {
  const given = readText(text, field)
  if (given === undefined) return undefined
  const instant = instantIn(merchant.timeZone, given, field)
  return given.time === null ? endOf(given.day, merchant.timeZone) : instant
}

/** Reads a period, of which either end may be open. Throws `invalid_request`. */
export function readPeriod(
  tenant: Tenant,
  [from, to]: readonly [string | undefined, string | undefined],
  [fromField, toField]: readonly [string, string] = ['from', 'to'],
): { from: Date | undefined; until: Date | undefined } {
  return { from: readInstant(tenant, from, fromField), until: readEnd(tenant, to, toField) }
}

/**
 * Works like `readPeriod`, for the lists of vendors, whose clients send the time of the last item that they want: an instant
 * at the end is in the period, to the millisecond.
 */
export function readClosedPeriod(...given: Parameters<typeof readPeriod>): ReturnType<typeof readPeriod> {
  const { from, until } = readPeriod(...given)
  const [, [, to], fields] = given
  const isDay = readText(to, fields?.[1] ?? 'to')?.time === null
  return { from, until: until === undefined || isDay ? until : new Date(until.getTime() + 1) }
}

/** The parts of a text that has the form of a day or of a time. */
interface Given {
  text: string
  day: string
  time: string | null
  offset: string | null
}

function readText(text: string | undefined, field: string): Given | undefined {
  if (text === undefined || text.trim() === '') return undefined
  // A published client encodes the colons, and then encodes the whole address again.
  const trimmed = text.trim().replace(/%3A/gi, ':')
  const match = pattern.exec(trimmed)
  if (match === null) throw notATime(trimmed, field)
  const [, day = '', time = null, offset = null] = match
  return { text: trimmed, day, time, offset }
}

function instantIn(timeZone: string, given: Given, field: string): Date {
  const instant = instantOrNull(timeZone, given)
  if (instant !== null) return instant
  const { text, offset } = given
  const isSkipped = offset === null && instantOrNull('UTC', given) !== null
  const place = isSkipped ? ` in the time zone ${timeZone}, whose clocks skip it` : ''
  const message = `${field} must be a day and a time that exist${place}, not ${JSON.stringify(text)}`
  throw new ServiceError('invalid_request', message, field)
}

function instantOrNull(timeZone: string, { day, time, offset }: Given): Date | null {
  try {
    return time === null || offset === null ? instantOf(day, time, timeZone) : instantAtOffset(day, time, offset)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function notATime(text: string, field: string): ServiceError {
  const message = `${field} must be a time such as 2024-01-01 or 2024-01-01T00:00:00.000Z, not ${JSON.stringify(text)}`
  return new ServiceError('invalid_request', message, field)
}
