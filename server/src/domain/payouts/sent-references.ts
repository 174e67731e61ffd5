import { randomCode, randomOfDigest } from '../../base/ids.ts'
import type { Vault } from '../../base/vault.ts'
import type { Tenant } from '../merchants/tenant.ts'

const bodyLength = 18
const markLength = 6

/**
 * The name of a payout at its processor: 24 characters of `[a-z0-9]`. The same payout has the same one, also where a database was
 * restored from a backup that does not know the payout: then the processor refuses to pay it twice. Only the holder of the key can
 * make one. Its last six characters are the mark of this installation, and of each database that has its key.
 */
export function sentReferenceOf(vault: Vault, { merchant, mode }: Tenant, reference: string): string {
  const digest = vault.fingerprint(JSON.stringify([merchant.code, mode, reference]), 'sent reference of a payout')
  const body = randomCode(randomOfDigest(digest), bodyLength)
  return `${body}${markOf(vault, body)}`
}

/** Whether a name at a processor was made by this installation, whether or not the database still knows the payout. */
export function isSentFromHere(vault: Vault, sentReference: string): boolean {
  const body = sentReference.slice(0, bodyLength)
  return sentReference === `${body}${markOf(vault, body)}`
}

function markOf(vault: Vault, body: string): string {
  return randomCode(randomOfDigest(vault.fingerprint(body, 'mark of a sent reference')), markLength)
}
