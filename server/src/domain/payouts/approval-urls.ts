import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { findPause } from '../payments/sending-pauses.ts'
import { decidePayout, endPayout } from './payout-ending.ts'
import type { PayoutsContext } from './payout-processor.ts'
import type { Payout } from './payout-records.ts'
import { findApprovalUrl, type PayoutSettings } from './payout-settings.ts'

/** What the `stateCode` of a payout is while its approval URL is being asked. */
export const askingCode = 'approval_url'

/** A payout that has to wait until the address has answered about another is looked at after this time. */
const turnMs = 5_000

/**
 * Asks the approval URL of a merchant about a payout that is about to be sent, once it has agreed never again. A payout to which it
 * does not agree fails, as `rejected` or `blocked`. Answers whether the payout may go on now.
 */
export async function isApprovedByUrl(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  { approvalUrl }: PayoutSettings,
): Promise<boolean> {
  if (approvalUrl === null || payout.urlApprovedAt !== null) return true
  const to = await findApprovalUrl(context, tenant)
  if (to === null) return true
  // An answer of now says nothing of the time at which sending goes on.
  if ((await findPause(context, tenant)) !== null) return false
  await noteAsking(context, tenant, payout)
  const answer = await context.askApprovalUrl(tenant, payout, to)
  if (answer === null) {
    await waitForTurn(context, tenant, payout)
    return false
  }
  if (answer.is === 'approved') return noteApproved(context, tenant, payout)
  const { id, sendCount } = payout
  await decidePayout(context, tenant, id, {
    verdict: 'failed',
    from: ['pending'],
    sendCount,
    code: answer.is,
    reason: answer.reason,
  })
  await endPayout(context, tenant, id)
  return false
}

/** On Paystack's wire the payout is `received` meanwhile. */
async function noteAsking({ db }: PayoutsContext, { merchant }: Tenant, { id, stateCode }: Payout): Promise<void> {
  if (stateCode === askingCode) return
  await db.query(sql`
    update payouts set state_code = ${askingCode}, state_reason = 'The approval URL is asked whether the payout may be sent'
    where merchant_id = ${merchant.id} and id = ${id} and state = 'pending' and verdict is null
  `)
}

async function waitForTurn({ db, clock }: PayoutsContext, { merchant }: Tenant, { id }: Payout): Promise<void> {
  const dueAt = new Date(clock.now().getTime() + turnMs)
  await db.query(sql`
    update payouts set due_at = ${dueAt}, attempts = 0
    where merchant_id = ${merchant.id} and id = ${id} and state = 'pending' and verdict is null
  `)
}

/** Answers whether the payout still is to be sent. */
async function noteApproved({ db, clock }: PayoutsContext, { merchant }: Tenant, { id }: Payout): Promise<boolean> {
  const rows = await db.query(sql`
    update payouts set url_approved_at = ${clock.now()}, state_code = null, state_reason = null
    where merchant_id = ${merchant.id} and id = ${id} and state = 'pending' and verdict is null
    returning id
  `)
  return rows.length > 0
}
