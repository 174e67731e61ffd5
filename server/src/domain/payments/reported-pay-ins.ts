import { ServiceError } from '../../base/errors.ts'
import { formatMoney, parseAmount } from '../../base/money.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { refuseHidden } from '../../base/visible-text.ts'
import { getApproval } from '../approvals/approval-records.ts'
import { inTransaction } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { accountOfPayIn, getPayIn, type NewPayIn, type PayIn, recordPayIn, refuseClaimed } from '../wallet/pay-ins.ts'
import { moneyName, whyTaken } from '../wallet/taken-names.ts'
import { bookArrival, bookArrivalFee, isForAnother, isOfBefore } from './account-arrivals.ts'
import { noteSeenTaken } from './dispute-lookups.ts'
import type { FoundPayment, PaymentProcessor, PaymentsContext } from './payment-processor.ts'
import { isSentByAnother } from './sent-charges.ts'
import { refuseTakenName } from './taken-names.ts'

/**
 * Records money that a caller reports. Money that the tenant's account at a processor knows by the reference is looked up
 * there: it is the account's payment, and never credited by hand, unless it is of before the account's cut-over. Throws what `recordPayIn` throws, `reference_taken` for a
 * payment of this service, which is credited by itself, `invalid_request` for a payment that differs or is not paid, and
 * `UpstreamError` or `busy` where the account cannot be asked and may have the money.
 */
export async function reportPayIn(context: PaymentsContext, tenant: Tenant, input: NewPayIn): Promise<PayIn> {
  const { reference } = input
  // A repeat asks nobody: the account may have been replaced since.
  const known = await accountOfPayIn(context, tenant, reference)
  if (known !== null) return recordPayIn(context, tenant, input, known)
  refuseHidden(reference, 'reference')
  await refuseTakenName(context, tenant, reference)
  return recordNew(context, tenant, input).catch(async (error) => {
    // Of two doors at the same moment the other was first.
    if (error instanceof ServiceError && error.code === 'busy') await refuseTakenName(context, tenant, reference)
    throw error
  })
}

async function recordNew(context: PaymentsContext, tenant: Tenant, input: NewPayIn): Promise<PayIn> {
  const { reference } = input
  const processor = await context.processorOf(context, tenant, 'new')
  if (processor === null || processor.findPayment === null) return recordPayIn(context, tenant, input)
  const { accountId } = processor
  const found = await lookUp(context, tenant, processor, reference).catch((error) => foundWithoutKey(error, input))
  if (found === null) return recordPayIn(context, tenant, input)
  const { transfer } = found
  const isAnothers =
    (await isSentByAnother(context, tenant, reference)) ||
    (transfer !== null && (await isForAnother(context, tenant, transfer)))
  if (isAnothers) {
    const message = `${JSON.stringify(reference)} is a payment that this account has taken for another merchant of this server, and is credited there`
    throw new ServiceError('reference_taken', message, 'reference')
  }
  checkFound(input, found)
  if (
    transfer !== null &&
    (await bookArrival(context, tenant, { accountId, reference, found: { ...found, transfer } }))
  ) {
    const message = `${JSON.stringify(reference)} is a transfer to a dedicated account, which is credited by itself, or waits in suspense`
    throw new ServiceError('reference_taken', message, 'reference')
  }
  // The account's opening balance has it, and its fee: here it is money that was moved by hand.
  if (await isOfBefore(context, tenant, { accountId, found })) return recordPayIn(context, tenant, input)
  await inTransaction(context, (tx) => refuseClaimed(tx, tenant, reference))
  // The account may have given a part of it back before.
  const bookTaken = await noteSeenTaken(context, tenant, accountId, reference)
  const payIn = await recordPayIn(context, tenant, input, accountId)
  // After a crash in between, a reconciliation books the fee.
  await bookArrivalFee(context, tenant, { accountId, reference, found }, payIn.id)
  if (payIn.state === 'succeeded') await bookTaken()
  return payIn
}

/**
 * Refuses to approve a pay-in by hand whose name the tenant's account at a processor has got since it was asked for: the account's money
 * is never credited by hand. Asks nobody about anything else, nor about what was decided. Throws `reference_taken`, `UpstreamError`,
 * and `busy` as `reportPayIn` does.
 */
export async function refuseFoundMeanwhile(
  context: PaymentsContext,
  tenant: Tenant,
  approval: { id: string },
): Promise<void> {
  const { kind, status, subjectId } = await getApproval(context, tenant, approval)
  if (kind !== 'pay_in' || status !== 'waiting') return
  const payIn = await getPayIn(context, tenant, subjectId)
  const processor = await context.processorOf(context, tenant, 'new')
  if (processor === null || processor.findPayment === null) return
  const found = await lookUp(context, tenant, processor, payIn.reference).catch((error) =>
    foundWithoutKey(error, payIn),
  )
  if (found === null || (await isOfBefore(context, tenant, { accountId: processor.accountId, found }))) return
  const message = `The account at the processor has a payment ${JSON.stringify(payIn.reference)} by now: deny this pay-in, and then record the payment by its name`
  throw new ServiceError('reference_taken', message, 'reference')
}

/**
 * Null for a reference that the account does not know. Throws `reference_taken` for its number of a payment, and for another spelling
 * of its reference.
 */
async function lookUp(context: PaymentsContext, tenant: Tenant, processor: PaymentProcessor, reference: string) {
  const ask = async (name: string) => (canBeName(name) ? ((await processor.findPayment?.(tenant, name)) ?? null) : null)
  const found = await ask(reference)
  if (found !== null) return found
  const name = await moneyName(context, reference)
  if (name !== reference && (await ask(name))?.isPaid) await refuseOtherName(context, tenant, reference, name)
  await refuseNumber(context, tenant, processor, { reference, number: name })
  return null
}

/**
 * What is found at an account that refuses its key. Only a person ends that, so it must not keep out money that other doors bring:
 * cash, and lines of the statement of the merchant's own bank. Should the account have a payment of that name after all, it is
 * never credited by itself, because the pay-in has the name.
 */
function foundWithoutKey(error: unknown, { source }: Pick<NewPayIn, 'source'>): null {
  if (!(error instanceof UpstreamError && error.outcome === 'refused' && error.status !== 429)) throw error
  if (source === 'cash' || source === 'bank_transfer') return null
  const message = `The account at the processor refuses its key, so it cannot be asked whether it has this ${source} payment; choose the processor again with a key that is valid`
  throw new ServiceError('busy', message)
}

/** The letters that the processors' references have. Other texts are not asked about. */
function canBeName(reference: string): boolean {
  return /^[A-Za-z0-9._=-]{1,100}$/.test(reference)
}

/** An account numbers its payments too, and a person may read the number of one: its money is recorded by its reference alone. */
async function refuseNumber(
  context: PaymentsContext,
  tenant: Tenant,
  processor: PaymentProcessor,
  { reference, number }: { reference: string; number: string },
): Promise<void> {
  const name = (await processor.findReference?.(tenant, number)) ?? null
  if (name !== null) await refuseOtherName(context, tenant, reference, name)
}

async function refuseOtherName(
  context: PaymentsContext,
  tenant: Tenant,
  reference: string,
  name: string,
): Promise<never> {
  await refuseTakenName(context, tenant, name)
  const taken = { what: 'payment at the account', name, charge: null } as const
  throw new ServiceError('reference_taken', whyTaken(reference, taken), 'reference')
}

function checkFound(input: NewPayIn, { isPaid, facts }: FoundPayment): void {
  const name = JSON.stringify(input.reference)
  if (!isPaid) {
    const message = `The processor has a payment ${name}, which is not paid: only money that has come can be recorded`
    throw new ServiceError('invalid_request', message, 'reference')
  }
  const isOfCurrency = input.currency.toUpperCase() === facts.currency
  if (isOfCurrency && parseAmount(input.amount) === facts.amount) return
  const message = `The processor has a payment ${name} of ${formatMoney(facts.amount, facts.currency)}: record it as it is, or name another reference`
  throw new ServiceError('invalid_request', message, isOfCurrency ? 'amount' : 'currency')
}
