import { Type } from 'typebox'
import { reverseTransaction } from '../../../domain/payments/refunds.ts'
import { findTransactionId } from '../../../domain/payments/transaction-names.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { transactionName } from '../names.ts'
import { responses } from '../schemas.ts'
import { reason, refundSchema, renderMade } from './refunds.ts'

/** `/v1/reversals`: undo a movement. */
export const reversalRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/reversals',
    {
      scope: 'refunds:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'reverse',
        summary: 'Reverse a transaction: undo all that is left of it; also for a transfer',
        tags: ['Refunds'],
        body: Type.Object({ transactionId: transactionName, reason }),
        response: responses(201, refundSchema, 401, 402, 404, 409),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const transactionId = await findTransactionId(context, tenant, request.body.transactionId)
      const reversal = await reverseTransaction(context, tenant, { ...request.body, transactionId }, keyed)
      return { answer: renderMade(reversal), replayed: reversal.replayed }
    },
  )
}
