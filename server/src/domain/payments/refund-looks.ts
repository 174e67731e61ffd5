import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getOriginal, type Original } from '../wallet/refunds.ts'
import { lookAtPayment, noteSeenTaken } from './dispute-lookups.ts'
import { type PaymentProcessor, type PaymentsContext, type Return, requireProcessor } from './payment-processor.ts'
import { bookReturned } from './refund-ending.ts'
import type { ProcessorRefund } from './refund-records.ts'

/** A refund is looked at after as long again as it has taken so far, within these bounds. */
const firstLookMs = 2_000
const lastLookMs = 60 * 60 * 1000
/** Where nobody can say whether an account has a refund, it is asked again no later than this, so that its answer is soon known. */
const unknownLookMs = 10_000
/** The same while the account cannot be asked. */
const silentLookMs = 30_000
/** For so long an account is asked about a refund that a person has settled. A reconciliation asks later, too. */
const settledLooksMs = 3 * 24 * 60 * 60 * 1000

/** The next look at a refund that has been under way since a time. */
export function nextLookAt(since: Date, now: Date): Date {
  const tookMs = now.getTime() - since.getTime()
  return new Date(now.getTime() + Math.min(Math.max(tookMs, firstLookMs), lastLookMs))
}

/** The next look at a refund of which nobody can say whether the account has it. */
export function nextUnknownLookAt(since: Date, now: Date, isSilent: boolean): Date {
  const latest = now.getTime() + (isSilent ? silentLookMs : unknownLookMs)
  return new Date(Math.min(nextLookAt(since, now).getTime(), latest))
}

/** The account that took the money gives it back, also one that was replaced by another. Throws `not_available`. */
export function requireTaker(context: PaymentsContext, tenant: Tenant, { from }: Original): Promise<PaymentProcessor> {
  return requireProcessor(context, tenant, { sentBy: (from.kind === 'outside' && from.at) || 0n })
}

/** The account that gives back the money of a refund. Throws `not_available`. */
export async function takerOf(
  context: PaymentsContext,
  tenant: Tenant,
  refund: ProcessorRefund,
): Promise<PaymentProcessor> {
  return requireTaker(context, tenant, await getOriginal(context, tenant, refund.transactionId, refund.kind))
}

export function returnOf({ id, chargeReference, amount, currency }: ProcessorRefund): Return {
  return { id, reference: chargeReference, amount, currency }
}

/** Asks an account what was taken back of the payment of a refund, and books it. Throws `not_available`, `UpstreamError`. */
export async function lookAtRefunded(context: PaymentsContext, tenant: Tenant, refund: ProcessorRefund): Promise<void> {
  const { accountId } = await takerOf(context, tenant, refund)
  await lookAtPayment(context, tenant, accountId, refund.chargeReference)
}

/** As `noteSeenTaken`, of the payment of a refund. Throws `not_available`. */
export async function noteTakenBeside(
  context: PaymentsContext,
  tenant: Tenant,
  refund: ProcessorRefund,
): Promise<() => Promise<void>> {
  const { accountId } = await takerOf(context, tenant, refund)
  return noteSeenTaken(context, tenant, accountId, refund.chargeReference)
}

/**
 * Compares what a person has said of a refund with what its account says, and books what the account says otherwise: money that went
 * back after all is taken back as by a refund in the account's dashboard, and money that did not comes back to its owner. Throws
 * `UpstreamError`.
 */
export async function lookAtSettled(context: PaymentsContext, tenant: Tenant, refund: ProcessorRefund): Promise<void> {
  try {
    await compare(context, tenant, refund)
  } catch (error) {
    // The key of the account is dropped: nobody can be asked any more.
    if (!(error instanceof ServiceError && error.code === 'not_available')) throw error
  }
  await rest(context, tenant, refund)
}

async function compare(context: PaymentsContext, tenant: Tenant, refund: ProcessorRefund): Promise<void> {
  if (refund.state === 'processed' && refund.settledAs === null) {
    const processor = await takerOf(context, tenant, refund)
    const answer = await processor.queryReturn(tenant, returnOf(refund))
    if (answer.status === 'failed') await bookReturned(context, tenant, refund, answer.reason)
  }
  await lookAtRefunded(context, tenant, refund)
}

async function rest({ db, clock }: Context, { merchant }: Tenant, { id, updatedAt }: ProcessorRefund): Promise<void> {
  const now = clock.now()
  const isOver = now.getTime() - updatedAt.getTime() >= settledLooksMs
  await db.query(sql`
    update refunds set due_at = ${isOver ? null : nextLookAt(updatedAt, now)}::timestamptz, attempts = 0
    where merchant_id = ${merchant.id} and id = ${id} and state in ('processed', 'failed') and due_at is not null
  `)
}
