import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import {
  type ApprovalChoice,
  type ApprovalOwner,
  type Decision,
  decideApproval,
  whyDenied,
} from '../approvals/decisions.ts'
import { doLater, type FreeContext, inTransaction, type Later } from '../context.ts'
import type { Attempt } from '../idempotency/attempt.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { endPayout } from './payout-ending.ts'
import { tellPayout } from './payout-events.ts'
import { getPayout, type Payout } from './payout-records.ts'

/**
 * Decides about what a payout waits for: itself, or its settlement by hand. Answers it as it is once that is done. Throws
 * `payout_not_found`, `approval_not_found` for one that never waited, and what `decideApproval` throws.
 */
export async function decideAboutPayout(
  context: FreeContext & ApprovalChoice,
  tenant: Tenant,
  { id, decision }: { id: string; decision: Decision },
  { changes }: Pick<Attempt, 'changes'>,
): Promise<Payout> {
  let later: Later[] = []
  await inTransaction(context, async (tx) => {
    later = []
    const { state, approvalId, settlementApprovalId } = await getPayout(tx, tenant, id)
    const name = state === 'awaiting_approval' ? approvalId : (settlementApprovalId ?? approvalId)
    if (name !== null) return decideApproval({ ...tx, later, changes }, tenant, { id: name }, decision)
    const message = `The payout ${JSON.stringify(id)} has never waited for a second person`
    throw new ServiceError('approval_not_found', message)
  })
  await doLater(context, later)
  return getPayout(context, tenant, id)
}

/** Lets payouts go on, or ends them, when a second person has decided. One that was cancelled meanwhile stays so. */
export const payoutApprovals: ApprovalOwner = {
  async approve(tx, tenant, { subjectId }) {
    const now = tx.clock.now()
    await tx.db.query(sql`
      with noted as (
        update payouts p set state = 'pending', due_at = ${now}::timestamptz, attempts = 0, updated_at = ${now}::timestamptz
        where p.merchant_id = ${tenant.merchant.id} and p.id = ${subjectId} and p.state = 'awaiting_approval'
          and p.verdict is null
        returning p.*
      ),
      ${tellPayout(tenant, { changed: sql`noted`, type: 'pending', at: now })}
      select id from noted
    `)
  },
  async deny(tx, tenant, approval) {
    const now = tx.clock.now()
    await tx.db.query(sql`
      update payouts set
        verdict = 'denied', state_code = 'denied', state_reason = ${whyDenied(approval)}, due_at = ${now}, attempts = 0,
        updated_at = ${now}
      where merchant_id = ${tenant.merchant.id} and id = ${approval.subjectId} and state = 'awaiting_approval'
        and verdict is null
    `)
  },
  async endDenied(context, tenant, { subjectId }) {
    await endPayout(context, tenant, subjectId)
  },
}
