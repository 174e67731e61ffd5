import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { isChargedByAnother } from '../payments/sent-charges.ts'
import type { AccountStatement } from './account-statement.ts'
import { findForgotten, noteForgotten } from './beside-openings.ts'
import { noteDifference } from './differences.ts'
import { isBookedBack } from './give-backs.ts'
import {
  beginningOf,
  type ComparedBalance,
  isOfBooks,
  isSentByAnother,
  type Reconciliation,
} from './reconciliations.ts'

/** What a look at the balances has found. `agreed`: nothing is left to explain. */
export interface SeenBalances {
  balances: ComparedBalance[]
  /** The currencies in which the account tells what cannot be read. They are not compared. */
  unreadable: Currency[]
  isAgreed: boolean
}

/**
 * Compares what the account has with what it should have: what was there before the cut-over, and what has come since by the
 * books, less what is open. What was there before is recorded once nothing has moved between two looks, and the account lists all that
 * it was asked for.
 */
export async function compareBalances(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  statement: AccountStatement,
): Promise<SeenBalances> {
  const told = await statement.readBalances()
  const unreadable = told.flatMap(({ currency, amount }) => (amount === null ? [currency] : []))
  const held = told.flatMap(({ currency, amount }) => (amount === null ? [] : [{ currency, amount }]))
  const kept = await findOpenings(context, tenant, run)
  const { begin } = await beginningOf(context, tenant, run.booksId)
  if (kept.size === 0 && run.from > begin) return { balances: [], unreadable, isAgreed: true }
  const isNew = kept.size === 0
  const forgotten = isNew ? await findForgotten(context, tenant, run) : []
  const changes: Changes = isNew ? await sumChanges(context, tenant, run) : new Map()
  for (const { currency, cost } of forgotten) {
    const { all, settled } = changes.get(currency) ?? { all: 0n, settled: 0n }
    changes.set(currency, { all: all - cost, settled })
  }
  const heldOf = (currency: Currency) => held.find((each) => each.currency === currency)?.amount ?? 0n
  const sums = await sumBooks(context, tenant, run)
  const all = [...held.map(({ currency }) => currency), ...sums.keys(), ...kept.keys(), ...changes.keys()]
  const readable = [...new Set(all)].filter((currency) => !unreadable.includes(currency))
  const balances = readable.sort().map((currency): ComparedBalance => {
    const account = heldOf(currency)
    const { booked = 0n, open = 0n, explained = 0n } = sums.get(currency) ?? {}
    const opening = isNew ? account - (changes.get(currency)?.all ?? 0n) : (kept.get(currency)?.amount ?? 0n)
    const expected = opening + booked - open
    return {
      currency,
      account: Number(account),
      expected: Number(expected),
      opening: Number(opening),
      explained: Number(explained),
      unsettled: 0,
      unexplained: Number(account - expected - explained),
    }
  })
  if (isNew) {
    // What moves between the lists and the balance is missing in one of them, and may be of the same amount in each look.
    const isStill = run.round > 2 && isAlike(run.balances, balances, ['opening', 'account'])
    if (!isStill || (await isAnythingUnseen(context, tenant, run))) return { balances, unreadable, isAgreed: false }
    await noteForgotten(context, tenant, run, forgotten)
    await keepOpenings(context, tenant, run, { balances, changes })
  } else {
    await readUnsettled(context, tenant, run, { balances, kept })
  }
  return { balances, unreadable, isAgreed: balances.every(({ unexplained }) => unexplained === 0) }
}

/**
 * Whether the account may have paid a refund or a payout that it does not list: its balance would be without that money already. One that
 * a person has settled is asked about for a while longer.
 */
async function isAnythingUnseen({ db }: Context, tenant: Tenant, { booksId }: Reconciliation): Promise<boolean> {
  const { merchant, mode } = tenant
  const isUnseen = (matching: Sql) => sql`
    not exists (
      select from statement_items i
      where i.merchant_id = ${merchant.id} and i.account_id = ${booksId} and ${matching}
    )
  `
  const rows = await db.query(sql`
    select r.id
    from refunds r
    join ledger_transactions t on t.merchant_id = r.merchant_id and t.id = r.original_id
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id and f.kind = 'outside'
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and r.due_at is not null and r.asked_at is not null and r.settled_as is null
      and ${isOfBooks(tenant, sql`f.party_id`, booksId)} and ${isUnseen(sql`i.kind = 'refund' and i.name = r.id::text`)}
    union all
    select p.id
    from payouts p
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and (p.state in ('sending', 'sent') or (p.settled_by_hand and p.due_at is not null))
      and ${isOfBooks(tenant, sql`p.account_id`, booksId)} and ${isUnseen(sql`i.kind = 'payout' and i.name = p.sent_reference`)}
    limit 1
  `)
  return rows.length > 0
}

/** Whether two looks have the same amounts in each currency. */
export function isAlike(
  before: readonly ComparedBalance[],
  now: readonly ComparedBalance[],
  amounts: readonly ('account' | 'opening' | 'unexplained')[],
): boolean {
  return now.every((balance) => {
    const other = before.find(({ currency }) => currency === balance.currency)
    return other !== undefined && amounts.every((amount) => other[amount] === balance[amount])
  })
}

interface Opening {
  currency: Currency
  amount: bigint
  /** What had come and gone by the lists of the account when it was recorded, without payouts. */
  since: bigint
  counts_unsettled: boolean
}

/**
 * There are accounts whose balance does not count payments before they are settled, and that settle them to a bank: their balance
 * stays as it was, by exactly what has come and gone since. An account that was once seen to count them is not one of these. A
 * payout is paid from the balance of either.
 */
async function readUnsettled(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  { balances, kept }: { balances: ComparedBalance[]; kept: Map<Currency, Opening> },
): Promise<void> {
  const isOpen = balances.some(({ unexplained }) => unexplained !== 0)
  const isUnknown = [...kept.values()].some((each) => !each.counts_unsettled)
  if (!isUnknown && !isOpen) return
  const changes = await sumChanges(context, tenant, run)
  for (const balance of balances) {
    const opening = kept.get(balance.currency)
    if (opening === undefined || opening.counts_unsettled) continue
    const since = Number((changes.get(balance.currency)?.settled ?? 0n) - opening.since)
    if (since === 0) continue
    if (balance.unexplained === 0) {
      await context.db.query(sql`
        update opening_balances set counts_unsettled = true
        where merchant_id = ${tenant.merchant.id} and account_id = ${run.booksId} and currency = ${balance.currency}
      `)
    } else if (balance.unexplained === -since) {
      balance.unsettled = since
      balance.unexplained = 0
    }
  }
}

/** Those of balances which moved during each look that were not explained the last time either. */
export async function unexplainedBefore(
  context: Context,
  tenant: Tenant,
  { booksId }: Reconciliation,
  balances: readonly ComparedBalance[],
): Promise<ComparedBalance[]> {
  const [last] = await context.db.query<{ balances: ComparedBalance[] }>(sql`
    select r.balances from reconciliations r
    where r.merchant_id = ${tenant.merchant.id} and ${isOfBooks(tenant, sql`r.account_id`, booksId)} and r.with_balance
      and r.state in ('agreed', 'differing')
    order by r.id desc
    limit 1
  `)
  const before = new Map(last?.balances.map((each) => [each.currency, each.unexplained]))
  return balances.filter(({ currency, unexplained }) => unexplained * (before.get(currency) ?? 0) > 0)
}

/** Names what is left to explain, and closes what is explained now. */
export async function noteBalances(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  balances: readonly ComparedBalance[],
): Promise<void> {
  const now = context.clock.now()
  for (const { currency, account, expected, explained, unexplained } of balances) {
    const accepted = await acceptedOf(context, tenant, run, currency)
    const whole = accepted + BigInt(unexplained)
    if (whole !== 0n && unexplained !== 0) {
      await noteDifference(context, tenant, run, {
        kind: 'unexplained',
        subject: 'balance',
        name: currency,
        reference: null,
        transactionId: null,
        amount: whole < 0n ? -whole : whole,
        ours: BigInt(expected + explained) - accepted,
        theirs: BigInt(account),
        currency,
        effects: { [currency]: whole },
        at: now,
      })
    } else if (whole === 0n) {
      await context.db.query(sql`
        update differences set state = 'resolved', reason = null, actor_id = null, closed_at = ${now}, updated_at = ${now}
        where merchant_id = ${tenant.merchant.id} and ${isOfBooks(tenant, sql`account_id`, run.booksId)} and subject = 'balance'
          and name = ${currency} and kind = 'unexplained' and state <> 'resolved'
      `)
    }
  }
}

/** What is unexplained of a balance, and was accepted as it is. */
async function acceptedOf(
  context: Context,
  { merchant }: Tenant,
  { booksId }: Reconciliation,
  currency: Currency,
): Promise<bigint> {
  const [row] = await context.db.query<{ amount: bigint }>(sql`
    select (effects ->> ${currency})::bigint as amount from differences
    where merchant_id = ${merchant.id} and account_id = ${booksId} and subject = 'balance' and name = ${currency}
      and kind = 'unexplained' and state = 'accepted'
  `)
  return row?.amount ?? 0n
}

/** What the account had before its cut-over, once it is on record. */
async function findOpenings(
  context: Context,
  { merchant }: Tenant,
  { booksId }: Reconciliation,
): Promise<Map<Currency, Opening>> {
  const rows = await context.db.query<Opening>(sql`
    select currency, amount, since, counts_unsettled from opening_balances
    where merchant_id = ${merchant.id} and account_id = ${booksId}
  `)
  return new Map(rows.map((row) => [row.currency, row]))
}

/** What has come and gone, by currency. */
type Changes = Map<Currency, { all: bigint; settled: bigint }>

/**
 * What a payout `i` has cost the account: of one that has come back the fee that was kept. An account that does not say it has
 * kept what is booked.
 */
function costOfPayout({ merchant }: Tenant): Sql {
  return sql`case
    when i.state <> 'failed' then i.amount + coalesce(i.fee, 0)
    else coalesce(i.fee, (
      select q.booked_fee from payouts q
      where q.merchant_id = ${merchant.id} and q.sent_reference = i.name and q.state = 'returned'
    ), 0)
  end`
}

/** What has come and gone since the account was first worked with, by its own lists. */
async function sumChanges(context: Context, tenant: Tenant, run: Reconciliation): Promise<Changes> {
  const { begin, cutOver } = await beginningOf(context, tenant, run.booksId)
  const changes = await context.db.query<{ currency: Currency; settled: bigint; payouts: bigint }>(sql`
    select
      i.currency,
      coalesce(sum(case i.kind when 'payment' then i.amount - coalesce(i.fee, 0) else -i.amount end)
        filter (where i.kind <> 'payout'), 0)::bigint as settled,
      coalesce(sum(${costOfPayout(tenant)}) filter (where i.kind = 'payout'), 0)::bigint as payouts
    from statement_items i
    where i.merchant_id = ${tenant.merchant.id} and i.account_id = ${run.booksId} and i.at >= ${begin}
      -- Of before the cut-over only what was asked for here is booked.
      and (i.at >= ${cutOver} or exists (
        select from sent_charges s
        where s.merchant_id = i.merchant_id and s.sent_reference = i.reference and s.transaction_id is not null
          and ${isOfBooks(tenant, sql`s.account_id`, run.booksId)}
      ) or (i.kind = 'payout' and exists (
        select from payouts p
        where p.merchant_id = i.merchant_id and p.mode = i.mode and p.sent_reference = i.name
      )))
      and (i.state = 'done' or i.kind = 'payout' or (i.kind = 'refund' and i.state = 'open'))
      -- The refund by which its money went back counts already.
      and not (i.kind = 'dispute' and exists (
        select from statement_items b
        where b.merchant_id = i.merchant_id and b.account_id = i.account_id and b.kind = 'refund' and b.state <> 'failed'
          and b.payment_id = i.payment_id and (b.at >= i.at and b.amount = i.amount or exists (
            select from disputes d
            where d.merchant_id = i.merchant_id and d.mode = i.mode and d.outside_id = i.outside_id
              and b.outside_id = any(d.refund_names || d.refund_name)
          ))
      ))
    group by i.currency
  `)
  return new Map(changes.map(({ currency, settled, payouts }) => [currency, { all: settled - payouts, settled }]))
}

async function keepOpenings(
  context: Context,
  { merchant, mode }: Tenant,
  { booksId }: Reconciliation,
  { balances, changes }: { balances: readonly ComparedBalance[]; changes: Changes },
): Promise<void> {
  const now = context.clock.now()
  for (const { currency, opening } of balances) {
    const since = changes.get(currency)?.settled ?? 0n
    await context.db.query(sql`
      insert into opening_balances (merchant_id, account_id, currency, mode, amount, since, created_at)
      values (${merchant.id}, ${booksId}, ${currency}, ${mode}, ${opening}, ${since}, ${now})
      on conflict do nothing
    `)
  }
}

interface Sums {
  /** What the account has by our books. */
  booked: bigint
  /** What has left the account, and is reserved here until it is known how it ended. */
  open: bigint
  /** What differences explain that are not put right, and what other merchants have sent by the same account. */
  explained: bigint
}

async function sumBooks(context: Context, tenant: Tenant, { booksId }: Reconciliation): Promise<Map<Currency, Sums>> {
  const { merchant, mode } = tenant
  const { cutOver } = await beginningOf(context, tenant, booksId)
  const rows = await context.db.query<Sums & { currency: Currency }>(sql`
    select n.currency, coalesce(sum(n.booked), 0)::bigint as booked, coalesce(sum(n.open), 0)::bigint as open,
      coalesce(sum(n.explained), 0)::bigint as explained
    from (
      select a.currency, -a.posted as booked, 0 as open, 0 as explained
      from ledger_accounts a
      where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.kind = 'outside' and a.customer_id is null
        and ${isOfBooks(tenant, sql`a.party_id`, booksId)}
      union all
      select i.currency, 0, i.amount, 0
      from statement_items i
      left join statement_items b
        on b.merchant_id = i.merchant_id and b.account_id = i.account_id and b.kind = 'payment' and b.outside_id = i.payment_id
      where i.merchant_id = ${merchant.id} and i.account_id = ${booksId} and i.kind = 'refund' and i.state = 'open'
        and not (${isBookedBack(sql`coalesce(i.reference, b.reference)`)})
        and not exists (
          select from refunds r
          where r.merchant_id = i.merchant_id and r.id = case when i.kind = 'refund' then i.name::uuid end
            and r.state in ('processed', 'failed')
        )
        and not exists (
          select from differences d
          where d.merchant_id = i.merchant_id and d.account_id = i.account_id and d.subject = 'refund'
            and d.name = i.outside_id and d.state <> 'resolved'
        )
      union all
      select i.currency, 0, i.amount + coalesce(i.fee, 0), 0
      from statement_items i
      join payouts p on p.merchant_id = i.merchant_id and p.sent_reference = i.name
      where i.merchant_id = ${merchant.id} and i.account_id = ${booksId} and i.kind = 'payout' and i.state = 'open'
        and p.state in ('awaiting_approval', 'pending', 'sending', 'sent')
        and not exists (
          select from differences d
          where d.merchant_id = i.merchant_id and d.account_id = i.account_id and d.subject = 'payout'
            and d.name = i.outside_id and d.state <> 'resolved'
        )
      union all
      select i.currency, 0, 0, -(case when i.state = 'failed' then 0 else i.amount end + coalesce(i.fee, 0))
      from statement_items i
      where i.merchant_id = ${merchant.id} and i.account_id = ${booksId} and i.kind = 'payout' and i.name is not null and (i.at >= ${cutOver} or i.beside_opening)
        and not exists (
          select from payouts p where p.merchant_id = i.merchant_id and p.mode = i.mode and p.sent_reference = i.name
        )
        and ${isSentByAnother(tenant, sql`i.name`)}
      union all
      select i.currency, 0, 0, i.amount - coalesce(i.fee, 0)
      from statement_items i
      where i.merchant_id = ${merchant.id} and i.account_id = ${booksId} and i.kind = 'payment' and i.state = 'done'
        and i.at >= ${cutOver} and ${isChargedByAnother(tenant, sql`i.reference`, sql`i.outside_id`)}
        and not exists (
          select from sent_charges s where s.merchant_id = i.merchant_id and s.sent_reference = i.reference and s.marker is null
        )
        -- An older version has taken such a payment to suspense, or a person has recorded it.
        and not exists (
          select from idempotency_keys k
          where k.merchant_id = i.merchant_id and k.mode = i.mode and k.refusal is null
            and k.key = 'mteja/arrival/' || i.reference || '/' || i.outside_id || '/money'
        )
        and not exists (
          select from pay_ins p
          where p.merchant_id = i.merchant_id and p.mode = i.mode and p.reference = i.reference and p.state = 'succeeded'
            and ${isOfBooks(tenant, sql`p.account_id`, booksId)}
        )
      union all
      select e.key, 0, 0, e.value::text::bigint
      from differences d
      cross join lateral json_each(d.effects) e
      where d.merchant_id = ${merchant.id} and ${isOfBooks(tenant, sql`d.account_id`, booksId)} and d.state <> 'resolved'
        and (d.subject <> 'balance' or d.state = 'accepted')
      union all
      -- A currency in which nothing is any more is looked at until what was unexplained of it is closed.
      select d.currency, 0, 0, 0
      from differences d
      where d.merchant_id = ${merchant.id} and ${isOfBooks(tenant, sql`d.account_id`, booksId)} and d.state = 'open'
        and d.subject = 'balance'
    ) n
    group by n.currency
  `)
  return new Map(rows.map(({ currency, booked, open, explained }) => [currency, { booked, open, explained }]))
}
