import { Type } from 'typebox'
import { assignMoney } from '../../../domain/payments/assigned-money.ts'
import { getSuspended, giveBackSuspended, listSuspended, type Suspended } from '../../../domain/wallet/suspense.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { recordedParams } from '../recorded.ts'
import { customerIdSchema, date, nullableText, responses } from '../schemas.ts'

const tags = ['Suspense']
const id = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'
const statuses = ['open', 'pending', 'assigned', 'given_back'] as const

const suspendedSchema = Type.Object({
  id: Type.String({ description: 'The id of the ledger transaction that brought it into suspense', examples: [id] }),
  amount: Type.Integer({ description: 'What came', examples: [5000] }),
  left: Type.Integer({
    description: 'What can still be assigned or given back: the account has not taken it back, and nobody has decided',
    examples: [5000],
  }),
  currency: Type.String({ examples: ['ZAR'] }),
  description: nullableText,
  details: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, examples: [{}] }),
  status: Type.Unsafe<(typeof statuses)[number]>({
    type: 'string',
    enum: [...statuses],
    description:
      'pending: decided, and posted within a minute; given_back: also if the account has taken all of it back',
    examples: ['open'],
  }),
  transactionId: Type.Union([Type.String(), Type.Null()], { description: 'The movement that took it out of suspense' }),
  customerId: Type.Union([Type.String(), Type.Null()], { description: 'Customer that received the assigned money' }),
  decidedBy: Type.Union([doerSchema, Type.Null()]),
  decidedAt: Type.Union([date, Type.Null()]),
  createdAt: date,
})

/** `/v1/suspense`: money that came and could not be booked to its owner. A person assigns it or gives it back. */
export const suspenseRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/suspense',
    {
      scope: 'read',
      schema: {
        operationId: 'listSuspense',
        summary: 'List money in suspense, newest first',
        tags,
        querystring: Type.Object({
          open: Type.Optional(
            Type.Boolean({ description: 'true: only money that nobody has decided about; default false' }),
          ),
          ...idStepQuery(id),
        }),
        response: responses(200, Type.Object({ data: Type.Array(suspendedSchema), nextBefore: nextBeforeSchema }), 401),
      },
    },
    async (request) => {
      const { open = false, ...query } = request.query
      const step = readIdStep(query)
      const found = await listSuspended(context, tenantOf(request), { isOpen: open, ...step })
      return { data: found.map(render), nextBefore: found.length < step.limit ? null : (found.at(-1)?.id ?? null) }
    },
  )

  routes.get(
    '/suspense/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveSuspended',
        summary: 'Retrieve money in suspense, or money that was',
        tags,
        params: recordedParams,
        response: responses(200, suspendedSchema, 401, 404),
      },
    },
    async (request) => render(await getSuspended(context, tenantOf(request), request.params.id)),
  )

  routes.post(
    '/suspense/:id/assign',
    {
      scope: 'pay_ins:write',
      once: 'around work outside',
      schema: {
        operationId: 'assignSuspended',
        summary: 'Assign money in suspense to a customer',
        tags,
        params: recordedParams,
        body: Type.Object({ customerId: customerIdSchema }),
        response: responses(200, suspendedSchema, 401, 404, 409),
      },
    },
    async (request) =>
      render(
        await assignMoney(context, tenantOf(request), {
          id: request.params.id,
          customerCode: request.body.customerId,
        }),
      ),
  )

  routes.post(
    '/suspense/:id/give-back',
    {
      scope: 'pay_ins:write',
      once: 'around work outside',
      schema: {
        operationId: 'giveBackSuspended',
        summary: 'Book that money in suspense has gone back to where it came from',
        tags,
        params: recordedParams,
        response: responses(200, suspendedSchema, 401, 404, 409),
      },
    },
    async (request) => render(await giveBackSuspended(context, tenantOf(request), request.params.id)),
  )
}

function render({ decision, takenBy, ...suspended }: Suspended) {
  const undecided = suspended.left > 0n ? ('open' as const) : ('given_back' as const)
  return {
    id: suspended.id,
    amount: Number(suspended.amount),
    left: Number(suspended.left),
    currency: suspended.currency,
    description: suspended.description,
    details: suspended.details,
    status: decision === null ? undecided : decision.isPosted ? decision.outcome : ('pending' as const),
    transactionId: decision?.transactionId ?? (suspended.left > 0n ? null : takenBy),
    customerId: decision?.customerCode ?? null,
    decidedBy: decision === null ? null : renderDoer(decision.by),
    decidedAt: decision?.decidedAt.toISOString() ?? null,
    createdAt: suspended.createdAt.toISOString(),
  }
}
