import type { Currency } from '../../base/money.ts'

interface Order {
  /** Minor units. */
  amount: bigint
  currency: Currency
  type: 'bank_account' | 'mobile_money'
}

/** A fee in minor units, up to an amount. */
type Step = readonly [upTo: bigint, fee: bigint]

const nigeria: readonly Step[] = [
  [500_000n, 1000n],
  [5_000_000n, 2500n],
]
const aboveNigeria = 5000n
/** Since February 2026 the state takes a duty of a transfer from this amount. */
const dutiable = 1_000_000n
const duty = 5000n

const kenya: readonly Step[] = [
  [150_000n, 2000n],
  [2_000_000n, 4000n],
]
const aboveKenya = 6000n

/** The public prices of a transfer, in minor units; 0 where none is known. What the account really takes is told by the transfer. */
export function estimateTransferFee({ amount, currency, type }: Order): bigint {
  switch (currency) {
    case 'NGN':
      return (stepOf(nigeria, amount) ?? aboveNigeria) + (amount >= dutiable ? duty : 0n)
    case 'GHS':
      return type === 'mobile_money' ? 100n : 800n
    case 'KES':
      return stepOf(kenya, amount) ?? aboveKenya
    case 'ZAR':
      return 300n
    default:
      return 0n
  }
}

function stepOf(steps: readonly Step[], amount: bigint): bigint | undefined {
  return steps.find(([upTo]) => amount <= upTo)?.[1]
}
