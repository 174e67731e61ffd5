import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import { fromHundredths, hasHundredths, toHundredths } from '../../base/hundredths.ts'
import { type Currency, wholeAmount } from '../../base/money.ts'

/*
 * Paystack counts hundredths in every currency: XOF 50 is 5000, although XOF has no smaller unit. The ledger counts the
 * currency's own minor units: XOF 50 is 50. This file is the one place that converts. A currency with thousandths (TND,
 * KWD, LYD) does not fit. A request for it is refused. A payment in it, made on another surface, does not exist here.
 */

/** Marks the members that count hundredths. A test compares each member that carries it. */
const unit = { 'x-unit': 'hundredths' }
const meaning = 'Hundredths of the currency, also where it has no such unit: XOF 50 is 5000'

/** Paystack's words for an amount that is none. */
export const invalidAmount = 'Invalid Amount Sent'

/** An amount in an answer. */
export function amountSchema(description = meaning) {
  return Type.Integer({ ...unit, description, examples: [20000] })
}

/** An amount in a request. It is read by `readAmount`. */
export const givenAmountSchema = Type.Unsafe<number | string>({
  ...unit,
  type: ['number', 'string'],
  description: `${meaning}. A whole number, or a text of its digits`,
  examples: [20000],
})

/** An amount in an address. It is read by `amountsMeant`. */
export const queriedAmountSchema = Type.String({ ...unit, description: `The exact amount. ${meaning}` })

/**
 * Reads hundredths as minor units. Throws `invalid_request`, also for an amount that the currency cannot express: it is
 * never rounded.
 */
export function readAmount(given: unknown, currency: Currency): bigint {
  const hundredths = readHundredths(given)
  if (!isServed(currency)) throw thousandths(currency)
  const minor = fromHundredths(hundredths, currency)
  if (minor !== null) return minor
  const message = `${currency} has no unit smaller than 1, and amounts count hundredths: the amount must end in 00, such as 5000 for ${currency} 50, not ${hundredths}`
  throw new ServiceError('invalid_request', message, 'amount')
}

/**
 * What an amount without a currency can mean: minor units of each currency that can express it. Throws
 * `invalid_request`.
 */
export function amountsMeant(given: string, among: readonly Currency[]): { currency: Currency; amount: bigint }[] {
  const hundredths = readHundredths(given)
  return among
    .filter(isServed)
    .map((currency) => ({ currency, amount: fromHundredths(hundredths, currency) }))
    .filter((each): each is { currency: Currency; amount: bigint } => each.amount !== null)
}

/** Minor units as hundredths: a whole number. Throws for a currency that is not served: its amounts are told nowhere here. */
export function renderAmount(amount: bigint | number, currency: Currency): number {
  const hundredths = toHundredths(BigInt(amount), currency)
  if (hundredths === null) throw new Error(`an amount of ${currency} cannot be told in hundredths`)
  return Number(hundredths)
}

/** Whether the amounts of a currency can be told on this surface. `is_told` in fan_out_events.sql has the same list. */
export function isServed(currency: Currency): boolean {
  return hasHundredths(currency)
}

/** The refusal of a request in a currency whose amounts cannot be told. */
export function thousandths(currency: Currency): ServiceError {
  const message = `Amounts of ${currency} have thousandths, and this API counts hundredths: use /v1 or /api/canary for ${currency}`
  return new ServiceError('invalid_request', message, 'amount')
}

function readHundredths(given: unknown): bigint {
  const amount = typeof given === 'number' || typeof given === 'string' ? wholeAmount(given) : null
  if (amount !== null) return amount
  throw new ServiceError('invalid_request', invalidAmount, 'amount')
}
