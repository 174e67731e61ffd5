import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { outsideOfHand } from '../ledger/accounts.ts'
import { ofRefused } from '../ledger/processor-fees.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { takenOfSuspended } from '../wallet/suspense.ts'
import type { StatementItem, StatementKind } from './account-statement.ts'
import { isOfBooks, type Reconciliation } from './reconciliations.ts'

/** A page of one list, as a reconciliation has read it. */
export interface ReadPage {
  kind: StatementKind
  items: readonly StatementItem[]
}

/** Keeps what an account has told, each thing once. */
export async function storeItems(
  context: Context,
  { merchant, mode }: Tenant,
  { id: runId, booksId }: Reconciliation,
  { kind, items }: ReadPage,
): Promise<void> {
  if (items.length === 0) return
  const unique = [...new Map(items.map((item) => [item.id, item])).values()]
  const list = <Value>(read: (item: StatementItem) => Value) => unique.map(read)
  await context.db.query(sql`
    insert into statement_items as i (
      merchant_id, account_id, kind, outside_id, mode, reference, payment_id, name, state, amount, fee, currency, at,
      reconciliation_id
    )
    select ${merchant.id}, ${booksId}::bigint, ${kind}, n.id, ${mode}, n.reference, n.payment_id, n.name, n.state, n.amount,
      n.fee, n.currency, n.at, ${runId}::uuid
    from unnest(
      ${list(({ id }) => id)}::text[], ${list(({ reference }) => reference)}::text[],
      ${list(({ paymentId }) => paymentId)}::text[], ${list(({ name }) => name)}::text[],
      ${list(({ state }) => state)}::text[], ${list(({ amount }) => amount)}::bigint[], ${list(({ fee }) => fee)}::bigint[],
      ${list(({ currency }) => currency)}::text[], ${list(({ createdAt }) => createdAt)}::timestamptz[]
    ) n (id, reference, payment_id, name, state, amount, fee, currency, at)
    on conflict (merchant_id, account_id, kind, outside_id) do update set
      reference = coalesce(excluded.reference, i.reference), payment_id = excluded.payment_id, name = excluded.name,
      state = excluded.state, amount = excluded.amount, fee = excluded.fee, currency = excluded.currency, at = excluded.at,
      reconciliation_id = excluded.reconciliation_id, recorded_at = now()
  `)
}

/** How a payment of the account stands in the books. */
export interface BookedPayment {
  /** Our charge by which it was asked for; null for a payment that nobody has asked for here. */
  charge: string | null
  /** Whether the fee of that charge is known here. */
  isFeeKnown: boolean
  /** A pay-in that was recorded under its name, at the account; posted or about to be. */
  payInId: string | null
  /** A pay-in of money that moved by hand, under the same name in any spelling, or under the account's number. */
  byHandId: string | null
  /** Another payment bears the marker of this charge of ours. */
  markedCharge: string | null
  transaction: { id: string; amount: bigint; currency: Currency; fee: bigint } | null
  /** Whether it went to suspense because nobody had asked for it. */
  isUnasked: boolean
  /** What has become of it in suspense: a person has decided, or the account has taken all of it back. */
  decision: 'assigned' | 'given_back' | null
}

interface BookedRow {
  charge: string | null
  is_fee_known: boolean
  pay_in_id: string | null
  by_hand_id: string | null
  marked_charge: string | null
  transaction_id: string | null
  booked: bigint | null
  booked_currency: Currency | null
  booked_fee: bigint
  is_unasked: boolean
  decision: 'assigned' | 'given_back' | null
}

/** The names of a payment, and its amount where it is known. */
interface PaymentName {
  id: string
  reference: string | null
  marker: string | null
  money?: Pick<StatementItem, 'amount' | 'currency'>
}

/**
 * Finds payments of the account in the books, in their order. A pay-in of another account is the same payment only if it has the
 * same amount: then the other account may be a key of this one that is not known as such.
 */
export async function findBooked(
  context: Context,
  tenant: Tenant,
  { booksId }: Pick<Reconciliation, 'booksId'>,
  payments: readonly PaymentName[],
): Promise<BookedPayment[]> {
  const { merchant, mode } = tenant
  const own = (table: Sql) => sql`${table}.merchant_id = ${merchant.id} and ${table}.mode = ${mode}`
  const hand = outsideOfHand(mode)
  const rows = await context.db.query<BookedRow>(sql`
    select
      s.reference as charge, s.fee is not null as is_fee_known, p.id as pay_in_id, h.id as by_hand_id,
      m.reference as marked_charge, t.id as transaction_id, t.amount as booked, t.currency as booked_currency,
      coalesce(f.amount, 0)::bigint as booked_fee,
      coalesce(t.kind = 'suspended' and s.reference is null, false) as is_unasked,
      coalesce(d.outcome, case when t.kind = 'suspended' and t.amount <= ${takenOfSuspended} then 'given_back' end) as decision
    from unnest(
      ${payments.map(({ id }) => id)}::text[], ${payments.map(({ reference }) => reference)}::text[],
      ${payments.map(({ marker }) => marker)}::text[],
      ${payments.map(({ money }) => money?.amount ?? null)}::bigint[],
      ${payments.map(({ money }) => money?.currency ?? null)}::text[]
    ) with ordinality as i (id, reference, marker, amount, currency, place)
    left join lateral (
      select s.reference, s.fee, s.transaction_id from processor_accounts a
      join sent_charges s on s.merchant_id = a.merchant_id and s.account_id = a.id and s.sent_reference = i.reference
      where ${own(sql`a`)}
      limit 1
    ) s on true
    left join lateral (
      select p.id, p.state from pay_ins p
      where ${own(sql`p`)} and p.reference = i.reference and p.state <> 'refused' and p.account_id <> ${hand}
        and (${isOfBooks(tenant, sql`p.account_id`, booksId)} or (p.amount, p.currency) = (i.amount, i.currency))
      limit 1
    ) p on true
    left join lateral (
      select p.id from pay_ins p
      where ${own(sql`p`)} and money_name(p.reference) in (money_name(i.reference), i.id) and p.state <> 'refused'
        and p.account_id = ${hand}
      limit 1
    ) h on true
    left join lateral (
      select m.reference from sent_charges m where ${own(sql`m`)} and m.marker = i.marker limit 1
    ) m on true
    left join idempotency_keys k
      on ${own(sql`k`)} and k.key = 'mteja/arrival/' || i.reference || '/' || i.id || '/money' and k.refusal is null
    left join ledger_transactions t
      on t.merchant_id = ${merchant.id}
      and t.id = coalesce(s.transaction_id, case when p.state = 'succeeded' then p.id end, k.result_id)
    left join lateral (
      select sum(l.amount) as amount from (
        select 'mteja/arrival/' || i.reference || '/' || i.id || '/fee' as own
        union all
        select 'mteja/charge/' || a.id || '/' || i.id || '/fee' from processor_accounts a where ${own(sql`a`)}
      ) o
      cross join lateral (values (o.own), (o.own || ${ofRefused}::text)) n (key)
      join idempotency_keys fk on ${own(sql`fk`)} and fk.key = n.key and fk.refusal is null
      join ledger_transactions l on l.merchant_id = ${merchant.id} and l.id = fk.result_id
    ) f on true
    left join suspense_decisions d on ${own(sql`d`)} and d.reference = t.id::text and d.state = 'succeeded'
      and d.dispute_turn is null
    order by i.place
  `)
  return rows.map((row) => ({
    charge: row.charge,
    isFeeKnown: row.is_fee_known,
    payInId: row.pay_in_id,
    byHandId: row.by_hand_id,
    markedCharge: row.marked_charge,
    transaction:
      row.transaction_id === null
        ? null
        : {
            id: row.transaction_id,
            amount: row.booked as bigint,
            currency: row.booked_currency as Currency,
            fee: row.booked_fee,
          },
    isUnasked: row.is_unasked,
    decision: row.decision,
  }))
}

/** Finds one payment in the books. */
export async function findBookedOne(
  context: Context,
  tenant: Tenant,
  run: Pick<Reconciliation, 'booksId'>,
  payment: PaymentName,
): Promise<BookedPayment> {
  const [found] = await findBooked(context, tenant, run, [payment])
  return found as BookedPayment
}

/** The account's name of the payment of a refund or dispute; null for one that neither the account nor a payment tells. */
export async function referenceOf(
  context: Context,
  { merchant }: Tenant,
  { booksId }: Reconciliation,
  { reference, paymentId }: StatementItem,
): Promise<string | null> {
  if (reference !== null) return reference
  const [row] = await context.db.query<{ reference: string }>(sql`
    select reference from statement_items
    where merchant_id = ${merchant.id} and account_id = ${booksId} and kind = 'payment' and outside_id = ${paymentId}
  `)
  return row?.reference ?? null
}
