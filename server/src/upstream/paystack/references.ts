import { type Random, randomCode } from '../../base/ids.ts'
import type { Members } from './reading.ts'

/** Where our marker stands in the metadata of a payment at the account. */
const markerName = 'mteja'

/**
 * A reference for the account: random, so that an old payment under the merchant's own words is never taken for a new
 * one, and in the alphabet that payments and transfers both take: `[a-z0-9-]{16,50}`.
 */
export function newAccountReference(random: Random): string {
  return `mteja-${randomCode(random, 24)}`
}

/** A marker by which a payment or a refund at the account is known to be ours. */
export function newMarker(random: Random): string {
  return randomCode(random, 24)
}

/** Metadata with our marker; the merchant's own members stay. */
export function markMetadata(marker: string, metadata: Members = {}): Members {
  return { ...metadata, [markerName]: marker }
}

/** The marker in a payment's metadata; null for a payment without a marker. */
export function markerIn(metadata: Members | null): string | null {
  const marker = metadata?.[markerName]
  return typeof marker === 'string' ? marker : null
}
