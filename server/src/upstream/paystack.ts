import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IdentityNotice } from '../domain/identity/identity.ts'
import {
  failureReasons,
  type IdentityDetails,
  type IdentityOutcome,
  type IdentityVerifier,
} from '../domain/identity/identity-verifier.ts'
import type { Mode } from '../domain/merchants/tenant.ts'

/** A Paystack account that is asked what only it can know. */
export interface PaystackAccount {
  /** `sk_test_…` or `sk_live_…`; its mode is the one it works for. */
  secretKey: string
  /** Without a slash at its end. */
  baseUrl: string
  /** How requests leave this server. */
  fetch: typeof fetch
}

/** The three calls that a check may make stay below the time for which it is claimed. */
const timeoutMs = 10_000
/** Paystack repeats a webhook for three days. */
const patienceMs = 72 * 60 * 60 * 1000

/** The mode that a Paystack key is of. */
export function modeOfKey(secretKey: string): Mode {
  return secretKey.startsWith('sk_live_') ? 'live' : 'test'
}

/**
 * Forwards identity checks to a Paystack account, which knows customers by e-mail and tells outcomes by webhook. The names
 * of an identified customer are those Paystack then has.
 */
export function createPaystackVerifier(account: PaystackAccount): IdentityVerifier {
  async function findNames(reference: string) {
    const { status, body } = await ask(account, 'GET', `/customer/${encodeURIComponent(reference)}`)
    const { first_name: firstName, last_name: lastName } = body.data ?? {}
    if (status === 200 && typeof firstName === 'string' && typeof lastName === 'string') return { firstName, lastName }
    throw new Error(`Paystack answered ${status} without the names of the customer it identified`)
  }

  return {
    needsEmail: true,
    patienceMs,
    async introduce(email, details) {
      const person = { email, first_name: details.firstName, last_name: details.lastName }
      const { status, body } = await ask(account, 'POST', '/customer', person)
      const code = body.data?.customer_code
      if (status < 300 && typeof code === 'string') return code
      throw new Error(`Paystack answered ${status} to a customer: ${body.message}`)
    },
    async verify(details, reference) {
      const path = `/customer/${encodeURIComponent(reference ?? '')}/identification`
      const { status, body } = await ask(account, 'POST', path, renderDetails(details))
      if (status < 300) return null
      const message = String(body.message)
      if (/already validated using the same/i.test(message)) {
        return { succeeded: true, ...(await findNames(reference ?? '')) }
      }
      if (status === 400 || status === 422) return refusedOutcome(message)
      throw new Error(`Paystack answered ${status} to an identification: ${message}`)
    },
    findNames,
  }
}

/** Details that Paystack does not even look up, in the words of its own reasons. */
function refusedOutcome(message: string): IdentityOutcome {
  return {
    succeeded: false,
    reason: /bvn/i.test(message) ? failureReasons.numberMismatch : failureReasons.unresolved,
  }
}

function renderDetails(details: IdentityDetails) {
  return {
    first_name: details.firstName,
    last_name: details.lastName,
    middle_name: details.middleName ?? undefined,
    type: details.type,
    country: details.country,
    bvn: details.bvn ?? undefined,
    bank_code: details.bankCode ?? undefined,
    account_number: details.accountNumber ?? undefined,
    value: details.value ?? undefined,
  }
}

interface Answer {
  message?: unknown
  data?: Record<string, unknown>
}

/** Throws when no JSON comes back in time. */
async function ask(account: PaystackAccount, method: 'GET' | 'POST', path: string, body?: object) {
  const answer = await account.fetch(`${account.baseUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${account.secretKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // A redirect would carry the key to wherever it leads.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  return { status: answer.status, body: (await answer.json()) as Answer }
}

/** Whether the raw body of a webhook was signed with the key: HMAC-SHA512 in hexadecimal, compared in constant time. */
export function isSignedBy(secretKey: string, rawBody: Buffer, signature: string): boolean {
  const expected = createHmac('sha512', secretKey).update(rawBody).digest()
  const given = Buffer.from(signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** What a webhook tells of an identity check; null where it tells of something else. */
export function readIdentityWebhook(webhook: unknown): IdentityNotice | null {
  const { event, data } = (webhook ?? {}) as { event?: unknown; data?: WebhookData }
  const succeeded = event === 'customeridentification.success'
  if (!succeeded && event !== 'customeridentification.failed') return null
  const { customer_code: reference, identification, reason } = data ?? {}
  if (typeof reference !== 'string') return null
  const { bvn, account_number, bank_code } = identification ?? {}
  return {
    reference,
    identification: {
      bvn: textOf(bvn),
      accountNumber: textOf(account_number),
      bankCode: textOf(bank_code),
    },
    succeeded,
    reason: succeeded ? null : (textOf(reason) ?? failureReasons.unresolved),
  }
}

interface WebhookData {
  customer_code?: unknown
  identification?: Record<string, unknown> | null
  reason?: unknown
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 500) : null
}
