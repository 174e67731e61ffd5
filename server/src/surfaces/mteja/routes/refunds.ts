import { Type } from 'typebox'
import { noteChange } from '../../../domain/context.ts'
import { findFormerCustomer } from '../../../domain/customers/customers.ts'
import type { Verdict } from '../../../domain/payments/refund-ending.ts'
import { getRefund, listRefunds, type StoredRefund } from '../../../domain/payments/refund-lists.ts'
import { settleRefund } from '../../../domain/payments/refund-settlements.ts'
import { type RefundState, refundStates } from '../../../domain/payments/refund-states.ts'
import { type MadeRefund, refundTransaction } from '../../../domain/payments/refunds.ts'
import { findTransactionId } from '../../../domain/payments/transaction-names.ts'
import type { Refund } from '../../../domain/wallet/refunds.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText } from '../../http/schemas.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep, transactionName } from '../names.ts'
import { amountSchema, customerIdSchema, date, nullableText, responses } from '../schemas.ts'

const tags = ['Refunds']
const id = '019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e'

export const reason = Type.Optional(freeText(500, { examples: ['Returned goods'] }))

const refundMembers = {
  id: Type.String({ description: 'The id of the new ledger transaction', examples: [id] }),
  transactionId: Type.String({
    description:
      'The id of the transaction that was given back; of money that was in suspense, of the one that brought it',
  }),
  amount: Type.Integer({ examples: [50] }),
  currency: Type.String({ examples: ['ZAR'] }),
  createdAt: date,
}

const assignedTransaction =
  'The id of the movement that assigned the money to its owner, for money that was in suspense: by it a refund is of the same part of a payment in several parts'

/**
 * The answer to a new refund keeps these members alone, because a repeat of an old request has the old bytes. A repeat answers
 * the refund as it was made, so the state is that of its first moment.
 */
export const refundSchema = Type.Object({
  ...refundMembers,
  assignedTransactionId: Type.Optional(Type.String({ description: `${assignedTransaction}. Absent for other money` })),
  state: Type.Optional(
    Type.Unsafe<'pending'>({
      type: 'string',
      enum: ['pending'],
      description:
        'Present where a processor gives the money back: its money is reserved. Retrieve the refund, or wait for its events, to learn how it ends. Without it the money has moved',
    }),
  ),
})

const storedRefundSchema = Type.Object({
  ...refundMembers,
  id: Type.String({ description: 'The id of the ledger transaction, too, once the money has moved', examples: [id] }),
  state: Type.Unsafe<RefundState>({ type: 'string', enum: refundStates, examples: ['processed'] }),
  stateReason: {
    ...nullableText,
    description:
      'The reason why it waits, why it is unknown, why it failed, why a person has to act, or why it was settled by hand',
  },
  assignedTransactionId: { ...nullableText, description: `${assignedTransaction}. Null for other money` },
  kind: Type.Unsafe<Refund['kind']>({ type: 'string', enum: ['refund', 'reversal'], examples: ['refund'] }),
  customerId: Type.Union([Type.String(), Type.Null()], {
    description: 'The customer of the movement; for a transfer, its receiver; null for a payment to the merchant',
    examples: ['CUS_xnxdt6s1zg1f4nx'],
  }),
  reason: nullableText,
  proof: { ...nullableText, description: 'The words of a person who has settled it by hand; null for none' },
  settlementApprovalId: {
    ...nullableText,
    description: 'The approval that its settlement by hand waits for, or waited for last; null for none',
  },
  contradictedAt: Type.Union([date, Type.Null()], {
    description:
      'When its account was found to say otherwise than the person who has settled it: what the account says is booked',
  }),
  by: doerSchema,
})

/** `/v1/refunds`: give money back to its payer, never more than the rest of the movement. */
export const refundRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/refunds',
    {
      scope: 'refunds:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'refund',
        summary: 'Refund a pay-in, a purchase or a capture, in whole or in part',
        tags,
        body: Type.Object({ transactionId: transactionName, amount: Type.Optional(amountSchema), reason }),
        response: responses(201, refundSchema, 401, 402, 404, 409),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const transactionId = await findTransactionId(context, tenant, request.body.transactionId)
      const refund = await refundTransaction(context, tenant, { ...request.body, transactionId }, keyed)
      return { answer: renderMade(refund), replayed: refund.replayed }
    },
  )

  routes.get(
    '/refunds',
    {
      scope: 'read',
      schema: {
        operationId: 'listRefunds',
        summary:
          'List refunds and reversals, newest first: all, those of a transaction or payment, or those of a customer',
        tags,
        querystring: Type.Object({
          transactionId: Type.Optional(transactionName),
          customerId: Type.Optional(customerIdSchema),
          ...idStepQuery(id),
        }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(storedRefundSchema), nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { transactionId, customerId, ...query } = request.query
      const step = readIdStep(query)
      const refunds = await listRefunds(
        context,
        tenant,
        {
          transactionId:
            transactionId === undefined ? undefined : await findTransactionId(context, tenant, transactionId),
          customer: customerId === undefined ? undefined : await findFormerCustomer(context, tenant, customerId),
        },
        step,
      )
      return {
        data: refunds.map(renderStored),
        nextBefore: refunds.length < step.limit ? null : (refunds.at(-1)?.id ?? null),
      }
    },
  )

  routes.get(
    '/refunds/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveRefund',
        summary: 'Retrieve a refund or a reversal',
        tags,
        params: Type.Object({ id: Type.String({ examples: [id] }) }),
        response: responses(200, storedRefundSchema, 401, 404),
      },
    },
    async (request) => renderStored(await getRefund(context, tenantOf(request), request.params.id)),
  )

  routes.post(
    '/refunds/:id/settle',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'settleRefund',
        summary: 'Say how a refund has ended whose processor cannot say it: one that is unknown or needsAttention',
        description:
          'The processor is asked first. Where anything waits for a second person, this does too: the refund is as open as before, and settlementApprovalId names the approval.',
        tags,
        params: Type.Object({ id: Type.String({ examples: [id] }) }),
        body: Type.Object({
          outcome: Type.Unsafe<Verdict['outcome']>({
            type: 'string',
            enum: ['processed', 'failed'],
            description: 'processed: the payer has the money; failed: it is no longer reserved',
            examples: ['failed'],
          }),
          proof: Type.String({
            maxLength: 500,
            description: 'The name of the refund at the processor or the bank, or what shows that there is none',
            examples: ['The processor has no refund of this payment, ticket 88121'],
          }),
          reason: Type.String({
            maxLength: 500,
            description: 'Why it is settled by hand',
            examples: ['The answer was lost, and the processor’s support has looked'],
          }),
        }),
        response: responses(200, storedRefundSchema, 401, 403, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const before = await getRefund(context, tenant, request.params.id)
      const after = await settleRefund(context, tenant, before.id, request.body)
      const shown = ({ state }: StoredRefund) => ({ state })
      if (before.state !== after.state) {
        noteChange(attempt, { object: after.id, before: shown(before), after: shown(after) })
      }
      return renderStored(after)
    },
  )
}

export function renderMade(refund: MadeRefund) {
  const { assignedId, isPending } = refund
  return {
    ...renderRefund(refund),
    ...(assignedId === null ? {} : { assignedTransactionId: assignedId }),
    ...(isPending ? { state: 'pending' as const } : {}),
  }
}

function renderRefund(refund: Omit<Refund, 'assignedId' | 'replayed'>) {
  return {
    id: refund.id,
    transactionId: refund.transactionId,
    amount: Number(refund.amount),
    currency: refund.currency,
    createdAt: refund.createdAt.toISOString(),
  }
}

function renderStored(refund: StoredRefund) {
  return {
    ...renderRefund(refund),
    assignedTransactionId: refund.assignedId,
    kind: refund.kind,
    state: refund.state,
    stateReason: refund.stateReason,
    customerId: refund.customerCode,
    reason: refund.reason,
    proof: refund.proof,
    settlementApprovalId: refund.settlementApprovalId,
    contradictedAt: refund.contradictedAt?.toISOString() ?? null,
    by: renderDoer(refund.by),
  }
}
