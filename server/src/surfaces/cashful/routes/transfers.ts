import { Type } from 'typebox'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { listTransfers, makeTransfer, type Transfer } from '../../../domain/wallet/transfers.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { bothOf, checkFilteredMerchant, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { amountSchema, currencySchema, listOf, responses } from '../schemas.ts'

const tags = ['Transfers']
const date = Type.String({ format: 'date-time' })

const exampleTransfer = {
  id: 'transfer_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  fromCustomerId: 'CUS_xnxdt6s1zg1f4nx',
  toCustomerId: 'CUS_c6wqvwmvwopw4ms',
  amount: 250,
  currency: 'ZAR',
  description: 'Lunch',
  status: 'completed',
  createdAt: '2025-01-15T11:00:00.000Z',
  updatedAt: '2025-01-15T11:00:00.000Z',
}

const transferSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    fromCustomerId: Type.String(),
    toCustomerId: Type.String(),
    amount: Type.Integer(),
    currency: Type.String(),
    description: Type.Optional(Type.String()),
    status: Type.String(),
    createdAt: date,
    updatedAt: date,
  },
  { examples: [exampleTransfer] },
)

const filtered = ['ids', 'id', 'merchantId'] as const
const sorted = ['createdAt', 'updatedAt', 'id', 'merchantId'] as const

/** `/api/canary/transfers`: one customer sends money to another. */
export const transferRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/transfers',
    {
      scope: 'money:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'createTransfer',
        summary: 'Send money from one customer’s cash balance to another customer’s',
        tags,
        body: Type.Object(
          {
            merchantId: Type.Optional(Type.String()),
            fromCustomerId: Type.String({ maxLength: 100 }),
            toCustomerId: Type.String({ maxLength: 100 }),
            amount: amountSchema,
            currency: currencySchema,
            description: Type.Optional(Type.String({ maxLength: 500 })),
          },
          {
            examples: [
              {
                fromCustomerId: 'CUS_xnxdt6s1zg1f4nx',
                toCustomerId: 'CUS_c6wqvwmvwopw4ms',
                amount: 250,
                currency: 'ZAR',
              },
            ],
          },
        ),
        response: responses(201, transferSchema, 400, 402, 404, 409),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const { merchantId, fromCustomerId, toCustomerId, ...input } = request.body
      checkMerchantId(tenant, merchantId)
      const given = { fromCustomer: fromCustomerId, toCustomer: toCustomerId, ...input }
      const transfer = await makeTransfer(context, tenant, given, keyed)
      return { answer: renderTransfer(tenant, transfer), replayed: transfer.replayed }
    },
  )

  routes.get(
    '/transfers',
    {
      scope: 'read',
      schema: {
        operationId: 'listTransfers',
        summary: 'List transfers, newest first',
        tags,
        querystring: Type.Object({ merchantId: Type.Optional(Type.String()), ...listQuery(filtered, sorted) }),
        response: responses(200, listOf(transferSchema, exampleTransfer), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { direction } = readSort(request.query, sorted)
      const ids = bothOf(given.ids, given.id)?.map((id) => id.replace(/^transfer_/, ''))
      const found = await listTransfers(context, tenant, { ids }, { ...page, direction })
      return renderPage(page, found, (each) => renderTransfer(tenant, each))
    },
  )
}

function renderTransfer({ merchant }: Tenant, transfer: Transfer) {
  const createdAt = transfer.createdAt.toISOString()
  return {
    id: `transfer_${transfer.id}`,
    merchantId: merchant.code,
    fromCustomerId: transfer.fromCustomer,
    toCustomerId: transfer.toCustomer,
    amount: Number(transfer.amount),
    currency: transfer.currency,
    ...(transfer.description === null ? {} : { description: transfer.description }),
    status: 'completed',
    createdAt,
    updatedAt: createdAt,
  }
}
