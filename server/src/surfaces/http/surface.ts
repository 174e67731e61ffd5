import type { ApprovalChoice } from '../../domain/approvals/decisions.ts'
import type { AccountProviderChoice } from '../../domain/banking/account-provider.ts'
import type { BankDirectoryChoice } from '../../domain/banking/bank-directory.ts'
import type { VerifierChoice } from '../../domain/identity/identity-verifier.ts'
import type { ContentsChoice } from '../../domain/imports/account-contents.ts'
import type { KeyFinder } from '../../domain/merchants/key-holders.ts'
import type { Tokens } from '../../domain/merchants/tokens.ts'
import type { PaymentsContext } from '../../domain/payments/payment-processor.ts'
import type { ApprovalUrlAsker, PayoutProcessorChoice } from '../../domain/payouts/payout-processor.ts'
import type { ErasureChoice } from '../../domain/personal-data/erasure.ts'
import type { StatementChoice } from '../../domain/reconciliation/account-statement.ts'
import type { LookedAtAccounts } from '../../domain/reconciliation/sending-looks.ts'
import type { RetentionChoice } from '../../domain/retention/retention.ts'
import type { EventRenderers } from '../../domain/webhooks/deliveries.ts'
import type { SenderChoice } from '../../domain/webhooks/sender.ts'
import type { Rates } from './rates.ts'
import type { Documents } from './reference.ts'
import type { Envelope } from './unroutable.ts'

/** The context, with everything that a room of the domain adds to it. */
export type Service = PaymentsContext &
  PayoutProcessorChoice &
  ApprovalUrlAsker &
  VerifierChoice &
  BankDirectoryChoice &
  AccountProviderChoice &
  ApprovalChoice &
  StatementChoice &
  ContentsChoice &
  LookedAtAccounts &
  SenderChoice &
  RetentionChoice &
  ErasureChoice

/** The things that a surface works with. */
export interface SurfaceContext {
  context: Service
  findKey: KeyFinder
  tokens: Tokens
  /** The envelopes of all open surfaces. Each surface adds its own. */
  envelopes: Envelope[]
  /** The map to which a surface adds its API reference. */
  documents: Documents
  /** The body of a webhook in each style. */
  renderWebhook: EventRenderers
  /** The operator's key for the routes of all merchants. Without it those routes answer 404. */
  adminKey: string | undefined
  /** The origins whose pages may read answers. None: no page of another origin may. */
  corsOrigins: readonly string[]
  /** The command line calls the application itself, without a server. */
  isCommandLine: boolean
  /**
   * The address at which people reach this server. The addresses of hosted pages begin with it. No slash at its end.
   */
  publicUrl: () => string
  /** Counts the requests of each key. Undefined where nothing is limited. */
  rates: Rates | undefined
  /** `strict` refuses metadata as Paystack does. `lenient` accepts all metadata that can be understood. */
  paystackMetadata: 'lenient' | 'strict'
  /** The time in which the body of a request without a credential must have arrived. */
  keylessTimeoutMs: number
  /** Whether the server is about to close, or closes. */
  isDraining: () => boolean
}
