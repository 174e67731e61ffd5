import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { findWaiting } from '../approvals/approval-records.ts'
import { type FreeContext, inTransaction } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Decision, decidePayout, endPayout } from './payout-ending.ts'
import { getPayout, type Payout } from './payout-records.ts'

/** What a person has decided of a payout that was sent is compared with what its account says, soon. */
const firstLookMs = 1_000

/**
 * Cancels a payout that is not being sent yet, and releases its money. Cancelling it again answers the same. Throws
 * `payout_not_found`, `payout_not_open`, `approval_waiting` while a second person is asked whether it was paid.
 */
export async function cancelPayout(context: FreeContext, tenant: Tenant, id: string): Promise<Payout> {
  const decision: Decision = { verdict: 'cancelled', from: ['awaiting_approval', 'pending'] }
  await getPayout(context, tenant, id)
  await inTransaction(context, async (tx) => {
    await tx.db.query(sql`
      select id from payouts where merchant_id = ${tenant.merchant.id} and id = ${id} and verdict is null for update
    `)
    const waiting = await findWaiting(tx, tenant, { kind: 'payout_settlement', subjectId: id })
    if (waiting?.details.outcome === 'paid') {
      const message = `Somebody has said that this payout was paid: ${waiting.id}; have that decided first`
      throw new ServiceError('approval_waiting', message)
    }
    await decidePayout(tx, tenant, id, decision)
  })
  return requireEnd(await endDecided(context, tenant, id), decision)
}

/** Decides a payout as a person says, and ends it. The same again answers the same. Throws `payout_not_found`, `payout_not_open`. */
export async function decideAndEnd(
  context: FreeContext,
  tenant: Tenant,
  id: string,
  decision: Decision,
): Promise<Payout> {
  await decidePayout(context, tenant, id, decision)
  return requireEnd(await endDecided(context, tenant, id), decision)
}

function requireEnd(payout: Payout, decision: Decision): Payout {
  if (payout.state === decision.verdict && payout.verdict === decision.verdict) return payout
  throw notOpen(payout, decision)
}

/** Ends a payout that a person has decided. */
export async function endDecided(context: FreeContext, tenant: Tenant, id: string): Promise<Payout> {
  const { accountId } = await getPayout(context, tenant, id)
  return endPayout(context, tenant, id, accountId === null ? null : firstLookMs)
}

export function notOpen({ state }: Payout, { verdict, from }: Decision): ServiceError {
  const message = `The payout is ${state}: only one that is ${from.join(' or ')} can become ${verdict}`
  return new ServiceError('payout_not_open', message)
}
