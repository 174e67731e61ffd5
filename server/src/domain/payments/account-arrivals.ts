import { ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { type Customer, findCustomer } from '../customers/customers.ts'
import { firstAccountId } from '../ledger/accounts.ts'
import type { AccountName, LedgerCommand } from '../ledger/commands.ts'
import { type FeeBearer, type ProcessorFee, postWithFee } from '../ledger/processor-fees.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { isImported } from '../wallet/imported-references.ts'
import { findPayInNamed } from '../wallet/pay-ins.ts'
import { noteQuestion } from './account-questions.ts'
import { keyOfArrival, tellUnread } from './charge-facts.ts'
import { getPaymentIntent } from './payment-intent-records.ts'
import {
  type FoundPayment,
  type FoundTransfer,
  type PaymentProcessor,
  type PaymentsContext,
  requireProcessor,
} from './payment-processor.ts'
import { insertPayment } from './payments.ts'
import { cutOverOfBooks } from './processor-accounts.ts'
import { sentUnder } from './sent-charges.ts'
import { settleIntent } from './settling.ts'

/*
 * Transfers to dedicated accounts at a merchant's own account of a processor. Nobody asked for them, so nothing is on record
 * when they are told. A transfer finds its customer by the number of the dedicated account, and is booked once, by the account's
 * own id of it.
 */

/** A transfer as its account has it. */
export interface AccountArrival extends UnaskedMoney {
  found: FoundPayment & { transfer: FoundTransfer }
}

/** A payment as its account has it, which was not asked for here. */
export interface UnaskedMoney {
  accountId: bigint
  /** The account's own name of the payment. */
  reference: string
  found: FoundPayment
}

/**
 * Takes the message that an account has a transfer under a name. The message is not believed: the account is asked by the next
 * server that looks. A transfer that is booked already is not asked about again.
 */
export async function takeArrivalNotice(
  { db, clock, random }: Pick<Context, 'db' | 'clock' | 'random'>,
  { merchant, mode }: Tenant,
  { accountId, reference }: { accountId: bigint; reference: string },
): Promise<void> {
  const now = clock.now()
  await db.query(sql`
    insert into arrival_notices as n (merchant_id, id, mode, account_id, reference, due_at, created_at)
    select
      ${merchant.id}, ${uuidV7(random, now)}::uuid, ${mode}, ${accountId}::bigint, ${reference}, ${now}::timestamptz,
      ${now}::timestamptz
    where not exists (
      select from sent_charges s
      where s.merchant_id = ${merchant.id} and s.account_id = ${accountId} and s.sent_reference = ${reference}
    )
    on conflict (merchant_id, account_id, reference) do update set due_at = least(n.due_at, excluded.due_at)
  `)
}

interface DueArrival {
  account_id: bigint
  reference: string
  created_at: Date
}

const dueArrivals: DueTask<PaymentsContext, DueArrival, string> = {
  name: 'arrivals',
  table: sql`arrival_notices`,
  idType: sql`uuid`,
  open: sql`true`,
  columns: sql`d.account_id, d.reference, d.created_at`,
  work: settleArrival,
}

/** Asks the accounts at processors about every transfer that was told, and answers how many were asked about. */
export function settleDueArrivals(context: PaymentsContext, places?: Places): Promise<number> {
  return doDue(context, dueArrivals, places)
}

/** An account that does not know a transfer, or has not got it yet, is asked again for as long. */
const patienceMs = 3 * 24 * 60 * 60 * 1000
const [firstWaitMs, lastWaitMs] = [60_000, 60 * 60 * 1000]

async function settleArrival(context: PaymentsContext, row: DueArrival & DueRow<string>): Promise<void> {
  const { tenant, id, account_id: accountId, reference, created_at: createdAt } = row
  const processor = await requireProcessor(context, tenant, { sentBy: accountId })
  const found = (await processor.findPayment?.(tenant, reference)) ?? null
  const waitedMs = context.clock.now().getTime() - createdAt.getTime()
  const isBack = found?.isGivenBack === true && (await showsTaken(tenant, processor, reference))
  const hasCome = found?.isPaid || isBack
  if (!hasCome && waitedMs < patienceMs) return askAgain(context, tenant, id, waitedMs)
  if (hasCome && found !== null && found.transfer !== null) {
    const question = { about: 'payment', name: reference } as const
    // Before the money is there, so that what was taken is asked for also after a crash. Then at once.
    if (isBack) await noteQuestion(context, tenant, accountId, { ...question, waitMs: firstWaitMs })
    await bookArrival(context, tenant, { accountId, reference, found: { ...found, transfer: found.transfer } })
    if (isBack) await noteQuestion(context, tenant, accountId, { ...question, waitMs: 0 })
  }
  await context.db.query(sql`delete from arrival_notices where merchant_id = ${tenant.merchant.id} and id = ${id}`)
}

/** Whether an account shows a refund or a lost dispute that has taken money of a payment. Throws `UpstreamError`. */
async function showsTaken(
  tenant: Tenant,
  { disputes: account }: PaymentProcessor,
  reference: string,
): Promise<boolean> {
  const taken = await account?.listTaken(tenant, reference, [])
  if (taken === undefined) return false
  return taken.refunds.some(({ state }) => state !== 'failed') || taken.disputes.some(({ state }) => state === 'lost')
}

async function askAgain({ db, clock }: Context, { merchant }: Tenant, id: string, waitedMs: number): Promise<void> {
  const waitMs = Math.min(Math.max(waitedMs, firstWaitMs), lastWaitMs)
  await db.query(sql`
    update arrival_notices set due_at = ${new Date(clock.now().getTime() + waitMs)}, attempts = 0
    where merchant_id = ${merchant.id} and id = ${id}
  `)
}

/**
 * Books a transfer that its account has shown: to the customer whose dedicated account got it, else to suspense. Once, whoever
 * tells of it and however often. Answers false for a transfer that is left alone: it came before the cut-over of its
 * account, and has no owner or was imported as history.
 */
export async function bookArrival(context: PaymentsContext, tenant: Tenant, arrival: AccountArrival): Promise<boolean> {
  const known = await findCharge(context, tenant, arrival)
  if (known !== null) {
    await settleArrived(context, tenant, known, arrival)
    return true
  }
  if (await isImported(context, tenant, arrival.reference)) return false
  const recorded = await findPayInNamed(context, tenant, arrival.reference)
  const isByHand = recorded !== null && recorded.accountId < firstAccountId
  // A person has recorded the account's money by the account's name for it.
  if (recorded !== null && !isByHand) return true
  const owner = isByHand ? recordedByHand : await findOwner(context, tenant, arrival)
  if (typeof owner === 'string') return suspendArrival(context, tenant, arrival, owner)
  const charge = await makePayment(context, tenant, arrival, owner)
  // At the same moment a person has recorded it.
  if (charge === null) return bookArrival(context, tenant, arrival)
  await settleArrived(context, tenant, charge, arrival)
  return true
}

const recordedByHand = 'A pay-in was recorded by hand under the name of this transfer, so it may be the same money'

async function settleArrived(
  context: PaymentsContext,
  tenant: Tenant,
  charge: ArrivedRow,
  { found: { facts } }: AccountArrival,
): Promise<void> {
  // What bears our marker was asked for, and is credited as such.
  if (charge.marker !== null) return
  const intent = await getPaymentIntent(context, tenant, `pi_${charge.payment_intent_id}`)
  const asked = { ...intent, accountId: charge.account_id, chargeReference: charge.reference }
  await settleIntent(context, tenant, asked, { status: 'succeeded', facts })
}

interface ArrivedRow {
  reference: string
  account_id: bigint
  payment_intent_id: string
  marker: string | null
}

/** The charge as which the transfer is on record; null for one that is new. */
async function findCharge(
  { db }: Context,
  tenant: Tenant,
  { reference, found }: AccountArrival,
): Promise<ArrivedRow | null> {
  const [row] = await db.query<ArrivedRow>(sql`
    select s.reference, s.account_id, s.payment_intent_id, s.marker from (${sentUnder(tenant, reference)}) s
    where s.outside_id = ${found.facts.id} or s.marker is not null
  `)
  return row ?? null
}

/**
 * Makes the payment as which the transfer is on record from then on. Of two servers at once, the first makes it for both. Null
 * for a transfer that a person has recorded meanwhile.
 */
async function makePayment(context: PaymentsContext, tenant: Tenant, arrival: AccountArrival, owner: Owner) {
  const { reference, found } = arrival
  // The merchant may have given the same name to a payment of its own.
  for (const name of [reference, `${reference}-${found.facts.id}`]) {
    try {
      await insertArrival(context, tenant, { ...arrival, owner, name })
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'reference_taken')) throw error
    }
    const charge = await findCharge(context, tenant, arrival)
    if (charge !== null) return charge
    if ((await findPayInNamed(context, tenant, reference)) !== null) return null
  }
  throw new ServiceError('reference_taken', `Other payments have the names of the transfer "${reference}"`)
}

interface Owner {
  customer: Customer
  bankName: string
}

/** The customer whose dedicated account got the transfer, or the reason why there is none. */
async function findOwner(
  context: Context,
  tenant: Tenant,
  { accountId, found: { transfer, facts } }: AccountArrival,
): Promise<Owner | string> {
  const { accountNumber } = transfer
  if (accountNumber === null) return 'The account does not tell which dedicated account the transfer went to'
  const { merchant, mode } = tenant
  const [row] = await context.db.query<{
    id: bigint
    customer_id: bigint
    account_id: bigint
    bank_name: string
    removed_at: Date | null
    is_deleted: boolean
  }>(sql`
    select a.id, a.customer_id, a.account_id, coalesce(a.bank_name, a.provider) as bank_name, a.removed_at,
      c.deleted_at is not null as is_deleted
    from dedicated_accounts a
    join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.account_number = ${accountNumber}
      and a.account_id <> 0
  `)
  if (row === undefined) return `No customer has the dedicated account ${accountNumber}`
  const { removed_at: removedAt } = row
  if (removedAt !== null && (facts.paidAt ?? context.clock.now()) >= removedAt) {
    return `The dedicated account ${accountNumber} was taken from its customer on ${removedAt.toISOString()}`
  }
  if (row.is_deleted) return `The customer of the dedicated account ${accountNumber} was deleted`
  if (row.account_id !== accountId) {
    // The same account under another key. A customer has one account at a bank by each.
    await context.db.query(sql`
      update dedicated_accounts a set account_id = ${accountId}
      where a.merchant_id = ${merchant.id} and a.id = ${row.id}
        and not exists (
          select from dedicated_accounts o
          where o.merchant_id = a.merchant_id and o.customer_id = a.customer_id and o.account_id = ${accountId}
            and o.provider = a.provider and o.removed_at is null
        )
    `)
  }
  return { customer: await findCustomer(context, tenant, { id: row.customer_id }), bankName: row.bank_name }
}

function insertArrival(
  context: Context,
  tenant: Tenant,
  { accountId, reference, found, owner, name }: AccountArrival & { owner: Owner; name: string },
): Promise<void> {
  const { facts, transfer } = found
  const money: { amount: bigint; currency: Currency } = { amount: facts.amount, currency: facts.currency }
  const senderName = transfer.senderName ?? 'Unknown sender'
  return insertPayment(context, tenant, {
    ...money,
    uuid: uuidV7(context.random, context.clock.now()),
    customer: owner.customer,
    reference: name,
    purpose: 'wallet_topup',
    origin: 'incoming',
    metadata: null,
    description: transfer.narration ?? `Transfer from ${senderName}`,
    incoming: {
      code: randomCode(context.random, 10),
      senderName,
      senderBank: transfer.senderBank ?? 'Unknown bank',
      senderAccountNumber: maskNumber(transfer.senderAccountNumber),
      senderCountry: transfer.senderCountry ?? tenant.merchant.country,
      narration: transfer.narration,
      receiverBank: transfer.receiverBank ?? owner.bankName,
      receiverAccountNumber: transfer.accountNumber ?? '',
    },
    arrived: { ...money, accountId, sentReference: reference, outsideId: facts.id },
  })
}

/** Only the end of a sender's number is stored: `XXXXXX6789`. */
export function maskNumber(number: string | null): string {
  return `XXXXXX${(number ?? 'XXXX').slice(-4)}`
}

/**
 * Books money at an account that nobody has asked for, and that has no owner: to suspense, with its fee, once. Money before the
 * cut-over of its account is left alone: whoever worked with the account then has credited it. So is a transfer to a dedicated account
 * of another merchant who has the same account: it is credited there. Answers whether the money is in suspense.
 */
export async function suspendArrival(
  context: FreeContext,
  tenant: Tenant,
  arrival: UnaskedMoney,
  reason: string,
): Promise<boolean> {
  const { accountId, reference, found } = arrival
  const { facts, transfer } = found
  if (await isOfBefore(context, tenant, arrival)) return false
  // The cut-over may have been moved since.
  if (await isImported(context, tenant, reference)) return false
  if (transfer !== null && (await isForAnother(context, tenant, transfer))) return false
  const told = {
    processorReference: reference,
    processorNumber: facts.id,
    ...(transfer === null ? {} : { accountNumber: transfer.accountNumber }),
  }
  const money: LedgerCommand = {
    action: 'book',
    kind: 'suspended',
    id: uuidV7(context.random, context.clock.now()),
    currency: facts.currency,
    from: { kind: 'outside', at: accountId },
    to: { kind: 'suspense' },
    amount: facts.amount,
    description: null,
    details: { ...told, reason },
    event: null,
    request: null,
    ownKey: keyOfArrival(reference, facts, 'money'),
  }
  const {
    outcomes: [outcome],
  } = await postWithFee(context, tenant, [money], feeOf(arrival, null))
  if (outcome instanceof ServiceError) throw outcome
  if (outcome?.replayed === false) tellUnread(context, tenant, reference, facts)
  return true
}

/** Whether a transfer went to a dedicated account that a customer of another merchant of this server has, and none of the tenant's ever had. */
export async function isForAnother(
  { db }: Context,
  { merchant, mode }: Tenant,
  { accountNumber }: FoundTransfer,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from processor_accounts o
    join dedicated_accounts a
      on a.merchant_id = o.merchant_id and a.mode = o.mode and a.account_number = ${accountNumber} and a.account_id = o.id
    where o.merchant_id <> ${merchant.id} and o.mode = ${mode}
      and not exists (
        select from dedicated_accounts own
        where own.merchant_id = ${merchant.id} and own.mode = ${mode} and own.account_number = ${accountNumber}
      )
    limit 1
  `)
  return rows.length > 0
}

/** Whether an account got money before its cut-over: such money is in the opening balance of the account, and is not booked there. */
export async function isOfBefore(
  context: Context,
  tenant: Tenant,
  { accountId, found: { facts } }: Pick<UnaskedMoney, 'accountId' | 'found'>,
): Promise<boolean> {
  const cutOverAt = await cutOverOf(context, tenant, accountId)
  return cutOverAt !== null && facts.paidAt !== null && facts.paidAt < cutOverAt
}

/** From when on an account's money is booked by itself; null for an account that has no such time. */
export async function cutOverOf({ db }: Context, { merchant }: Tenant, accountId: bigint): Promise<Date | null> {
  const [account] = await db.query<{ cut_over_at: Date | null }>(sql`
    select ${cutOverOfBooks(sql`a`)} as cut_over_at from processor_accounts a
    where a.merchant_id = ${merchant.id} and a.id = ${accountId}
  `)
  return account?.cut_over_at ?? null
}

/** Books what a processor has kept of money that is recorded as a pay-in, once; nothing while that is not known. */
export async function bookArrivalFee(
  context: FreeContext,
  tenant: Tenant,
  arrival: UnaskedMoney,
  payInId: string,
): Promise<void> {
  const { merchant } = tenant
  const [payIn] = await context.db.query<{ fee_bearer: FeeBearer; code: string | null; amount: bigint }>(sql`
    select p.fee_bearer, c.code, p.amount from pay_ins p
    left join customers c on c.merchant_id = p.merchant_id and c.id = p.customer_id
    where p.merchant_id = ${merchant.id} and p.id = ${payInId}
  `)
  if (payIn === undefined) return
  const { fee_bearer: bearer, code, amount } = payIn
  const to: AccountName = code === null ? { kind: 'merchant_balance' } : { kind: 'customer_cash', customer: code }
  await postWithFee(context, tenant, [], feeOf(arrival, { bearer, paid: { to, amount } }))
}

/** Money that has no owner has no bearer of its fee but the merchant. */
function feeOf(
  { accountId, reference, found: { facts } }: UnaskedMoney,
  borne: Pick<ProcessorFee, 'bearer' | 'paid'> | null,
): ProcessorFee | null {
  const { fee, currency } = facts
  if (!fee) return null
  return {
    ...(borne ?? { bearer: 'merchant', paid: null }),
    amount: fee,
    payment: facts.amount,
    currency,
    accountId,
    details: { processorReference: reference },
    key: keyOfArrival(reference, facts, 'fee'),
  }
}
