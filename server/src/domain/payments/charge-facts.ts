import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { type AccountName, doTogether, type LedgerCommand, type Receipt } from '../ledger/commands.ts'
import { type FeeBearer, type ProcessorFee, postWithFee } from '../ledger/processor-fees.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type PaymentIntent, uuidOfIntent } from './payment-intent-records.ts'
import type { ChargeFacts } from './payment-processor.ts'
import { cutOverOfBooks } from './processor-accounts.ts'

/** A charge that a processor took money for. */
export interface PaidCharge {
  intent: PaymentIntent
  /** Our reference of the charge. */
  reference: string
  facts: ChargeFacts
  /** How the payment differs from the charge; empty for a payment that agrees. */
  differences: readonly string[]
}

/** Where the money of a charge is booked. */
export interface BookedCharge {
  transactionId: string
  /** Why the money is in suspense, as a sentence; null for money that its owner has. */
  suspended: string | null
}

interface SentRow {
  id: string
  account_id: bigint
  sent_reference: string
  marker: string | null
  amount: bigint
  state: 'open' | 'failed' | 'credited' | 'suspended'
  transaction_id: string | null
  fee: bigint | null
  fee_bearer: FeeBearer
  differences: string[] | null
  /** The reason why its money is in suspense; null for other money. */
  reason: string | null
  cut_over_at: Date | null
}

/** A fee that is not known yet is asked about again after this time. */
const feeLookMs = 60 * 60 * 1000

/**
 * Books the money that a processor took, once for a charge, with the processor's fee. It has come: so it is booked whatever a
 * risk action says, and also for a charge that is not the last one of its intent. Money that cannot be booked to its owner
 * goes to suspense, and so does money that differs from the charge.
 */
export async function bookCharge(context: FreeContext, tenant: Tenant, paid: PaidCharge): Promise<BookedCharge> {
  const sent = await getSent(context, tenant, paid.reference)
  const before = readBooked(sent)
  if (before === null) tellUnread(context, tenant, sent.sent_reference, paid.facts)
  const { booked, isFeeRefused } =
    before === null ? await post(context, tenant, sent, paid) : await postFee(context, tenant, sent, { paid, before })
  const facts = isFeeRefused ? { ...paid.facts, fee: null } : paid.facts
  await note(context, tenant, sent, { ...paid, facts }, booked)
  return booked
}

interface Posted {
  booked: BookedCharge
  /** It is left unbooked: it is as unknown as one that was never told. */
  isFeeRefused: boolean
}

/**
 * Books the fee of a payment that is booked, and all of which has gone back since: the account has kept it all the same. Answers the
 * account's name of the payment, and whether its money is booked.
 */
export async function bookLateFee(
  context: FreeContext,
  tenant: Tenant,
  { intent, reference, facts }: Omit<PaidCharge, 'differences'>,
): Promise<{ sentReference: string; isBooked: boolean }> {
  const sent = await getSent(context, tenant, reference)
  const before = readBooked(sent)
  const named = { sentReference: sent.sent_reference, isBooked: before !== null }
  if (before === null || sent.fee !== null || facts.fee === null) return named
  const paid = { intent, reference, facts, differences: sent.differences ?? [] }
  const { isFeeRefused } = await postFee(context, tenant, sent, { paid, before })
  if (!isFeeRefused) await note(context, tenant, sent, paid, before)
  return named
}

/** Books the fee of money that is booked. */
async function postFee(
  context: FreeContext,
  tenant: Tenant,
  sent: SentRow,
  { paid, before }: { paid: PaidCharge; before: BookedCharge },
): Promise<Posted> {
  const { isFeeRefused } = await postWithFee(context, tenant, [], feeOf(sent, paid, before.suspended === null))
  return { booked: before, isFeeRefused }
}

/** Logs the members of a processor's answer about new money that cannot be read. The money is booked without them. */
export function tellUnread(
  { log }: Context,
  { merchant, mode }: Tenant,
  reference: string,
  { unread = [] }: ChargeFacts,
): void {
  if (unread.length === 0) return
  log.warn({ merchant: merchant.code, mode, reference, unread }, 'money was booked without what cannot be read of it')
}

async function getSent(context: Context, { merchant, mode }: Tenant, reference: string): Promise<SentRow> {
  const [row] = await context.db.query<SentRow>(sql`
    select
      s.id, s.account_id, s.sent_reference, s.marker, s.amount, s.state, s.transaction_id, s.fee, s.fee_bearer, s.differences,
      t.details ->> 'reason' as reason,
      ${cutOverOfBooks(sql`a`)} as cut_over_at
    from sent_charges s
    join processor_accounts a on a.merchant_id = s.merchant_id and a.id = s.account_id
    left join ledger_transactions t on t.merchant_id = s.merchant_id and t.id = s.transaction_id
    where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.reference = ${reference}
  `)
  if (row === undefined) throw new Error('a processor tells of a charge that was never recorded')
  return row
}

function readBooked({ state, transaction_id, reason }: SentRow): BookedCharge | null {
  if (transaction_id === null) return null
  return { transactionId: transaction_id, suspended: state === 'suspended' ? reason : null }
}

/**
 * The keys tell a charge by the account's own id of the payment, so it is posted once whoever tells of it, and after a crash. To
 * credit money and to suspend it have one key: which of them is right may have changed since a crash.
 */
async function post(context: FreeContext, tenant: Tenant, sent: SentRow, paid: PaidCharge): Promise<Posted> {
  const reason = reasonAgainst(tenant, sent, paid)
  const money =
    reason === null ? creditCommand(context, sent, paid) : suspension(context, sent, paid, { reason, what: 'money' })
  const {
    outcomes: [outcome],
    isFeeRefused,
  } = await postWithFee(context, tenant, [money], feeOf(sent, paid, reason === null))
  const booked =
    outcome instanceof ServiceError
      ? await suspendRefused(context, tenant, sent, { paid, refusal: outcome })
      : await readReceipt(context, tenant, outcome as Receipt, reason)
  return { booked, isFeeRefused }
}

/** The key remembers the refusal: this money will never be credited by it. */
async function suspendRefused(
  context: FreeContext,
  tenant: Tenant,
  sent: SentRow,
  { paid, refusal }: { paid: PaidCharge; refusal: ServiceError },
): Promise<BookedCharge> {
  const reason = refusal.message
  const [outcome] = await doTogether(context, tenant, [suspension(context, sent, paid, { reason, what: 'suspended' })])
  if (outcome instanceof ServiceError) throw outcome
  return readReceipt(context, tenant, outcome as Receipt, reason)
}

/** A receipt of before a crash may be of money that was booked elsewhere. */
async function readReceipt(
  context: Context,
  { merchant }: Tenant,
  { id, replayed }: Receipt,
  reason: string | null,
): Promise<BookedCharge> {
  if (!replayed) return { transactionId: id, suspended: reason }
  const [row] = await context.db.query<{ reason: string | null }>(sql`
    select details ->> 'reason' as reason from ledger_transactions where merchant_id = ${merchant.id} and id = ${id}
  `)
  return { transactionId: id, suspended: row?.reason ?? null }
}

/** What is booked of the money; the rest is the fee that the payer has paid besides. */
function amountOf({ amount }: SentRow, { facts, differences }: PaidCharge): bigint {
  return differences.length === 0 ? amount : facts.amount
}

function suspension(
  context: Context,
  sent: SentRow,
  paid: PaidCharge,
  { reason, what }: { reason: string; what: 'money' | 'suspended' },
): LedgerCommand {
  return {
    ...commandOf(context, sent, paid, what),
    kind: 'suspended',
    currency: paid.facts.currency,
    to: { kind: 'suspense' },
    amount: amountOf(sent, paid),
    details: { ...detailsOf(sent, paid), reason },
    event: null,
  }
}

function creditCommand(context: Context, sent: SentRow, paid: PaidCharge): LedgerCommand {
  const { customerCode, currency, description } = paid.intent
  const amount = amountOf(sent, paid)
  const command = commandOf(context, sent, paid, 'money')
  const details = detailsOf(sent, paid)
  return {
    ...command,
    kind: 'pay_in',
    currency,
    to: ownerOf(paid),
    amount,
    description: description ?? 'Payment',
    details,
    // The intent's own event tells of money of the merchant, unless another charge has paid the intent before.
    event:
      customerCode === null && paid.intent.status !== 'succeeded'
        ? null
        : {
            type: 'pay_in.succeeded',
            data: {
              ...(customerCode === null ? {} : { customer: { code: customerCode } }),
              details: { payInId: command.id, amount: Number(amount), currency, ...details },
            },
          },
  }
}

function ownerOf({ intent: { customerCode } }: PaidCharge): AccountName {
  return customerCode === null ? { kind: 'merchant_balance' } : { kind: 'customer_cash', customer: customerCode }
}

/** What the command that books a charge has, wherever it is booked to. */
function commandOf(context: Context, sent: SentRow, paid: PaidCharge, what: string) {
  const { account_id } = sent
  return {
    action: 'book',
    id: uuidV7(context.random, context.clock.now()),
    from: { kind: 'outside', at: account_id },
    description: null,
    request: null,
    ownKey: keyOf(sent, paid, what),
  } as const
}

function keyOf({ account_id, sent_reference, marker }: SentRow, { facts }: PaidCharge, what: string): string {
  return marker === null ? keyOfArrival(sent_reference, facts, what) : `charge/${account_id}/${facts.id}/${what}`
}

/**
 * The key by which money that arrived without a charge is booked. It does not name the account: the same transfer may be told
 * under another key of the same account, which is another account here.
 */
export function keyOfArrival(sentReference: string, { id }: Pick<ChargeFacts, 'id'>, what: string): string {
  return `arrival/${sentReference}/${id}/${what}`
}

function detailsOf({ sent_reference }: SentRow, { intent }: PaidCharge) {
  const { id, checkoutSessionId } = intent
  return {
    paymentIntentId: id,
    ...(checkoutSessionId === null ? {} : { checkoutSessionId }),
    processorReference: sent_reference,
  }
}

/** Why the money is not credited by itself; null for money that is. */
function reasonAgainst(
  { merchant }: Tenant,
  { cut_over_at: cutOverAt }: SentRow,
  { facts, differences }: PaidCharge,
): string | null {
  if (differences.length > 0) {
    return `The payment at the processor has another ${differences.join(', ')} than was asked for`
  }
  if (!merchant.currencies.includes(facts.currency)) return `The merchant does not hold ${facts.currency}`
  if (cutOverAt === null || facts.paidAt === null || facts.paidAt >= cutOverAt) return null
  return `The account took the money at ${facts.paidAt.toISOString()}, before its cut-over at ${cutOverAt.toISOString()}`
}

/**
 * What the processor has kept of the money that is booked. A payer who bears the fee has paid it besides, so nothing is left of
 * it here. Null while that is not known.
 */
function keptOf(sent: SentRow, paid: PaidCharge): bigint | null {
  const { facts } = paid
  if (facts.fee === null) return null
  const kept = amountOf(sent, paid) - (facts.amount - facts.fee)
  return kept > 0n ? kept : 0n
}

/** A fee that is known late is booked late. Money in suspense has no owner, so the merchant bears its fee, whoever gets it later. */
function feeOf(sent: SentRow, paid: PaidCharge, isOwned: boolean): ProcessorFee | null {
  const amount = keptOf(sent, paid)
  if (!amount || sent.fee !== null) return null
  return {
    amount,
    payment: paid.facts.amount,
    currency: paid.facts.currency,
    accountId: sent.account_id,
    bearer: sent.fee_bearer,
    paid: isOwned ? { to: ownerOf(paid), amount: amountOf(sent, paid) } : null,
    details: { processorReference: sent.sent_reference },
    key: keyOf(sent, paid, 'fee'),
  }
}

/** The money is booked already: this may come later, after a crash, and more than once. */
async function note(
  context: Context,
  { merchant }: Tenant,
  sent: SentRow,
  paid: PaidCharge,
  { transactionId, suspended }: BookedCharge,
): Promise<void> {
  const { intent, facts, differences } = paid
  const now = context.clock.now()
  const dueAt = facts.fee === null && now <= lastLook(intent) ? new Date(now.getTime() + feeLookMs) : null
  // Of several charges that have paid, the first one is the payment: one whose owner has the money before one in suspense.
  await context.db.query(sql`
    with told as (
      update payments set fee = ${keptOf(sent, paid)}::bigint
      where merchant_id = ${merchant.id} and payment_intent_id = ${uuidOfIntent(intent)} and ${facts.fee !== null}::boolean
        and (fee is null or (${suspended === null}::boolean and not exists (
          select from sent_charges o
          where o.merchant_id = ${merchant.id} and o.payment_intent_id = ${uuidOfIntent(intent)} and o.id <> ${sent.id}
            and o.state = 'credited'
        )))
    )
    update sent_charges set
      state = ${suspended === null ? 'credited' : 'suspended'}, transaction_id = ${transactionId}, outside_id = ${facts.id},
      fee = coalesce(${facts.fee}::bigint, fee), differences = ${differences.length === 0 ? null : [...differences]}::text[],
      due_at = ${dueAt}::timestamptz, attempts = 0, updated_at = ${now}::timestamptz
    where merchant_id = ${merchant.id} and id = ${sent.id}
  `)
}

/**
 * Says when an account is asked about a charge again: after as long again as it has been waited for, from a minute to an hour,
 * and no longer than some days after its intent has ended. `isOver`: nothing more is expected of it. A charge that is booked stays
 * booked, and is asked about for its fee alone.
 */
export async function askLater(
  context: Context,
  { merchant, mode }: Tenant,
  { intent, reference, state, isOver }: AskedLater,
): Promise<void> {
  const now = context.clock.now()
  const isLast = isOver || now > lastLook(intent)
  await context.db.query(sql`
    update sent_charges set
      state = case when transaction_id is null then ${state} else state end, attempts = 0,
      updated_at = ${now}::timestamptz,
      due_at = case
        when ${isLast}::boolean or (transaction_id is not null and fee is not null) then null
        else ${now}::timestamptz + least(greatest(${now}::timestamptz - created_at, interval '1 minute'), interval '1 hour')
      end
    where merchant_id = ${merchant.id} and mode = ${mode} and payment_intent_id = ${uuidOfIntent(intent)}
      and reference = ${reference}
  `)
}

interface AskedLater {
  intent: PaymentIntent
  reference: string
  state: 'open' | 'failed'
  isOver: boolean
}

/** A page stays open at its processor. For this long after its intent has ended it is asked about by itself. */
const lateMs = 3 * 24 * 60 * 60 * 1000

function lastLook({ expiresAt }: PaymentIntent): Date {
  return new Date(expiresAt.getTime() + lateMs)
}
