import type { FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { type Context, perContext } from '../../domain/context.ts'

const minuteMs = 60_000
/** Somebody who tries keys would otherwise get a line for each. */
const linesOfAddress = 20
const addressesAtOnce = 10_000

/** The keys of each address that have a line of their own, in this minute. */
const recent = perContext(() => ({ since: 0, byAddress: new Map<string, Set<string>>() }))

/**
 * Counts a credential that was refused, and logs it by the last four characters of the key and the address that it came from:
 * when it begins, and once a minute with a count. Of an address that tries many keys, the rest share a line.
 */
export function noteRefusedCredential(
  context: Context,
  request: FastifyRequest,
  surface: string,
  error: unknown,
): void {
  if (!(error instanceof ServiceError) || error.code !== 'unauthorized') return
  context.meter.counter('mteja_authentication_failures_total', { surface }).add(1)
  const given = request.headers['x-api-key']?.toString() ?? request.headers.authorization ?? ''
  const told = limited(context, request.ip, describeCredential(given))
  context.failures.failed(`authentication from ${request.ip} by ${told}`, { surface })
}

function limited(context: Context, address: string, told: string): string {
  const state = recent(context)
  const now = context.clock.now().getTime()
  if (now - state.since >= minuteMs || state.byAddress.size >= addressesAtOnce) {
    state.since = now
    state.byAddress.clear()
  }
  const known = state.byAddress.get(address) ?? new Set()
  state.byAddress.set(address, known)
  if (!known.has(told) && known.size >= linesOfAddress) return 'other keys'
  known.add(told)
  return told
}

/** Never more of a key than its hint, and nothing of a text that is no key. */
function describeCredential(given: string): string {
  const [, hint] = /\bsk_(?:test|live)_[\w-]*([\w-]{4})$/.exec(given.trim()) ?? []
  if (hint !== undefined) return `a key ending in ${hint}`
  return given === '' ? 'no credential' : 'another credential'
}
