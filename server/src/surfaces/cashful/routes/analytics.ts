import { Type } from 'typebox'
import { getAnalytics, summarizeMerchant } from '../../../domain/wallet/analytics.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { renderTransaction } from '../render-transaction.ts'
import { responses, transactionSchema } from '../schemas.ts'

const tags = ['Analytics']
const querystring = Type.Object({ merchantId: Type.Optional(Type.String()) })

const volume = Type.Object({ count: Type.Integer(), sum: Type.Number({ description: 'Minor units' }) })

const analyticsSchema = Type.Object(
  {
    transactions: Type.Object({
      daily: volume,
      weekly: volume,
      monthly: volume,
      breakdown: Type.Array(Type.Object({ date: Type.String(), ...volume.properties })),
    }),
    newCustomers: Type.Object({ daily: Type.Integer(), weekly: Type.Integer(), monthly: Type.Integer() }),
    recentTransactions: Type.Array(transactionSchema),
  },
  {
    examples: [
      {
        transactions: {
          daily: { count: 15, sum: 150000 },
          weekly: { count: 120, sum: 1200000 },
          monthly: { count: 450, sum: 4500000 },
          breakdown: [{ date: '2025-12-01', count: 10, sum: 100000 }],
        },
        newCustomers: { daily: 3, weekly: 25, monthly: 100 },
        recentTransactions: [],
      },
    ],
  },
)

const summarySchema = Type.Object(
  {
    balance: Type.Integer({ description: 'The merchant’s balance in minor units' }),
    customers: Type.Integer(),
    transactions: Type.Integer({ description: 'All transactions in the merchant’s default currency, since the first' }),
    members: Type.Integer({ description: 'Always 1: a merchant has no members here' }),
  },
  { examples: [{ balance: 150000, customers: 240, transactions: 1250, members: 1 }] },
)

/** `/api/canary/analytics`: recent money movements, in the merchant's default currency. */
export const analyticsRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/analytics',
    {
      scope: 'read',
      schema: {
        operationId: 'getAnalytics',
        summary: 'Get the transactions and new customers of the last 24 hours, 7 days and 30 days',
        tags,
        querystring,
        response: responses(200, analyticsSchema, 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const { daily, weekly, monthly, breakdown, newCustomers, recent } = await getAnalytics(context, tenant)
      return {
        transactions: { daily, weekly, monthly, breakdown },
        newCustomers,
        recentTransactions: recent.map(({ customerCode, entry }) => renderTransaction(tenant, customerCode, entry)),
      }
    },
  )

  routes.get(
    '/analytics/summary',
    {
      scope: 'read',
      schema: {
        operationId: 'getAnalyticsSummary',
        summary: 'Get the balance, and the totals of customers and transactions',
        tags,
        querystring,
        response: responses(200, summarySchema, 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const { balance, customers, transactions } = await summarizeMerchant(context, tenant)
      return {
        balance: Number(balance),
        customers: Number(customers),
        transactions: Number(transactions),
        members: 1,
      }
    },
  )
}
