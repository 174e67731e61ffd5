import type { Currency } from '../../base/money.ts'
import { instantOf, lastDays } from '../../base/time-zones.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { TransactionKind } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import { firstIdOf } from './analytics.ts'

/** The movements of one kind and currency on one day. Minor units. */
export interface DayVolume {
  /** By the merchant's clocks. */
  day: string
  currency: Currency
  kind: TransactionKind
  count: bigint
  amount: bigint
}

interface Row {
  place: number | null
  currency: Currency
  kind: TransactionKind
  count: bigint
  amount: string
  size: bigint
  last: string | null
}

/**
 * What moved on each of the last days, today included, in every currency, by kind. Days and kinds without a movement are left out.
 * One walk through the ids of these days, in slices, because ids begin with their time. Throws `too_many_reads`.
 */
export async function listDayVolumes(
  context: Context,
  tenant: Tenant,
  count: number,
): Promise<{ days: string[]; volumes: DayVolume[] }> {
  const { merchant } = tenant
  const days = lastDays(count, context.clock.now(), merchant.timeZone)
  const starts = days.map((day) => instantOf(day, null, merchant.timeZone))
  const rows = await largeRead(context, tenant, () => countDays(context, tenant, starts))
  const sums = new Map<string, DayVolume>()
  for (const { place, currency, kind, count, amount } of rows) {
    const day = days[(place ?? 0) - 1]
    if (day === undefined) continue
    const key = `${day} ${currency} ${kind}`
    const before = sums.get(key) ?? { day, currency, kind, count: 0n, amount: 0n }
    sums.set(key, { ...before, count: before.count + count, amount: before.amount + BigInt(amount) })
  }
  const volumes = [...sums.values()].sort((a, b) =>
    `${a.day}${a.currency}${a.kind}` < `${b.day}${b.currency}${b.kind}` ? -1 : 1,
  )
  return { days, volumes }
}

async function countDays(context: Context, { merchant, mode }: Tenant, starts: readonly Date[]): Promise<Row[]> {
  const [first = context.clock.now()] = starts
  const { rowsPerSlice } = context.limits
  const rows: Row[] = []
  for (let after: string | null = firstIdOf(first); after !== null; ) {
    const counted: Row[] = await context.db.query<Row>(sql`
      with slice as materialized (
        select o.id, o.mode, o.kind, o.currency, o.amount, o.created_at from ledger_transactions o
        where o.merchant_id = ${merchant.id} and o.id > ${after}::uuid
        order by o.id
        limit ${rowsPerSlice}
      ),
      counted as (
        select width_bucket(t.created_at, ${[...starts]}::timestamptz[]) as place, t.currency, t.kind, count(*) as count,
          sum(t.amount) as amount
        from slice t
        where t.mode = ${mode} and t.created_at >= ${first}
        group by 1, 2, 3
      )
      select s.size, s.last, c.*
      from (select (select count(*) from slice) as size, (select id from slice order by id desc limit 1) as last) s
      left join counted c on true
    `)
    rows.push(...counted.filter(({ place }) => place !== null))
    const [{ size = 0n, last = null } = {}] = counted
    after = size < rowsPerSlice ? null : last
  }
  return rows
}
