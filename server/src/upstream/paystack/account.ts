import { ServiceError } from '../../base/errors.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'

/** A Paystack account of which this service is a client. */
export interface PaystackAccount {
  /** `sk_test_…` or `sk_live_…`; its mode is the one it works for. */
  secretKey: string
  /** Without a slash at its end. */
  baseUrl: string
  /** How requests leave this server. */
  fetch: typeof fetch
  /** How long an answer is waited for. */
  timeoutMs?: number | undefined
}

/** The mode that a Paystack key is of. Paystack calls it the domain. */
export function modeOfKey(secretKey: string): Mode {
  return secretKey.startsWith('sk_live_') ? 'live' : 'test'
}

/** Whether a text has the form of a Paystack secret key. Keys of another Mteja, which may be the account, also have `_` and `-`. */
export function isSecretKey(text: string): boolean {
  return /^sk_(test|live)_[A-Za-z0-9_-]+$/.test(text)
}

/**
 * Checks the secret key of an account that is chosen for a mode. Throws `invalid_request` for no key, for a text that is none,
 * and for a key of the other mode. The key itself is never repeated.
 */
export function checkSecretKey(mode: Mode, secretKey: string | undefined): void {
  const refuse = (message: string) => new ServiceError('invalid_request', message, 'secretKey')
  if (secretKey === undefined) {
    throw refuse('secretKey is required: the secret key of the Paystack account, sk_test_… or sk_live_…')
  }
  if (!isSecretKey(secretKey)) throw refuse('secretKey must be a secret key of Paystack, sk_test_… or sk_live_…')
  const keyMode = modeOfKey(secretKey)
  if (keyMode !== mode) {
    throw refuse(
      `secretKey is a key of ${keyMode} mode, and this is ${mode} mode; send a key that begins with sk_${mode}_`,
    )
  }
}
