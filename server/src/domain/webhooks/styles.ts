import type { WebhookStyle } from '../events/events.ts'
import type { Mode } from '../merchants/tenant.ts'
import { type SignedMessage, signAsPaystack, signAsStandard } from './signatures.ts'

interface StyleRules {
  sign(secrets: readonly string[], message: SignedMessage): Record<string, string>
  isAcknowledged(status: number): boolean
  /** How long an answer may take. */
  timeoutMs: number
  /** The wait after each failed try. After the last try the delivery has failed. */
  retryDelaysMs: Readonly<Record<Mode, readonly number[]>>
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute

const standardDelaysMs = [5 * second, 5 * minute, 30 * minute, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * hour)]

/** Paystack's own rules are in its documentation of webhooks; docs/webhooks.md repeats both. */
export const styleRules: Readonly<Record<WebhookStyle, StyleRules>> = {
  paystack: {
    sign: ([secret = ''], message) => signAsPaystack(secret, message),
    isAcknowledged: (status) => status === 200,
    timeoutMs: 30 * second,
    retryDelaysMs: {
      live: [...Array<number>(3).fill(3 * minute), ...Array<number>(72).fill(hour)],
      test: Array<number>(10).fill(hour),
    },
  },
  standard: {
    sign: signAsStandard,
    isAcknowledged: (status) => status >= 200 && status < 300,
    timeoutMs: 15 * second,
    retryDelaysMs: { live: standardDelaysMs, test: standardDelaysMs },
  },
}
