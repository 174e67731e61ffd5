import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { noteChange } from '../../../domain/context.ts'
import { findFormerCustomer } from '../../../domain/customers/customers.ts'
import type { Attempt } from '../../../domain/idempotency/attempt.ts'
import { heldCurrency } from '../../../domain/merchants/merchants.ts'
import { decideAboutPayout } from '../../../domain/payouts/approved-payouts.ts'
import { cancelPayout } from '../../../domain/payouts/payout-decisions.ts'
import type { PayoutAnswer } from '../../../domain/payouts/payout-making.ts'
import { getPayout, listPayouts, type Payout } from '../../../domain/payouts/payout-records.ts'
import { settlePayout } from '../../../domain/payouts/payout-settlements.ts'
import { createPayout, createPayouts, type NewPayout } from '../../../domain/payouts/payouts.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { currencyCode, freeText, largestNumber, wholeNumber } from '../../http/schemas.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { newPayoutSchema, payoutId, payoutSchema, readPayout, renderPayout, stateSchema } from '../payouts.ts'
import { customerIdSchema, periodQuery, responses, timeZoneSchema } from '../schemas.ts'

const tags = ['Payouts']
const params = Type.Object({ id: Type.String({ examples: [payoutId] }) })

const outcomeSchema = Type.Union([
  Type.Object({ status: Type.Literal('made'), payout: payoutSchema }),
  Type.Object({
    status: Type.Literal('refused'),
    error: Type.Object({ code: Type.String(), message: Type.String(), field: Type.Optional(Type.String()) }),
  }),
])

/** `/v1/payouts`: money to bank accounts and mobile wallets, from a customer's balance or the merchant's. */
export const payoutRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/payouts',
    {
      scope: 'payouts:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'createPayout',
        summary: 'Pay out to a bank account or a mobile wallet, from a customer’s balance or the merchant’s',
        description:
          'The money is reserved at once, and the payout is sent soon afterwards. Retrieve it, or wait for its events, to learn how it ends.',
        tags,
        body: newPayoutSchema,
        response: responses(201, payoutSchema, 401, 402, 403, 404, 409),
      },
    },
    async (request, keyed) => {
      const { payout, replayed } = await createPayout(context, tenantOf(request), readPayout(request.body), keyed)
      return { answer: renderPayout(payout), replayed }
    },
  )

  routes.post(
    '/payouts/batch',
    {
      scope: 'payouts:write',
      once: 'around work outside',
      schema: {
        operationId: 'createPayouts',
        summary: 'Make up to 1,000 payouts, each with its own answer; a refused payout does not affect the others',
        description:
          'A line of the wrong shape refuses the whole batch with 400, and nothing is done. Every other refusal is the answer of its line. The references make each payout once.',
        tags,
        body: Type.Object({ payouts: Type.Array(newPayoutSchema, { minItems: 1, maxItems: 1000 }) }),
        response: responses(
          200,
          Type.Object({
            made: Type.Integer({ examples: [1] }),
            refused: Type.Integer({ examples: [0] }),
            outcomes: Type.Array(outcomeSchema),
          }),
          401,
          409,
        ),
      },
    },
    async (request) => {
      const read = request.body.payouts.map((line) => tryRead(() => readPayout(line)))
      const sound = read.filter((line): line is NewPayout => !(line instanceof ServiceError))
      const answers = (await createPayouts(context, tenantOf(request), sound)).values()
      const outcomes = read.map((line, i) =>
        renderOutcome(line instanceof ServiceError ? line : (answers.next().value as PayoutAnswer), i),
      )
      const made = outcomes.filter(({ status }) => status === 'made').length
      return { made, refused: outcomes.length - made, outcomes }
    },
  )

  routes.get(
    '/payouts',
    {
      scope: 'read',
      schema: {
        operationId: 'listPayouts',
        summary:
          'List payouts, newest first: all, or those in a state, of a reference, of a customer, in a currency or of a period',
        tags,
        querystring: Type.Object({
          state: Type.Optional(stateSchema),
          open: Type.Optional(
            Type.Boolean({ description: 'true: only payouts whose money is reserved; default false' }),
          ),
          needsAttention: Type.Optional(
            Type.Boolean({ description: 'true: only payouts that a person has to look at; default false' }),
          ),
          reference: Type.Optional(
            Type.String({
              maxLength: 255,
              description: 'Only the payout of this reference, or of this name at the processor',
            }),
          ),
          customerId: Type.Optional(customerIdSchema),
          currency: Type.Optional(currencyCode({})),
          ...periodQuery,
          ...idStepQuery(payoutId),
        }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(payoutSchema), timeZone: timeZoneSchema, nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { state, open: isOpen, needsAttention, reference, customerId, currency, from, to, ...query } = request.query
      const step = readIdStep(query)
      const customer = customerId === undefined ? undefined : await findFormerCustomer(context, tenant, customerId)
      const held = currency === undefined ? undefined : heldCurrency(tenant.merchant, currency)
      const filter = {
        state,
        isOpen,
        needsAttention,
        reference,
        customer,
        currency: held,
        ...readPeriod(tenant, [from, to]),
      }
      const payouts = await listPayouts(context, tenant, filter, step)
      return {
        data: payouts.map(renderPayout),
        timeZone: tenant.merchant.timeZone,
        nextBefore: payouts.length < step.limit ? null : (payouts.at(-1)?.id ?? null),
      }
    },
  )

  routes.get(
    '/payouts/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePayout',
        summary: 'Retrieve a payout',
        tags,
        params,
        response: responses(200, payoutSchema, 401, 404),
      },
    },
    async (request) => renderPayout(await getPayout(context, tenantOf(request), request.params.id)),
  )

  routes.post(
    '/payouts/:id/cancel',
    {
      scope: 'payouts:write',
      once: 'around work outside',
      schema: {
        operationId: 'cancelPayout',
        summary: 'Cancel a payout that is not being sent yet: its money is released',
        tags,
        params,
        response: responses(200, payoutSchema, 401, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const before = await getPayout(context, tenant, request.params.id)
      return renderPayout(notePayout(attempt, before, await cancelPayout(context, tenant, before.id)))
    },
  )

  routes.post(
    '/payouts/:id/approve',
    {
      scope: 'approve',
      once: 'around work outside',
      repeatedTo: 'its key',
      schema: {
        operationId: 'approvePayout',
        summary: 'Approve a payout that another person has asked for, or its settlement by hand',
        description: 'As POST /v1/approvals/:id/approve, by the id of the payout.',
        tags,
        params,
        response: responses(200, payoutSchema, 401, 403, 404, 409),
      },
    },
    async (request, attempt) => {
      const given = { id: request.params.id, decision: { status: 'approved' } } as const
      return renderPayout(await decideAboutPayout(context, tenantOf(request), given, attempt))
    },
  )

  routes.post(
    '/payouts/:id/deny',
    {
      scope: 'approve',
      once: 'around work outside',
      repeatedTo: 'its key',
      schema: {
        operationId: 'denyPayout',
        summary: 'Deny a payout that waits for a second person, or its settlement by hand',
        description:
          'As POST /v1/approvals/:id/deny, by the id of the payout. Its money is released at once. A payout whose settlement is denied is as open as before.',
        tags,
        params,
        body: Type.Object({ reason: Type.Optional(freeText(500, { examples: ['The account is not theirs'] })) }),
        response: responses(200, payoutSchema, 401, 404, 409),
      },
    },
    async (request, attempt) => {
      const { reason = null } = request.body
      const given = { id: request.params.id, decision: { status: 'denied', reason } } as const
      return renderPayout(await decideAboutPayout(context, tenantOf(request), given, attempt))
    },
  )

  routes.post(
    '/payouts/:id/settle',
    {
      scope: 'payouts:write',
      once: 'around work outside',
      schema: {
        operationId: 'settlePayout',
        summary: 'Say how a payout has ended that a person pays out, or whose processor cannot say it',
        description:
          'Where anything waits for a second person, this does too: the payout is as open as before, and settlementApprovalId names the approval. Of a payout that has ended and needs attention as late, fee or contradicted it notes that a person has looked: the outcome is paid, and nobody is asked. With book, of a contradicted one, what its account says is booked.',
        tags,
        params,
        body: Type.Object({
          outcome: Type.Unsafe<'paid' | 'failed'>({ type: 'string', enum: ['paid', 'failed'], examples: ['paid'] }),
          proof: Type.String({
            maxLength: 500,
            description: 'The name of the transfer at the bank, or what shows that it has failed',
            examples: ['FT26330-0017'],
          }),
          reason: Type.Optional(
            Type.String({
              maxLength: 500,
              description: 'Why it is settled by hand; required unless the processor is manual',
              examples: ['The bank has confirmed it by telephone'],
            }),
          ),
          fee: Type.Optional(
            wholeNumber(0, largestNumber, {
              description: 'What the bank has kept, in minor units: at most the amount',
              examples: [1000],
            }),
          ),
          book: Type.Optional(
            Type.Boolean({
              description:
                'Of a payout that needs attention as contradicted: whether what its account says is booked, which is the outcome then. Default false: nothing moves',
            }),
          ),
        }),
        response: responses(200, payoutSchema, 401, 403, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { fee, ...settlement } = request.body
      const given = { ...settlement, fee: fee === undefined ? undefined : BigInt(fee) }
      const before = await getPayout(context, tenant, request.params.id)
      return renderPayout(notePayout(attempt, before, await settlePayout(context, tenant, before.id, given)))
    },
  )
}

/** Notes for the trail what became of a payout. */
function notePayout(attempt: Attempt, before: Payout, after: Payout): Payout {
  const shown = ({ state, fee }: Payout) => ({ state, fee: fee === null ? null : String(fee) })
  const isLookedAt = before.state === after.state && before.attention !== null && after.attention === null
  if (isLookedAt) {
    const reason = { needsAttention: before.attention }
    noteChange(attempt, { object: after.id, before: reason, after: { needsAttention: null } })
  }
  if (before.state !== after.state)
    noteChange(attempt, { object: after.id, before: shown(before), after: shown(after) })
  return after
}

function tryRead(read: () => NewPayout): NewPayout | ServiceError {
  try {
    return read()
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

/** A refusal names its line: `payouts.17.amount` for a member, `payouts.17` for the payout as a whole. */
function renderOutcome(outcome: PayoutAnswer, line: number) {
  if (!(outcome instanceof ServiceError)) return { status: 'made' as const, payout: renderPayout(outcome.payout) }
  const { code, message } = outcome
  const field = ['payouts', line, outcome.field].filter((part) => part !== undefined).join('.')
  return { status: 'refused' as const, error: { code, message: `${field}: ${message}`, field } }
}
