import { type Currency, minorDigits } from './money.ts'

/*
 * Paystack counts hundredths in every currency: XOF 50 is 5000, although XOF has no smaller unit. The ledger counts the
 * currency's own minor units: XOF 50 is 50. Nothing is ever rounded.
 */

const wireDigits = 2

/** Whether the amounts of a currency can be told in hundredths: not in one that has thousandths (TND, KWD, LYD). */
export function hasHundredths(currency: Currency): boolean {
  return minorDigits(currency) <= wireDigits
}

/** Minor units as hundredths. Null for a currency that has thousandths. */
export function toHundredths(minor: bigint, currency: Currency): bigint | null {
  return hasHundredths(currency) ? minor * hundredthsIn(currency) : null
}

/** Hundredths as minor units. Null for an amount that the currency cannot express. */
export function fromHundredths(hundredths: bigint, currency: Currency): bigint | null {
  if (!hasHundredths(currency)) return null
  const perUnit = hundredthsIn(currency)
  return hundredths % perUnit === 0n ? hundredths / perUnit : null
}

/** How many hundredths a minor unit has: 1 for NGN, 100 for XOF. */
function hundredthsIn(currency: Currency): bigint {
  return 10n ** BigInt(wireDigits - minorDigits(currency))
}
