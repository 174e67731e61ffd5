import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { countedOf, isOfRefund } from '../payments/payment-parts.ts'
import { noteDifference } from './differences.ts'
import { isOfBooks, type Reconciliation } from './reconciliations.ts'

/*
 * Money in suspense that a person has given back: it has left the books. It leaves the account by a refund or a dispute, which takes
 * nothing from anybody here. Until then the account has more than the books.
 */

/**
 * Whether a decision `g` about money in suspense has given back the money of a payment, by the account's name of it, of which `i` is
 * a refund.
 */
const hasGivenBack = (reference: Sql) => sql`
  g.merchant_id = i.merchant_id and g.mode = i.mode and g.outcome = 'given_back' and g.state = 'succeeded'
    and g.dispute_turn is null
    and g.reference in (
      select c.transaction_id::text from processor_accounts a
      join sent_charges c on c.merchant_id = a.merchant_id and c.account_id = a.id and c.sent_reference = ${reference}
      where a.merchant_id = i.merchant_id and a.mode = i.mode
      union all
      select k.result_id::text from idempotency_keys k
      where k.merchant_id = i.merchant_id and k.mode = i.mode and k.refusal is null
        and k.key = 'mteja/arrival/' || ${reference} || '/' || i.payment_id || '/money'
    )
`

/** Whether an open refund `i` ends a dispute that is lost: its money has left the account with the dispute. */
const endsLost = (reference: Sql) => sql`
  exists (
    select from disputes l
    where l.merchant_id = i.merchant_id and l.mode = i.mode and l.state = 'lost' and l.outside_reference = ${reference}
      and l.amount = i.amount and coalesce(l.refund_name, i.outside_id) = i.outside_id
  )
`

/**
 * Whether the money of an open refund `i`, which was not asked for here, is booked as gone already: a person has given it back from
 * suspense, or the dispute that the refund ends is lost.
 */
export function isBookedBack(reference: Sql): Sql {
  return sql`
    i.name is null and (
      exists (select from suspense_decisions g where ${hasGivenBack(reference)})
      or ${endsLost(reference)}
    )
  `
}

interface GivenBackRow {
  /** The id of the money in suspense. */
  id: string
  transaction_id: string
  reference: string | null
  amount: bigint
  covered: bigint
  currency: Currency
  decided_at: Date
}

/**
 * Names what was given back from suspense, and is still at the account: neither disputes nor refunds, booked or open, have it. Money
 * that the account has in another currency is left out: the difference of its payment has it.
 */
export async function noteGivenBack(context: Context, tenant: Tenant, run: Reconciliation): Promise<void> {
  const { merchant, mode } = tenant
  const rows = await context.db.query<GivenBackRow>(sql`
    with opened as (
      select i.*, coalesce(i.reference, b.reference) as payment from statement_items i
      left join statement_items b
        on b.merchant_id = i.merchant_id and b.account_id = i.account_id and b.kind = 'payment' and b.outside_id = i.payment_id
      where i.merchant_id = ${merchant.id} and i.account_id = ${run.booksId} and i.kind = 'refund' and i.state = 'open'
        and i.name is null
    )
    select g.reference as id, g.id as transaction_id, t.details ->> 'processorReference' as reference,
      coalesce(g.amount, t.amount) as amount, (d.amount + o.amount)::bigint as covered, t.currency, g.created_at as decided_at
    from suspense_decisions g
    join ledger_transactions t on t.merchant_id = g.merchant_id and t.id = g.reference::uuid
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
    cross join lateral (
      select coalesce(sum(${countedOf(sql`g.reference`)}), 0) as amount from disputes d
      where d.merchant_id = g.merchant_id and g.id = any(d.movement_ids) and not ${isOfRefund}
    ) d
    cross join lateral (
      select coalesce(sum(i.amount), 0) as amount from opened i
      where ${hasGivenBack(sql`i.payment`)} and not ${endsLost(sql`i.payment`)}
    ) o
    where g.merchant_id = ${merchant.id} and g.mode = ${mode} and g.outcome = 'given_back' and g.state = 'succeeded'
      and g.dispute_turn is null and ${isOfBooks(tenant, sql`f.party_id`, run.booksId)}
      and d.amount + o.amount < coalesce(g.amount, t.amount)
      and not exists (
        select from statement_items i
        where i.merchant_id = g.merchant_id and i.account_id = ${run.booksId} and i.kind = 'payment'
          and i.reference = t.details ->> 'processorReference' and i.currency <> t.currency
      )
    order by g.id
  `)
  for (const {
    id,
    transaction_id: transactionId,
    reference,
    amount: ours,
    covered,
    currency,
    decided_at: at,
  } of rows) {
    const amount = ours - covered
    await noteDifference(context, tenant, run, {
      kind: 'missing_there',
      subject: 'suspense',
      name: id,
      reference,
      transactionId,
      amount,
      ours,
      theirs: covered === 0n ? null : covered,
      currency,
      effects: { [currency]: amount },
      at,
    })
  }
}
