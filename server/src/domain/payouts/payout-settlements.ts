import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Approval, findWaiting } from '../approvals/approval-records.ts'
import { areOn, getApprovalSettings } from '../approvals/approval-settings.ts'
import { recordApproval } from '../approvals/asking.ts'
import type { ApprovalOwner } from '../approvals/decisions.ts'
import { type Context, type FreeContext, inTransaction, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { sendByHand } from './advancing.ts'
import { agreeToBook, bookApproved, bookFinding, isBookedAs } from './payout-contradictions.ts'
import { decideAndEnd, endDecided, notOpen } from './payout-decisions.ts'
import { type Decision, decidePayout, released } from './payout-ending.ts'
import { findPrecaution } from './payout-precautions.ts'
import type { PayoutsContext } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'

/*
 * A person says how a payout has ended: one that people pay out, or one whose account cannot say it. Where anything waits for a
 * second person, this does too, whatever its amount. The account may say otherwise later: that is a fact, and is booked.
 */

/** How a person has found a payout. */
export interface Settlement {
  readonly outcome: 'paid' | 'failed'
  /** The name of the transfer at the bank, or what shows that there is none. Not blank. */
  readonly proof: string
  /** Why it is settled by hand; required of a payout of an account. */
  readonly reason?: string | undefined
  /** What the bank has kept besides the amount, in minor units; of a paid one only, at most the amount. */
  readonly fee?: bigint | undefined
  /** Whether the outcome is booked of a payout whose account says otherwise than it has ended. Default false: somebody has looked. */
  readonly book?: boolean | undefined
}

/** Why a person has to look at a payout whose end its account cannot say. */
const unknowable = ['unknown', 'lost', 'disagrees', 'undecided']
/** Why a person has to look at a payout that has ended. */
const endedOddly = ['late', 'fee', 'contradicted']

/**
 * Ends a payout as a person says, or has a second person asked where anything waits for one: the answer then has
 * `settlementApprovalId`, and is as open as before. Of one that was paid late, for a fee beyond reason, or whose account says
 * otherwise than it has ended, it notes that a person has looked: no money moves, and nobody is asked. With `book`, of the last,
 * what the account says is booked. The same again answers the same, but of the last. Throws `payout_not_found`, `payout_not_open`,
 * `invalid_request`, `approval_waiting` while another settlement of it waits, and `not_available` for a payout whose account can
 * say how it ends.
 */
export async function settlePayout(
  context: PayoutsContext,
  tenant: Tenant,
  id: string,
  settlement: Settlement,
): Promise<Payout> {
  const payout = await getPayout(context, tenant, id)
  if (settlement.book === true) return haveBooked(context, tenant, payout, settlement)
  if (isEndedOddly(payout)) return noteLookedAt(context, tenant, payout, settlement)
  if (payout.verdict !== null && payout.isSettledByHand)
    return decideAndEnd(context, tenant, id, decisionOf(payout, settlement))
  await requireByHand(context, tenant, payout)
  const byHand = await getPayout(context, tenant, id)
  if (byHand.endedAt !== null) {
    const message = `The payout is ${byHand.state}: ${byHand.stateReason ?? 'it has just ended'}`
    throw new ServiceError('payout_not_open', message)
  }
  check(byHand, settlement)
  if (areOn(await getApprovalSettings(context, tenant))) return waitForSecond(context, tenant, byHand, settlement)
  return decideAndEnd(context, tenant, id, decisionOf(byHand, settlement))
}

/** Also of one that was looked at before. */
function isEndedOddly({ endedAt, attention, isLate, isSettledByHand, proof, state }: Payout): boolean {
  if (endedAt === null) return false
  const isLookedAt = attention === null && proof !== null && (!isSettledByHand || (isLate && state === 'paid'))
  return isLookedAt || (attention !== null && endedOddly.includes(attention))
}

/** The fee that is booked counts as known from then on. */
async function noteLookedAt(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  { outcome, proof, fee }: Settlement,
): Promise<Payout> {
  const { id, attention, settlementApprovalId } = payout
  if (outcome !== 'paid') {
    const what = attention === 'contradicted' && payout.state === 'paid' ? ', unless you have it booked with book' : ''
    throw refuse(`outcome must be paid: nothing is changed but that a person has looked${what}`, 'outcome')
  }
  if (proof.trim() === '') throw refuse('proof is blank: say what shows that it was looked at', 'proof')
  if (fee !== undefined) throw refuse('fee is told by the account: leave it out', 'fee')
  if (settlementApprovalId !== null) await requireNoneWaiting(context, tenant, id)
  if (attention !== null) {
    await context.db.query(sql`
      update payouts set
        attention = null, attention_reason = null, updated_at = ${context.clock.now()},
        fee = case when attention = 'fee' then coalesce(fee, booked_fee) else fee end, proof = ${proof}
      where merchant_id = ${tenant.merchant.id} and id = ${id} and ended_at is not null and attention = ${attention}
    `)
  }
  return getPayout(context, tenant, id)
}

async function requireNoneWaiting(context: Context, tenant: Tenant, id: string): Promise<void> {
  const waiting = await findWaiting(context, tenant, { kind: 'payout_settlement', subjectId: id })
  if (waiting !== null) throw anotherWaits(waiting)
}

/** Has a finding about a payout booked whose account contradicts itself. */
async function haveBooked(
  context: FreeContext,
  tenant: Tenant,
  payout: Payout,
  settlement: Settlement,
): Promise<Payout> {
  const { id, state, attention } = payout
  const { outcome, proof, reason = '', fee } = settlement
  if (isBookedAs(payout, settlement)) return payout
  if (attention !== 'contradicted') {
    throw refuse('book is for a payout that needs attention because it is contradicted; leave it out', 'book')
  }
  const other = state === 'returned' ? 'paid' : 'failed'
  if (outcome !== other) throw refuse(`outcome must be ${other}: the payout is ${state} here already`, 'outcome')
  if (fee !== undefined) throw refuse('fee is told by the account: leave it out', 'fee')
  check(payout, settlement)
  if (areOn(await getApprovalSettings(context, tenant))) return waitForSecond(context, tenant, payout, settlement)
  await bookFinding(context, tenant, payout, { outcome, proof, reason })
  return getPayout(context, tenant, id)
}

async function requireByHand(context: PayoutsContext, tenant: Tenant, payout: Payout): Promise<void> {
  if (payout.processor === 'manual' || isUnknowable(payout)) return
  const isNew = payout.processor === null && payout.state === 'pending'
  if (isNew && (await context.payoutProcessorOf(context, tenant, 'new')) === 'manual') {
    const precaution = await findPrecaution(context, tenant, payout)
    if (precaution === null) return sendByHand(context, tenant, payout)
    throw new ServiceError('payout_not_open', `The payout is not given to a person yet. ${precaution}`)
  }
  const message = `Only payouts of the processor manual are settled by hand, and those that need attention because they are ${[...unknowable, ...endedOddly].join(', ')}; the processor of this one says how it ends`
  throw new ServiceError('not_available', message)
}

function isUnknowable({ state, attention }: Payout): boolean {
  return (state === 'sending' || state === 'sent') && attention !== null && unknowable.includes(attention)
}

function check({ processor, amount }: Payout, { outcome, proof, reason, fee }: Settlement): void {
  if (proof.trim() === '') throw refuse('proof is blank: say what shows how it has ended', 'proof')
  if (processor !== 'manual' && !reason?.trim()) {
    throw refuse('reason is missing: say why a payout of an account is settled by hand', 'reason')
  }
  if (fee === undefined) return
  if (outcome === 'failed') throw refuse('fee is for the outcome paid; leave it out', 'fee')
  if (fee < 0n || fee > amount) throw refuse(`fee must be from 0 to ${amount}, the amount of the payout`, 'fee')
}

function refuse(message: string, field: string): ServiceError {
  return new ServiceError('invalid_request', message, field)
}

function decisionOf({ processor }: Payout, { outcome, proof, reason, fee }: Settlement): Decision {
  const isManual = processor === 'manual'
  const from = isManual
    ? ({ from: ['pending'] } as const)
    : ({ from: ['sending', 'sent'], attention: unknowable } as const)
  if (outcome === 'paid') return { verdict: 'paid', ...from, proof, fee: fee ?? (isManual ? 0n : null) }
  return { verdict: 'failed', ...from, proof, code: isManual ? 'failed' : released, reason: reason ?? proof }
}

/** As an approval keeps it. */
interface Details {
  readonly outcome: Settlement['outcome']
  readonly fee: number | null
  /** The last movement of the payout when its outcome was to be booked against it. */
  readonly book?: string
  readonly words: { readonly proof: string; readonly reason: string | null }
}

async function waitForSecond(
  context: FreeContext,
  tenant: Tenant,
  { id, movementId }: Payout,
  { outcome, proof, reason = undefined, fee, book }: Settlement,
): Promise<Payout> {
  const details: Details = {
    outcome,
    fee: fee === undefined ? null : Number(fee),
    ...(book === true && movementId !== null && { book: movementId }),
    words: { proof, reason: reason ?? null },
  }
  await inTransaction(context, async (tx) => {
    await lockUnsaid(tx, tenant, id, details)
    const waiting = await findWaiting(tx, tenant, { kind: 'payout_settlement', subjectId: id })
    if (waiting === null) return askSecond(tx, tenant, await getPayout(tx, tenant, id), details)
    if (isDeepStrictEqual(waiting.details, details)) return
    throw anotherWaits(waiting)
  })
  return getPayout(context, tenant, id)
}

function anotherWaits({ id }: Approval): ServiceError {
  const message = `Another settlement of this payout waits for a second person: ${id}; have it decided first`
  return new ServiceError('approval_waiting', message)
}

/** Of two who settle a payout at once, the second finds the approval of the first. */
async function lockUnsaid({ db }: TxContext, { merchant }: Tenant, id: string, { book }: Details): Promise<void> {
  const unsaid =
    book === undefined
      ? sql`verdict is null and ended_at is null`
      : sql`attention = 'contradicted' and movement_id = ${book}`
  const found = await db.query(sql`
    select id from payouts where merchant_id = ${merchant.id} and id = ${id} and ${unsaid} for update
  `)
  if (found.length === 0) throw new ServiceError('payout_not_open', 'The payout has ended meanwhile')
}

async function askSecond(tx: TxContext, tenant: Tenant, payout: Payout, details: Details): Promise<void> {
  const { id, customerId, amount, currency, reference } = payout
  const approval = await recordApproval(tx, tenant, {
    kind: 'payout_settlement',
    subjectId: id,
    customer: customerId === null ? null : { id: customerId },
    amount,
    currency,
    reference,
    needs: ['always'],
    details: { ...details },
  })
  await tx.db.query(sql`
    update payouts set settlement_approval_id = ${approval.id}, updated_at = ${tx.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${id}
  `)
}

/** Settles payouts when a second person has agreed, if their account has not said meanwhile how they end. */
export const settlementApprovals: ApprovalOwner = {
  async approve(tx, tenant, { subjectId, details }) {
    const { book } = details as unknown as Details
    if (book !== undefined) return agreeToBook(tx, tenant, subjectId, book)
    const payout = await getPayout(tx, tenant, subjectId)
    const decision = decisionOf(payout, readDetails(details))
    if (!(await decidePayout(tx, tenant, subjectId, decision))) throw notOpen(payout, decision)
  },
  // The payout is as open as before.
  deny: () => Promise.resolve(),
  async carryOut(context, tenant, { subjectId }) {
    if (await bookApproved(context, tenant, await getPayout(context, tenant, subjectId))) return
    await endDecided(context, tenant, subjectId)
  },
}

function readDetails(details: Approval['details']): Settlement {
  const { outcome, fee, words } = details as unknown as Details
  const { proof, reason } = words
  return { outcome, proof, reason: reason ?? undefined, fee: fee === null ? undefined : BigInt(fee) }
}
