import { ServiceError } from '../../base/errors.ts'
import { numberText, orderedObject } from '../../base/lossless-json.ts'

const maxBytes = 16 * 1024

/**
 * A JSON object that a caller attaches. It is stored and answered as given: with its members in their order, and each number
 * as it was written. See `base/lossless-json.ts`: read it with `parseLossless`, and write it with `JSON.stringify`.
 */
export type Metadata = { readonly [name: string]: unknown }

/**
 * Metadata is limited in size, because it is read with every customer and searched through. Throws `invalid_request`.
 */
export function checkMetadata(metadata: Metadata | unknown[] | string | null): void {
  if (metadata === null || Buffer.byteLength(JSON.stringify(metadata)) <= maxBytes) return
  throw new ServiceError('invalid_request', 'metadata must be at most 16 KiB of JSON', 'metadata')
}

/** The members of `given` take the place of members of `current` with the same name. A member that is given as null is removed. */
export function mergeMetadata(current: Metadata, given: Metadata): Metadata {
  const isGiven = (name: string) => Object.hasOwn(given, name)
  const kept = Object.entries(current).map(([name, value]) => [name, isGiven(name) ? given[name] : value] as const)
  const added = Object.entries(given).filter(([name]) => !Object.hasOwn(current, name))
  return orderedObject([...kept, ...added].filter(([name, value]) => value !== null || !isGiven(name)))
}

/** Every value in the metadata that is no object and no list, as text. */
export function valuesOf(metadata: unknown): string[] {
  if (metadata === null || metadata === undefined) return []
  if (typeof metadata !== 'object') return [String(metadata)]
  const number = numberText(metadata)
  return number === null ? Object.values(metadata).flatMap(valuesOf) : [number]
}
