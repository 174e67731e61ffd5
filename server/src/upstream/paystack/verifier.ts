import type { IdentityNotice } from '../../domain/identity/identity.ts'
import {
  failureReasons,
  type IdentityDetails,
  type IdentityOutcome,
  type IdentityVerifier,
} from '../../domain/identity/identity-verifier.ts'
import { modeOfKey, type PaystackAccount } from './account.ts'
import { createAsk, type Observe, unusable } from './ask.ts'
import { cutText } from './reading.ts'

/** The three calls that a check may make stay below the time for which it is claimed. */
const timeoutMs = 10_000
/** Paystack repeats a webhook for three days. */
const patienceMs = 72 * 60 * 60 * 1000

/**
 * Forwards identity checks to a Paystack account, which knows customers by e-mail and tells outcomes by webhook. The names
 * of an identified customer are those Paystack then has. Its methods throw `UpstreamError`.
 */
export function createPaystackVerifier(account: PaystackAccount, observe: Observe = () => {}): IdentityVerifier {
  const ask = createAsk({ ...account, timeoutMs }, observe)

  async function findNames(reference: string) {
    const operation = 'fetch_customer'
    const path = `/customer/${encodeURIComponent(reference)}`
    const { status, body } = await ask({ operation, method: 'GET', path })
    const { first_name: firstName, last_name: lastName } = membersOf(body.data)
    if (status < 300 && typeof firstName === 'string' && typeof lastName === 'string') return { firstName, lastName }
    throw unusable(operation, status)
  }

  return {
    firstAskMs: 0,
    needsEmail: true,
    // The credential that Paystack documents for test mode has 12.
    bvnDigits: modeOfKey(account.secretKey) === 'test' ? [11, 12] : [11],
    patienceMs,
    async introduce(email, details) {
      const operation = 'create_customer'
      const person = { email, first_name: details.firstName, last_name: details.lastName }
      const { status, body } = await ask({ operation, method: 'POST', path: '/customer', body: person })
      const code = membersOf(body.data).customer_code
      if (status < 300 && typeof code === 'string') return code
      throw unusable(operation, status)
    },
    async verify(details, reference) {
      const operation = 'identify_customer'
      const path = `/customer/${encodeURIComponent(reference ?? '')}/identification`
      const { status, body } = await ask({ operation, method: 'POST', path, body: renderDetails(details) })
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
  return typeof value === 'string' && value !== '' ? cutText(value) : null
}

function membersOf(data: unknown): Record<string, unknown> {
  return (data ?? {}) as Record<string, unknown>
}
