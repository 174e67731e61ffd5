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
