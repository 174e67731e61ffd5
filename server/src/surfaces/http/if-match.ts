import type { FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'

export const ifMatchDescription =
  'With the header `If-Match: "<updatedAt>"`, the time that you have read, a change of something that was changed meanwhile is ' +
  'refused with 412.'

/**
 * Reads `If-Match`, which has the `updatedAt` that the caller has read, with or without quotes. Undefined without the header and
 * for `*`. Throws `invalid_request` for anything else.
 */
export function readSeenAt({ headers }: Pick<FastifyRequest, 'headers'>): Date | undefined {
  const given = headers['if-match']?.trim()
  if (given === undefined || given === '*') return undefined
  const text = given.replace(/^(?:W\/)?"(.*)"$/, '$1')
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? new Date(text) : undefined
  if (time !== undefined && !Number.isNaN(time.getTime())) return time
  const message = `If-Match must be the updatedAt that you have read, such as "2026-01-15T10:30:00.000Z", not ${JSON.stringify(given)}`
  throw new ServiceError('invalid_request', message, 'If-Match')
}
