import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import type { Customer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getPaymentIntent } from './payment-intent-records.ts'
import type { PaymentsContext } from './payment-processor.ts'
import type { IncomingDetails, Payment } from './payment-records.ts'
import { getPayment, insertPayment } from './payments.ts'
import { openStatuses, settleIntent } from './settling.ts'

/** Money that somebody sent to a customer without being asked for it. */
export interface Arrival {
  customer: Customer
  /** The bank's own name of the transfer. */
  reference: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  description: string
  details: IncomingDetails
}

/**
 * Notes money that has arrived for a customer. Their cash balance is credited once for a reference, whoever reports
 * the money and however often. No processor is asked: the money is there already. Where the ledger refuses the money,
 * the payment has failed for good and says why; the reporter returns the money to its sender. Throws `reference_taken`
 * where the reference belongs to another payment.
 */
export async function receiveArrival(
  context: PaymentsContext,
  tenant: Tenant,
  { details, ...arrival }: Arrival,
): Promise<Payment> {
  const { reference } = arrival
  const { random, clock } = context
  const fields = { ...arrival, metadata: null, purpose: 'wallet_topup', origin: 'incoming' } as const
  try {
    await insertPayment(context, tenant, { ...fields, uuid: uuidV7(random, clock.now()), incoming: details })
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'reference_taken')) throw error
    // A payment to the same account is the same money, reported before.
    const { incoming } = await getPayment(context, tenant, { reference })
    if (incoming?.receiverAccountNumber !== details.receiverAccountNumber) throw error
  }
  const { paymentIntentId } = await getPayment(context, tenant, { reference })
  const intent = await getPaymentIntent(context, tenant, paymentIntentId)
  if (openStatuses.includes(intent.status)) await settleIntent(context, tenant, intent, { status: 'succeeded' })
  return getPayment(context, tenant, { reference })
}
