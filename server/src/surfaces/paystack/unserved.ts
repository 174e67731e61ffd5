import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'

// Nothing here splits a payment or subscribes a customer. A member that asks for it would change where money goes, so it
// is refused: a payment that goes elsewhere than asked is worse than no payment.

const refused = Type.Optional(
  Type.Unknown({ description: 'Refused: payments are not split and start no subscription' }),
)

/** The members of a request for a payment that are refused, unless they are empty. */
export const unservedSchema = {
  plan: refused,
  split_code: refused,
  split: refused,
  subaccount: refused,
  transaction_charge: refused,
  bearer: Type.Optional(Type.Unknown({ description: '"account" is accepted: no other account bears charges' })),
}

/** The members, as they were sent. */
export type Unserved = Partial<Record<keyof typeof unservedSchema, unknown>>

/**
 * Throws `not_found` for a split or a subaccount, because none exists, and `invalid_request` for every other member that
 * would change where money goes. Empty members are ignored: PHP forms send them.
 */
export function refuseUnserved(body: Unserved): void {
  refuseSplits(body)
  for (const name of ['plan', 'split', 'transaction_charge', 'bearer'] as const) {
    if (isEmpty(body[name]) || (name === 'bearer' && body.bearer === 'account')) continue
    const message = `"${name}" is not served here: payments are not split and start no subscription; leave it out`
    throw new ServiceError('invalid_request', message, name)
  }
}

/** Throws `not_found` for a split code and for a subaccount, in Paystack's words for unknown ones. */
export function refuseSplits({ split_code, subaccount }: Pick<Unserved, 'split_code' | 'subaccount'>): void {
  if (!isEmpty(split_code)) throw new ServiceError('not_found', 'Invalid Split code.', 'split_code')
  if (!isEmpty(subaccount)) throw new ServiceError('not_found', 'Invalid Subaccount.', 'subaccount')
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === '0') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
