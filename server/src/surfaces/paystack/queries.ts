import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { readClosedPeriod } from '../http/instants.ts'

// Members of queries are texts, and every language writes its own: Python has True and False, PHP has 1 and nothing.

const yes = ['true', '1', 'yes', 'on']
const no = ['false', '0', 'no', 'off']

/** A boolean in a query, read by `readFlag`. */
export function flagSchema(description: string) {
  return Type.Optional(Type.String({ description: `${description}: true or false`, examples: ['true'] }))
}

/** Undefined for no text and for a blank text. Throws `invalid_request` for any text that is no boolean. */
export function readFlag(text: string | undefined, field: string): boolean | undefined {
  if (!isGiven(text)) return undefined
  const word = text.trim().toLowerCase()
  if (yes.includes(word)) return true
  if (no.includes(word)) return false
  throw new ServiceError('invalid_request', `"${field}" must be one of [true, false]`, field)
}

/** Reads `from` and `to`. Throws `invalid_request`, in Paystack's words. */
export function readPeriod(tenant: Tenant, { from, to }: { from?: string | undefined; to?: string | undefined }) {
  try {
    return readClosedPeriod(tenant, [from, to])
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    throw new ServiceError('invalid_request', `Invalid '${error.field}' date passed`, error.field)
  }
}

/** Whether a text has more than blanks. */
export function isGiven(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== ''
}

/** The text without blanks around it. Undefined for a blank text. */
export function textOf(text: string | undefined): string | undefined {
  return text?.trim() || undefined
}
