import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { isUuid } from '../../../base/ids.ts'
import {
  closeDifference,
  type Difference,
  type DifferenceFilter,
  type DifferenceState,
  differenceStates,
  getDifference,
  listDifferences,
} from '../../../domain/reconciliation/differences.ts'
import {
  type DifferenceKind,
  differenceKinds,
  type Subject,
  subjects,
} from '../../../domain/reconciliation/found-differences.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { date, nullableText, responses } from '../schemas.ts'

const tags = ['Reconciliation']
const id = '019aa8a3-2d3e-7b5c-9d6e-7f8a0b1c2d3e'
const reconciliationId = '019aa8a3-1c2d-7a4b-8c5d-6e7f0a1b2c3d'
const nullableAmount = Type.Union([Type.Integer(), Type.Null()])

export const differenceKindSchema = Type.Unsafe<DifferenceKind>({
  type: 'string',
  enum: [...differenceKinds],
  description:
    'missing_here: the account has it, and the books do not; missing_there: the other way round; not_ours: nobody asked ' +
    'for it here, so it is in suspense; unexplained: the balance of the account',
  examples: ['fee'],
})
const stateSchema = Type.Unsafe<DifferenceState>({
  type: 'string',
  enum: [...differenceStates],
  description: 'accepted: it stays as it is; resolved: it was put right, or is not found any more',
  examples: ['open'],
})

export const differenceSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  kind: differenceKindSchema,
  subject: Type.Unsafe<Subject>({
    type: 'string',
    enum: [...subjects],
    description: 'What differs',
    examples: ['payment'],
  }),
  name: Type.String({
    description: 'The account’s id of it; ours, if the account does not have it; the currency of a balance',
    examples: ['4099260516'],
  }),
  reference: Type.Union([Type.String(), Type.Null()], {
    description: 'The account’s name of the payment',
    examples: ['mteja-0a1b2c3d4e5f6a7b8c9d0e1f'],
  }),
  transactionId: Type.Union([Type.String(), Type.Null()], { description: 'The ledger transaction, if there is one' }),
  amount: Type.Integer({ description: 'How much is missing, or by how much two amounts differ', examples: [50] }),
  ours: { ...nullableAmount, description: 'What is booked' },
  theirs: { ...nullableAmount, description: 'What the account says' },
  currency: Type.String({ examples: ['NGN'] }),
  status: stateSchema,
  advice: Type.String({
    description: 'What to do about it',
    examples: ['Compare it with the invoice of the processor.'],
  }),
  reason: { ...nullableText, description: 'The words of the person who closed it' },
  by: Type.Union([doerSchema, Type.Null()], {
    description: 'Who closed it; null for an open one and for a reconciliation',
  }),
  closedAt: Type.Union([date, Type.Null()]),
  firstReconciliationId: { ...nullableText, description: 'Null for a difference of the sandbox' },
  lastReconciliationId: nullableText,
  occurredAt: Type.String({
    format: 'date-time',
    description: 'When the thing was made',
    examples: ['2026-01-15T10:30:00.000Z'],
  }),
  createdAt: date,
})

export const differenceQuery = {
  status: Type.Optional(stateSchema),
  kind: Type.Optional(differenceKindSchema),
  reconciliationId: Type.Optional(
    Type.String({ maxLength: 100, description: 'Those that it was the last to find', examples: [reconciliationId] }),
  ),
  ...idStepQuery(id),
}

const params = Type.Object({ id: Type.String({ examples: [id] }) })

/** `/v1/differences`: how accounts at processors and the books differ. */
export const differenceRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/differences',
    {
      scope: 'read',
      schema: {
        operationId: 'listDifferences',
        summary: 'List differences between the account and the books, newest first',
        tags,
        querystring: Type.Object(differenceQuery),
        response: responses(
          200,
          Type.Object({ data: Type.Array(differenceSchema), nextBefore: nextBeforeSchema }),
          401,
        ),
      },
    },
    async (request) => {
      const { filter, step } = readDifferenceQuery(request.query)
      return renderPage(await listDifferences(context, tenantOf(request), filter, step), step.limit)
    },
  )

  routes.get(
    '/differences/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveDifference',
        summary: 'Retrieve a difference between the account and the books',
        tags,
        params,
        response: responses(200, differenceSchema, 401, 404),
      },
    },
    async (request) => renderDifference(await getDifference(context, tenantOf(request), request.params.id)),
  )

  routes.post(
    '/differences/:id/close',
    {
      scope: 'pay_ins:write',
      once: 'in a transaction',
      schema: {
        operationId: 'closeDifference',
        summary: 'Close a difference, with a reason',
        description:
          'A resolved difference that is found again is open again. An accepted one counts in the expected balance.',
        tags,
        params,
        body: Type.Object({
          outcome: Type.Unsafe<'accepted' | 'resolved'>({
            type: 'string',
            enum: ['accepted', 'resolved'],
            description: 'accepted: it stays as it is; resolved: it was put right',
            examples: ['accepted'],
          }),
          reason: Type.String({ maxLength: 500, examples: ['The processor has confirmed the fee'] }),
        }),
        response: responses(200, differenceSchema, 401, 404, 409),
      },
    },
    async (request, tx) =>
      renderDifference(await closeDifference(tx, tenantOf(request), request.params.id, request.body)),
  )
}

interface DifferenceQuery {
  status?: DifferenceState
  kind?: DifferenceKind
  reconciliationId?: string
  limit?: number
  before?: string
}

/** Throws `invalid_request`. */
export function readDifferenceQuery({ status, kind, reconciliationId, ...query }: DifferenceQuery) {
  if (reconciliationId !== undefined && !isUuid(reconciliationId)) {
    const message = `reconciliationId must be the id of a reconciliation, not ${JSON.stringify(reconciliationId)}`
    throw new ServiceError('invalid_request', message, 'reconciliationId')
  }
  const filter: DifferenceFilter = { state: status, kind, reconciliationId }
  return { filter, step: readIdStep(query) }
}

export function renderPage(found: readonly Difference[], limit: number) {
  return { data: found.map(renderDifference), nextBefore: found.length < limit ? null : (found.at(-1)?.id ?? null) }
}

export function renderDifference(difference: Difference) {
  const { by, ours, theirs } = difference
  return {
    id: difference.id,
    kind: difference.kind,
    subject: difference.subject,
    name: difference.name,
    reference: difference.reference,
    transactionId: difference.transactionId,
    amount: Number(difference.amount),
    ours: ours === null ? null : Number(ours),
    theirs: theirs === null ? null : Number(theirs),
    currency: difference.currency,
    status: difference.state,
    advice: difference.advice,
    reason: difference.reason,
    by: by.kind === 'background' ? null : renderDoer(by),
    closedAt: difference.closedAt?.toISOString() ?? null,
    firstReconciliationId: difference.firstReconciliationId,
    lastReconciliationId: difference.lastReconciliationId,
    occurredAt: difference.at.toISOString(),
    createdAt: difference.createdAt.toISOString(),
  }
}
