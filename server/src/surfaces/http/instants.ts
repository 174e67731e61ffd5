import { ServiceError } from '../../base/errors.ts'

const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/

/**
 * Reads `2024-01-01`, `2024-01-01T00:00:00Z`, with milliseconds, an offset or a space in the middle. Without an offset
 * the time is UTC. Undefined for no text and for an empty text. Throws `invalid_request`.
 *
 * @param timeOfDay the time for a day alone: its beginning, or its end where the day ends a period
 */
export function readInstant(
  text: string | undefined,
  field: string,
  timeOfDay: '00:00:00' | '23:59:59.999' = '00:00:00',
): Date | undefined {
  if (text === undefined || text.trim() === '') return undefined
  // A published client encodes the colons, and then encodes the whole address again.
  const match = pattern.exec(text.trim().replace(/%3A/gi, ':'))
  const instant = new Date(`${match?.[1]}T${match?.[2] ?? timeOfDay}${match?.[3] ?? 'Z'}`)
  if (match !== null && !Number.isNaN(instant.getTime())) return instant
  const message = `${field} must be a time such as 2024-01-01 or 2024-01-01T00:00:00.000Z`
  throw new ServiceError('invalid_request', message, field)
}
