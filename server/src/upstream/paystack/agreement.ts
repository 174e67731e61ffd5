import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import { markerIn } from './references.ts'
import type { Transaction } from './transactions.ts'

/** What was stored of a payment before the account was asked for it. */
export interface ExpectedPayment {
  /** Minor units. */
  amount: bigint
  currency: Currency
  mode: Mode
  /** See `newMarker`. Null for money that arrived without a charge, which bears none. */
  marker: string | null
}

export type Disagreement = 'status' | 'amount' | 'currency' | 'domain' | 'marker'

/** How a verified payment disagrees with the one expected. Only a payment without a disagreement may be credited. */
export function findDisagreements(expected: ExpectedPayment, found: Transaction): Disagreement[] {
  const agreements: Record<Disagreement, boolean> = {
    status: found.status === 'success',
    amount: hasAmount(expected, found),
    currency: found.currency === expected.currency,
    domain: found.mode === expected.mode,
    marker: markerIn(found.metadata) === expected.marker,
  }
  return (Object.keys(agreements) as Disagreement[]).filter((name) => !agreements[name])
}

/**
 * A partial debit takes less than was asked for. A payer who bears the account's fee pays exactly the fee more than was asked
 * for: `requestedAmount` is then the amount that was asked for, and says so alone while the fee is not known.
 */
function hasAmount({ amount }: ExpectedPayment, found: Transaction): boolean {
  if (found.amount === amount) return true
  if (found.requestedAmount !== amount) return false
  return found.fees === null ? found.amount > amount : found.amount === amount + found.fees
}
