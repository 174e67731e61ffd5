import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { firstAccountId } from '../ledger/accounts.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type NotSentReason, waitingSentences } from '../payments/unsent.ts'
import { isApprovedByUrl } from './approval-urls.ts'
import { askAboutPayout } from './payout-approvals.ts'
import { endFailing, noteFailing } from './payout-attention.ts'
import { bookApproved, endContradiction, noteContradicted } from './payout-contradictions.ts'
import { bookLate, bookReturn, decidePayout, endAsDecided, endPayout, isReleased } from './payout-ending.ts'
import { believedFee, bookRestOfFee, hasOtherFee, learnFee, noteStrangeFee } from './payout-fees.ts'
import { lookAtName, lookForApprover, waitsForName } from './payout-names.ts'
import { coolingUntil } from './payout-precautions.ts'
import type {
  AskOutcome,
  PayoutDestination,
  PayoutEnd,
  PayoutOrder,
  PayoutProcessor,
  PayoutsContext,
  SendOutcome,
} from './payout-processor.ts'
import { findPayout, type Payout } from './payout-records.ts'
import {
  adoptOrder,
  beginAgain,
  beginSending,
  giveToPerson,
  noteAccount,
  noteCooling,
  noteKnowledge,
  notePause,
  noteRefusal,
  putBack,
  type Refused,
} from './payout-sending.ts'
import { getPayoutSettings } from './payout-settings.ts'
import { isOpen, openStates } from './payout-states.ts'

/** A payout is looked at after as long again as it has taken so far, within these bounds. */
const firstLookMs = 1_000
/** How often an order is sent as soon as it may be sent again. */
const sendsAtOnce = 5
const lastLookMs = 60 * 60 * 1000
/** With the time that an answer of a processor is waited for, this is less than the time for which a payout stays with its sender. */
const lateMs = 2_000
/** Whoever decides a payout here ends it within this time, or has died. */
const endMs = 10_000
/** After this time in which nobody could say whether the processor has a payout, a person has to find out. */
const unknownMs = 60 * 60 * 1000

/** After this time in which its account has not decided about a payout, a person has to ask there. */
const undecidedMs = 24 * 60 * 60 * 1000

const sentences: Readonly<Record<NotSentReason | 'otp' | 'unknown' | 'disagrees' | 'lost' | 'undecided', string>> = {
  ...waitingSentences,
  not_enabled:
    'The account may not pay out, or refuses it in words that no document has: look there; the payout can be cancelled',
  otp: 'The account asks for a one-time password: give it there, or turn this question off',
  unknown:
    'Nobody can say whether the processor has it. The money stays reserved, and nothing is sent again: look for it there',
  disagrees: 'The account has something else under the reference of this payout; it differs in ',
  lost: 'The account had it, and does not find it any more: look for it there',
  undecided: 'Its account has not decided for a day. The money stays reserved: ask there',
}

/** Takes the next step of a payout. Throws `not_available`, and what the processor throws: then the step is taken again. */
export async function advancePayout(context: PayoutsContext, tenant: Tenant, id: string): Promise<void> {
  const payout = await findPayout(context, tenant, { id })
  if (payout === null) return
  if (payout.verdict !== null && payout.endedAt === null) {
    // The server that wrote the verdict has died. Its account says when the next look is, once it is asked.
    await endPayout(context, tenant, id, payout.accountId === null ? null : firstLookMs)
    return
  }
  // The server that was to book what two people have found has died.
  if (await bookApproved(context, tenant, payout)) return
  if (hasOtherFee(payout)) await bookRestOfFee(context, tenant, payout)
  if (payout.state === 'awaiting_approval') {
    if (payout.approvalId === null) await askAboutPayout(context, tenant, payout)
    else await lookForApprover(context, tenant, payout)
    return
  }
  if (payout.state === 'pending') return sendFirst(context, tenant, payout)
  if (payout.accountId === null) return rest(context, tenant, payout, [])
  const { processor, answer } = await askWhoHas(context, tenant, payout, payout.accountId)
  await learn(context, tenant, { payout, processor }, answer)
  if (processor === null || answer.is !== 'not_found' || payout.state !== 'sending') return
  // An account has told of an order that was never sent from here: a person has to find out.
  if (waysOut(payout) === 0) return
  const { stateCode: code, stateReason: reason, sendCount } = payout
  if (!isOver(context, payout, code === null ? sendAgainMsOf(processor) : processor.notFoundMs)) return
  if (code === null) return sendAgain(context, tenant, payout, processor)
  await fail(context, tenant, payout, { code, reason: reason ?? '', sendCount })
}

/** How many of its sendings may have arrived. */
function waysOut({ sendCount, unsentCount }: Payout): number {
  return sendCount - unsentCount
}

/**
 * Asks the account that was sent a payout. Where that account says nothing, because its key was replaced or is not kept any more, the
 * account that is chosen now is asked as well: if it knows the reference, which nobody can guess, it is the same account, and an open
 * payout is its own from then on. `processor` is null where nobody could be asked.
 */
async function askWhoHas(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  accountId: bigint,
): Promise<{ processor: PayoutProcessor | null; answer: AskOutcome }> {
  const sender = await context.payoutProcessorOf(context, tenant, { sentBy: accountId })
  const processor = sender === 'manual' ? null : sender
  const answer: AskOutcome = (await processor?.ask(tenant, orderOf(payout))) ?? { is: 'unknown' }
  if (answer.is !== 'unknown' || answer.differences !== undefined || accountId < firstAccountId)
    return { processor, answer }
  const chosen = await context.payoutProcessorOf(context, tenant, 'new')
  if (chosen === null || chosen === 'manual' || [accountId, 0n].includes(chosen.accountId)) return { processor, answer }
  const other = await chosen.ask(tenant, orderOf(payout))
  if (other.is !== 'exists' && other.is !== 'conclusive') return { processor, answer }
  // Money that comes back comes by the account that has paid it.
  if (payout.endedAt === null) await noteAccount(context, tenant, payout, chosen.accountId)
  return { processor: chosen, answer: other }
}

/** Fails a payout that has surely not been made, if nobody has sent it since. */
async function fail(
  context: PayoutsContext,
  tenant: Tenant,
  { id, state }: Payout,
  why: { code: string; reason: string; sendCount: number },
): Promise<void> {
  const decided = await decidePayout(context, tenant, id, { verdict: 'failed', from: [state], endMs, ...why })
  if (decided === null) await endPayout(context, tenant, id)
  else await endAsDecided(context, tenant, decided)
}

async function sendFirst(context: PayoutsContext, tenant: Tenant, waiting: Payout): Promise<void> {
  if (waiting.processor === 'manual') return sendByHand(context, tenant, waiting)
  const settings = await getPayoutSettings(context, tenant)
  const processor = await context.payoutProcessorOf(context, tenant, 'new')
  const payout = await lookAtName(context, tenant, waiting, processor)
  if (await waitsForName(context, tenant, payout, settings)) return
  const until = coolingUntil(context, payout, settings)
  if (until !== null) return noteCooling(context, tenant, payout, until)
  if (processor === null || !(await isApprovedByUrl(context, tenant, payout, settings))) return
  if (processor === 'manual') return sendByHand(context, tenant, payout)
  const begun = await beginSending(context, tenant, payout, processor.accountId)
  if (begun === null) return notePause(context, tenant, payout, sentences.paused)
  if ('refusal' in begun) return failRefused(context, tenant, payout, begun)
  await send(context, tenant, begun.begun, processor)
}

/** Gives a payout to a person who pays it out. The precautions are over by then. */
export async function sendByHand(context: PayoutsContext, tenant: Tenant, payout: Payout): Promise<void> {
  const refused = await giveToPerson(context, tenant, payout)
  if (refused !== null) await failRefused(context, tenant, payout, refused)
}

function failRefused(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  { refusal: code, sentence: reason }: Refused,
): Promise<void> {
  return fail(context, tenant, payout, { code, reason, sendCount: payout.sendCount })
}

async function sendAgain(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  processor: PayoutProcessor,
): Promise<void> {
  const begun = await beginAgain(context, tenant, payout)
  if (begun !== null) await send(context, tenant, begun, processor)
}

/**
 * Only whoever has committed that it sends calls this, with the payout as it was committed. One who hears late of the commit looks
 * whether the payout is still its own.
 */
async function send(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  processor: PayoutProcessor,
): Promise<void> {
  if (isOver(context, payout, lateMs) && !(await isStillOwn(context, tenant, payout))) return
  const outcome = await processor.send(tenant, orderOf(payout))
  await learnSent(context, tenant, { payout, processor }, outcome)
}

async function isStillOwn(context: PayoutsContext, tenant: Tenant, { id, sendCount }: Payout): Promise<boolean> {
  const now = await findPayout(context, tenant, { id })
  return now?.state === 'sending' && now.sendCount === sendCount
}

/** Nothing that a party says when it is sent something is believed, but that it has refused: it is asked once more. */
async function learnSent(
  context: PayoutsContext,
  tenant: Tenant,
  { payout, processor }: { payout: Payout; processor: PayoutProcessor },
  outcome: SendOutcome,
): Promise<void> {
  const sent = { payout, processor }
  switch (outcome.is) {
    case 'refused': {
      const { code, reason } = outcome
      const { sendCount } = payout
      if (waysOut(payout) === 1) return fail(context, tenant, payout, { code, reason, sendCount })
      // Of an order that was sent twice, the first may have arrived meanwhile: it fails if it is still not found after a while.
      await noteOpen(context, tenant, sent)
      return noteRefusal(context, tenant, payout, { code, reason })
    }
    case 'not_sent': {
      if (waysOut(payout) > 1) return noteOpen(context, tenant, sent)
      const { why, said = null, waitMs } = outcome
      const dueAt = waitMs === null ? nextLook(context, payout.createdAt) : later(context, Math.min(waitMs, lastLookMs))
      const isForPerson = why === 'unauthorized' || why === 'short_of_funds' || why === 'not_enabled'
      // Other refusals have one meaning each. What it is that the business may not do only the account says.
      const words = why === 'not_enabled' ? said : null
      return putBack(context, tenant, payout, { code: why, reason: sentences[why], said: words, isForPerson, dueAt })
    }
    case 'conclusive':
      return learn(context, tenant, sent, await processor.ask(tenant, orderOf(payout)))
    default:
      return learn(context, tenant, sent, outcome)
  }
}

/** A payout, and the processor that was asked; null where nobody could be. */
interface Sent {
  payout: Payout
  processor: PayoutProcessor | null
}

/** Brings a payout to where its processor says that it is. Everybody who learns something does this, in any order. */
async function learn(context: PayoutsContext, tenant: Tenant, sent: Sent, outcome: AskOutcome): Promise<void> {
  const { payout, processor } = sent
  if (outcome.is === 'conclusive') return conclude(context, tenant, sent, outcome.end)
  if (!isOpen(payout.state)) return rest(context, tenant, payout, processor?.returnLooksMs ?? [])
  if (outcome.is === 'exists') {
    const code = outcome.attention ?? (isOver(context, payout, undecidedMs) ? 'undecided' : null)
    const attention = code === null ? null : { code, reason: sentences[code] }
    return noteKnowledge(context, tenant, payout, {
      state: 'sent',
      attention,
      isUnknown: false,
      dueAt: look(context, sent),
    })
  }
  const differences = outcome.is === 'unknown' ? (outcome.differences ?? []) : []
  await noteOpen(context, tenant, sent, differences)
}

async function noteOpen(
  context: Context,
  tenant: Tenant,
  sent: Sent,
  differences: readonly string[] = [],
): Promise<void> {
  const { payout } = sent
  const state = payout.state === 'sent' ? 'sent' : 'sending'
  const attention = attentionOf(context, payout, differences)
  await noteKnowledge(context, tenant, payout, { state, attention, isUnknown: true, dueAt: look(context, sent) })
}

function attentionOf(
  { clock }: Context,
  { state, unknownSince }: Payout,
  differences: readonly string[],
): { code: string; reason: string } | null {
  if (differences.length > 0) return { code: 'disagrees', reason: `${sentences.disagrees}${differences.join(', ')}` }
  if (unknownSince === null || clock.now().getTime() - unknownSince.getTime() < unknownMs) return null
  const code = state === 'sent' ? 'lost' : 'unknown'
  return { code, reason: sentences[code] }
}

async function conclude(context: PayoutsContext, tenant: Tenant, sent: Sent, end: PayoutEnd): Promise<void> {
  const { payout, processor } = sent
  const { id, state, endedAt } = payout
  const sinceMs = endedAt === null ? 0 : context.clock.now().getTime() - endedAt.getTime()
  const isAwaited = end.status === 'paid' && end.lookAfterMs !== undefined
  const looksMs = isAwaited ? [sinceMs + (end.lookAfterMs as number)] : (processor?.returnLooksMs ?? [])
  const fee = end.status === 'failed' ? null : believedFee(payout, processor, end.fee)
  if (isOpen(state)) {
    const isPaid = end.status === 'paid'
    const decided = await decidePayout(context, tenant, id, {
      verdict: isPaid ? 'paid' : 'failed',
      from: openStates,
      endMs,
      fee,
      ...(isPaid ? {} : { code: end.status === 'returned' ? 'reversed' : end.code, reason: end.reason }),
    })
    if (decided === null) {
      const now = await endPayout(context, tenant, id, looksMs[0])
      // Somebody has decided otherwise meanwhile, by an older answer.
      if (isPaid && now.state !== 'paid' && now.state !== 'returned') await bookLate(context, tenant, now, fee)
    } else await endAsDecided(context, tenant, decided, looksMs[0])
    if (isPaid && fee === null && end.fee !== null) await noteStrangeFee(context, tenant, payout, end.fee)
    return
  }
  if (end.status === 'paid' && state !== 'paid' && state !== 'returned') return bookLate(context, tenant, payout, fee)
  if (end.status === 'returned' && state === 'paid') {
    return bookReturn(context, tenant, payout, { code: 'returned', reason: end.reason })
  }
  if (end.status === 'paid' && state === 'paid' && end.fee !== null) {
    if (fee === null) await noteStrangeFee(context, tenant, payout, end.fee)
    else await learnFee(context, tenant, payout, fee)
  }
  // Only a person has said that it was paid. One that is late was paid by the word of its account.
  if (end.status === 'failed' && state === 'paid' && payout.isSettledByHand && !payout.isLate) {
    return bookReturn(context, tenant, payout, { code: end.code, reason: end.reason, isUnmade: true })
  }
  // It was asked after the end was booked, so this is no older answer.
  const isContradicted =
    (end.status === 'paid' && state === 'returned') || (end.status === 'failed' && state === 'paid')
  if (isContradicted) await noteContradicted(context, tenant, payout)
  else if (payout.attention === 'contradicted') await endContradiction(context, tenant, payout)
  await rest(context, tenant, payout, isContradicted ? [] : looksMs)
}

/**
 * Of a payout that has ended nothing more is expected, but that the money of a paid one comes back, and that one which a person has
 * released was paid. A notice that came since it was read stays due: the answer may be older.
 */
async function rest(
  { db, clock }: Context,
  { merchant }: Tenant,
  payout: Payout,
  looksMs: readonly number[],
): Promise<void> {
  const { id, state, endedAt, dueAt: before } = payout
  const sinceMs = endedAt === null ? 0 : clock.now().getTime() - endedAt.getTime()
  const next = state === 'paid' || isReleased(payout) ? looksMs.find((each) => each > sinceMs) : undefined
  const dueAt = next === undefined || endedAt === null ? null : new Date(endedAt.getTime() + next)
  await db.query(sql`
    update payouts set due_at = ${dueAt}::timestamptz, attempts = 0
    where merchant_id = ${merchant.id} and id = ${id} and ended_at is not null
      and due_at is not distinct from ${before}::timestamptz
  `)
}

/**
 * Takes the message of an account about an order: it is not believed, and the order is asked about by the next server that looks.
 * One that was never sent from here, because the database was restored from a backup, is that account's from then on: it is not sent
 * before the account has been asked, and never again without a person.
 */
export async function takePayoutNotice(
  context: Context,
  tenant: Tenant,
  sentReference: string,
  accountId: bigint,
): Promise<void> {
  const { merchant } = tenant
  const now = context.clock.now()
  await adoptOrder(context, tenant, sentReference, accountId)
  await context.db.query(sql`
    update payouts set due_at = ${now}
    where merchant_id = ${merchant.id} and sent_reference = ${sentReference} and account_id is not null
      and (due_at is null or due_at > ${now})
  `)
}

/** A payout as its processor is sent it, and asked about it. */
export function orderOf({ sentReference, amount, currency, recipient, reason }: Payout): PayoutOrder {
  const { type, accountNumber, bankCode, name } = recipient
  const destination: PayoutDestination = { type, accountNumber, bankCode, name: name ?? '' }
  return { reference: sentReference, amount, currency, destination, reason }
}

/** Whether it was sent so long ago. */
function isOver({ clock }: Context, { sentAt }: Payout, ms: number): boolean {
  return sentAt !== null && clock.now().getTime() - sentAt.getTime() >= ms
}

/**
 * The next look; no later than the end of the time for which an order may still arrive. An order that was sent in vain again and again is
 * sent at growing pauses.
 */
function look(context: Context, { payout, processor }: Sent): Date {
  const { state, sentAt, createdAt, sendCount, unknownSince } = payout
  const isInVain = sendCount > sendsAtOnce && unknownSince !== null
  const next = nextLook(context, isInVain ? unknownSince : (sentAt ?? createdAt))
  if (state !== 'sending' || sentAt === null || processor === null || isInVain) return next
  const now = context.clock.now()
  const ends = [sendAgainMsOf(processor), processor.notFoundMs].map((each) => new Date(sentAt.getTime() + each))
  return ends.find((end) => end > now && end < next) ?? next
}

function sendAgainMsOf({ sendAgainMs, notFoundMs }: PayoutProcessor): number {
  return sendAgainMs ?? notFoundMs
}

function nextLook(context: Context, since: Date): Date {
  const tookMs = context.clock.now().getTime() - since.getTime()
  return later(context, Math.min(Math.max(tookMs, firstLookMs), lastLookMs))
}

function later({ clock }: Context, ms: number): Date {
  return new Date(clock.now().getTime() + ms)
}

/** A step that fails so often in a row by a fault of this service is not left to the log alone. */
const failingFrom = 2

const duePayouts: DueTask<PayoutsContext, object, string> = {
  name: 'payouts',
  table: sql`payouts`,
  idType: sql`uuid`,
  open: sql`d.due_at is not null`,
  columns: sql`d.state`,
  async work(context, { tenant, id, attempts }: DueRow<string>) {
    await advancePayout(context, tenant, id)
    if (attempts >= failingFrom) await endFailing(context, tenant, id)
  },
  fault: { attempts: failingFrom, note: (context, { tenant, id }) => noteFailing(context, tenant, id) },
}

/** Takes the next step of every payout that is due, and answers how many. */
export function advanceDuePayouts(context: PayoutsContext, places?: Places): Promise<number> {
  return doDue(context, duePayouts, places)
}
