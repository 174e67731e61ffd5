import { ServiceError } from '../../base/errors.ts'
import type { FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Decision, decidePayout, endPayout } from './payout-ending.ts'
import type { PayoutsContext } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'
import { noteManual } from './payout-sending.ts'

/**
 * Cancels a payout that is not being sent yet, and releases its money. Cancelling it again answers the same. Throws
 * `payout_not_found`, `payout_not_open`.
 */
export function cancelPayout(context: FreeContext, tenant: Tenant, id: string): Promise<Payout> {
  return decideAndEnd(context, tenant, id, { verdict: 'cancelled', from: ['awaiting_approval', 'pending'] })
}

/** How a person has found a payout that is paid outside any API. */
export interface Settlement {
  outcome: 'paid' | 'failed'
  /** The name of the transfer at the bank, or the reason of the failure. */
  proof: string
  /** What the bank has kept besides the amount, in minor units. */
  fee?: bigint | undefined
}

/**
 * Ends a payout of the processor `manual`, as a person says. The same again answers the same. Throws `payout_not_found`,
 * `payout_not_open`, and `not_available` for a payout of another processor, which says itself how its orders end.
 */
export async function settlePayout(
  context: PayoutsContext,
  tenant: Tenant,
  id: string,
  { outcome, proof, fee }: Settlement,
): Promise<Payout> {
  const payout = await getPayout(context, tenant, id)
  if (payout.processor === null && (await context.payoutProcessorOf(context, tenant, 'new')) === 'manual') {
    await noteManual(context, tenant, payout)
  } else if (payout.processor !== 'manual') {
    const message =
      'Only payouts of the processor manual are settled by hand; the processor of this one says how it ends'
    throw new ServiceError('not_available', message)
  }
  const why = outcome === 'paid' ? { fee: fee ?? 0n } : { code: 'failed', reason: proof }
  return decideAndEnd(context, tenant, id, { verdict: outcome, from: ['pending'], proof, ...why })
}

async function decideAndEnd(context: FreeContext, tenant: Tenant, id: string, decision: Decision): Promise<Payout> {
  const { verdict } = decision
  await getPayout(context, tenant, id)
  await decidePayout(context, tenant, id, decision)
  const payout = await endPayout(context, tenant, id)
  if (payout.state === verdict && payout.verdict === verdict) return payout
  throw new ServiceError(
    'payout_not_open',
    `The payout is ${payout.state}: only one that is ${decision.from.join(' or ')} can become ${verdict}`,
  )
}
