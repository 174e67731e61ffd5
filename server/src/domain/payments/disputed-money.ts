import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type AccountKind, outsideOfHand } from '../ledger/accounts.ts'
import type { AccountName } from '../ledger/commands.ts'
import { accountOfLateFact } from '../ledger/late-facts.ts'
import type { FeeBearer } from '../ledger/processor-fees.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { TransactionKind } from '../trail/trail.ts'
import { keyOfArrival } from './charge-facts.ts'
import type { ChargeFacts } from './payment-processor.ts'
import { keysOfAccount } from './processor-accounts.ts'
import { sentUnder } from './sent-charges.ts'

/** Money that came from outside and may be taken back, as the ledger has it. */
export interface DisputedMoney {
  /** The ledger transaction that brought it. */
  transactionId: string
  kind: TransactionKind
  amount: bigint
  currency: Currency
  /** The outside that it came from. */
  outside: { kind: 'outside'; at: bigint | undefined }
  /** Who bears the processor's fees of it. */
  feeBearer: FeeBearer
  /** Who got it; null for money that went to suspense and has no owner. */
  owner: AccountName | null
  /** What a person has decided about money in suspense, and the minor units that it is about. */
  decision: { id: string; outcome: 'assigned' | 'given_back'; amount: bigint; isPosted: boolean } | null
  intentUuid: string | null
  /** The customer whose money it was, or else who paid. */
  customerId: bigint | null
  hasPayment: boolean
}

interface MoneyRow {
  kind: TransactionKind
  amount: bigint
  currency: Currency
  from_kind: AccountKind
  party_id: bigint
  to_kind: AccountKind
  owner_code: string | null
  owner_id: bigint | null
  decision_id: string | null
  outcome: 'assigned' | 'given_back' | null
  decided_amount: bigint | null
  is_posted: boolean | null
  assigned_code: string | null
  assigned_id: bigint | null
  fee_bearer: FeeBearer
  intent_id: string | null
  payer_id: bigint | null
  has_payment: boolean
}

/** Null for a ledger transaction that brought nothing from outside. */
export async function findDisputedMoney(
  context: Context,
  { merchant, mode }: Tenant,
  transactionId: string,
): Promise<DisputedMoney | null> {
  const [row] = await context.db.query<MoneyRow>(sql`
    select
      t.kind, t.amount, t.currency, f.kind as from_kind, f.party_id, a.kind as to_kind, c.code as owner_code,
      c.id as owner_id, s.id as decision_id, s.outcome, coalesce(s.amount, t.amount) as decided_amount,
      s.state = 'succeeded' as is_posted, sc.code as assigned_code, sc.id as assigned_id, i.id as intent_id,
      coalesce(pay.customer_id, i.customer_id) as payer_id, pay.id is not null as has_payment,
      case when t.kind = 'suspended' then 'merchant' else coalesce(h.fee_bearer, p.fee_bearer, 'merchant') end as fee_bearer
    from ledger_transactions t
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
    join ledger_accounts a on a.merchant_id = t.merchant_id and a.id = t.to_account_id
    left join customers c on c.merchant_id = t.merchant_id and c.id = a.customer_id
    left join suspense_decisions s
      on s.merchant_id = t.merchant_id and s.mode = t.mode and s.reference = t.id::text and s.state <> 'refused'
      and s.dispute_turn is null
    left join customers sc on sc.merchant_id = s.merchant_id and sc.id = s.customer_id
    left join payment_intents i
      on i.merchant_id = t.merchant_id and i.id = substr(t.details ->> 'paymentIntentId', 4)::uuid
    left join payments pay on pay.merchant_id = i.merchant_id and pay.payment_intent_id = i.id
    left join sent_charges h
      on h.merchant_id = i.merchant_id and h.payment_intent_id = i.id and h.transaction_id = t.id
    left join pay_ins p on p.merchant_id = t.merchant_id and p.id = t.id
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.id = ${transactionId}
      and t.kind in ('pay_in', 'suspended')
  `)
  if (row === undefined || row.from_kind !== 'outside') return null
  return {
    transactionId,
    kind: row.kind,
    amount: row.amount,
    currency: row.currency,
    outside: { kind: 'outside', at: row.party_id === 0n ? undefined : row.party_id },
    feeBearer: row.fee_bearer,
    owner: ownerOf(row),
    decision: decisionOf(row),
    intentUuid: row.intent_id,
    customerId: row.owner_id ?? row.assigned_id ?? row.payer_id,
    hasPayment: row.has_payment,
  }
}

function decisionOf({ decision_id: id, outcome, decided_amount: amount, is_posted }: MoneyRow) {
  if (id === null || outcome === null || amount === null) return null
  return { id, outcome, amount, isPosted: is_posted === true }
}

function ownerOf({ to_kind, owner_code, assigned_code }: MoneyRow): AccountName | null {
  const code = owner_code ?? assigned_code
  if (code !== null) return { kind: 'customer_cash', customer: code }
  return to_kind === 'suspense' ? null : { kind: 'merchant_balance' }
}

/** The ledger transaction of a payment at an account. */
export type BookedPayment =
  | { transactionId: string }
  /** Our charge, whose money is not booked. */
  | { transactionId: null; charge: string }

/**
 * By the account's name of it. Our own names are random, so the account may be another one than the one that took the money: an
 * account whose key was changed is another one here. Null for a payment that is not ours.
 */
export async function findBookedPayment(
  context: Context,
  tenant: Tenant,
  accountId: bigint,
  reference: string,
): Promise<BookedPayment | null> {
  const { merchant, mode } = tenant
  const [row] = await context.db.query<{ transaction_id: string | null; charge: string | null }>(sql`
    select s.transaction_id, s.reference as charge
    from (${sentUnder(tenant, reference)}) s
    union all
    select p.id, null
    from pay_ins p
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.reference = ${reference} and p.state = 'succeeded'
      and p.account_id in (${keysOfAccount(tenant, accountId)})
  `)
  if (row === undefined) return null
  return row.transaction_id === null
    ? { transactionId: null, charge: row.charge as string }
    : { transactionId: row.transaction_id }
}

/**
 * The pay-in that a person recorded by hand under an account's name of a payment, of the same amount; null if there is none.
 */
export async function findByHand(
  { db }: Context,
  { merchant, mode }: Tenant,
  reference: string,
  { amount, currency }: Pick<ChargeFacts, 'amount' | 'currency'>,
): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(sql`
    select p.id from pay_ins p
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.account_id = ${outsideOfHand(mode)}
      and lower(p.reference collate "C") = lower(${reference}::text collate "C") and p.state = 'succeeded'
      and p.amount = ${amount} and p.currency = ${currency}
  `)
  return row?.id ?? null
}

/** The ledger transaction that brought money which nobody had asked for, by the account's name and id of the payment. */
export async function findArrived(
  { db }: Context,
  { merchant, mode }: Tenant,
  reference: string,
  payment: Pick<ChargeFacts, 'id'>,
): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(sql`
    select k.result_id::text as id from idempotency_keys k
    where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.refusal is null
      and k.key = ${`mteja/${keyOfArrival(reference, payment, 'money')}`}
  `)
  return row?.id ?? null
}

/** The movement by which its owner got the money, under which it is reserved; null while nobody has it. */
export function movementToOwner({ kind, transactionId, decision }: DisputedMoney): string | null {
  if (kind === 'pay_in') return transactionId
  return decision?.outcome === 'assigned' && decision.isPosted ? decision.id : null
}

/** Who pays a loss. */
export async function payerOf(
  context: Context,
  tenant: Tenant,
  { owner }: DisputedMoney,
  borneBy: 'customer' | 'merchant',
): Promise<AccountName> {
  if (borneBy === 'merchant' || owner === null || owner.kind !== 'customer_cash') return { kind: 'merchant_balance' }
  return accountOfLateFact(context, tenant, owner.customer)
}

/** What is booked of a dispute's amount: no more than has come. */
export function bookedOf({ amount }: { amount: bigint }, money: DisputedMoney): bigint {
  return amount < money.amount ? amount : money.amount
}
