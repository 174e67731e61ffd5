import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Context, FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { ChargeStep, StepAnswer } from './charge-steps.ts'
import type { NewEvidence } from './dispute-records.ts'
import type { DisputeState } from './dispute-states.ts'
import type { ChargedInstrument, InstrumentReader } from './instruments.ts'
import type { NewPaymentMethod } from './payment-methods.ts'
import type { ServedProcessors } from './processor-accounts.ts'
import type { NotSentReason } from './unsent.ts'

export interface Charge {
  /** The name of the charge: two charges of one reference are the same charge. */
  reference: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  instrument: ChargedInstrument
  /** The payer's. There are processors that know payers by it. */
  email?: string | null | undefined
  /** Whether somebody is there who can answer the processor's questions to the payer. Default: nobody is. */
  canAsk?: boolean | undefined
}

/** `succeeded` and `failed` are final. `processing` may become either, and is answered where nobody can say yet. */
export type ChargeState =
  /**
   * `asks`: the payer's next step, null for none. Left out, the step that was told last stays. At `continueAt` the payer has
   * to confirm the charge.
   */
  | { status: 'processing'; continueAt?: string; asks?: ChargeStep | null }
  | { status: 'succeeded'; facts?: ChargeFacts }
  /** `reason` is a sentence for the payer. */
  | { status: 'failed'; reason: string; gone?: GonePayment }
  /**
   * The processor has a payment that differs from the charge, for instance in its amount. It must not be credited by
   * itself. `differences` are words such as `amount`, for a person.
   */
  | { status: 'disagrees'; differences: readonly string[]; facts: ChargeFacts }

/** A payment that was paid, and that has gone back at the processor, all of it or what the processor shows. */
export interface GonePayment {
  facts: ChargeFacts
  /** As of one that disagrees; empty for one that agrees. */
  differences: readonly string[]
  /** Whether the processor shows a refund or a lost dispute by which it has gone. */
  isShown: boolean
}

/** What a processor tells of a payment besides its success. Amounts are minor units of the `currency`. */
export interface ChargeFacts {
  /** The processor's own name of the payment. */
  id: string
  amount: bigint
  currency: Currency
  /** What the processor has kept for itself; null while it is not known, and where it cannot be read. */
  fee: bigint | null
  paidAt: Date | null
  /** The kind of instrument that paid; null for a kind that has no word here. */
  channel: NewPaymentMethod['type'] | null
  /** The instrument, if it may be charged again; `token` is the processor's name of it. */
  saved: (NewPaymentMethod & { token: string }) | null
  /** What the processor has told besides, and cannot be read, in its words; default nothing. */
  unread?: readonly string[]
}

/** A payment at an account, as the account tells of it when it is asked. */
export interface FoundPayment {
  isPaid: boolean
  /** It was paid, and a part or all of it has gone back, or is about to. Not `isPaid` then. */
  isGivenBack: boolean
  facts: ChargeFacts
  /** Null for a payment that was not a transfer to a dedicated account. */
  transfer: FoundTransfer | null
}

/** A transfer to a dedicated account, which nobody asked for. Each member is null where the account does not tell it. */
export interface FoundTransfer {
  /** The dedicated account that got it. */
  accountNumber: string | null
  senderName: string | null
  senderBank: string | null
  /** Masked but for its end. */
  senderAccountNumber: string | null
  senderCountry: string | null
  narration: string | null
  receiverBank: string | null
}

/** Where the return of a charge's money stands, and what else the processor has shown of the charge. */
export type ReturnState = ReturnStatus & {
  /** Others have taken money of the charge: by refunds that bear no name of ours, or by disputes. All of it is looked up then. */
  othersTook?: true
}

type ReturnStatus =
  /** The processor has it, and has not begun. */
  | { status: 'pending' }
  | { status: 'processing' }
  | { status: 'succeeded' }
  | { status: 'failed'; reason: string }
  /** The processor has not got it, and can no longer take it. */
  | { status: 'refused'; reason: string }
  /** A person has to act; `reason` says why. */
  | { status: 'needs_attention'; reason: string }
  /** Nobody can say yet whether the processor has been reached. */
  | { status: 'unknown' }

/** The answer to a return that has surely not been made, and may be sent again later. */
export interface NotSent {
  status: 'not_sent'
  why: NotSentReason
  othersTook?: never
}

/** An amount of a charge's money that is to go back to the payer. */
export interface Return {
  /** The name of the return, a UUID that no other return has. The processor keeps it with the return: what bears it is ours. */
  id: string
  /** The reference of the charge. */
  reference: string
  /** Minor units. */
  amount: bigint
  currency: Currency
}

/** The payer's bank account to which a return goes that could not go back the way it came. */
export interface ReturnDestination {
  accountNumber: string
  /** The bank's number in the processor's list of banks. */
  bankId: bigint
}

/** A dispute as an account tells of it when it is asked. */
export interface AccountDispute {
  /** The account's own id of it. */
  id: string
  state: DisputeState
  /** Why a person has to look; null in other states. */
  stateReason: string | null
  /** The account's word for how it was decided; null until it is. */
  resolution: string | null
  category: string
  /** Minor units; null for the whole payment. */
  amount: bigint | null
  currency: Currency
  /** The payer's words. */
  complaint: string | null
  respondBy: Date | null
  createdAt: Date
}

/** A refund of a payment as an account tells of it, whoever asked for it. */
export interface AccountRefund {
  /** The account's own id of it. */
  id: string
  /** The id of our return that it bears; null for a refund that was made elsewhere. */
  returnId: string | null
  /** The account's id of the dispute that it ends; null where the account names none. */
  disputeId: string | null
  amount: bigint
  currency: Currency
  /** Its money leaves the account as soon as it is made. `failed`: it is there again. */
  state: 'open' | 'processed' | 'failed'
  createdAt: Date
}

/** The merchant's answer to a dispute. */
export interface DisputeAnswer {
  resolution: 'accepted' | 'declined'
  message: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** A name under which a file was uploaded. */
  fileName: string | null
}

/** What came of work on a dispute at an account. */
export type DisputeOutcome = 'done' | 'unknown' | { refused: string }

/** The disputes of an account at a processor. Every call asks the account, and throws `UpstreamError` where that fails. */
export interface AccountDisputes {
  /** The account's name of the payment that a dispute is about; null for a dispute that the account does not know. */
  findPayment(tenant: Tenant, disputeId: string): Promise<string | null>
  /**
   * All disputes and refunds of a payment of this mode.
   *
   * @param known ids of disputes that are asked for one by one, whatever the account's list says
   */
  listTaken(
    tenant: Tenant,
    reference: string,
    known: readonly string[],
  ): Promise<{ disputes: AccountDispute[]; refunds: AccountRefund[] }>
  resolve(disputeId: string, answer: DisputeAnswer): Promise<DisputeOutcome>
  update(disputeId: string, change: Pick<DisputeAnswer, 'amount' | 'currency' | 'fileName'>): Promise<DisputeOutcome>
  addEvidence(disputeId: string, evidence: NewEvidence): Promise<DisputeOutcome>
  /** An address to which a file can be sent, and the name to tell of it. */
  openUpload(disputeId: string, fileName: string | undefined): Promise<{ url: string; fileName: string }>
}

/** A payment for which a processor is to open a page. */
export interface PageCharge extends Omit<Charge, 'instrument' | 'email'> {
  email: string
  /** The address to which the payer returns. */
  callbackUrl?: string | undefined
  /** Default: all that the processor offers. */
  channels?: readonly PageChannel[] | undefined
}

/** A page of the processor. */
export interface ProcessorPage {
  url: string
  /** The processor's own name of the page, for its program in a browser; null where it has none. */
  accessCode: string | null
}

/** A customer's leave to debit their bank account, as a processor is asked about it. */
export interface AskedMandate {
  /** The processor's own name of the request, where it has a page of its own. */
  reference: string
  bankCode: string | null
}

/** Where a mandate stands at its processor. */
export type MandateState =
  /** The customer has not agreed. */
  | { status: 'requested' }
  /** The bank has not agreed yet. `token` is the processor's own name of the mandate, by which it is charged. */
  | { status: 'pending' | 'active'; token?: string; bank?: string | null }

/** A request for a mandate for which a processor is to open a page. */
export interface MandateRequest {
  email: string
  /** The address to which the customer returns. */
  callbackUrl: string
  account: { number: string; bankCode: string } | null
  address: { street: string; city: string; state: string } | null
}

/** A page of the processor on which a customer agrees to a mandate. */
export interface MandatePage {
  /** The processor's own name of the request. */
  reference: string
  url: string
}

/** The ways in which a page may be paid. Pages of this service have only the first two. */
export type PageChannel = 'card' | 'mobile_money' | 'bank_transfer' | 'bank' | 'ussd' | 'qr' | 'eft' | 'apple_pay'

/** The channels and notices that hosted pages show to a person. */
export interface HostedPages {
  /** In the order in which the page shows them. */
  readonly channels: readonly PageChannel[]
  /** Shown above the forms of a page that is paid on. */
  readonly paymentNotice: string | null
  /** Instruments to try the page with; null where only real instruments are accepted. */
  readonly testInstruments: TestInstruments | null
  /** Shown where a customer is asked for a mandate. */
  readonly mandateNotice: string | null
  /** The account that fills in the form for a mandate; null for an empty form. */
  readonly testAccount: { number: string; bankCode: string } | null
}

/** Numbers with the effect of each, in tables with a sentence before each table. */
export interface TestInstruments {
  readonly title: string
  readonly tables: readonly { sentence: string | null; rows: readonly (readonly [number: string, effect: string])[] }[]
}

/**
 * An outside party that takes money, such as a bank's gateway or a mobile money operator. A processor reports on a
 * charge in its answer, in notices and when it is asked. An answer to `charge` and a notice only lead to a question:
 * only the answer to `query` counts. A call that returns a promise asks somebody outside and may take long: never make
 * such a call while a transaction stands open. A call that throws leaves the outcome unknown: the processor is asked
 * about the charge later.
 */
export interface PaymentProcessor extends InstrumentReader {
  /** No money moves, and nobody outside is asked. */
  readonly isSandbox: boolean
  /** The account at the processor: the party of its outside. 0 for the sandbox. */
  readonly accountId: bigint
  /** The instrument charged where a payment names none; null for a processor that must be told an instrument. */
  readonly defaultInstrument: ChargedInstrument | null
  readonly pages: HostedPages
  /**
   * Opens the processor's own page, on which the payer pays. Another call answers the same page, until something has come of
   * it. Throws `invalid_request` for a payment that the processor refuses, and `payment_intent_not_open` for one that was
   * given up. Null for a processor whose payers pay on pages of this service.
   */
  readonly openPage: ((tenant: Tenant, page: PageCharge) => Promise<ProcessorPage>) | null
  /**
   * What the processor has under a name of its own, whoever began it; null for a name that it does not know. Null for a
   * processor without an account.
   */
  readonly findPayment: ((tenant: Tenant, name: string) => Promise<FoundPayment | null>) | null
  /** The name of the payment that has a number there; null for a number that it does not know. Left out without numbers. */
  findReference?(tenant: Tenant, number: string): Promise<string | null>
  /**
   * Looks at the newest things of an account before the first charge since a start: sending may be paused by what they are. Throws
   * nothing that the account does. Left out by a party of which there is nothing to see.
   */
  lookFirst?(): Promise<void>
  /** Takes the money once for a reference, however often it is called. */
  charge(tenant: Tenant, charge: Charge): Promise<ChargeState>
  /**
   * Gives a charge the payer's answer, and tells where it stands then. A step that the charge has passed is not taken
   * again. Throws `invalid_request` for an answer that the charge has not asked for. Left out by a processor that never
   * asks.
   */
  submit?(tenant: Tenant, reference: string, answer: StepAnswer): Promise<ChargeState>
  /** The state of the charge now; null for a reference the processor has never heard of. */
  query(tenant: Tenant, reference: string): Promise<ChargeState | null>
  /**
   * Gives up a charge where that can still be done, also one that has not arrived yet. Answers the state of the
   * charge.
   */
  stop(tenant: Tenant, charge: Omit<Charge, 'instrument'>): Promise<ChargeState>
  /**
   * Sends a return of a part of a charge. Call it once for an id, ever: there are processors to which a second call would be a
   * second return. After `not_sent` it may be called again.
   */
  sendReturn(tenant: Tenant, wanted: Return): Promise<ReturnState | NotSent>
  /** Where a return stands now; `unknown` for a return that the processor does not show. Sends nothing. */
  queryReturn(tenant: Tenant, wanted: Return): Promise<ReturnState>
  /** Sends a return that needs attention to a bank account of the payer. Null where the processor does not show the return. */
  redirectReturn(tenant: Tenant, wanted: Return, destination: ReturnDestination): Promise<ReturnState | NotSent | null>
  /** Left out by a processor whose disputes are decided here. */
  readonly disputes?: AccountDisputes
  /** How long after a customer's consent their bank is asked for the first time, in milliseconds. */
  readonly mandateCheckMs: number
  /**
   * Opens the processor's own page on which a customer agrees to a mandate, under a name of the processor. Each call opens another
   * page. Throws `invalid_request` for a request that the processor refuses. Null for a processor whose customers agree on pages of
   * this service.
   */
  readonly openMandatePage: ((tenant: Tenant, wanted: MandateRequest) => Promise<MandatePage>) | null
  /** Asks whether the bank has agreed to a mandate. A mandate that is not active is asked about again later. */
  askMandate(tenant: Tenant, mandate: AskedMandate): Promise<MandateState>
}

/**
 * The part of the context that payments add: the tenant's payment processor, null for a tenant without a processor.
 */
export interface ProcessorChoice extends ServedProcessors {
  readonly processorOf: (context: Context, tenant: Tenant, use: ProcessorUse) => Promise<PaymentProcessor | null>
}

/** `new`: the processor that the tenant has chosen. Else the account by which something was sent; 0 for the sandbox. */
export type ProcessorUse = 'new' | { sentBy: bigint }

/** A context in which payments are made: a processor is never asked while a transaction stands open. */
export type PaymentsContext = FreeContext & ProcessorChoice

/**
 * The tenant's processor. Throws `not_available` for a tenant without a processor, and for an account whose credentials were
 * dropped.
 */
export async function requireProcessor(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  use: ProcessorUse = 'new',
): Promise<PaymentProcessor> {
  const processor = await context.processorOf(context, tenant, use)
  if (processor !== null) return processor
  if (use !== 'new' && use.sentBy !== 0n) {
    throw new ServiceError(
      'not_available',
      'The account that took this money was replaced, and its key is not kept any more: do this at the processor',
    )
  }
  throw new ServiceError(
    'not_available',
    `Payments from outside are not available in ${tenant.mode} mode on this server`,
  )
}
