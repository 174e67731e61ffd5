import type { Clock } from './clock.ts'
import type { Db } from './db/database.ts'
import type { IdentityVerifier } from './domain/identity-verifier.ts'
import type { PaymentProcessor } from './domain/payment-processor.ts'
import type { Mode } from './domain/tenant.ts'
import type { WebhookSender } from './domain/webhooks/sender.ts'
import type { Random } from './ids.ts'
import type { Vault } from './vault.ts'

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
