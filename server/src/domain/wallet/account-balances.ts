import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { outsideOfHand } from '../ledger/accounts.ts'
import type { Tenant } from '../merchants/tenant.ts'

/**
 * What lies at the processors of a tenant, in each currency that has moved there. Minor units; below zero where the tenant owes.
 * All of it counts, whoever owns it: the merchant, a customer, or nobody yet. What is being given back or paid out has left already.
 */
export async function readAccountBalances(
  context: Context,
  { merchant, mode }: Tenant,
): Promise<ReadonlyMap<Currency, bigint>> {
  const rows = await context.db.query<{ currency: Currency; amount: bigint }>(sql`
    select n.currency, sum(n.amount)::bigint as amount
    from (
      select a.currency, -a.posted as amount from ledger_accounts a
      where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.kind = 'outside' and a.customer_id is null
        and a.party_id <> ${outsideOfHand(mode)}
      union all
      select h.currency, h.captured - h.amount from holds h
      where h.merchant_id = ${merchant.id} and h.mode = ${mode} and h.original_id is not null and h.status = 'placed'
        -- The hold of an open dispute reserves money that is still there.
        and exists (select from refunds r where r.merchant_id = h.merchant_id and r.id = h.id)
      union all
      select h.currency, h.captured - h.amount from holds h
      where h.merchant_id = ${merchant.id} and h.mode = ${mode} and h.purpose is not null and h.status = 'placed'
      union all
      -- Money that a person has paid out by hand is gone, with what the bank has kept.
      select p.currency, -(case when p.state = 'paid' then p.amount else 0 end) - coalesce(p.booked_fee, 0) from payouts p
      where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.processor = 'manual' and p.ended_at is not null
    ) n
    group by n.currency
  `)
  return new Map(rows.map(({ currency, amount }) => [currency, amount]))
}
