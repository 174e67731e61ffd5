import { ServiceError } from '../../base/errors.ts'
import type { Metadata } from '../../domain/customers/metadata.ts'
import type { PaymentMetadata } from '../../domain/payments/payment-records.ts'
import { parseJson } from '../http/body.ts'

/**
 * Reads metadata as clients send it: an object, or an object as JSON text (Paystack's own Node package, paystack-node).
 * The real API refuses the text, and so does `strict`.
 */
export function readMetadata(given: Metadata | string | undefined, mode: 'lenient' | 'strict'): Metadata | undefined {
  if (typeof given !== 'string') return given
  const value = mode === 'lenient' && isJson(given) ? parseJson(given, 'metadata') : undefined
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata
  throw new ServiceError('invalid_request', '"metadata" must be of type object', 'metadata')
}

/**
 * Reads the metadata of a transaction, which clients send as JSON or as its text. The text of an object or a list
 * becomes the object or the list, and is refused for all that the object would be refused for, such as a member that comes
 * twice. Any other text is kept. Undefined for an empty text.
 */
export function readMetadataOrText(given: PaymentMetadata | undefined): PaymentMetadata | undefined {
  if (typeof given !== 'string') return given
  if (given.trim() === '') return undefined
  return isObjectText(given) ? (parseJson(given, 'metadata') as Exclude<PaymentMetadata, string>) : given
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text.trim() || '{}')
    return true
  } catch {
    return false
  }
}
