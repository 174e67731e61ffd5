import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { type Currency, formatAmount } from '../../base/money.ts'
import type { Customer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getPaymentIntent } from './payment-intent-records.ts'
import type { PaymentsContext } from './payment-processor.ts'
import type { IncomingDetails, Payment } from './payment-records.ts'
import { checkReference, getPayment, insertPayment } from './payments.ts'
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
 * the money and however often. No processor is asked: the money is there already. Where the ledger cannot book the money to
 * the customer, it is in suspense, and the payment has failed for good and says why. Throws `invalid_request`
 * for an unfit reference, and `reference_taken` where the reference belongs to another payment or to another amount.
 */
export async function receiveArrival(
  context: PaymentsContext,
  tenant: Tenant,
  { details, ...arrival }: Arrival,
): Promise<Payment> {
  const { reference } = arrival
  checkReference(reference)
  const { random, clock } = context
  const fields = { ...arrival, metadata: null, purpose: 'wallet_topup', origin: 'incoming' } as const
  try {
    await insertPayment(context, tenant, { ...fields, uuid: uuidV7(random, clock.now()), incoming: details })
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'reference_taken')) throw error
    // The same amount to the same account is the same money, reported before.
    const { incoming, amount, currency } = await getPayment(context, tenant, { reference }).catch(() => {
      throw error
    })
    if (incoming?.receiverAccountNumber !== details.receiverAccountNumber) throw error
    if (amount !== arrival.amount) throw otherAmount(reference, `${formatAmount(amount, currency)} ${currency}`)
  }
  const { paymentIntentId } = await getPayment(context, tenant, { reference })
  const intent = await getPaymentIntent(context, tenant, paymentIntentId)
  if (openStatuses.includes(intent.status)) await settleIntent(context, tenant, intent, { status: 'succeeded' })
  return getPayment(context, tenant, { reference })
}

function otherAmount(reference: string, known: string): ServiceError {
  const message = `The transfer "${reference}" was of ${known}; another amount needs another reference`
  return new ServiceError('reference_taken', message, 'reference')
}
