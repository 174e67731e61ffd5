import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Context, FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { NotSentReason } from '../payments/unsent.ts'

/** The kinds of places outside to which money is paid out. */
export const destinationTypes = ['bank_account', 'mobile_money'] as const
export type DestinationType = (typeof destinationTypes)[number]

/** The place to which a payout goes. */
export interface PayoutDestination {
  type: DestinationType
  /** Of a bank account, its number; of a mobile wallet, the telephone number as it was given. Null once the payee was erased: nothing is sent there any more. */
  accountNumber: string | null
  /** Of a bank account, the code of its bank; of a mobile wallet, the code of its operator, such as `MTN`. */
  bankCode: string
  /** The payee. */
  name: string
}

/** An order to pay out. The same reference is the same order, however often it is sent. */
export interface PayoutOrder {
  /** Ours, and impossible to guess: 24 characters of `[a-z0-9]`, which no processor refuses. The caller's own reference is not told outside. */
  reference: string
  /** Minor units above 0. */
  amount: bigint
  currency: Currency
  destination: PayoutDestination
  /** Shown to the payee; null for none. */
  reason: string | null
}

/** How an order ended. */
export type PayoutEnd =
  /**
   * `fee`: minor units that the processor has kept for itself, of the same currency; null while it is not known. `lookAfterMs`: the
   * time until it may come back, where the processor knows it; default its `returnLooksMs`.
   */
  | { status: 'paid'; fee: bigint | null; lookAfterMs?: number }
  /** Nothing was paid, and nothing will be. `code` is a word such as `rejected`; `reason` a sentence for a person. */
  | { status: 'failed'; code: string; reason: string }
  /** It was paid, or was on its way, and has come back. `fee` as of a paid order. */
  | { status: 'returned'; reason: string; fee: bigint | null }

/** The party has the order, in a state that is not final. `attention`: a person has to act there; null for nobody. */
type Open = { is: 'exists'; attention: 'otp' | null }

/**
 * What is known after an order was sent: see "What is known after a call outside" in ARCHITECTURE.md. `exists` and `conclusive`
 * are only said of an order that agrees with this one in amount, currency, destination and mode.
 */
export type SendOutcome =
  /** Nothing was made, and nothing will be under this reference. `code` is a word, `reason` a sentence for a person. */
  | { is: 'refused'; code: string; reason: string }
  | Open
  | { is: 'conclusive'; end: PayoutEnd }
  /** `differences`: the party has something else under the reference, in words such as `amount`. */
  | { is: 'unknown'; differences?: readonly string[] }
  /** `said`: the party's own sentence; `waitMs`: for how long it wants to be left alone, null where it does not say. */
  | { is: 'not_sent'; why: NotSentReason; said?: string | null; waitMs: number | null }

/** What is known after a question. `not_found`: the party says that it has no such order, which proves nothing for a while. */
export type AskOutcome = Extract<SendOutcome, { is: 'exists' | 'conclusive' | 'unknown' }> | { is: 'not_found' }

/** What a bank says of the holder of an account. Null for an account that nobody can be asked about. */
export type HolderAnswer = { is: 'found'; name: string } | { is: 'no_account' | 'unavailable' } | null

/** An outside party that pays out. Its calls take long: never make one while a transaction stands open. */
export interface PayoutProcessor {
  /** The account at the processor: the party of its outside. 0 for the sandbox. */
  readonly accountId: bigint
  /**
   * For so long after an order was sent last, in milliseconds, an account that does not find it may still get it. Much longer than a
   * request may take. Only after it, an order that was refused when it was sent again has failed.
   */
  readonly notFoundMs: number
  /**
   * After so long, in milliseconds, an order that its account does not find is sent again under the same reference, to the same
   * account, which takes one of the two. Longer than an answer is waited for. Default `notFoundMs`.
   */
  readonly sendAgainMs?: number
  /**
   * The times after a payment of an order at which it is asked about once more, in milliseconds, the shortest first: its money may
   * come back, and the message of that may be lost.
   */
  readonly returnLooksMs: readonly number[]
  /** The fee that an order is expected to cost, in minor units. Asks nobody. */
  estimateFee(order: Pick<PayoutOrder, 'amount' | 'currency'> & { type: DestinationType }): bigint
  /**
   * Sends an order. Throws nothing that the party does: what it throws is a fault here, and leaves the outcome unknown. Nothing of
   * the answer is believed but a refusal: the order is asked about before its money moves.
   */
  send(tenant: Tenant, order: PayoutOrder): Promise<SendOutcome>
  /**
   * Gives the one-time password that an order waits for. Nothing of the answer is believed: the order is asked about afterwards. It
   * throws `UpstreamError` where the party cannot be asked. False for a wrong one after the right one was taken. Left out by a party that
   * takes none.
   */
  giveOtp?(tenant: Tenant, order: PayoutOrder, otp: string): Promise<boolean>
  /** The one-time password of a party that pretends. */
  readonly testOtp?: string
  /** Asks the bank of an account for the name of its holder. Throws `UpstreamError`. Left out by a party that knows no bank. */
  findHolder?(tenant: Tenant, order: Pick<PayoutOrder, 'destination' | 'currency'>): Promise<HolderAnswer>
  /** Asks where an order stands, and sends nothing. */
  ask(tenant: Tenant, order: PayoutOrder): Promise<AskOutcome>
}

/** `new`: the processor that the tenant has chosen for payouts. Else the account by which an order was sent; 0 for the sandbox. */
type PayoutProcessorUse = 'new' | { sentBy: bigint }

/**
 * The part of the context that payouts add: who sends the tenant's money out. `manual`: a person does, and says so. Null for an
 * account whose credentials were dropped.
 */
export interface PayoutProcessorChoice {
  readonly payoutProcessorOf: (
    context: Context,
    tenant: Tenant,
    use: PayoutProcessorUse,
  ) => Promise<PayoutProcessor | 'manual' | null>
}

/** The address of a merchant that agrees to each payout before it is sent. */
export interface ApprovalUrl {
  url: string
  /** The API key that signs what it is asked. */
  secret: string
}

/** A payout as an approval URL is asked about it. */
export interface UrlQuestion {
  /** `TRF_…` */
  code: string
  /** The caller's. */
  reference: string
  /** Null for money of the merchant. */
  customerCode: string | null
  amount: bigint
  currency: Currency
  recipient: { code: string }
  reason: string | null
}

/** What an approval URL has said. `blocked`: it has not answered in time, or in other words; `reason` is a sentence for a person. */
export type UrlAnswer = { is: 'approved' } | { is: 'rejected' | 'blocked'; reason: string }

/** The part of the context that asks approval URLs. */
export interface ApprovalUrlAsker {
  /** Null while the address of this tenant has just not answered, and is being asked about another payout. Never throws. */
  readonly askApprovalUrl: (tenant: Tenant, payout: UrlQuestion, to: ApprovalUrl) => Promise<UrlAnswer | null>
}

/** A context in which payouts are sent: nobody outside is asked while a transaction stands open. */
export type PayoutsContext = FreeContext & PayoutProcessorChoice & ApprovalUrlAsker

/** The account by which an order was sent. Throws `not_available` for an account whose credentials were dropped. */
export async function requireSender(
  context: Context & PayoutProcessorChoice,
  tenant: Tenant,
  accountId: bigint,
): Promise<PayoutProcessor> {
  const processor = await context.payoutProcessorOf(context, tenant, { sentBy: accountId })
  if (processor !== null && processor !== 'manual') return processor
  throw new ServiceError(
    'not_available',
    'The account by which this payout was sent was replaced, and its key is not kept any more: look for it at the processor',
  )
}
