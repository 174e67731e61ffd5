import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import { largestNumber } from '../http/schemas.ts'
import { limitSchema } from './schemas.ts'

/**
 * The name of a ledger transaction in the form of any API, which `findTransactionId` reads. Paystack's wire has the number of
 * a payment as a number, so it may be sent as one.
 */
export const transactionName = Type.Unsafe<string>({
  type: ['string', 'integer'],
  'x-reads': 'name',
  maxLength: 200,
  minimum: 0,
  maximum: largestNumber,
  description:
    'The id in the form of any API: txn_…, purchase_…, transfer_… or the bare id; or a name of the payment that it is: ' +
    'its reference, its number on Paystack’s API, pi_… or checkout_sess_…',
  examples: ['txn_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'],
})

/** The query of a list whose items are ordered by ids that begin with the time. */
export function idStepQuery(example: string) {
  return {
    limit: limitSchema,
    before: Type.Optional(
      Type.String({ maxLength: 100, description: 'Only items that are older than this one', examples: [example] }),
    ),
  }
}

/** Throws `invalid_request` for a `before` that is no id. */
export function readIdStep({ limit = 50, before }: { limit?: number; before?: string }) {
  const id = before?.replace(/^txn_/, '')
  if (id === undefined || isUuid(id)) return { limit, before: id }
  const message = `before must be the nextBefore of an earlier page, not ${JSON.stringify(before)}`
  throw new ServiceError('invalid_request', message, 'before')
}

export const nextBeforeSchema = Type.Union([Type.String(), Type.Null()], {
  description: 'To get the next page, send this value as `before`; null at the end',
})
