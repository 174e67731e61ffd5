import type { Context } from '../context.ts'
import { withPlainDigits } from '../customers/phone-numbers.ts'
import type { IdentityDetails } from './identity-verifier.ts'

/** The parts of details that a bank compares. A name that is spelled otherwise does not make another credential. */
const credentials = ['country', 'type', 'accountNumber', 'bankCode', 'bvn'] as const

/** Tells whether two checks of a customer are of the same credentials. It stays when the details are removed. */
export function credentialsFingerprint({ vault }: Context, customerId: bigint, details: IdentityDetails): Buffer {
  const compared = credentials.map((name) => details[name] ?? null)
  return vault.fingerprint(JSON.stringify([String(customerId), ...compared]), 'identity credentials')
}

/** Stands in place of removed details. A server of the former release can open it, and finds no credentials in it. */
export function sealedNothing({ vault }: Context): Buffer {
  return vault.seal('{}', 'identity')
}

/** Details as a bank compares them: an account number is its digits, however it was grouped. */
export function withoutBlanks(details: IdentityDetails): IdentityDetails {
  const entries = Object.entries(details).map(([name, value]) => {
    const text = value?.trim() ?? null
    return [name, text !== null && name === 'accountNumber' ? withPlainDigits(text.replace(/[\s-]/g, '')) : text]
  })
  return Object.fromEntries(entries) as IdentityDetails
}
