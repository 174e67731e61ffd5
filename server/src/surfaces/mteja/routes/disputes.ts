import { Type } from 'typebox'
import { getCustomer } from '../../../domain/customers/customers.ts'
import { addEvidence, answerDispute, getDispute } from '../../../domain/payments/dispute-answers.ts'
import { noteDispute, noteEvidence } from '../../../domain/payments/dispute-changes.ts'
import { type Bearer, type Dispute, listDisputes } from '../../../domain/payments/dispute-records.ts'
import { type DisputeState, disputeStates } from '../../../domain/payments/dispute-states.ts'
import { findTransactionId } from '../../../domain/payments/transaction-names.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText, largestNumber, wholeNumber } from '../../http/schemas.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep, transactionName } from '../names.ts'
import { customerIdSchema, date, nullableText, responses } from '../schemas.ts'

const tags = ['Disputes']
const id = '019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e'
const nullableDate = Type.Union([date, Type.Null()])

const stateSchema = Type.Unsafe<DisputeState>({
  type: 'string',
  enum: disputeStates,
  description: 'lost: the payer has the money back; won: the merchant keeps it',
  examples: ['open'],
})

const evidenceMembers = {
  customerEmail: Type.String({ maxLength: 254, examples: ['zero@example.com'] }),
  customerName: Type.String({ maxLength: 200, examples: ['Zero Sum'] }),
  customerPhone: Type.String({ maxLength: 40, examples: ['+2348012345678'] }),
  serviceDetails: Type.String({ maxLength: 2000, examples: ['A wallet top-up, which was spent the same day'] }),
}

const evidenceSchema = Type.Object({
  ...evidenceMembers,
  deliveryAddress: nullableText,
  deliveryDate: nullableText,
  createdAt: date,
})

export const disputeSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  transactionId: Type.String({ description: 'The id of the ledger transaction that brought the money' }),
  paymentIntentId: nullableText,
  reference: Type.Union([Type.String(), Type.Null()], {
    description: 'Of the payment; null for money that came under no reference',
    examples: ['order-17'],
  }),
  customerId: Type.Union([Type.String(), Type.Null()], {
    description:
      'The customer whose money it was, or who paid; of money in several parts, the one of the first part. A list of the disputes of a customer has those that took from another part, too',
    examples: ['CUS_xnxdt6s1zg1f4nx'],
  }),
  category: Type.String({
    description: 'Such as chargeback; refund for a refund that was made at the processor, and not here',
    examples: ['chargeback'],
  }),
  amount: Type.Integer({ description: 'What the payer gets if it is lost', examples: [5000] }),
  askedAmount: Type.Integer({ description: 'What the payer wants back', examples: [5000] }),
  currency: Type.String({ examples: ['NGN'] }),
  state: stateSchema,
  stateReason: { ...nullableText, description: 'Why a person has to look' },
  resolution: Type.Union([Type.String(), Type.Null()], {
    description: 'merchant-accepted, auto-accepted, declined, or refunded',
    examples: ['merchant-accepted'],
  }),
  reason: { ...nullableText, description: 'The words of the payer' },
  respondBy: { ...nullableDate, description: 'Until when it has to be answered' },
  borneBy: Type.Union(
    [
      Type.Unsafe<Bearer>({ type: 'string', enum: ['customer', 'merchant', 'suspense'], examples: ['customer'] }),
      Type.Null(),
    ],
    { description: 'Who has borne the money; null while none has been taken' },
  ),
  movementId: Type.Union([Type.String(), Type.Null()], {
    description: 'The ledger transaction that took the money, or that gave it back',
  }),
  evidence: Type.Union([evidenceSchema, Type.Null()]),
  by: Type.Union([doerSchema, Type.Null()], { description: 'Who has answered it here; null for nobody' }),
  createdAt: date,
  updatedAt: date,
  resolvedAt: nullableDate,
})

const params = Type.Object({ id: Type.String({ examples: [id] }) })
const message = Type.Optional(freeText(500, { examples: ['The goods were delivered'] }))

/** `/v1/disputes`: money that payers take back from outside. */
export const disputeRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/disputes',
    {
      scope: 'read',
      schema: {
        operationId: 'listDisputes',
        summary: 'List disputes, newest first: all, those of a transaction or payment, of a customer, or in a state',
        tags,
        querystring: Type.Object({
          transactionId: Type.Optional(transactionName),
          customerId: Type.Optional(customerIdSchema),
          state: Type.Optional(stateSchema),
          ...idStepQuery(id),
        }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(disputeSchema), nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { transactionId, customerId, state, ...query } = request.query
      const step = readIdStep(query)
      const disputes = await listDisputes(
        context,
        tenant,
        {
          state,
          transactionId:
            transactionId === undefined ? undefined : await findTransactionId(context, tenant, transactionId),
          customer: customerId === undefined ? undefined : await getCustomer(context, tenant, customerId),
        },
        step,
      )
      return {
        data: disputes.map(renderDispute),
        nextBefore: disputes.length < step.limit ? null : (disputes.at(-1)?.id ?? null),
      }
    },
  )

  routes.get(
    '/disputes/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveDispute',
        summary: 'Retrieve a dispute',
        tags,
        params,
        response: responses(200, disputeSchema, 401, 404),
      },
    },
    async (request) => renderDispute(await getDispute(context, tenantOf(request), request.params)),
  )

  routes.post(
    '/disputes/:id/accept',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'acceptDispute',
        summary: 'Accept a dispute: the payer has the money back, or a part of it',
        tags,
        params,
        body: Type.Object({
          amount: Type.Optional(
            wholeNumber(1, largestNumber, { description: 'Minor units; default the whole amount', examples: [5000] }),
          ),
          message,
        }),
        response: responses(200, disputeSchema, 401, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { amount, message } = request.body
      const dispute = await getDispute(context, tenant, request.params)
      const answer = { amount: amount === undefined ? undefined : BigInt(amount), message }
      const given = { resolution: 'accepted', ...answer } as const
      return renderDispute(noteDispute(attempt, dispute, await answerDispute(context, tenant, dispute, given)))
    },
  )

  routes.post(
    '/disputes/:id/decline',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'declineDispute',
        summary: 'Decline a dispute: the merchant says that the money is theirs',
        tags,
        params,
        body: Type.Object({
          message,
          fileName: Type.Optional(
            Type.String({ maxLength: 255, description: 'The name of an uploaded file', examples: ['receipt.pdf'] }),
          ),
        }),
        response: responses(200, disputeSchema, 401, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const dispute = await getDispute(context, tenant, request.params)
      const given = { resolution: 'declined', ...request.body } as const
      return renderDispute(noteDispute(attempt, dispute, await answerDispute(context, tenant, dispute, given)))
    },
  )

  routes.post(
    '/disputes/:id/evidence',
    {
      scope: 'refunds:write',
      once: 'around work outside',
      schema: {
        operationId: 'addDisputeEvidence',
        summary: 'Say what speaks against a dispute, before it is declined',
        tags,
        params,
        body: Type.Object({
          ...evidenceMembers,
          deliveryAddress: Type.Optional(
            Type.String({ maxLength: 500, examples: ['3a, Ladoke Akintola street, Ikeja'] }),
          ),
          deliveryDate: Type.Optional(Type.String({ maxLength: 40, examples: ['2026-01-15'] })),
        }),
        response: responses(200, disputeSchema, 401, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const dispute = await getDispute(context, tenant, request.params)
      const { deliveryAddress = null, deliveryDate = null, ...members } = request.body
      const given = { ...members, deliveryAddress, deliveryDate }
      return renderDispute(noteEvidence(attempt, dispute, (await addEvidence(context, tenant, dispute, given)).dispute))
    },
  )
}

export function renderDispute(dispute: Dispute) {
  const { evidence, by } = dispute
  return {
    id: dispute.id,
    transactionId: dispute.transactionId,
    paymentIntentId: dispute.paymentIntentId,
    reference: dispute.payment?.reference ?? null,
    customerId: dispute.customerCode,
    category: dispute.category,
    amount: Number(dispute.amount),
    askedAmount: Number(dispute.askedAmount),
    currency: dispute.currency,
    state: dispute.state,
    stateReason: dispute.stateReason,
    resolution: dispute.resolution,
    reason: dispute.complaint,
    respondBy: dispute.respondBy?.toISOString() ?? null,
    borneBy: dispute.borneBy,
    movementId: dispute.movementId,
    evidence: evidence === null ? null : renderEvidence(evidence),
    by: by.kind === 'background' ? null : renderDoer(by),
    createdAt: dispute.createdAt.toISOString(),
    updatedAt: dispute.updatedAt.toISOString(),
    resolvedAt: dispute.resolvedAt?.toISOString() ?? null,
  }
}

function renderEvidence({ id: _, ...evidence }: NonNullable<Dispute['evidence']>) {
  return evidence
}
