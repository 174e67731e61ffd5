import { Type } from 'typebox'

/** A JSON object that a caller attaches. It may have any members; the domain limits its size. */
export const metadataSchema = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'Any JSON object up to 16 KiB',
})

/** The largest whole number that every JSON reader keeps exact, and far below the largest `bigint` of the database. */
export const largestNumber = Number.MAX_SAFE_INTEGER

/**
 * A whole number of a request. It has two bounds, because a number that is out of the range of its column fails only in
 * the database. `strict.test.ts` looks for a number without bounds.
 */
export function wholeNumber(minimum: number, maximum: number, options: { description?: string; examples?: number[] }) {
  return Type.Integer({ minimum, maximum, ...options })
}

/** A text of the caller, kept as it came. On `/v1` it alone may be blank: every other text means something. */
export function freeText(maxLength: number, options: { description?: string; examples?: string[] } = {}) {
  return Type.String({ maxLength, 'x-reads': 'free text', ...options })
}

/** The code of a currency in any case. With another case the request is the same: see `readIdempotencyKeys`. */
export function currencyCode(options: { description?: string; examples?: string[] } = {}) {
  return Type.String({ maxLength: 10, 'x-reads': 'currency', examples: ['ZAR'], ...options })
}
