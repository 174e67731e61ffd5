import { ServiceError } from '../../base/errors.ts'
import type { FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Decision, decidePayout, endPayout } from './payout-ending.ts'
import { getPayout, type Payout } from './payout-records.ts'

/** What a person has decided of a payout that was sent is compared with what its account says, soon. */
const firstLookMs = 1_000

/**
 * Cancels a payout that is not being sent yet, and releases its money. Cancelling it again answers the same. Throws
 * `payout_not_found`, `payout_not_open`.
 */
export function cancelPayout(context: FreeContext, tenant: Tenant, id: string): Promise<Payout> {
  return decideAndEnd(context, tenant, id, { verdict: 'cancelled', from: ['awaiting_approval', 'pending'] })
}

/** Decides a payout as a person says, and ends it. The same again answers the same. Throws `payout_not_found`, `payout_not_open`. */
export async function decideAndEnd(
  context: FreeContext,
  tenant: Tenant,
  id: string,
  decision: Decision,
): Promise<Payout> {
  await getPayout(context, tenant, id)
  await decidePayout(context, tenant, id, decision)
  const payout = await endDecided(context, tenant, id)
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
