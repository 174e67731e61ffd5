import type { Queryable } from '../src/db/database.ts'
import { type Sql, sql } from '../src/db/sql.ts'
import { verifyLedger } from '../src/domain/ledger/verify/index.ts'

/**
 * Checks everything that is stored of money, and answers the contradictions. `mteja ledger verify`, which shares no code with this,
 * must find the same books sound.
 */
export async function unsoundBooks(db: Queryable): Promise<string[]> {
  const found = await unsoundLedger(db)
  const walk = verifyLedger(db)
  let step = await walk.next()
  while (!step.done) step = await walk.next()
  return step.value.isSound ? found : [...found, `mteja ledger verify: ${step.value.wrong}`]
}

/**
 * As `unsoundBooks`, without the verification: for commands of the ledger without the things that they are done for. Uses plain
 * aggregates over whole tables, for the few rows of tests.
 */
export async function unsoundLedger(db: Queryable): Promise<string[]> {
  const found: string[] = []
  for (const [rule, statement] of Object.entries(rules)) {
    const rows = await db.query(statement)
    for (const row of rows) found.push(`${rule}: ${JSON.stringify(row, (_name, value) => textOf(value))}`)
  }
  return found
}

function textOf(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

const rules: Record<string, Sql> = {
  'a deleted customer has no money, and nothing that could bring them some': sql`
    select c.merchant_id, c.code
    from customers c
    where c.deleted_at is not null and (
      exists (
        select from ledger_accounts a
        where a.merchant_id = c.merchant_id and a.customer_id = c.id and (a.posted <> 0 or a.held <> 0)
      )
      or exists (
        select from payment_intents i
        where i.merchant_id = c.merchant_id and i.customer_id = c.id and i.due_at is not null
      )
      or exists (
        select from dedicated_accounts d
        where d.merchant_id = c.merchant_id and d.customer_id = c.id and d.removed_at is null
      )
    )`,
  'a tenant counts its deleted customers': sql`
    select k.merchant_id, k.mode, k.deleted_customer_count, count(c.id)
    from merchant_counters k
    left join customers c on c.merchant_id = k.merchant_id and c.mode = k.mode and c.deleted_at is not null
    group by k.merchant_id, k.mode, k.deleted_customer_count
    having k.deleted_customer_count <> count(c.id)`,
  'an account has what its entries add up to, and as many as it counts': sql`
    select a.merchant_id, a.id, a.posted, a.entry_count, coalesce(e.sum, 0) as sum, coalesce(e.count, 0) as count
    from ledger_accounts a
    full join (
      select merchant_id, account_id, sum(amount), count(*), max(number), max(created_at) as last
      from entries group by merchant_id, account_id
    ) e on e.merchant_id = a.merchant_id and e.account_id = a.id
    where a.id is null or a.posted <> coalesce(e.sum, 0) or a.entry_count <> coalesce(e.count, 0)
      or a.entry_count <> coalesce(e.max, 0) or a.last_entry_at <> coalesce(e.last, '-infinity')`,
  'entries are numbered without gaps, dated in order and carry the balance after them': sql`
    select *
    from (
      select
        merchant_id, account_id, number, created_at, balance_after,
        row_number() over w as place, sum(amount) over w as running, lag(created_at) over w as before
      from entries
      window w as (partition by merchant_id, account_id order by number)
    ) e
    where number <> place or balance_after <> running or created_at < before`,
  'a transaction has two entries of its own tenant, mode and currency, which cancel out': sql`
    select t.merchant_id, t.id
    from ledger_transactions t
    full join (
      select
        e.merchant_id, e.transaction_id, count(*), sum(e.amount), min(e.amount) as least,
        count(distinct (a.mode, a.currency)) as kinds, min(a.mode) as mode, min(a.currency) as currency,
        min(a.id) filter (where e.amount < 0) as from_id, min(a.id) filter (where e.amount > 0) as to_id
      from entries e
      left join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
      group by e.merchant_id, e.transaction_id
    ) e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
    where (
      e.count = 2 and e.sum = 0 and e.least = -t.amount and e.kinds = 1 and e.mode = t.mode
      and e.currency = t.currency and e.from_id = t.from_account_id and e.to_id = t.to_account_id
    ) is not true`,
  'an account counts the pay-ins it received': sql`
    select a.merchant_id, a.id, a.pay_in_count, a.pay_in_total, t.count, t.sum
    from ledger_accounts a
    left join (
      select merchant_id, to_account_id, count(*), sum(amount)
      from ledger_transactions where kind = 'pay_in' group by merchant_id, to_account_id
    ) t on t.merchant_id = a.merchant_id and t.to_account_id = a.id
    where a.pay_in_count <> coalesce(t.count, 0) or a.pay_in_total <> coalesce(t.sum, 0)`,
  'money is neither made nor lost': sql`
    select merchant_id, mode, currency, sum(posted)
    from ledger_accounts group by merchant_id, mode, currency
    having sum(posted) <> 0`,
  'an account owes what its receivable says, and whoever owes has nothing available': sql`
    select a.merchant_id, a.id, a.kind, a.owed, r.owed as receivable, a.posted - a.held as available
    from (
      select *, coalesce(customer_id, 0) as party from ledger_accounts where kind in ('customer_cash', 'merchant_balance')
    ) a
    full join (
      select merchant_id, mode, currency, party_id as party, -posted as owed from ledger_accounts
      where kind in ('customer_receivable', 'merchant_receivable')
    ) r on r.merchant_id = a.merchant_id and r.mode = a.mode and r.currency = a.currency and r.party = a.party
    where a.id is null or a.owed <> coalesce(r.owed, 0) or (a.owed > 0 and a.posted - a.held <> 0)`,
  'a loan comes out of a receivable, a repayment goes into one, and nothing else does': sql`
    select t.merchant_id, t.id, t.kind, f.kind as payer, r.kind as payee
    from ledger_transactions t
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
    join ledger_accounts r on r.merchant_id = t.merchant_id and r.id = t.to_account_id
    where (t.kind = 'receivable') <> (f.kind like '%\\_receivable')
      or (t.kind = 'repayment') <> (r.kind like '%\\_receivable')`,
  'an account holds what its placed holds have left': sql`
    select a.merchant_id, a.id, a.held, h.left_over
    from ledger_accounts a
    left join (
      select merchant_id, account_id, sum(amount - captured) as left_over
      from holds where status = 'placed' group by merchant_id, account_id
    ) h on h.merchant_id = a.merchant_id and h.account_id = a.id
    where a.held <> coalesce(h.left_over, 0)`,
  'an account is not below its floor, and belongs to a customer of its mode': sql`
    select a.merchant_id, a.id
    from ledger_accounts a
    left join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
    where a.posted - a.held < a.floor or a.mode <> c.mode or (a.kind = 'customer_cash') <> (c.id is not null)
      or (a.floor is not null) <> (a.kind in ('customer_cash', 'merchant_balance', 'fees'))`,
  'a hold is captured by what its captures took, from its own account': sql`
    select h.merchant_id, h.id, h.captured, c.taken
    from holds h
    left join (
      select merchant_id, coalesce(hold_id, id) as hold_id, sum(amount) as taken, min(from_account_id) as least,
        max(from_account_id) as most
      from ledger_transactions where hold_id is not null or reverses_id is not null
      group by merchant_id, coalesce(hold_id, id)
    ) c on c.merchant_id = h.merchant_id and c.hold_id = h.id
    left join ledger_accounts a on a.merchant_id = h.merchant_id and a.id = h.account_id
    where h.captured <> coalesce(c.taken, 0) or c.least <> h.account_id or c.most <> h.account_id or a.id is null
      or (h.original_id is null and h.purpose is null and a.customer_id is distinct from h.customer_id) or a.currency <> h.currency or a.mode <> h.mode`,
  'never more is given back than was moved, the other way round, and it is added up': sql`
    select f.merchant_id, f.transaction_id, o.amount, r.total, f.amount as known
    from (
      select merchant_id, reverses_id, sum(amount) as total, count(distinct from_account_id) as ways,
        min(from_account_id) as from_id, count(distinct to_account_id) as ends, min(to_account_id) as to_id
      from (
        select merchant_id, reverses_id, amount, from_account_id, to_account_id from ledger_transactions
        where reverses_id is not null
        union all
        -- Reserved, and not moved yet.
        select merchant_id, original_id, amount, account_id, null from holds
        where original_id is not null and status = 'placed'
      ) b
      group by merchant_id, reverses_id
    ) r
    full join refund_totals f on f.merchant_id = r.merchant_id and f.transaction_id = r.reverses_id
    left join ledger_transactions o on o.merchant_id = f.merchant_id and o.id = f.transaction_id
    -- What was assigned from suspense goes back to where it had come from.
    left join ledger_transactions s
      on s.merchant_id = o.merchant_id and o.kind = 'assigned' and s.id = (o.details ->> 'suspendedId')::uuid
    where (
      f.amount = coalesce(r.total, 0) and f.amount <= o.amount and coalesce(r.ways, 1) = 1
      and coalesce(r.from_id = o.to_account_id, true) and coalesce(r.ends, 0) <= 1
      and coalesce(r.to_id = coalesce(s.from_account_id, o.from_account_id), true) and o.reverses_id is null
    ) is not true`,
  'a refund by a processor has a hold, and moves money once it is processed': sql`
    select r.merchant_id, r.id, r.state, h.status, t.amount as moved
    from refunds r
    left join suspense_decisions d
      on d.merchant_id = r.merchant_id and d.reference = r.original_id::text and d.outcome = 'assigned' and d.state = 'succeeded'
    left join holds h
      on h.merchant_id = r.merchant_id and h.id = r.id and h.original_id = coalesce(d.id, r.original_id)
    left join ledger_transactions t
      on t.merchant_id = r.merchant_id and t.id = r.id and t.reverses_id = coalesce(d.id, r.original_id) and t.kind = r.kind
    where (
      h.amount = r.amount and h.mode = r.mode and h.currency = r.currency
      and case r.state
        when 'processed' then h.status = 'captured' and t.amount = r.amount
        when 'failed' then case
          -- A person has settled it, and its account has not made it.
          when r.verdict = 'processed' and r.contradicted_at is not null then
            h.status = 'captured' and t.amount = r.amount and exists (
              select from ledger_transactions b
              where b.merchant_id = r.merchant_id and b.kind = 'chargeback_returned' and b.amount = r.amount
                and b.details ->> 'refundId' = r.id::text
            )
          else h.status = 'released' and t.id is null
        end
        else h.status = 'placed' and t.id is null
      end
    ) is not true`,
  'a refund at an account that one of ours was settled as is not taken back as well': sql`
    select r.merchant_id, r.id, r.state, r.verdict, d.id as dispute, d.state as dispute_state
    from refunds r
    join disputes d
      on d.merchant_id = r.merchant_id and d.original_id = r.original_id and d.outside_id = 'refund/' || r.settled_as
    where r.state <> 'processed' or d.state = 'lost'`,
  'transfers are numbered without gaps': sql`
    select k.merchant_id, k.mode, k.transfer_count, t.count
    from merchant_counters k
    left join (
      select merchant_id, mode, count(*), max(number) from ledger_transactions
      where kind = 'transfer' group by merchant_id, mode
    ) t on t.merchant_id = k.merchant_id and t.mode = k.mode
    where k.transfer_count <> coalesce(t.count, 0) or t.max <> t.count`,
  'customers are numbered without gaps': sql`
    select k.merchant_id, k.mode, k.customer_count, c.count
    from merchant_counters k
    left join (
      select merchant_id, mode, count(*), max(number) from customers group by merchant_id, mode
    ) c on c.merchant_id = k.merchant_id and c.mode = k.mode
    where k.customer_count <> coalesce(c.count, 0) or c.max <> c.count`,
}
