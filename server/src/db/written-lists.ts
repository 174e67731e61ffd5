import { createRequire } from 'node:module'
import { setImmediate as breathe } from 'node:timers/promises'
import type { Argument } from './function-call.ts'

/** The driver's own: its types do not have this file. */
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as { prepareValue(value: unknown): unknown }

/**
 * The parameters of a call with each list written by the driver already. The driver writes all lists of a statement in one go:
 * for a batch of 1,000 commands this takes 10 to 25 ms, in which the server would answer nobody. Here the calls of others come
 * in after each list.
 */
export async function writeLists(parameters: Readonly<Record<string, Argument>>): Promise<Record<string, Argument>> {
  const written: Record<string, Argument> = {}
  for (const [name, { type, value }] of Object.entries(parameters)) {
    written[name] = { type, value: Array.isArray(value) ? prepareValue(value) : value }
    if (Array.isArray(value)) await breathe()
  }
  return written
}
