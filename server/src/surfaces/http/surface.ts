import type { VerifierChoice } from '../../domain/identity/identity-verifier.ts'
import type { KeyFinder } from '../../domain/merchants/api-keys.ts'
import type { Tokens } from '../../domain/merchants/tokens.ts'
import type { PaymentsContext } from '../../domain/payments/payment-processor.ts'
import type { EventRenderers } from '../../domain/webhooks/deliveries.ts'
import type { SenderChoice } from '../../domain/webhooks/sender.ts'
import type { Documents } from './reference.ts'
import type { Envelope } from './unroutable.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a credential. */
    public?: boolean
  }
}

/** The context with everything that a room of the domain adds to it. */
export type Service = PaymentsContext & VerifierChoice & SenderChoice

/** What a surface works with. */
export interface SurfaceContext {
  context: Service
  findKey: KeyFinder
  tokens: Tokens
  /** Of the surfaces that are open: each puts its own here. */
  envelopes: Envelope[]
  /** Where a surface puts its API reference. */
  documents: Documents
  /** The body of a webhook in each style. */
  renderWebhook: EventRenderers
  /** The operator's key for merchants and keys of all; those routes do not exist without it. */
  adminKey: string | undefined
  /** Where people reach this server: hosted pages' addresses begin with it. No slash at its end. */
  publicUrl: () => string
  /** `strict` answers as Paystack does where clients err; `lenient` accepts what can be understood. */
  paystackMetadata: 'lenient' | 'strict'
}
