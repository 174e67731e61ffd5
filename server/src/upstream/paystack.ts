import { createHmac, timingSafeEqual } from 'node:crypto'
import { UpstreamError, type UpstreamFailure } from '../base/upstream-error.ts'
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

/** Told of each call: the operation, what came of it, and how long it took in milliseconds. */
export type Observe = (operation: string, outcome: UpstreamFailure | 'answered', durationMs: number) => void

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
 * of an identified customer are those Paystack then has. Its methods throw `UpstreamError`.
 */
export function createPaystackVerifier(account: PaystackAccount, observe: Observe = () => {}): IdentityVerifier {
  const ask = createAsk(account, observe)

  async function findNames(reference: string) {
    const operation = 'fetch_customer'
    const { status, body } = await ask(operation, 'GET', `/customer/${encodeURIComponent(reference)}`)
    const { first_name: firstName, last_name: lastName } = body.data ?? {}
    if (status < 300 && typeof firstName === 'string' && typeof lastName === 'string') return { firstName, lastName }
    throw unusable(operation, status)
  }

  return {
    firstAskMs: 0,
    needsEmail: true,
    patienceMs,
    async introduce(email, details) {
      const operation = 'create_customer'
      const person = { email, first_name: details.firstName, last_name: details.lastName }
      const { status, body } = await ask(operation, 'POST', '/customer', person)
      const code = body.data?.customer_code
      if (status < 300 && typeof code === 'string') return code
      throw unusable(operation, status)
    },
    async verify(details, reference) {
      const operation = 'identify_customer'
      const path = `/customer/${encodeURIComponent(reference ?? '')}/identification`
      const { status, body } = await ask(operation, 'POST', path, renderDetails(details))
      if (status < 300) return null
      const message = String(body.message)
      if (/already validated using the same/i.test(message)) {
        return { succeeded: true, ...(await findNames(reference ?? '')) }
      }
      if (status === 400 || status === 422) return refusedOutcome(message)
      throw unusable(operation, status)
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
  status: number
  body: { message?: unknown; data?: Record<string, unknown> | null }
}

/** Asks the account and observes each call. Throws `UpstreamError` where no JSON object comes back in time. */
function createAsk(account: PaystackAccount, observe: Observe) {
  return async (operation: string, method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> => {
    const startedAt = performance.now()
    const answer = await send(account, method, path, body).then(
      ({ status, text }) => readAnswer(operation, status, text),
      (cause: unknown) => unreachable(operation, cause),
    )
    const failed = answer instanceof UpstreamError
    observe(operation, failed ? answer.outcome : outcomeOf(answer.status), performance.now() - startedAt)
    if (failed) throw answer
    return answer
  }
}

async function send(account: PaystackAccount, method: 'GET' | 'POST', path: string, body?: object) {
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
  return { status: answer.status, text: await answer.text() }
}

function readAnswer(operation: string, status: number, text: string): Answer | UpstreamError {
  const body = readObject(text)
  return body === null ? unusable(operation, status) : { status, body }
}

/** Null for a text that is no JSON object. */
function readObject(text: string): Answer['body'] | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

/** What `fetch` throws: the time is over, or the connection failed. */
function unreachable(operation: string, cause: unknown): UpstreamError {
  const outcome = (cause as Error | undefined)?.name === 'TimeoutError' ? 'timed_out' : 'unreachable'
  return new UpstreamError(operation, outcome, null, { cause })
}

/** The failure that an answer is: what it lacks where its status is a success. */
function unusable(operation: string, status: number): UpstreamError {
  const outcome = outcomeOf(status)
  return new UpstreamError(operation, outcome === 'answered' ? 'malformed' : outcome, status)
}

function outcomeOf(status: number): 'answered' | 'refused' | 'failed' {
  if (status < 300) return 'answered'
  return status >= 400 && status < 500 ? 'refused' : 'failed'
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
