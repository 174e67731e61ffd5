import { ServiceError } from '../../base/errors.ts'
import { formatMoney, parseAmount } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { refuseImported } from '../wallet/imported-references.ts'
import { accountOfPayIn, type NewPayIn, type PayIn, recordPayIn, refuseClaimed } from '../wallet/pay-ins.ts'
import { bookArrival, bookArrivalFee } from './account-arrivals.ts'
import { settleChargeNow } from './due-charges.ts'
import type { FoundPayment, PaymentsContext } from './payment-processor.ts'
import { sentUnder } from './sent-charges.ts'

/**
 * Records money that a caller reports. Money that the tenant's account at a processor knows by the reference is looked up
 * there: it is the account's payment, and never credited by hand. Throws what `recordPayIn` throws, `reference_taken` for a
 * payment of this service, which is credited by itself, `invalid_request` for a payment that differs or is not paid, and
 * `UpstreamError` where the account cannot be asked.
 */
export async function reportPayIn(context: PaymentsContext, tenant: Tenant, input: NewPayIn): Promise<PayIn> {
  const { reference } = input
  // A repeat asks nobody: the account may have been replaced since.
  const known = await accountOfPayIn(context, tenant, reference)
  if (known !== null) return recordPayIn(context, tenant, input, known)
  await refuseImported(context, tenant, reference)
  const own = await findOwn(context, tenant, reference)
  if (own !== null) {
    if (!own.isBooked) await settleChargeNow(context, tenant, own.charge)
    const message = `${JSON.stringify(reference)} is the processor’s name of the payment ${own.name}, which is credited by itself`
    throw new ServiceError('reference_taken', message, 'reference')
  }
  const processor = await context.processorOf(context, tenant, 'new')
  if (processor === null || processor.findPayment === null || !canBeName(reference)) {
    return recordPayIn(context, tenant, input)
  }
  const { accountId } = processor
  const found = await processor.findPayment(tenant, reference)
  if (found === null) return recordPayIn(context, tenant, input)
  checkFound(input, found)
  const { transfer } = found
  if (
    transfer !== null &&
    (await bookArrival(context, tenant, { accountId, reference, found: { ...found, transfer } }))
  ) {
    const message = `${JSON.stringify(reference)} is a transfer to a dedicated account, which is credited by itself, or waits in suspense`
    throw new ServiceError('reference_taken', message, 'reference')
  }
  await inTransaction(context, (tx) => refuseClaimed(tx, tenant, reference))
  const payIn = await recordPayIn(context, tenant, input, accountId)
  // After a crash in between, a reconciliation books the fee.
  await bookArrivalFee(context, tenant, { accountId, reference, found })
  return payIn
}

/** The letters that the processors' references have. Other texts are not asked about. */
function canBeName(reference: string): boolean {
  return /^[A-Za-z0-9._=-]{1,100}$/.test(reference)
}

async function findOwn({ db }: Context, tenant: Tenant, sentReference: string) {
  const [row] = await db.query<{
    charge: string
    is_booked: boolean
    payment_intent_id: string
    reference: string | null
  }>(sql`
    select s.reference as charge, s.transaction_id is not null as is_booked, s.payment_intent_id, pay.reference
    from (${sentUnder(tenant, sentReference)}) s
    left join payments pay on pay.merchant_id = s.merchant_id and pay.payment_intent_id = s.payment_intent_id
  `)
  if (row === undefined) return null
  return { charge: row.charge, isBooked: row.is_booked, name: row.reference ?? `pi_${row.payment_intent_id}` }
}

function checkFound(input: NewPayIn, { isPaid, facts }: FoundPayment): void {
  const name = JSON.stringify(input.reference)
  if (!isPaid) {
    const message = `The processor has a payment ${name}, which is not paid: only money that has come can be recorded`
    throw new ServiceError('invalid_request', message, 'reference')
  }
  const isSame = parseAmount(input.amount) === facts.amount && input.currency.toUpperCase() === facts.currency
  if (isSame) return
  const message = `The processor has a payment ${name} of ${formatMoney(facts.amount, facts.currency)}: record it as it is, or name another reference`
  throw new ServiceError('invalid_request', message, 'amount')
}
