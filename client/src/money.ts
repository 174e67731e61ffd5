/**
 * An amount to send: whole minor units (cents, kobo) as a safe integer or a bigint, never a float. Amounts in answers
 * are safe integers. This is checked: an amount beyond 2^53 - 1 is an UnexpectedResponseError.
 */
export type Amount = number | bigint

/**
 * Minor-unit digits by ISO 4217 of the currencies that Mteja serves. A currency that is not listed under 0 or 3 digits
 * has 2.
 */
const currencies =
  'AED AOA AUD BIF BRL BWP CAD CDF CHF CNY CVE DJF DZD EGP ERN ETB EUR GBP GHS GMD GNF INR JPY KES KMF KWD LRD LSL LYD MAD MGA MRU MUR MWK MZN NAD NGN RWF SAR SCR SDG SLE SOS SSP STN SZL TND TZS UGX USD XAF XOF ZAR ZMW ZWG'
const withoutMinorUnit = 'BIF DJF GNF JPY KMF RWF UGX XAF XOF'
const withThreeDigits = 'KWD LYD TND'

/** The number of minor-unit digits: 2 for ZAR, 0 for XOF, 3 for TND. Throws RangeError for an unknown currency. */
export function minorDigits(currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency) || !currencies.includes(currency)) {
    throw new RangeError(`${JSON.stringify(currency)} is not a currency of Mteja's`)
  }
  if (withThreeDigits.includes(currency)) return 3
  return withoutMinorUnit.includes(currency) ? 0 : 2
}

/**
 * Minor units of a decimal text: `'49.50'` ZAR is `4950n`. Throws RangeError for more digits than the currency has, for
 * grouping, and for any other text that is no plain decimal number. Numbers are not accepted, because `49.1 * 100` is
 * no amount.
 */
export function toMinorUnits(decimal: string, currency: string): bigint {
  const digits = minorDigits(currency)
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal)
  const fraction = match?.[3] ?? ''
  if (match === null || fraction.length > digits) {
    throw new RangeError(`${JSON.stringify(decimal)} is not an amount of ${currency} with up to ${digits} decimals`)
  }
  return BigInt(`${match[1]}${match[2]}${fraction.padEnd(digits, '0')}`)
}

/**
 * Decimal text of minor units, without grouping: `4950` ZAR is `'49.50'`. Throws RangeError for a number that is not
 * whole.
 */
export function toDecimal(amount: Amount, currency: string): string {
  const digits = minorDigits(currency)
  const units = toBigInt(amount)
  const text = String(units < 0n ? -units : units).padStart(digits + 1, '0')
  const cut = text.length - digits
  const sign = units < 0n ? '-' : ''
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, cut)}.${text.slice(cut)}`
}

/** An amount as a bigint, for sums that must stay exact. Throws RangeError for a number that is not whole and safe. */
export function toBigInt(amount: Amount): bigint {
  if (typeof amount === 'bigint' || Number.isSafeInteger(amount)) return BigInt(amount)
  throw new RangeError(`An amount must be whole minor units up to 2^53 - 1, not ${amount}`)
}

/** Throws RangeError before a body with an amount that is not whole is sent. */
export function withAmount<Body extends { amount?: Amount | undefined }>(body: Body): Body {
  if (body.amount !== undefined) toBigInt(body.amount)
  return body
}
