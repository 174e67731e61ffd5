import { Type } from 'typebox'
import { type Refund, refundTransaction } from '../../../domain/wallet/refunds.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { transactionIdOf } from '../ids.ts'
import { amountSchema, date, responses } from '../schemas.ts'

export const transactionId = Type.String({
  maxLength: 100,
  description: 'The id in the form of any API: txn_…, purchase_…, transfer_… or the bare id',
  examples: ['txn_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'],
})
export const reason = Type.Optional(Type.String({ maxLength: 500, examples: ['Returned goods'] }))

export const refundSchema = Type.Object({
  id: Type.String({
    description: 'The id of the new ledger transaction',
    examples: ['019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e'],
  }),
  transactionId: Type.String({ description: 'The id of the transaction that was given back' }),
  amount: Type.Integer({ examples: [50] }),
  currency: Type.String({ examples: ['ZAR'] }),
  createdAt: date,
})

/** `/v1/refunds`: give money back to its payer, never more than the rest of the movement. */
export const refundRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/refunds',
    {
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'refund',
        summary: 'Refund a pay-in, a purchase or a capture, in whole or in part',
        tags: ['Refunds'],
        body: Type.Object({ transactionId, amount: Type.Optional(amountSchema), reason }),
        response: responses(201, refundSchema, 400, 401, 402, 404, 409),
      },
    },
    async (request, keyed) => {
      const given = { ...request.body, transactionId: transactionIdOf(request.body.transactionId) }
      const refund = await refundTransaction(context, tenantOf(request), given, keyed)
      return { answer: renderRefund(refund), replayed: refund.replayed }
    },
  )
}

export function renderRefund(refund: Refund) {
  return {
    id: refund.id,
    transactionId: refund.transactionId,
    amount: Number(refund.amount),
    currency: refund.currency,
    createdAt: refund.createdAt.toISOString(),
  }
}
