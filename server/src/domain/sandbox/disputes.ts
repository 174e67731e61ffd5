import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import type { FreeContext } from '../context.ts'
import { type Dispute, findDispute, leftToTake } from '../payments/dispute-records.ts'
import { findDisputedMoney } from '../payments/disputed-money.ts'
import { learnDispute } from '../payments/disputes.ts'
import { findTransactionId } from '../payments/transaction-names.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/** A dispute that is not answered for this long is lost. */
const usualMs = 16 * 60 * 60 * 1000
const longestMs = 365 * 24 * 60 * 60 * 1000

export interface NewSandboxDispute {
  /** Any name of the payment or pay-in. */
  reference: string
  reason: string
  /** Minor units; default what is neither disputed nor refunded yet. */
  amount?: bigint | undefined
  dueAt?: Date | undefined
  /** How it is decided once it is declined. Default won. */
  afterDecline?: Dispute['afterDecline'] | undefined
}

/**
 * Disputes money that the sandbox took, as the payer's bank does. Throws `transaction_not_found`, `invalid_request` for other
 * money, for an amount that is too large and for a time that is over.
 */
export async function simulateDispute(
  context: FreeContext,
  tenant: SandboxTenant,
  { reference, reason, amount, dueAt, afterDecline }: NewSandboxDispute,
  outsideId = randomCode(context.random, 20),
): Promise<Dispute> {
  const transactionId = await findTransactionId(context, tenant, reference)
  const known = await findDispute(context, tenant, { transactionId, outsideId })
  if (known !== null) return known
  const money = await findDisputedMoney(context, tenant, transactionId)
  if (money === null || money.kind !== 'pay_in' || money.outside.at !== undefined) {
    const message = `${JSON.stringify(reference)} did not come by the sandbox, so it is not disputed there`
    throw new ServiceError('invalid_request', message, 'reference')
  }
  const now = context.clock.now()
  const respondBy = dueAt ?? new Date(now.getTime() + usualMs)
  if (respondBy <= now || respondBy.getTime() > now.getTime() + longestMs) {
    throw new ServiceError('invalid_request', 'dueAt must be in the future, at most a year ahead', 'dueAt')
  }
  const left = await leftToTake(context, tenant, transactionId)
  if (left <= 0n || (amount !== undefined && amount > left)) {
    const free = left > 0n ? left : 0n
    const message = `Of ${JSON.stringify(reference)}, ${free} minor units are not disputed, taken back or refunded yet`
    throw new ServiceError('invalid_request', message, amount === undefined ? 'reference' : 'amount')
  }
  // Null is for refunds.
  return (await learnDispute(
    context,
    tenant,
    money,
    { accountId: 0n, reference: null },
    {
      outsideId,
      state: 'open',
      stateReason: null,
      resolution: null,
      category: 'chargeback',
      amount: amount ?? left,
      complaint: reason,
      respondBy,
      refundName: null,
      afterDecline,
    },
  )) as Dispute
}
