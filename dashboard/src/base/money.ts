import { type Amount, minorDigits, toBigInt, toDecimal, toMinorUnits } from './client.ts'

/** Writes amounts for a viewer. */
export interface MoneyFormat {
  locale: string
  /** The merchant's currencies: two of them may share a sign, as dollars do. */
  currencies: readonly string[]
}

/** An amount as people of the locale write it, from exact minor units to exact text. The minus is the sign of typography. */
export function formatMoney(amount: Amount, currency: string, { locale, currencies }: MoneyFormat): string {
  const format = formatOf(locale, currency, hasOwnSign(currency, currencies, locale) ? 'narrowSymbol' : 'code')
  return format.format(toDecimal(amount, currency) as `${number}`).replace('-', '−')
}

/** The same with a plus before an amount that came in. */
export function formatChange(amount: Amount, currency: string, format: MoneyFormat): string {
  return `${toBigInt(amount) > 0n ? '+' : ''}${formatMoney(amount, currency, format)}`
}

/** The exact minor units, to be shown with an amount. */
export function exactly(amount: Amount, currency: string): string {
  return `${amount} minor units of ${currency}`
}

/** To make a format takes longer than to use it a hundred times, and a list that is scrolled has one in each row. */
const formats = new Map<string, Intl.NumberFormat>()

function formatOf(locale: string, currency: string, currencyDisplay: 'narrowSymbol' | 'code'): Intl.NumberFormat {
  const key = `${locale} ${currency} ${currencyDisplay}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const digits = minorDigits(currency)
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  formats.set(key, format)
  return format
}

const signs = new Map<string, string>()

function signOf(currency: string, locale: string): string {
  const key = `${locale} ${currency}`
  const known = signs.get(key)
  if (known !== undefined) return known
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
  const sign = format.formatToParts(0).find(({ type }) => type === 'currency')?.value ?? currency
  signs.set(key, sign)
  return sign
}

function hasOwnSign(currency: string, currencies: readonly string[], locale: string): boolean {
  const sign = signOf(currency, locale)
  return !currencies.some((other) => other !== currency && signOf(other, locale) === sign)
}

/**
 * Reads an amount that a person typed: digits, and a point or a comma before the decimals. Grouping is refused, because `1,204`
 * has two meanings. Answers minor units, or a sentence that says what to type.
 */
export function readAmount(text: string, currency: string): { amount: bigint } | { problem: string } {
  const digits = minorDigits(currency)
  const example = digits === 0 ? '1204' : `1204.${'50'.padEnd(digits, '0')}`
  const plain = text.replace(/\s/g, '').replace(',', '.')
  if (plain === '') return { problem: 'Type an amount.' }
  if (/^[1-9]\d{0,2},\d{3}$/.test(text.trim())) {
    const way = digits === 0 ? 'without grouping' : 'with a point before decimals'
    return { problem: `“${text.trim()}” has two meanings. Type it ${way}, such as ${example}.` }
  }
  if (!/^\d+(\.\d+)?$/.test(plain)) return { problem: `Type the amount in digits, such as ${example}.` }
  if ((plain.split('.')[1] ?? '').length > digits) {
    const most = digits === 0 ? 'no decimals' : `at most ${digits} decimals`
    return { problem: `${currency} has ${most}. Type the amount without grouping, such as ${example}.` }
  }
  const amount = toMinorUnits(plain, currency)
  if (amount === 0n) return { problem: 'Type an amount above 0.' }
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) return { problem: 'The amount is too large.' }
  return { amount }
}

/** The decimals of an amount, to be changed in a field. */
export function editable(amount: Amount, currency: string): string {
  return toDecimal(amount, currency)
}
