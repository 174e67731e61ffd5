import { ServiceError } from '../../base/errors.ts'
import type { Metadata } from '../../domain/customers/customers.ts'
import { parseJson } from '../http/body.ts'

/**
 * Metadata as clients send it: an object, or (Paystack's own Node package, paystack-node) an object as JSON text, which
 * the real API refuses and `strict` refuses too.
 */
export function readMetadata(given: Metadata | string | undefined, mode: 'lenient' | 'strict'): Metadata | undefined {
  if (typeof given !== 'string') return given
  const value = mode === 'lenient' ? parse(given) : undefined
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata
  throw new ServiceError('invalid_request', '"metadata" must be of type object', 'metadata')
}

/**
 * Metadata of a transaction, which is sent as JSON text or as an object: an object where it is one, any other text as it
 * is. Nothing for an empty text.
 */
export function readMetadataOrText(given: Metadata | string | undefined): Metadata | string | undefined {
  if (typeof given !== 'string') return given
  if (given.trim() === '') return undefined
  const value = parse(given)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Metadata) : given
}

function parse(text: string): unknown {
  try {
    return text.trim() === '' ? {} : parseJson(text)
  } catch {
    return undefined
  }
}
