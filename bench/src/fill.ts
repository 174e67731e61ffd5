import { foldingMark } from '../../server/src/domain/customers/search-text.ts'
import { deniedEvery } from './load/requests.ts'

/** The contents of a filled database. Its books are sound: `mteja ledger verify` finds no fault. */
export interface Filling {
  readonly customers: number
  /** Transfers in addition to each customer's first pay-in. Each movement makes two entries. */
  readonly transfers: number
  /** The number of transfers that have the first customer on one side. */
  readonly transfersOfFirst: number
}

/** A word in the names of every tenth customer. */
export const commonWord = 'thabo'
/** A word in the names of ten customers, who are denied. */
export const rareWord = 'xqola'

const filled =
  'customers, customers_with_money, customers_without_money, ledger_accounts, ledger_transactions, entries, merchant_counters, merchant_ids'

/** The statements that fill an empty, migrated database for the merchant of the first start. */
export function fillStatements({ customers, transfers, transfersOfFirst }: Filling): string[] {
  return [
    ...customerStatements(customers),
    ...movementStatements(customers, transfers, transfersOfFirst),
    ...accountStatements,
    // Only the filled tables: a table that was vacuumed while empty is planned as empty.
    `vacuum analyze ${filled}`,
    'checkpoint',
  ]
}

/** Ids: the i-th customer has last_id + 2i - 1, and the customer's account has the next id. */
function customerStatements(customers: number): string[] {
  return [
    'set maintenance_work_mem = 1048576',
    'set work_mem = 1048576',
    // Otherwise foreign keys and triggers would be checked for each row.
    'set session_replication_role = replica',
    `create table fill_base as
     select k.merchant_id, k.last_id, date_trunc('second', now()) - interval '30 days' as began_at
     from merchant_ids k`,
    'drop index customers_search_text, customers_created_at',
    `insert into customers (
       merchant_id, id, mode, number, code, email, first_name, last_name, phone, phone_e164, metadata, search_text,
       identified, risk_action, created_at, updated_at
     )
     select
       b.merchant_id, b.last_id + 2 * i - 1, 'test', i, 'CUS_' || left(md5(i::text), 15), n.email, n.first_name,
       n.last_name, n.phone, n.phone, '{"source":"bench"}',
       concat_ws(e'\\n', '${foldingMark}', lower(n.first_name || ' ' || n.last_name), n.email, n.phone, '0' || substr(n.phone, 4), 'bench',
         lower(n.first_name || n.last_name)),
       i % 10 = 0, case when i % ${deniedEvery(customers)} = 5 then 'deny' else 'default' end,
       b.began_at + i * interval '1 millisecond', b.began_at + i * interval '1 millisecond'
     from fill_base b, generate_series(1, ${customers}) i,
     lateral (
       select
         'customer.' || i || '@example.com' as email,
         case
           when i % ${deniedEvery(customers)} = 5 then '${capitalised(rareWord)}'
           when i % 10 = 0 then '${capitalised(commonWord)}'
           else (array['Amina', 'Busi', 'Chidi', 'Dineo', 'Efua', 'Fatou', 'Grace', 'Halima', 'Ife'])[1 + i % 9]
         end as first_name,
         (array['Adeyemi', 'Botha', 'Cele', 'Diallo', 'Eze', 'Fall', 'Gumede'])[1 + i % 7] || to_hex(i * 7919::bigint % 65536)
           as last_name,
         '+2782' || lpad(i::text, 7, '0') as phone
     ) n`,
    'create index customers_created_at on customers (merchant_id, mode, created_at, number)',
    'create index customers_search_text on customers using gin (search_text gin_trgm_ops)',
  ]
}

function movementStatements(customers: number, transfers: number, transfersOfFirst: number): string[] {
  return [
    // Places of accounts: 0 is the outside world, i is the i-th customer.
    `create unlogged table fill_moves as
     select i::bigint as n, 0 as from_place, i as to_place, 1000000000::bigint as amount
     from generate_series(1, ${customers}) i
     union all
     select
       ${customers} + i,
       case when i <= ${transfersOfFirst} then 1 else 1 + (i * 7919::bigint) % ${customers} end,
       case when i <= ${transfersOfFirst} then 2 + i % (${customers} - 1)
         else 1 + (i * 7919::bigint + 1 + i % (${customers} - 1)) % ${customers} end,
       1 + i % 100
     from generate_series(1, ${transfers}) i`,
    `create function fill_id(n bigint) returns uuid language sql immutable as $$
       select (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid
     $$`,
    `create unlogged table fill_entries as
     select s.n, s.place, s.amount, row_number() over account as number, sum(s.amount) over account as balance
     from (
       select n, from_place as place, -amount as amount from fill_moves
       union all
       select n, to_place, amount from fill_moves
     ) s
     window account as (partition by s.place order by s.n)`,
    `insert into entries (merchant_id, account_id, number, transaction_id, amount, balance_after, created_at)
     select
       b.merchant_id, b.last_id + 2 * e.place, e.number, fill_id(e.n), e.amount, e.balance,
       b.began_at + e.n * interval '1 millisecond'
     from fill_base b, fill_entries e
     order by e.n`,
    `insert into ledger_transactions (
       merchant_id, id, mode, kind, number, from_account_id, from_number, to_account_id, to_number, amount, currency,
       description, created_at
     )
     select
       b.merchant_id, fill_id(m.n), 'test', case when m.from_place = 0 then 'pay_in' else 'transfer' end,
       case when m.from_place > 0 then m.n - ${customers} end, b.last_id + 2 * m.from_place, f.number,
       b.last_id + 2 * m.to_place, t.number, m.amount, 'ZAR', case when m.from_place = 0 then 'Top-up' end,
       b.began_at + m.n * interval '1 millisecond'
     from fill_base b, fill_moves m
     join fill_entries f on f.n = m.n and f.amount < 0
     join fill_entries t on t.n = m.n and t.amount > 0
     order by m.n`,
  ]
}

const accountStatements = [
  `insert into ledger_accounts (
     merchant_id, id, mode, kind, customer_id, currency, floor, posted, entry_count, last_entry_at, pay_in_count,
     pay_in_total, created_at, updated_at
   )
   select
     b.merchant_id, e.account_id, 'test', case when e.account_id = b.last_id then 'outside' else 'customer_cash' end,
     case when e.account_id <> b.last_id then e.account_id - 1 end, 'ZAR',
     case when e.account_id <> b.last_id then 0 end, sum(e.amount), count(*), max(e.created_at),
     case when e.account_id = b.last_id then 0 else 1 end, case when e.account_id = b.last_id then 0 else 1000000000 end,
     b.began_at, max(e.created_at)
   from fill_base b, entries e
   group by b.merchant_id, b.last_id, b.began_at, e.account_id`,
  `insert into customers_with_money (merchant_id, mode, number, account_id)
   select a.merchant_id, a.mode, c.number, a.id
   from ledger_accounts a
   join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
   where a.posted > 0`,
  `delete from customers_without_money n using customers_with_money w
   where w.merchant_id = n.merchant_id and w.mode = n.mode and w.number = n.number`,
  `update merchant_counters c
   set customer_count = (select count(*) from customers),
     last_customer_at = (select max(created_at) from customers),
     transfer_count = (select count(*) from ledger_transactions where kind = 'transfer')
   from fill_base b
   where c.merchant_id = b.merchant_id and c.mode = 'test'`,
  'update merchant_ids k set last_id = b.last_id + 2 * (select count(*) from customers) from fill_base b',
  'drop table fill_base, fill_moves, fill_entries',
  'drop function fill_id',
  'set session_replication_role = origin',
]

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
