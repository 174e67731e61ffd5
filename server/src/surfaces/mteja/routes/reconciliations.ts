import { type Static, Type } from 'typebox'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { type Direction, directions } from '../../../domain/payments/processor-accounts.ts'
import {
  getReconciliation,
  listReconciliations,
  type Reconciliation,
} from '../../../domain/reconciliation/reconciliations.ts'
import { reconcile } from '../../../domain/reconciliation/runs.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import type { Service } from '../../http/surface.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { date, nullableText, periodQuery, responses, timeZoneSchema } from '../schemas.ts'

const tags = ['Reconciliation']
const id = '019aa8a3-1c2d-7a4b-8c5d-6e7f0a1b2c3d'

const balanceSchema = Type.Object({
  currency: Type.String({ examples: ['NGN'] }),
  account: Type.Integer({ description: 'What the account says', examples: [985000] }),
  expected: Type.Integer({
    description: 'By the books: the opening balance and what has come since, less what is open',
    examples: [985000],
  }),
  opening: Type.Integer({ description: 'What was there before the cut-over', examples: [0] }),
  explained: Type.Integer({ description: 'What the differences explain that are not put right', examples: [0] }),
  unsettled: Type.Integer({
    description: 'What the account has not settled yet, if its balance does not count it',
    examples: [0],
  }),
  unexplained: Type.Integer({ examples: [0] }),
})

export const reconciliationSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  status: Type.Unsafe<Reconciliation['state']>({
    type: 'string',
    enum: ['running', 'agreed', 'differing', 'failed'],
    description: 'agreed: everything could be read, and no difference of the account is open',
    examples: ['agreed'],
  }),
  direction: Type.Unsafe<Direction>({
    type: 'string',
    enum: [...directions],
    description: 'Of the account: the one that takes the money, or the one that sends it out',
    examples: ['in'],
  }),
  from: date,
  to: Type.String({
    format: 'date-time',
    description: 'The instant at which the period ends',
    examples: ['2026-01-15T10:30:00.000Z'],
  }),
  timeZone: timeZoneSchema,
  itemsRead: Type.Integer({ description: 'Things that the account has told', examples: [120] }),
  completed: Type.Integer({
    description: 'Things that were missing or open here, and are booked now',
    examples: [2],
  }),
  itemsUnreadable: Type.Integer({
    description:
      'Things that the account has told and that could not be read; the log has their ids. They are not compared',
    examples: [0],
  }),
  openDifferences: Type.Integer({
    description: 'Differences of the account that it or an earlier one has found, and that are open',
    examples: [0],
  }),
  balances: Type.Array(balanceSchema, {
    description: 'Empty for a period that has ended before, and until the balance is read',
  }),
  attempts: Type.Integer({
    description:
      'How often in a row its next step has failed: the account could not be asked, or this service has failed. The log has the reason. It is tried again in the background',
    examples: [0],
  }),
  failure: { ...nullableText, description: 'The reason why it was given up' },
  by: doerSchema,
  createdAt: date,
  finishedAt: Type.Union([date, Type.Null()]),
})

/** The account and the period of a new reconciliation, or the id of one that is there. */
export const newReconciliationBody = {
  id: Type.Optional(
    Type.String({
      description: 'A reconciliation to go on with, without a period. It is answered also once it has ended',
      examples: [id],
    }),
  ),
  direction: Type.Optional(
    Type.Unsafe<Direction>({
      type: 'string',
      enum: [...directions],
      description:
        'The account that takes the money, or the one that sends it out; default in, and out where only that one is at a processor. A key in both directions is one account',
      examples: ['in'],
    }),
  ),
  from: Type.Optional(
    Type.String({
      ...periodQuery.from,
      description: 'The first day or the first instant; default where the last one may have left something',
    }),
  ),
  to: Type.Optional(
    Type.String({
      ...periodQuery.to,
      description:
        'The last day, or the instant at which the period ends; default now. The balance is compared only up to now',
    }),
  ),
}

type Wanted = Static<ReturnType<typeof Type.Object<typeof newReconciliationBody>>>

/** Makes a reconciliation of the period, and works on it for a while. */
export async function reconcileAsked(context: Service, tenant: Tenant, { id, direction, from, to }: Wanted) {
  return renderReconciliation(
    tenant,
    await reconcile(context, tenant, { id, direction, ...readPeriod(tenant, [from, to]) }),
  )
}

/** `/v1/reconciliations`: comparisons of the account at a processor with the books. */
export const reconciliationRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/reconciliations',
    {
      scope: 'pay_ins:write',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'createReconciliation',
        summary: 'Compare an account at a processor with the books, or go on with the comparison under way',
        description:
          'Another call while one is under way answers that one. Long ones are done in the background: read the status, or call again with the id.',
        tags,
        body: Type.Object(newReconciliationBody),
        response: responses(201, reconciliationSchema, 401, 403, 404),
      },
    },
    (request) => reconcileAsked(context, tenantOf(request), request.body),
  )

  routes.get(
    '/reconciliations',
    {
      scope: 'read',
      schema: {
        operationId: 'listReconciliations',
        summary: 'List reconciliations, newest first',
        tags,
        querystring: Type.Object(idStepQuery(id)),
        response: responses(
          200,
          Type.Object({ data: Type.Array(reconciliationSchema), nextBefore: nextBeforeSchema }),
          401,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const step = readIdStep(request.query)
      const found = await listReconciliations(context, tenant, step)
      return {
        data: found.map((each) => renderReconciliation(tenant, each)),
        nextBefore: found.length < step.limit ? null : (found.at(-1)?.id ?? null),
      }
    },
  )

  routes.get(
    '/reconciliations/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveReconciliation',
        summary: 'Retrieve a reconciliation',
        tags,
        params: Type.Object({ id: Type.String({ examples: [id] }) }),
        response: responses(200, reconciliationSchema, 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return renderReconciliation(tenant, await getReconciliation(context, tenant, request.params.id))
    },
  )
}

function renderReconciliation({ merchant }: Tenant, run: Reconciliation) {
  return {
    id: run.id,
    status: run.state,
    direction: run.direction,
    from: run.from.toISOString(),
    to: run.until.toISOString(),
    timeZone: merchant.timeZone,
    itemsRead: run.itemsRead,
    completed: run.completed,
    itemsUnreadable: run.unreadable,
    openDifferences: run.openDifferences,
    balances: [...run.balances],
    attempts: run.attempts,
    failure: run.failure,
    by: renderDoer(run.by),
    createdAt: run.createdAt.toISOString(),
    finishedAt: run.finishedAt?.toISOString() ?? null,
  }
}
