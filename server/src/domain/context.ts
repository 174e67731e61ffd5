import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/ids.ts'
import type { Vault } from '../base/vault.ts'
import type { Db } from '../db/database.ts'
import type { IdentityVerifier } from './identity/identity-verifier.ts'
import type { Mode } from './merchants/tenant.ts'
import type { PaymentProcessor } from './payments/payment-processor.ts'
import type { WebhookSender } from './webhooks/sender.ts'

/** What the domain is given instead of reaching for it. */
export interface Service {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly vault: Vault
  /** Judge identity checks, by mode. Live mode has none until one is configured. */
  readonly identityVerifiers: Readonly<Record<Mode, IdentityVerifier | null>>
  /** Takes money from outside in test mode. Live mode has none until one is configured. */
  readonly paymentProcessor: PaymentProcessor
  /** Tells addresses of the merchants' own of what happened. */
  readonly webhookSender: WebhookSender
  /** How long the sandbox takes to finish what a bank or a bureau would finish later, in milliseconds. */
  readonly sandboxDelayMs: number
}
