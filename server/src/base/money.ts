import { ServiceError } from './errors.ts'

/** The largest amount: 2^53 - 1 minor units. It is the largest integer that every JSON reader keeps exact. */
export const maxAmount = 9_007_199_254_740_991n

/** Completes the sentence "<field> must be …". */
export const amountRule = `a whole number of minor units from 1 to ${maxAmount}`

/**
 * Minor-unit digits by ISO 4217 code, for the currencies of the service. They never come from Intl, because its data
 * (CLDR) has cash digits for some currencies (MGA, SOS: 0 instead of 2). money.test.ts compares them with the
 * standard's list.
 */
const exponents = {
  AED: 2,
  AOA: 2,
  AUD: 2,
  BIF: 0,
  BRL: 2,
  BWP: 2,
  CAD: 2,
  CDF: 2,
  CHF: 2,
  CNY: 2,
  CVE: 2,
  DJF: 0,
  DZD: 2,
  EGP: 2,
  ERN: 2,
  ETB: 2,
  EUR: 2,
  GBP: 2,
  GHS: 2,
  GMD: 2,
  GNF: 0,
  INR: 2,
  JPY: 0,
  KES: 2,
  KMF: 0,
  KWD: 3,
  LRD: 2,
  LSL: 2,
  LYD: 3,
  MAD: 2,
  MGA: 2,
  MRU: 2,
  MUR: 2,
  MWK: 2,
  MZN: 2,
  NAD: 2,
  NGN: 2,
  RWF: 0,
  SAR: 2,
  SCR: 2,
  SDG: 2,
  SLE: 2,
  SOS: 2,
  SSP: 2,
  STN: 2,
  SZL: 2,
  TND: 3,
  TZS: 2,
  UGX: 0,
  USD: 2,
  XAF: 0,
  XOF: 0,
  ZAR: 2,
  ZMW: 2,
  ZWG: 2,
} as const satisfies Record<string, number>

export type Currency = keyof typeof exponents

export const currencies = Object.keys(exponents) as Currency[]

/** How many digits of an amount are minor units: 2 for ZAR, 0 for XOF, 3 for TND. */
export function minorDigits(currency: Currency): number {
  return exponents[currency]
}

/**
 * An amount for people: 495000 minor units of ZAR are `4,950.00`, of XOF `495,000`. Thousands are separated by a comma. The
 * sign of an amount below zero is the minus of typography.
 */
export function formatAmount(amount: bigint, currency: Currency): string {
  const digits = minorDigits(currency)
  const text = String(amount < 0n ? -amount : amount).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ',')
  const sign = amount < 0n ? '−' : ''
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(-digits)}`
}

/** Money for people: `ZAR 4,950.00`. The code tells currencies with the same sign apart. */
export function formatMoney(amount: bigint, currency: Currency): string {
  return `${currency} ${formatAmount(amount, currency)}`
}

/** Reads a currency code as clients send it. Throws `invalid_request` for an unknown currency. */
export function parseCurrency(code: string, field = 'currency'): Currency {
  const upper = code.trim().toUpperCase()
  if (Object.hasOwn(exponents, upper)) return upper as Currency
  throw new ServiceError(
    'invalid_request',
    `${field} must be a currency that is served here, not "${code}"; served are ${currencies.join(', ')}`,
    field,
  )
}

/**
 * Reads a positive amount of minor units. Clients send integers and integral floats (10.0). Kotlin clients and
 * Paystack's samples send digits in a string. Throws `invalid_request` for any other value, and above 2^53 - 1.
 */
export function parseAmount(value: number | string, field = 'amount'): bigint {
  const amount = wholeAmount(value)
  if (amount !== null) return amount
  const message = `${field} must be ${amountRule}, not ${JSON.stringify(value)}`
  throw new ServiceError('invalid_request', message, field)
}

/** A whole number from 1 to 2^53 - 1, also as a text of digits; null for any other value. */
export function wholeAmount(value: number | string): bigint | null {
  const text = String(value)
  const amount = /^\d{1,16}(\.0+)?$/.test(text) ? BigInt(text.split('.')[0] as string) : 0n
  return amount > 0n && amount <= maxAmount ? amount : null
}
