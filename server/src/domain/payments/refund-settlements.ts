import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { type Approval, findWaiting, getApproval } from '../approvals/approval-records.ts'
import { areOn, getApprovalSettings } from '../approvals/approval-settings.ts'
import { recordApproval } from '../approvals/asking.ts'
import type { ApprovalOwner } from '../approvals/decisions.ts'
import { type Context, type FreeContext, inTransaction, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentsContext } from './payment-processor.ts'
import { decideRefund, endDecided, type Verdict } from './refund-ending.ts'
import { getRefund, type StoredRefund } from './refund-lists.ts'
import { lookAtRefunded } from './refund-looks.ts'
import { findProcessorRefund, type ProcessorRefund } from './refund-records.ts'
import { isOver } from './refund-states.ts'
import { askAboutRefund } from './refunds.ts'

/*
 * A person says how a refund has ended whose end nobody else can say. Where anything waits for a second person, this does too,
 * whatever its amount. The account is asked first, and may say otherwise later: that is a fact, and is booked.
 */

/**
 * Ends a refund as a person says, or has a second person asked where anything waits for one: the answer then has
 * `settlementApprovalId`, and is as open as before. The same again answers the same. If the account says how it ended when it is asked,
 * that counts. Throws `transaction_not_found`, `refund_not_open`, `refund_exceeded`, `invalid_request`, `approval_waiting` while
 * another settlement of it waits, and `not_available` for `processed` of a refund that the account shows, and has not made.
 */
export async function settleRefund(
  context: PaymentsContext,
  tenant: Tenant,
  id: string,
  verdict: Verdict,
): Promise<StoredRefund> {
  check(verdict)
  const known = await find(context, tenant, (await getRefund(context, tenant, id)).id)
  if (known.verdict !== null) return answerDecided(context, tenant, known, verdict)
  requireOpen(known)
  const isShown = await isShownThere(context, tenant, known)
  const refund = await find(context, tenant, known.id)
  // Somebody else may have settled it while the account was asked.
  if (refund.verdict !== null) return answerDecided(context, tenant, refund, verdict)
  requireOpen(refund)
  if (isShown) refuseShown(verdict)
  if (areOn(await getApprovalSettings(context, tenant))) await waitForSecond(context, tenant, refund, verdict)
  else {
    await inTransaction(context, (tx) => decideRefund(tx, tenant, refund, verdict))
    return answerDecided(context, tenant, refund, verdict)
  }
  return getRefund(context, tenant, refund.id)
}

/**
 * Asks the account once more before a second person agrees: what it says now counts, and ends the approval. Asks nobody about anything else,
 * nor about what was decided. Throws as `settleRefund`.
 */
export async function askBeforeApproval(
  context: PaymentsContext,
  tenant: Tenant,
  approval: { id: string },
): Promise<void> {
  const { kind, status, subjectId, details } = await getApproval(context, tenant, approval)
  if (kind !== 'refund_settlement' || status !== 'waiting') return
  const isShown = await isShownThere(context, tenant, await find(context, tenant, subjectId))
  const { state } = await find(context, tenant, subjectId)
  if (isShown && !isOver(state)) refuseShown(readDetails(details))
}

function refuseShown({ outcome }: Pick<Verdict, 'outcome'>): void {
  if (outcome !== 'processed') return
  const message =
    'The account shows this refund, and has not made it: it is processed once the account says so. If the payer has got the money otherwise, settle it as failed, and adjust the balance'
  throw new ServiceError('not_available', message)
}

function check({ proof, reason }: Verdict): void {
  const refuse = (message: string, field: string) => new ServiceError('invalid_request', message, field)
  if (proof.trim() === '') throw refuse('proof is blank: say what shows how it has ended', 'proof')
  if (reason.trim() === '') throw refuse('reason is blank: say why it is settled by hand', 'reason')
}

async function find(context: Context, tenant: Tenant, id: string): Promise<ProcessorRefund> {
  const refund = await findProcessorRefund(context, tenant, { id })
  if (refund === null) throw notOpen({ state: 'processed' })
  return refund
}

function requireOpen(refund: ProcessorRefund): void {
  if (refund.state !== 'unknown' && refund.state !== 'needsAttention') throw notOpen(refund)
}

function notOpen({ state }: Pick<ProcessorRefund, 'state'>): ServiceError {
  const message = `The refund is ${state}: only one that is unknown or needsAttention is settled by hand`
  return new ServiceError('refund_not_open', message)
}

/** The end of a refund that a person has decided, if it is the same. */
async function answerDecided(
  context: FreeContext,
  tenant: Tenant,
  { id }: ProcessorRefund,
  { outcome }: Verdict,
): Promise<StoredRefund> {
  const refund = await endDecided(context, tenant, id)
  if (refund.verdict !== outcome || refund.state !== outcome) throw notOpen(refund)
  return getRefund(context, tenant, id)
}

/**
 * Asks the account about the refund and about the others of its payment, and books what it says. True where the account shows the
 * refund. An account that cannot be asked says nothing.
 */
async function isShownThere(context: PaymentsContext, tenant: Tenant, refund: ProcessorRefund): Promise<boolean> {
  try {
    const { status } = await askAboutRefund(context, tenant, refund)
    await lookAtRefunded(context, tenant, refund)
    return status !== 'unknown' && status !== 'refused'
  } catch (error) {
    const isSilent = error instanceof UpstreamError || (error instanceof ServiceError && error.code === 'not_available')
    if (!isSilent) throw error
    return false
  }
}

/** As an approval keeps it. */
interface Details {
  readonly outcome: Verdict['outcome']
  readonly fee: null
  readonly words: { readonly proof: string; readonly reason: string }
}

async function waitForSecond(
  context: FreeContext,
  tenant: Tenant,
  { id }: ProcessorRefund,
  { outcome, proof, reason }: Verdict,
): Promise<void> {
  const details: Details = { outcome, fee: null, words: { proof, reason } }
  await inTransaction(context, async (tx) => {
    await lockOpen(tx, tenant, id)
    const waiting = await findWaiting(tx, tenant, { kind: 'refund_settlement', subjectId: id })
    if (waiting === null) return askSecond(tx, tenant, await find(tx, tenant, id), details)
    if (isDeepStrictEqual(waiting.details, details)) return
    const message = `Another settlement of this refund waits for a second person: ${waiting.id}; have it decided first`
    throw new ServiceError('approval_waiting', message)
  })
}

/** Of two who settle a refund at once, the second finds the approval of the first. */
async function lockOpen({ db }: TxContext, { merchant }: Tenant, id: string): Promise<void> {
  const open = await db.query(sql`
    select id from refunds
    where merchant_id = ${merchant.id} and id = ${id} and verdict is null and state in ('unknown', 'needsAttention') for update
  `)
  if (open.length === 0) throw new ServiceError('refund_not_open', 'The refund has ended meanwhile')
}

async function askSecond(tx: TxContext, tenant: Tenant, refund: ProcessorRefund, details: Details): Promise<void> {
  const { id, customer, amount, currency, payment, chargeReference } = refund
  const approval = await recordApproval(tx, tenant, {
    kind: 'refund_settlement',
    subjectId: id,
    customer: customer === null ? null : { id: BigInt(customer.id) },
    amount,
    currency,
    reference: payment?.reference ?? chargeReference,
    needs: ['always'],
    details: { ...details },
  })
  await tx.db.query(sql`
    update refunds set settlement_approval_id = ${approval.id}, updated_at = ${tx.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${id}
  `)
}

/** Settles refunds when a second person has agreed, if their account has not said meanwhile how they end. */
export const refundSettlementApprovals: ApprovalOwner = {
  async approve(tx, tenant, { subjectId, details }) {
    const refund = await find(tx, tenant, subjectId)
    if (!(await decideRefund(tx, tenant, refund, readDetails(details)))) throw notOpen(refund)
  },
  // The refund is as open as before.
  deny: () => Promise.resolve(),
  async carryOut(context, tenant, { subjectId }) {
    await endDecided(context, tenant, subjectId)
  },
}

function readDetails(details: Approval['details']): Verdict {
  const { outcome, words } = details as unknown as Details
  return { outcome, ...words }
}
