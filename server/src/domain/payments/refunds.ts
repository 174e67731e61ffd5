import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import { doCommandNoting, type LedgerCommand } from '../ledger/commands.ts'
import { tryCommand } from '../ledger/tried-commands.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { packRequestId } from '../trail/trail.ts'
import { assignedIdOf, type GivingBack, getOriginal, giveBack, type Refund } from '../wallet/refunds.ts'
import type { NotSent, PaymentsContext, ReturnDestination, ReturnState } from './payment-processor.ts'
import { endDecided, endRefund, type Step } from './refund-ending.ts'
import { tellRefund } from './refund-events.ts'
import { lookAtSettled, nextLookAt, nextUnknownLookAt, noteTakenBeside, returnOf, takerOf } from './refund-looks.ts'
import { findProcessorRefund, type ProcessorRefund } from './refund-records.ts'
import { isOver, refundArrows } from './refund-states.ts'
import { findRefundedMoney, type NewRefund, type RefundedMoney, type TakenCharge } from './refunded-money.ts'
import { sentUnder } from './sent-charges.ts'
import { type NotSentReason, waitingSentences } from './unsent.ts'

/*
 * A refund goes where the money came from. A payment that a processor took is given back by it, in steps, each committed before
 * the next: the money is reserved, the processor is asked, and the money moves when the processor says that it has given it back.
 * Everything else is given back at once, in the ledger.
 */

/** A new refund. */
export interface MadeRefund extends Refund {
  /** True where a processor gives the money back: at this moment nothing has moved yet. */
  isPending: boolean
}

/** How a refund is posted whose part may be taken by another at the same time. */
type Post = typeof tryCommand

/** The call that makes a refund asks the processor itself within this time. Then the background does. */
const ownTimeMs = 30_000
/** After this time in which nobody could say whether the processor has a refund, a person has to find out. */
const unknownMs = 60 * 60 * 1000
/**
 * The same where the processor answers, again and again for the second time, without the refund. The first time is longer than a
 * request is under way.
 */
const absentMs = { sinceAsked: 60_000, sinceAbsent: 5_000 }

const reasons = {
  silent:
    'The processor was asked to give the money back, and its answer was lost. It cannot be asked about the refund at this moment',
  absent: 'The processor was asked to give the money back, and its answer was lost. It does not show the refund yet',
  lost: 'The processor was asked to give the money back, and nobody can say whether it has. Look for the refund at the processor: the money stays reserved, and nothing is sent again',
} as const

/**
 * Gives back a part of the rest of a pay-in, purchase or hold capture. Without an amount gives back the whole rest.
 * Throws `transaction_not_found`, `invalid_request` for a transaction of another kind, `refund_exceeded`,
 * `insufficient_funds` when the receiver no longer has the money, `not_available`, `idempotency_key_reused`.
 */
export function refundTransaction(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewRefund,
  request: IdempotentRequest | null,
): Promise<MadeRefund> {
  return makeRefund(context, tenant, { ...input, kind: 'refund' }, request)
}

/**
 * Gives back the whole rest of any transaction but a refund or reversal, and of no movement that happened outside. Throws the
 * same codes as `refundTransaction`.
 */
export function reverseTransaction(
  context: PaymentsContext,
  tenant: Tenant,
  input: Omit<NewRefund, 'amount'>,
  request: IdempotentRequest | null,
): Promise<MadeRefund> {
  return makeRefund(context, tenant, { ...input, kind: 'reversal' }, request)
}

/**
 * Reserves the money of a refund of a processor's payment, and leaves the rest to the background. Throws the same codes as
 * `refundTransaction`; `invalid_request` also for money that no processor took.
 */
export async function queueRefund(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewRefund,
  request: IdempotentRequest | null,
): Promise<MadeRefund> {
  const whole = { ...input, kind: 'refund' } as const
  return fromPart(context, tenant, { input: whole, request }, ({ charge, ...money }, post) => {
    if (charge !== null) return reserve(context, tenant, { ...whole, ...money, charge, post, waitMs: 0 }, request)
    throw new ServiceError('invalid_request', 'The money was not taken by a processor; use /v1/refunds', 'transaction')
  })
}

async function makeRefund(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewRefund & Pick<GivingBack, 'kind'>,
  request: IdempotentRequest | null,
): Promise<MadeRefund> {
  const made = await fromPart(context, tenant, { input, request }, async ({ charge, ...money }, post) => {
    if (charge !== null)
      return reserve(context, tenant, { ...input, ...money, charge, post, waitMs: ownTimeMs }, request)
    const { original, giving } = money
    return { ...(await giveBack(context, tenant, { ...giving, original, post }, request)), isPending: false }
  })
  if (made.replayed || !made.isPending) return made
  const subject = `refunds of ${tenant.merchant.code} in ${tenant.mode} mode`
  // The refund is made, whatever comes next: what fails here is done again in the background.
  await advanceRefund(context, tenant, made.id).catch((err) => context.failures.failed(subject, { err, row: made.id }))
  return made
}

/**
 * Gives back of the part that a refund names. Where it names several, others may take of the chosen part at the same time: then the next
 * part that has the amount is tried, and a refusal is stored once there is none.
 */
async function fromPart(
  context: PaymentsContext,
  tenant: Tenant,
  { input, request }: { input: NewRefund & Pick<GivingBack, 'kind'>; request: IdempotentRequest | null },
  make: (money: RefundedMoney, post: Post | undefined) => Promise<MadeRefund>,
): Promise<MadeRefund> {
  const tried: string[] = []
  for (;;) {
    const money = await findRefundedMoney(context, tenant, { ...input, tried }, request)
    const { id, isTry } = money.part
    try {
      const made = await make(money, isTry ? tryCommand : undefined)
      // The same request was done at this moment, perhaps of another part.
      if (!isTry || !made.replayed) return made
    } catch (error) {
      const isOpen = error instanceof ServiceError && error.code === 'refund_exceeded' && !error.kept
      if (!isTry || !isOpen) throw error
    }
    tried.push(id)
  }
}

interface Reserving extends Pick<RefundedMoney, 'original' | 'giving'> {
  charge: TakenCharge
  post: Post | undefined
  customerNote?: string | undefined
  merchantNote?: string | undefined
  /** How long the background leaves it to the call. */
  waitMs: number
}

/** Reserves the money and records the refund, in one commit. */
async function reserve(
  context: FreeContext,
  tenant: Tenant,
  { original, charge, giving, post, waitMs, customerNote, merchantNote }: Reserving,
  request: IdempotentRequest | null,
): Promise<MadeRefund> {
  const { merchant, mode, actor } = tenant
  const { transactionId, kind, reason } = giving
  const now = context.clock.now()
  const { currency } = original
  const wireId = charge.hasPayment ? await allocateId(context, tenant) : null
  const command: LedgerCommand = {
    action: 'place',
    id: uuidV7(context.random, now),
    currency,
    from: original.to,
    amount: giving.amount,
    originalId: original.id,
    description: null,
    expiresAt: null,
    event: null,
    request,
  }
  const noting = sql`
    noted as (
      insert into refunds (
        merchant_id, id, mode, number, wire_id, kind, original_id, payment_intent_id, charge_reference, customer_id,
        amount, currency, reason, customer_note, merchant_note, actor_id, request_id, due_at, created_at, updated_at
      )
      select
        ${merchant.id}, n.id, ${mode}, case when ${wireId}::bigint is not null then f.next_number end, ${wireId}::bigint,
        ${kind}, ${transactionId}::uuid, ${charge.intentUuid}::uuid, ${charge.reference}, ${charge.payerId}::bigint,
        n.amount, ${currency}, ${reason}::text, ${customerNote ?? null}::text, ${merchantNote ?? null}::text, ${actor?.id ?? null}::integer,
        ${actor === undefined ? null : packRequestId(actor.requestId)}::bytea,
        ${new Date(now.getTime() + waitMs)}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
      from done_now n
      cross join lateral figures_of_refund(${merchant.id}, n.id) f
      returning *
    ),
    ${tellRefund(tenant, { changed: sql`noted`, state: 'pending', original, at: now })}
  `
  const receipt = await (post ?? doCommandNoting)(context, tenant, command, noting)
  return {
    id: receipt.id,
    kind,
    transactionId,
    assignedId: assignedIdOf(original),
    amount: receipt.amount,
    currency,
    createdAt: receipt.createdAt,
    replayed: receipt.replayed,
    // A repeat of a request of before an upgrade was done at once.
    isPending: !receipt.replayed || (await findProcessorRefund(context, tenant, { id: receipt.id })) !== null,
  }
}

/** Before the posting, which would hold the ids of the merchant while it waits for its turn. */
async function allocateId(context: Context, { merchant }: Tenant): Promise<bigint> {
  const [row] = await context.db.query<{ id: bigint }>(sql`select allocate_ids(${merchant.id}, 1) as id`)
  return row?.id as bigint
}

/** Takes the next step of a refund. Throws what the processor's calls throw, `not_available`. */
export async function advanceRefund(context: PaymentsContext, tenant: Tenant, id: string): Promise<void> {
  const refund = await findProcessorRefund(context, tenant, { id })
  if (refund === null) return
  if (refund.verdict !== null) {
    if (isOver(refund.state)) return lookAtSettled(context, tenant, refund)
    // The server of the person who has decided it has died.
    await endDecided(context, tenant, id)
    return
  }
  if (isOver(refund.state)) return
  if (refund.state !== 'pending' || refund.askedAt !== null) {
    await askAboutRefund(context, tenant, refund)
    return
  }
  const processor = await takerOf(context, tenant, refund)
  const askedAt = await claim(context, tenant, refund)
  if (askedAt === null) return
  await learn(context, tenant, { ...refund, askedAt }, processor.sendReturn(tenant, returnOf(refund)))
}

/**
 * Asks the processor of a refund about it, and does what the answer says. Never sends it: only the call that has claimed it does. Answers
 * what the processor says. Throws what the processor's calls throw, `not_available`.
 */
export async function askAboutRefund(
  context: PaymentsContext,
  tenant: Tenant,
  refund: ProcessorRefund,
): Promise<ReturnState | NotSent> {
  const processor = await takerOf(context, tenant, refund)
  return learn(context, tenant, refund, processor.queryReturn(tenant, returnOf(refund)))
}

/** Does what the answer of a processor to a request for a refund, or to a question about it, says. Answers it. Throws what it throws. */
async function learn<Answer extends ReturnState | NotSent>(
  context: PaymentsContext,
  tenant: Tenant,
  refund: ProcessorRefund,
  call: Promise<Answer>,
): Promise<Answer> {
  const answer = await call.catch((error: unknown) => ({ status: 'unknown' as const, error }))
  const beside = 'othersTook' in answer ? await noteTakenBeside(context, tenant, refund) : null
  if (answer.status === 'unknown') await learnUnknown(context, tenant, refund, { isSilent: 'error' in answer })
  else await learnReturn(context, tenant, refund, answer)
  // The money that is free again is taken at once, before it is spent.
  await beside?.()
  // A question that failed says nothing new, and is counted among the failures.
  if ('error' in answer) throw answer.error
  return answer
}

/**
 * Takes the message of an account that a refund of a payment has changed. The message is not believed: the account is asked
 * about the payment's refunds by the next server that looks.
 */
export async function takeRefundNotice(context: Context, tenant: Tenant, sentReference: string): Promise<void> {
  await context.db.query(sql`
    update refunds r set due_at = least(r.due_at, ${context.clock.now()})
    from (${sentUnder(tenant, sentReference)}) s
    where r.merchant_id = ${tenant.merchant.id} and r.payment_intent_id = s.payment_intent_id and r.due_at is not null
  `)
}

/**
 * Sends a refund that needs attention to a bank account of the payer. Answers the refund as it then is; null where the processor
 * does not show the refund, so that nothing was sent. Throws `not_available`, `busy` where the processor could not be asked.
 */
export async function redirectRefund(
  context: PaymentsContext,
  tenant: Tenant,
  refund: ProcessorRefund,
  destination: ReturnDestination,
): Promise<ProcessorRefund | null> {
  const processor = await takerOf(context, tenant, refund)
  const answer = await processor.redirectReturn(tenant, returnOf(refund), destination).catch((error): NotSent => {
    if (error instanceof UpstreamError) return { status: 'not_sent', why: 'no_connection' }
    throw error
  })
  if (answer === null) return null
  if (answer.othersTook) await (await noteTakenBeside(context, tenant, refund))()
  if (answer.status === 'not_sent') {
    throw new ServiceError('busy', 'The processor could not be asked at this moment; send the request again')
  }
  if (answer.status !== 'unknown') await learnReturn(context, tenant, refund, answer)
  return findProcessorRefund(context, tenant, refund)
}

/** Lets one caller ask the processor to give back: answers the time for that caller, and null for every other. */
async function claim(context: Context, { merchant }: Tenant, { id }: ProcessorRefund): Promise<Date | null> {
  const now = context.clock.now()
  const rows = await context.db.query(sql`
    update refunds set asked_at = ${now}, state_reason = null, due_at = ${new Date(now.getTime() + ownTimeMs)}, updated_at = ${now}
    where merchant_id = ${merchant.id} and id = ${id} and asked_at is null and state = 'pending'
    returning id
  `)
  return rows.length > 0 ? now : null
}

/** Brings a refund to where its processor says that it is. Everybody who learns something does this, in any order. */
async function learnReturn(
  context: FreeContext,
  tenant: Tenant,
  refund: ProcessorRefund,
  answer: Exclude<ReturnState, { status: 'unknown' }> | NotSent,
): Promise<void> {
  switch (answer.status) {
    case 'not_sent':
      return sendLater(context, tenant, refund, answer.why)
    case 'succeeded':
      return endRefund(context, tenant, refund, { state: 'processed', reason: null })
    case 'failed':
    case 'refused':
      return endRefund(context, tenant, refund, { state: 'failed', reason: answer.reason })
    case 'needs_attention':
      return moveTo(context, tenant, refund, { state: 'needsAttention', reason: answer.reason })
    default:
      return moveTo(context, tenant, refund, { state: answer.status, reason: null })
  }
}

/**
 * Notes that nobody can say whether the processor has a refund: it does not show it, or `isSilent`. That never allows a second
 * request: in the end a person has to look.
 */
async function learnUnknown(
  context: FreeContext,
  tenant: Tenant,
  refund: ProcessorRefund,
  { isSilent }: { isSilent: boolean },
): Promise<void> {
  const { state, askedAt, createdAt } = refund
  const now = context.clock.now()
  if (state !== 'pending' && state !== 'unknown')
    return moveTo(context, tenant, refund, { state: 'unknown', reason: null })
  if (state === 'unknown' && mustLook(refund, now, isSilent)) {
    return moveTo(context, tenant, refund, { state: 'needsAttention', reason: reasons.lost })
  }
  const step: Step = { state: 'unknown', reason: isSilent ? reasons.silent : reasons.absent }
  if (state === 'pending') await moveTo(context, tenant, refund, step)
  const dueAt = nextUnknownLookAt(askedAt ?? createdAt, now, isSilent)
  await context.db.query(sql`
    update refunds set
      state_reason = ${step.reason}, due_at = ${dueAt}, attempts = 0,
      absent_since = coalesce(absent_since, ${isSilent ? null : now}::timestamptz)
    where merchant_id = ${tenant.merchant.id} and id = ${refund.id} and state = 'unknown' and verdict is null
  `)
}

function mustLook(
  { askedAt, createdAt, unknownSince, absentSince }: ProcessorRefund,
  now: Date,
  isSilent: boolean,
): boolean {
  const isPast = (since: Date | null, ms: number) => since !== null && now.getTime() - since.getTime() >= ms
  const isAbsent = isPast(askedAt ?? createdAt, absentMs.sinceAsked) && isPast(absentSince, absentMs.sinceAbsent)
  return (isAbsent && !isSilent) || isPast(unknownSince, unknownMs)
}

/**
 * Moves a refund on without its money. A state that may not follow, or that another caller has left, changes nothing. One that was surely
 * not sent is not unknown: a caller who looked before may say so afterwards.
 */
async function moveTo(
  context: Context,
  tenant: Tenant,
  refund: ProcessorRefund,
  { state, reason }: Step,
): Promise<void> {
  const { merchant } = tenant
  const { id } = refund
  const now = context.clock.now()
  const dueAt = nextLook(refund, now)
  if (!refundArrows[refund.state].includes(state)) {
    await context.db.query(sql`
      update refunds set due_at = ${dueAt}, attempts = 0
      where merchant_id = ${merchant.id} and id = ${id} and state = ${refund.state} and verdict is null
    `)
    return
  }
  const original = await getOriginal(context, tenant, refund.transactionId, refund.kind)
  await context.db.query(sql`
    with noted as (
      update refunds set
        state = ${state}, state_reason = ${reason}::text, due_at = ${dueAt}, attempts = 0, updated_at = ${now},
        unknown_since = ${state === 'unknown' ? now : null}::timestamptz, absent_since = null
      where merchant_id = ${merchant.id} and id = ${id} and state = ${refund.state} and verdict is null
        and (${state} <> 'unknown' or asked_at is not null)
      returning *
    ),
    ${tellRefund(tenant, { changed: sql`noted`, state, original, at: now })}
    select id from noted
  `)
}

/** The request has surely made nothing, so it is sent again. */
async function sendLater(
  context: Context,
  { merchant }: Tenant,
  refund: ProcessorRefund,
  why: NotSentReason,
): Promise<void> {
  const now = context.clock.now()
  await context.db.query(sql`
    update refunds set
      asked_at = null, state_reason = ${waitingSentences[why]}, due_at = ${nextUnknownLookAt(refund.createdAt, now, true)},
      updated_at = ${now}
    where merchant_id = ${merchant.id} and id = ${refund.id} and state = 'pending'
  `)
}

function nextLook({ askedAt, createdAt }: Pick<ProcessorRefund, 'askedAt' | 'createdAt'>, now: Date): Date {
  return nextLookAt(askedAt ?? createdAt, now)
}

const dueRefunds: DueTask<PaymentsContext, object, string> = {
  name: 'refunds',
  table: sql`refunds`,
  idType: sql`uuid`,
  open: sql`d.due_at is not null`,
  columns: sql`d.state`,
  work: (context, { tenant, id }: DueRow<string>) => advanceRefund(context, tenant, id),
}

/** Takes the next step of every refund that is due, and answers how many. */
export function settleDueRefunds(context: PaymentsContext, places?: Places): Promise<number> {
  return doDue(context, dueRefunds, places)
}
