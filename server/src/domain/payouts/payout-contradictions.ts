import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { getApproval } from '../approvals/approval-records.ts'
import type { Context, FreeContext, TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  bookEnd,
  bookReturn,
  newId,
  outsideOf,
  ownerOfLateFact,
  paidAgain,
  settleContradiction,
  withdrawApprovals,
} from './payout-ending.ts'
import { tellPayout } from './payout-events.ts'
import type { Payout } from './payout-records.ts'

/*
 * An account may say otherwise than it has told before: paid after the money had come back, or failed after it was paid. Nobody here
 * can know which of the two is true, so nothing is booked of it, and a person looks. What the person finds can be booked, once for
 * each movement that the payout has had.
 */

/** What a person has found. */
export interface Finding {
  readonly outcome: 'paid' | 'failed'
  readonly proof: string
  readonly reason: string
}

/** Of a payout that a person has found not to be paid, after it was. */
const notPaid = 'not_paid'

/** Has a person look at a payout whose account says otherwise than it has told before. */
export async function noteContradicted(
  { db, clock, log }: Context,
  tenant: Tenant,
  { id, state }: Payout,
): Promise<void> {
  const { merchant, mode } = tenant
  const now = clock.now()
  const [says, outcome] =
    state === 'returned' ? ['paid, after its money had come back', 'paid'] : ['failed, after it was paid', 'failed']
  const reason = `Its account says that it is ${says}. Nothing is booked of this: look there, and settle the payout by hand. The outcome ${outcome} with book: true books what the account says; the outcome paid without book moves nothing`
  const noted = await db.query(sql`
    with noted as (
      update payouts p set attention = 'contradicted', attention_reason = ${reason}, updated_at = ${now}::timestamptz
      where p.merchant_id = ${merchant.id} and p.id = ${id} and p.state = ${state} and p.attention is null
      returning p.*
    ),
    ${tellPayout(tenant, { changed: sql`noted`, type: 'attention', at: now })}
    select id from noted
  `)
  if (noted.length > 0) {
    log.error({ payout: id, merchant: merchant.code, mode }, 'an account says otherwise than a payout has ended')
  }
}

/** Nobody has to look any more at a payout whose account says again what is booked. */
export async function endContradiction(context: FreeContext, tenant: Tenant, payout: Payout): Promise<void> {
  await withdrawApprovals(context, tenant, payout)
  await context.db.query(sql`
    update payouts set attention = null, attention_reason = null, updated_at = ${context.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${payout.id} and state = ${payout.state} and attention = 'contradicted'
  `)
}

/** Whether a payout is booked as a person has found it. */
export function isBookedAs({ state, stateCode, attention }: Payout, { outcome }: Pick<Finding, 'outcome'>): boolean {
  if (attention !== null) return false
  return outcome === 'paid'
    ? state === 'paid' && stateCode === paidAgain
    : state === 'returned' && stateCode === notPaid
}

/** Books what a person has found of a payout, once, however often it is called. */
export async function bookFinding(
  context: FreeContext,
  tenant: Tenant,
  payout: Payout,
  { outcome, proof, reason }: Finding,
): Promise<void> {
  if (outcome === 'paid') return bookPaidAgain(context, tenant, payout, proof)
  await bookReturn(context, tenant, payout, { code: notPaid, reason, isUnmade: true, proof })
}

/** The owner pays what they have, and owes the rest. The fee stays as it is booked. */
async function bookPaidAgain(context: FreeContext, tenant: Tenant, payout: Payout, proof: string): Promise<void> {
  await withdrawApprovals(context, tenant, payout)
  const { id, currency, amount, reference } = payout
  const now = context.clock.now()
  const movementId = newId(context)
  const command = {
    action: 'book',
    kind: 'payout',
    id: movementId,
    currency,
    amount,
    description: null,
    details: { payoutId: id, reference },
    event: null,
    request: null,
    from: await ownerOfLateFact(context, tenant, payout),
    to: outsideOf(tenant, payout),
    ownKey: `payout/${id}/paid-again/${payout.movementId}`,
  } as const
  await bookEnd(context, tenant, payout, {
    commands: [command],
    state: 'paid',
    changes: sql`
      movement_id = ${movementId}::uuid, is_late = true, state_code = ${paidAgain},
      state_reason = 'A person has found that it is paid, after its money had come back', ${settleContradiction(proof)}
    `,
    from: sql`p.state = 'returned'`,
    at: now,
    dueAt: sql`${new Date(now.getTime() + 1_000)}::timestamptz`,
  })
}

/** What an approval keeps of a finding: beside it the movement that the payout had then. */
interface Details {
  readonly book?: string
  readonly outcome: Finding['outcome']
  readonly words: { readonly proof: string | null; readonly reason: string | null }
}

/** Lets a finding be booked, in the commit of its approval. Throws `payout_not_open` where it was booked or its account agrees again. */
export async function agreeToBook(tx: TxContext, { merchant }: Tenant, id: string, movementId: string): Promise<void> {
  const rows = await tx.db.query(sql`
    update payouts set due_at = ${tx.clock.now()}, attempts = 0
    where merchant_id = ${merchant.id} and id = ${id} and movement_id = ${movementId} and attention = 'contradicted'
    returning id
  `)
  if (rows.length > 0) return
  const message = 'The account says what is booked, or the money has moved since this was asked: look at it again'
  throw new ServiceError('payout_not_open', message)
}

/** Books the finding that a second person has agreed to, unless it is booked. Answers whether it was to be booked. */
export async function bookApproved(context: FreeContext, tenant: Tenant, payout: Payout): Promise<boolean> {
  const { settlementApprovalId: approvalId, movementId } = payout
  if (approvalId === null || movementId === null) return false
  const { status, details } = await getApproval(context, tenant, { id: approvalId })
  const { book, outcome, words } = details as Partial<Details>
  if (status !== 'approved' || book !== movementId || outcome === undefined) return false
  const proof = words?.proof ?? ''
  await bookFinding(context, tenant, payout, { outcome, proof, reason: words?.reason ?? proof })
  return true
}
