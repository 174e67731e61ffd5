import { Type } from 'typebox'
import { listDayVolumes } from '../../../domain/wallet/day-volumes.ts'
import { listPositions, type Position } from '../../../domain/wallet/positions.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { wholeNumber } from '../../http/schemas.ts'
import { date, responses, timeZoneSchema, transactionKindWords } from '../schemas.ts'

const tags = ['Positions']

const positionSchema = Type.Object({
  currency: Type.String({ examples: ['ZAR'] }),
  customers: Type.Integer({ description: 'The cash of all customers: what is owed to them', examples: [1204500] }),
  merchant: Type.Integer({ description: 'The merchant’s own balance, with its fees', examples: [55000] }),
  suspense: Type.Integer({ description: 'Money that waits for its owner', examples: [0] }),
  owed: Type.Integer({
    description: 'What customers and the merchant owe: see the debts of the ledger',
    examples: [0],
  }),
  outside: Type.Array(
    Type.Object({
      accountId: Type.Integer({
        description: 'The account at a processor; 0 and 1 are none: the sandbox, and money by hand',
        examples: [0],
      }),
      amount: Type.Integer({ examples: [1259500] }),
    }),
    { description: 'What is held outside' },
  ),
  costs: Type.Integer({ description: 'What fees of processors and adjustments by hand have cost', examples: [0] }),
})

const volumeSchema = Type.Object({
  day: Type.String({ examples: ['2026-01-15'] }),
  currency: Type.String({ examples: ['ZAR'] }),
  kind: Type.String({ description: transactionKindWords, examples: ['purchase'] }),
  count: Type.Integer({ examples: [12] }),
  amount: Type.Integer({ examples: [24000] }),
})

/** `/v1/positions`: what is owed against what is held, and what moves day by day. */
export const positionRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/positions',
    {
      scope: 'read',
      schema: {
        operationId: 'listPositions',
        summary: 'See what is owed to customers against what is held outside, in each currency, as of now',
        description: 'customers + merchant + suspense = the sum of outside + owed + costs.',
        tags,
        response: responses(200, Type.Object({ at: date, data: Type.Array(positionSchema) }), 401),
      },
    },
    async (request) => {
      const positions = await listPositions(context, tenantOf(request))
      return { at: context.clock.now().toISOString(), data: positions.map(renderPosition) }
    },
  )

  routes.get(
    '/positions/days',
    {
      scope: 'read',
      schema: {
        operationId: 'listDayVolumes',
        summary: 'See what moved on each of the last days, by currency and kind',
        tags,
        querystring: Type.Object({
          days: Type.Optional(wholeNumber(1, 90, { description: 'Today included; default 30', examples: [30] })),
        }),
        response: responses(
          200,
          Type.Object({
            days: Type.Array(Type.String({ examples: ['2026-01-15'] }), { description: 'Oldest first' }),
            timeZone: timeZoneSchema,
            data: Type.Array(volumeSchema, { description: 'Days without a movement are left out' }),
          }),
          401,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { days, volumes } = await listDayVolumes(context, tenant, request.query.days ?? 30)
      const data = volumes.map((each) => ({ ...each, count: Number(each.count), amount: Number(each.amount) }))
      return { days, timeZone: tenant.merchant.timeZone, data }
    },
  )
}

function renderPosition({ currency, outside, ...amounts }: Position) {
  return {
    currency,
    customers: Number(amounts.customers),
    merchant: Number(amounts.merchant),
    suspense: Number(amounts.suspense),
    owed: Number(amounts.owed),
    outside: outside.map(({ accountId, amount }) => ({ accountId: Number(accountId), amount: Number(amount) })),
    costs: Number(amounts.costs),
  }
}
