import { Type } from 'typebox'
import { isUuid } from '../../../base/ids.ts'
import type { TransactionKind } from '../../../domain/ledger/commands.ts'
import type { Entry } from '../../../domain/ledger/entries.ts'
import { heldCurrency } from '../../../domain/merchants/merchants.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { getMerchantBalance, listMerchantEntries, merchantEntryType } from '../../../domain/wallet/merchant-balances.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readClosedPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { bothOf, checkFilteredMerchant, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { relatedEntity } from '../render-transaction.ts'
import { currencyQuery, date, listOf, relatedEntityType, responses } from '../schemas.ts'

const tags = ['Balance']
const merchantId = Type.Optional(Type.String())

const merchantBalanceSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    amount: Type.Integer({ description: 'Minor units: available + pending' }),
    currency: Type.String(),
    available: Type.Integer(),
    pending: Type.Integer(),
    createdAt: date,
    updatedAt: date,
    deletedAt: Type.Optional(date),
  },
  {
    examples: [
      {
        id: 'balance_mer_3k1f9x0c2v8b7n6',
        merchantId: 'mer_3k1f9x0c2v8b7n6',
        amount: 50000,
        currency: 'ZAR',
        available: 50000,
        pending: 0,
        createdAt: '2025-01-15T10:30:00.000Z',
        updatedAt: '2025-01-15T10:30:00.000Z',
      },
    ],
  },
)

const balanceTransactionSchema = Type.Object({
  id: Type.String(),
  merchantId: Type.String(),
  type: Type.String({ description: 'credit, debit, fee or payout' }),
  amount: Type.Integer({ description: 'Minor units: a positive amount came in, a negative amount went out' }),
  currency: Type.String(),
  description: Type.String(),
  relatedEntityId: Type.Optional(Type.String()),
  relatedEntityType,
  balanceAfter: Type.Integer(),
  createdAt: date,
  updatedAt: date,
  deletedAt: Type.Optional(date),
})

const historySchema = listOf(balanceTransactionSchema, {
  id: 'txn_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  type: 'credit',
  amount: 50,
  currency: 'ZAR',
  description: 'Purchase of airtime',
  relatedEntityId: 'purchase_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  relatedEntityType: 'Purchase',
  balanceAfter: 50000,
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
})

const filtered = ['ids', 'id', 'merchantId', 'type', 'currency'] as const
const sorted = ['createdAt', 'updatedAt', 'id', 'merchantId'] as const

/** `/api/canary/balance`: the merchant's own balance and its history. */
export const balanceRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/balance',
    {
      scope: 'read',
      schema: {
        operationId: 'getMerchantBalance',
        summary: 'Retrieve the merchant’s current balance, in its default currency or in another',
        tags,
        querystring: Type.Object({ merchantId, currency: currencyQuery }),
        response: responses(200, merchantBalanceSchema, 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const currency = heldCurrency(tenant.merchant, request.query.currency || undefined)
      const balance = await getMerchantBalance(context, tenant, currency)
      const suffix = currency === tenant.merchant.currencies[0] ? '' : `_${currency}`
      return {
        id: `balance_${tenant.merchant.code}${suffix}`,
        merchantId: tenant.merchant.code,
        amount: Number(balance.posted),
        currency: balance.currency,
        available: Number(balance.available),
        pending: Number(balance.held),
        createdAt: balance.createdAt.toISOString(),
        updatedAt: balance.updatedAt.toISOString(),
      }
    },
  )

  routes.get(
    '/balance/history',
    {
      scope: 'read',
      schema: {
        operationId: 'getBalanceHistory',
        summary: 'List the movements of the merchant’s balance in every currency, newest first',
        tags,
        querystring: Type.Object({
          merchantId,
          currency: currencyQuery,
          ...listQuery(filtered, sorted),
          startDate: Type.Optional(
            Type.String({ description: 'The first day or instant of the period', examples: ['2025-01-01'] }),
          ),
          endDate: Type.Optional(
            Type.String({
              description: 'The last day or the last instant of the period, which is included',
              examples: ['2025-01-31T12:00:00.000Z'],
            }),
          ),
          transactionType: Type.Optional(
            Type.String({ description: 'credit, debit, fee or payout', examples: ['credit'] }),
          ),
        }),
        response: responses(200, historySchema, 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { merchantId, currency, startDate, endDate, transactionType } = request.query
      checkMerchantId(tenant, merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { direction } = readSort(request.query, sorted)
      const held = (codes: readonly string[]) => codes.map((code) => heldCurrency(tenant.merchant, code))
      const filter = {
        ...readClosedPeriod(tenant, [startDate, endDate], ['startDate', 'endDate']),
        types: bothOf(transactionType ? [transactionType] : undefined, given.type),
        currencies: bothOf(currency ? held([currency]) : undefined, given.currency && held(given.currency)),
        transactionIds: bothOf(given.ids, given.id)?.flatMap(readTransactionId),
      }
      const found = await listMerchantEntries(context, tenant, filter, { ...page, direction })
      return renderPage(page, found, (entry) => renderBalanceTransaction(tenant, entry))
    },
  )
}

/** The UUID in a name such as `txn_019aa8a1-…`; nothing for another text, which names no transaction. */
function readTransactionId(name: string): string[] {
  const uuid = name.startsWith('txn_') ? name.slice('txn_'.length) : ''
  return isUuid(uuid) ? [uuid] : []
}

/** The description of an entry that has no own one. */
const descriptions: Record<TransactionKind, string> = {
  pay_in: 'Payment',
  purchase: 'Purchase',
  transfer: 'Transfer',
  refund: 'Refund',
  reversal: 'Reversal',
  hold_capture: 'Capture of a hold',
  fee: 'Fee',
  chargeback: 'Chargeback',
  chargeback_returned: 'Chargeback returned after a dispute',
  processor_fee: 'Processor fee',
  processor_fee_returned: 'Processor fee returned',
  adjustment: 'Adjustment',
  settlement: 'Settlement',
  suspended: 'Money not booked yet',
  assigned: 'Payment assigned',
  given_back: 'Money given back',
  payout: 'Payout',
  payout_returned: 'Payout returned',
  receivable: 'Amount owed from now on',
  repayment: 'Repayment of the amount owed',
}

function renderBalanceTransaction({ merchant }: Tenant, entry: Entry) {
  const createdAt = entry.createdAt.toISOString()
  return {
    id: `txn_${entry.transactionId}`,
    merchantId: merchant.code,
    type: merchantEntryType(entry),
    amount: Number(entry.amount),
    currency: entry.currency,
    description: entry.description ?? descriptions[entry.kind],
    ...relatedEntity(entry),
    balanceAfter: Number(entry.balanceAfter),
    createdAt,
    updatedAt: createdAt,
  }
}
