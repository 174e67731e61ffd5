import { Type } from 'typebox'
import { reverseTransaction } from '../../../domain/wallet/refunds.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { transactionIdOf } from '../ids.ts'
import { responses } from '../schemas.ts'
import { reason, refundSchema, renderRefund, transactionId } from './refunds.ts'

/** `/v1/reversals`: undo a movement. */
export const reversalRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/reversals',
    {
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'reverse',
        summary: 'Reverse a transaction: undo all that is left of it; also for a transfer',
        tags: ['Refunds'],
        body: Type.Object({ transactionId, reason }),
        response: responses(201, refundSchema, 400, 401, 402, 404, 409),
      },
    },
    async (request, keyed) => {
      const given = { ...request.body, transactionId: transactionIdOf(request.body.transactionId) }
      const reversal = await reverseTransaction(context, tenantOf(request), given, keyed)
      return { answer: renderRefund(reversal), replayed: reversal.replayed }
    },
  )
}
