import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { listSettlements, type ToldSettlement } from '../../../domain/reconciliation/told-settlements.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { amountSchema, isServed, renderAmount } from '../amounts.ts'
import { pageMeta, pageQuery, readPageNumber, readPerPage } from '../pagination.ts'
import { readPeriod, textOf } from '../queries.ts'
import { pageMetaSchema, responses, success } from '../schemas.ts'
import { periodQuery } from '../transaction-filter.ts'

/** The statuses of the wire, with the states that they stand for. */
const statuses = { success: 'done', processing: 'open', pending: 'open', failed: 'failed' } as const

const settlementSchema = Type.Object({
  id: Type.Integer({ examples: [3090024] }),
  domain: Type.String({ examples: ['live'] }),
  status: Type.String({ examples: ['success'] }),
  currency: Type.String({ examples: ['NGN'] }),
  integration: Type.Integer({ examples: [100001] }),
  total_amount: amountSchema('Hundredths of the currency that the bank gets'),
  effective_amount: amountSchema('The same'),
  total_fees: amountSchema('Hundredths of the currency that the processor has kept'),
  total_processed: amountSchema('Hundredths of the currency that were collected'),
  deductions: Type.Null(),
  settlement_date: Type.String({ examples: ['2026-01-15T10:30:00.000Z'] }),
  settled_by: Type.Null(),
  createdAt: Type.String({ examples: ['2026-01-15T10:30:00.000Z'] }),
  updatedAt: Type.String({ examples: ['2026-01-15T10:30:00.000Z'] }),
})

/** `/settlement`: what the account at a processor has sent to the merchant's bank, as reconciliations have read it. */
export const settlementRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/settlement',
    {
      scope: 'read',
      schema: {
        operationId: 'settlements_fetch',
        summary: 'List settlements of the account at a processor, newest first; the sandbox has none',
        tags: ['Settlement'],
        querystring: Type.Object({
          status: Type.Optional(Type.String({ description: Object.keys(statuses).join(', '), examples: ['success'] })),
          ...pageQuery,
          ...periodQuery,
        }),
        response: responses(200, success('Settlements retrieved', Type.Array(settlementSchema), pageMetaSchema), 400),
      },
    },
    async (request) => {
      const { query } = request
      const tenant = tenantOf(request)
      const [page, perPage] = [readPageNumber(query), readPerPage(query)]
      const { from, until } = readPeriod(tenant, query)
      const filter = { state: readStatus(query.status), from, until }
      const place = { limit: perPage, offset: (page - 1) * perPage }
      const { items, total } = await listSettlements(context, tenant, filter, place)
      return {
        status: true as const,
        message: 'Settlements retrieved',
        data: items.filter(({ currency }) => isServed(currency)).map((each) => render(tenant, each)),
        meta: pageMeta(page, perPage, total),
      }
    },
  )
}

function readStatus(text: string | undefined) {
  const name = textOf(text)
  if (name === undefined) return undefined
  if (Object.hasOwn(statuses, name)) return statuses[name as keyof typeof statuses]
  const message = `"status" must be one of [${Object.keys(statuses).join(', ')}]`
  throw new ServiceError('invalid_request', message, 'status')
}

function render({ merchant, mode }: Tenant, { id, state, amount, fee, currency, at }: ToldSettlement) {
  const total = renderAmount(amount, currency)
  const time = at.toISOString()
  return {
    id: Number(id),
    domain: mode,
    status: state === 'done' ? 'success' : state === 'failed' ? 'failed' : 'pending',
    currency,
    integration: merchant.id,
    total_amount: total,
    effective_amount: total,
    total_fees: renderAmount(fee, currency),
    total_processed: renderAmount(amount + fee, currency),
    deductions: null,
    settlement_date: time,
    settled_by: null,
    createdAt: time,
    updatedAt: time,
  }
}
