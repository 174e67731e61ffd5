import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { parseAmount } from '../../../base/money.ts'
import type { Mandate } from '../../../domain/payments/mandates.ts'
import type { PaymentMethod } from '../../../domain/payments/payment-methods.ts'
import type { Payment } from '../../../domain/payments/payment-records.ts'
import { refuseFoundMeanwhile } from '../../../domain/payments/reported-pay-ins.ts'
import { approveAsAnother } from '../../../domain/sandbox/approvals.ts'
import { simulateDifference } from '../../../domain/sandbox/differences.ts'
import { simulateDispute } from '../../../domain/sandbox/disputes.ts'
import { approveAsCustomer, declineAsCustomer } from '../../../domain/sandbox/mandates.ts'
import { simulateNotice } from '../../../domain/sandbox/notices.ts'
import {
  addOutcome,
  bentOperations,
  bentOutcomes,
  deleteOutcome,
  listOutcomes,
  type Outcome,
} from '../../../domain/sandbox/outcomes.ts'
import { simulatePayIn } from '../../../domain/sandbox/pay-ins.ts'
import { savePaymentMethod } from '../../../domain/sandbox/payment-methods.ts'
import { type SandboxTenant, sandboxTenantOf } from '../../../domain/sandbox/sandbox-tenant.ts'
import { simulateTransfer } from '../../../domain/sandbox/transfers.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readInstant } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText, largestNumber, wholeNumber } from '../../http/schemas.ts'
import { transactionName } from '../names.ts'
import { amountSchema, currencySchema, date, nullableText, pageQuery, pageSchema, responses } from '../schemas.ts'
import { approvalSchema, renderApproval } from './approvals.ts'
import { differenceKindSchema, differenceSchema, renderDifference } from './differences.ts'
import { disputeSchema, renderDispute } from './disputes.ts'

const tags = ['Sandbox']
const customerId = Type.String({ maxLength: 100, examples: ['CUS_xnxdt6s1zg1f4nx'] })

const payInSchema = Type.Object({
  id: Type.String(),
  transactionId: Type.String({ description: 'The id of the ledger transaction' }),
  customerId: Type.String(),
  amount: Type.Integer(),
  currency: Type.String(),
  description: nullableText,
  status: Type.Literal('succeeded'),
  balanceAfter: Type.Integer(),
  createdAt: date,
})

function answeredMandateSchema(status: string, authorizationCode: string | null) {
  return Type.Object(
    { reference: Type.String(), status: Type.String(), authorizationCode: nullableText },
    { examples: [{ reference: 'ekk8t49ogj1x0c2', status, authorizationCode }] },
  )
}

const incomingTransferSchema = Type.Object({
  reference: Type.String({ examples: ['000013260115'] }),
  paymentIntentId: Type.String({ examples: ['pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  accountNumber: Type.String({ examples: ['9123456789'] }),
  amount: Type.Integer({ examples: [5000] }),
  currency: Type.String({ examples: ['NGN'] }),
  senderName: Type.String({ examples: ['Ada Obi'] }),
  narration: nullableText,
  status: Type.String({
    description: 'succeeded, or suspended (the money waits at GET /v1/suspense)',
    examples: ['succeeded'],
  }),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'The reason why the money is in suspense' }),
  createdAt: date,
})

const paymentMethodSchema = Type.Object({
  id: Type.String({ description: 'The id on Cashful’s API', examples: ['pm_ekk8t49ogj'] }),
  authorizationCode: Type.String({ description: 'The code on Paystack’s API', examples: ['AUTH_ekk8t49ogj'] }),
  customerId: Type.String(),
  type: Type.String(),
  provider: Type.String(),
  brand: nullableText,
  last4: nullableText,
  expiryMonth: Type.Union([Type.Integer(), Type.Null()]),
  expiryYear: Type.Union([Type.Integer(), Type.Null()]),
  phone: nullableText,
  isDefault: Type.Boolean(),
  createdAt: date,
})

const choice = <Name extends string>(names: readonly Name[], options: { description?: string; example?: Name } = {}) =>
  Type.Unsafe<Name>({
    type: 'string',
    enum: [...names],
    ...(options.description === undefined ? {} : { description: options.description }),
    examples: [options.example ?? names[0]],
  })

const onSchema = choice(bentOperations, { description: 'What it is about' })
const outcomeChoice = choice(bentOutcomes, {
  description:
    'succeed; decline; pending (under way until a notice decides it); unknown (done as the instrument does it, and the answer is lost); error (the processor fails before anything is done); needs_attention (a refund waits for a bank account of the payer, a payout for a one-time password); return (a payout is paid, and the money comes back)',
  example: 'decline',
})

const matchSchema = Type.Object(
  {
    reference: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'Of a payment or payout, or the id of a payment intent or checkout session',
        examples: ['order-17'],
      }),
    ),
    customerId: Type.Optional(customerId),
    amount: Type.Optional(wholeNumber(1, largestNumber, { description: 'Minor units', examples: [20000] })),
    currency: Type.Optional(currencySchema),
  },
  { description: 'Only what fits all members; without members, anything' },
)

const outcomeSchema = Type.Object({
  id: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
  on: onSchema,
  match: matchSchema,
  outcome: outcomeChoice,
  reason: nullableText,
  after: Type.Integer({ description: 'Milliseconds', examples: [2000] }),
  timesLeft: Type.Integer({ examples: [1] }),
  createdAt: date,
  expiresAt: date,
})

const optionalText = (maxLength: number, example: string) =>
  Type.Optional(Type.String({ maxLength, examples: [example] }))

/** `/v1/sandbox`: does on request what happens outside in live mode. Test mode only. */
export const sandboxRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/sandbox/pay-ins',
    {
      scope: 'payments:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'simulatePayIn',
        summary: 'Credit a customer’s cash balance as if a pay-in had arrived',
        tags,
        body: Type.Object({
          customerId,
          amount: amountSchema,
          currency: Type.Optional(currencySchema),
          description: Type.Optional(freeText(500, { examples: ['Top-up'] })),
        }),
        response: responses(201, payInSchema, 401, 403, 404),
      },
    },
    async (request, keyed) => {
      const { customerId, ...input } = request.body
      const given = { customerCode: customerId, ...input }
      const payIn = await simulatePayIn(context, testTenantOf(request), given, keyed)
      return {
        answer: {
          id: payIn.id,
          transactionId: payIn.id,
          customerId: payIn.customerCode,
          amount: Number(payIn.amount),
          currency: payIn.currency,
          description: payIn.description,
          status: 'succeeded' as const,
          balanceAfter: Number(payIn.balanceAfter),
          createdAt: payIn.createdAt.toISOString(),
        },
        replayed: payIn.replayed,
      }
    },
  )

  routes.post(
    '/sandbox/payment-methods',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createTestPaymentMethod',
        summary: 'Save a card or a mobile money number, as if the customer had paid with it',
        tags,
        body: Type.Object({
          customerId,
          type: Type.Unsafe<'card' | 'mobile_money'>({
            type: 'string',
            enum: ['card', 'mobile_money'],
            examples: ['card'],
          }),
          number: Type.Optional(
            Type.String({
              maxLength: 30,
              description: 'The number of a card; default Paystack’s test card',
              examples: ['4084084084084081'],
            }),
          ),
          expiryMonth: Type.Optional(wholeNumber(1, 12, { examples: [12] })),
          expiryYear: Type.Optional(wholeNumber(2000, 2099, { examples: [2030] })),
          brand: optionalText(40, 'visa'),
          bank: optionalText(100, 'TEST BANK'),
          phone: Type.Optional(
            Type.String({
              maxLength: 40,
              description: 'The number of a mobile money account; required for mobile money',
              examples: ['+27821234567'],
            }),
          ),
          provider: optionalText(40, 'mpesa'),
          accountName: optionalText(200, 'John Doe'),
        }),
        response: responses(201, paymentMethodSchema, 401, 403, 404),
      },
    },
    async (request, tx) => {
      const { customerId, ...instrument } = request.body
      return renderPaymentMethod(customerId, await savePaymentMethod(tx, testTenantOf(request), customerId, instrument))
    },
  )

  routes.post(
    '/sandbox/differences',
    {
      scope: 'payments:write',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'simulateDifference',
        summary: 'Pretend that a reconciliation has found a difference; no money moves',
        tags,
        body: Type.Object({
          kind: differenceKindSchema,
          amount: amountSchema,
          currency: Type.Optional(currencySchema),
        }),
        response: responses(201, differenceSchema, 401, 403),
      },
    },
    async (request, tx) => {
      const { amount, ...wanted } = request.body
      const tenant = sandboxTenantOf(tenantOf(request))
      return renderDifference(await simulateDifference(tx, tenant, { ...wanted, amount: parseAmount(amount) }))
    },
  )

  routes.post(
    '/sandbox/disputes',
    {
      scope: 'payments:write',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'simulateDispute',
        summary: 'Have a payer’s bank dispute a payment, as if the payer had complained',
        description: 'A dispute that is still open at dueAt is lost.',
        tags,
        body: Type.Object({
          reference: transactionName,
          reason: Type.String({ maxLength: 500, examples: ['I did not make this payment'] }),
          amount: Type.Optional(amountSchema),
          dueAt: Type.Optional(
            Type.String({
              maxLength: 40,
              description: 'Until when it has to be answered; default in 16 hours',
              examples: ['2026-01-16T10:30:00Z'],
            }),
          ),
          afterDecline: Type.Optional(
            choice(['won', 'lost', 'underReview', 'needsAttention'] as const, {
              description: 'How the bank decides once the dispute is declined; default won',
            }),
          ),
        }),
        response: responses(201, disputeSchema, 401, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = testTenantOf(request)
      const { reference, reason, amount, dueAt, afterDecline } = request.body
      const wanted = {
        reference,
        reason,
        amount: amount === undefined ? undefined : parseAmount(amount),
        dueAt: readInstant(tenant, dueAt, 'dueAt'),
        afterDecline,
      }
      return renderDispute(await simulateDispute(context, tenant, wanted, attempt.id))
    },
  )

  routes.post(
    '/sandbox/payments/:reference/notice',
    {
      scope: 'payments:write',
      once: 'around work outside',
      schema: {
        operationId: 'simulatePaymentNotice',
        summary:
          'Make the processor send a notice about a charge, with its present outcome or an outcome of your choice',
        description:
          'The outcome decides a charge that is being processed. A charge that is already decided does not change.',
        tags,
        params: Type.Object({
          reference: Type.String({
            description: 'The id of a payment intent or checkout session, or the reference of a payment',
            examples: ['pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'],
          }),
        }),
        body: Type.Object(
          {
            outcome: Type.Optional(
              Type.Unsafe<'succeeded' | 'declined' | 'insufficient_funds'>({
                type: 'string',
                enum: ['succeeded', 'declined', 'insufficient_funds'],
              }),
            ),
          },
          { examples: [{ outcome: 'succeeded' }] },
        ),
        response: responses(
          200,
          Type.Object(
            {
              paymentIntentId: Type.String(),
              status: Type.String(),
              transactionId: nullableText,
              reason: nullableText,
            },
            {
              examples: [
                {
                  paymentIntentId: 'pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
                  status: 'succeeded',
                  transactionId: '019aa8a1-7d2b-7c1e-9d3f-2f6f0c1b2a3d',
                  reason: null,
                },
              ],
            },
          ),
          401,
          403,
          404,
          409,
        ),
      },
    },
    async (request, _attempt) => {
      const { reference } = request.params
      const { outcome } = request.body
      const intent = await simulateNotice(context, testTenantOf(request), { reference, outcome })
      return {
        paymentIntentId: intent.id,
        status: intent.status,
        transactionId: intent.transactionId,
        reason: intent.failureReason,
      }
    },
  )

  routes.post(
    '/sandbox/dedicated-accounts/:accountNumber/transfers',
    {
      scope: 'payments:write',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'simulateIncomingTransfer',
        summary: 'Send money to a customer’s dedicated account, as a transfer from another bank would',
        description:
          'The money is credited once for a reference, however often the transfer is reported. A denied customer is credited too, because the money has come.',
        tags,
        params: Type.Object({ accountNumber: Type.String({ examples: ['9123456789'] }) }),
        body: Type.Object({
          amount: amountSchema,
          senderName: optionalText(200, 'Ada Obi'),
          senderBank: optionalText(100, 'Zenith Bank'),
          senderAccountNumber: Type.Optional(Type.String({ pattern: '^\\d{6,20}$', examples: ['0123456789'] })),
          narration: Type.Optional(freeText(500, { examples: ['Rent'] })),
          reference: Type.Optional(
            Type.String({
              maxLength: 100,
              description:
                'The bank’s reference: letters, digits and any of "-._=". It becomes the reference of the payment',
              examples: ['000013260115'],
            }),
          ),
        }),
        response: responses(201, incomingTransferSchema, 401, 403, 404, 409),
      },
    },
    async (request, attempt) => {
      const transfer = { ...request.body, accountNumber: request.params.accountNumber }
      return renderTransfer(await simulateTransfer(context, testTenantOf(request), transfer, attempt))
    },
  )

  routes.post(
    '/sandbox/approvals/:id/approve',
    {
      scope: 'approve',
      once: 'in a transaction',
      preHandler: (request) => refuseFoundMeanwhile(context, testTenantOf(request), request.params as { id: string }),
      schema: {
        operationId: 'approveAsAnother',
        summary: 'Approve what waits for a second person, as another person would',
        tags,
        params: Type.Object({ id: Type.String({ examples: ['019aa8a2-3c41-7a10-9b1e-5d2c0f1a2b3c'] }) }),
        response: responses(200, approvalSchema, 401, 403, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = testTenantOf(request)
      return renderApproval(tx, tenant, await approveAsAnother(tx, tenant, request.params.id))
    },
  )

  routes.post(
    '/sandbox/mandates/:reference/approve',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'approveTestMandate',
        summary: 'Approve a direct debit mandate, as the customer would on the hosted page',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['ekk8t49ogj1x0c2'] }) }),
        body: Type.Object({
          accountNumber: Type.Optional(Type.String({ pattern: '^\\d{6,20}$', examples: ['0123456789'] })),
          bankCode: Type.Optional(Type.String({ maxLength: 20, examples: ['058'] })),
        }),
        response: responses(200, answeredMandateSchema('pending', 'AUTH_ekk8t49ogj'), 400, 401, 403, 404),
      },
    },
    async (request, tx) => {
      const { reference } = request.params
      return renderMandate(await approveAsCustomer(tx, testTenantOf(request), reference, request.body))
    },
  )

  routes.post(
    '/sandbox/mandates/:reference/decline',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'declineTestMandate',
        summary: 'Decline a direct debit mandate, as the customer would on the hosted page',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['ekk8t49ogj1x0c2'] }) }),
        response: responses(200, answeredMandateSchema('declined', null), 401, 403, 404),
      },
    },
    async (request, tx) => renderMandate(await declineAsCustomer(tx, testTenantOf(request), request.params.reference)),
  )

  routes.post(
    '/sandbox/outcomes',
    {
      scope: 'payments:write',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createTestOutcome',
        summary: 'Choose what happens to the next charges or refunds',
        description:
          'The oldest outcome that fits is used. It ends with its last use, and a day after it was made. Questions to the payer are still asked.',
        tags,
        body: Type.Object({
          on: onSchema,
          match: Type.Optional(matchSchema),
          outcome: outcomeChoice,
          reason: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 200,
              description: 'A sentence for the payer; only with decline',
              examples: ['Do not honour'],
            }),
          ),
          after: Type.Optional(
            wholeNumber(0, 86_400_000, {
              description: 'The time that the answer takes, in milliseconds; default 0',
              examples: [2000],
            }),
          ),
          times: Type.Optional(wholeNumber(1, 1000, { description: 'Default 1', examples: [1] })),
        }),
        response: responses(201, outcomeSchema, 401, 403, 404),
      },
    },
    async (request, tx) => {
      const { after, ...wanted } = request.body
      return renderOutcome(await addOutcome(tx, testTenantOf(request), { ...wanted, afterMs: after }))
    },
  )

  routes.get(
    '/sandbox/outcomes',
    {
      scope: 'read',
      schema: {
        operationId: 'listTestOutcomes',
        summary: 'List the outcomes that are still to be used, newest first',
        tags,
        querystring: Type.Object(pageQuery),
        response: responses(200, pageSchema(outcomeSchema), 401, 403),
      },
    },
    async (request) => {
      const { limit = 50, offset = 0 } = request.query
      const { items, total } = await listOutcomes(context, testTenantOf(request), { limit, offset })
      return { data: items.map(renderOutcome), total }
    },
  )

  routes.delete(
    '/sandbox/outcomes/:id',
    {
      scope: 'payments:write',
      once: 'in a transaction',
      schema: {
        operationId: 'deleteTestOutcome',
        summary: 'Take back an outcome that is not used up',
        tags,
        params: Type.Object({ id: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }) }),
        response: responses(
          200,
          Type.Object(
            { id: Type.String(), deleted: Type.Literal(true) },
            {
              examples: [{ id: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', deleted: true }],
            },
          ),
          401,
          403,
          404,
        ),
      },
    },
    async (request, tx) => {
      const { id } = request.params
      await deleteOutcome(tx, testTenantOf(request), id)
      return { id, deleted: true as const }
    },
  )
}

function renderOutcome(outcome: Outcome) {
  return {
    id: outcome.id,
    on: outcome.on,
    match: outcome.match,
    outcome: outcome.outcome,
    reason: outcome.reason,
    after: outcome.afterMs,
    timesLeft: outcome.usesLeft,
    createdAt: outcome.createdAt.toISOString(),
    expiresAt: outcome.expiresAt.toISOString(),
  }
}

/** Throws `test_mode_only`. */
function testTenantOf(request: FastifyRequest): SandboxTenant {
  return sandboxTenantOf(tenantOf(request))
}

function renderTransfer({ incoming, ...payment }: Payment) {
  return {
    reference: payment.reference,
    paymentIntentId: payment.paymentIntentId,
    customerId: payment.customer.code,
    accountNumber: incoming?.receiverAccountNumber ?? '',
    amount: Number(payment.amount),
    currency: payment.currency,
    senderName: incoming?.senderName ?? '',
    narration: incoming?.narration ?? null,
    status: payment.paidAt === null ? 'suspended' : 'succeeded',
    reason: payment.failureReason,
    createdAt: payment.createdAt.toISOString(),
  }
}

function renderPaymentMethod(customerId: string, method: PaymentMethod) {
  return {
    id: `pm_${method.code}`,
    authorizationCode: `AUTH_${method.code}`,
    customerId,
    type: method.type,
    provider: method.provider,
    brand: method.brand,
    last4: method.last4,
    expiryMonth: method.expiryMonth,
    expiryYear: method.expiryYear,
    phone: method.phone,
    isDefault: method.isDefault,
    createdAt: method.createdAt.toISOString(),
  }
}

function renderMandate(mandate: Mandate) {
  const code = mandate.paymentMethod?.code
  return {
    reference: mandate.reference,
    status: mandate.status,
    authorizationCode: code === undefined ? null : `AUTH_${code}`,
  }
}
