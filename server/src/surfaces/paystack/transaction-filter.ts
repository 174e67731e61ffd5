import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { PaymentFilter } from '../../domain/payments/payment-lists.ts'
import type { PaymentStatus } from '../../domain/payments/payment-records.ts'
import { amountsMeant, isServed, queriedAmountSchema } from './amounts.ts'
import { isGiven, readPeriod, textOf } from './queries.ts'

/** The members of a query that choose a period. */
export const periodQuery = {
  from: Type.Optional(
    Type.String({
      description: 'Only items created on this day or later, by the merchant’s clocks, or at this instant or later',
      examples: ['2024-01-01'],
    }),
  ),
  to: Type.Optional(
    Type.String({
      description: 'Only items created on this day or earlier, by the merchant’s clocks, or at this instant or earlier',
      examples: ['2099-12-31'],
    }),
  ),
}

/** The members of a query that choose transactions. */
export const filterQuery = {
  customer: Type.Optional(
    Type.String({ description: 'The customer’s numeric id; with any other text the answer is empty' }),
  ),
  status: Type.Optional(
    Type.String({
      description:
        'abandoned, pending, success, failed, reversed or all. With pending, ongoing or processing, all under way',
      examples: ['success'],
    }),
  ),
  amount: Type.Optional(queriedAmountSchema),
  ...periodQuery,
}

export interface TransactionQuery {
  customer?: string | undefined
  status?: string | undefined
  currency?: string | undefined
  amount?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

/**
 * Reads the transactions that a query asks for. Those in a currency that this surface does not serve are left out. Throws
 * `invalid_request`.
 */
export function readFilter(tenant: Tenant, query: TransactionQuery): PaymentFilter {
  const { merchant } = tenant
  const served = servedCurrencies(merchant.currencies, textOf(query.currency))
  const customerId = isGiven(query.customer) ? readCustomer(query.customer) : undefined
  const status = isGiven(query.status) ? readStatus(query.status.trim()) : undefined
  return {
    ...readPeriod(tenant, query),
    status: customerId === null ? null : status,
    customerId: customerId ?? undefined,
    currencies: served.length === merchant.currencies.length ? undefined : served,
    amounts: isGiven(query.amount) ? amountsMeant(query.amount.trim(), served) : undefined,
  }
}

/** Transactions that nobody has: for filters by things that do not exist here. */
export const nobodys: PaymentFilter = { status: null }

function servedCurrencies(held: readonly Currency[], wanted: string | undefined): Currency[] {
  return held.filter((each) => isServed(each) && (wanted === undefined || each === wanted.toUpperCase()))
}

const statuses: Readonly<Record<string, PaymentStatus | null | undefined>> = {
  all: undefined,
  abandoned: 'unpaid',
  pending: 'processing',
  processing: 'processing',
  success: 'succeeded',
  failed: 'failed',
  'reversal-pending': 'reversing',
  reversed: 'reversed',
  ongoing: 'processing',
  // Paystack sends this status too, but no transaction here has it.
  queued: null,
}

function readStatus(status: string): PaymentStatus | null | undefined {
  if (Object.hasOwn(statuses, status)) return statuses[status]
  const message = `"status" must be one of [${Object.keys(statuses).join(', ')}]`
  throw new ServiceError('invalid_request', message, 'status')
}

/** Null for a text that is no number: Paystack answers an empty list. */
function readCustomer(id: string): bigint | null {
  return /^\d{1,18}$/.test(id.trim()) ? BigInt(id.trim()) : null
}
