import type { Currency } from '../../base/money.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { nothing, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { StatementItem } from './account-statement.ts'

/** A settlement as an account has told it. */
export interface ToldSettlement {
  /** The account's number of it. */
  id: string
  state: StatementItem['state']
  /** Minor units: what the bank gets. */
  amount: bigint
  /** Minor units: what the processor has kept of the payments. */
  fee: bigint
  currency: Currency
  at: Date
}

/** The settlements that reconciliations have read, newest first. */
export async function listSettlements(
  context: Context,
  { merchant, mode }: Tenant,
  {
    state,
    from,
    until,
  }: { state: StatementItem['state'] | undefined; from: Date | undefined; until: Date | undefined },
  { limit, offset }: PageRequest,
): Promise<Page<ToldSettlement>> {
  const matching = sql`
    i.merchant_id = ${merchant.id} and i.mode = ${mode} and i.kind = 'settlement'
      ${state === undefined ? nothing : sql`and i.state = ${state}`}
      ${from === undefined ? nothing : sql`and i.at >= ${from}::timestamptz`}
      ${until === undefined ? nothing : sql`and i.at < ${until}::timestamptz`}
  `
  const rows = await context.db.query<ToldSettlement & { total: bigint }>(sql`
    select t.total, i.outside_id as id, i.state, i.amount, coalesce(i.fee, 0)::bigint as fee, i.currency, i.at
    from (select count(*) as total from statement_items i where ${matching}) t
    left join (
      select * from statement_items i where ${matching} order by i.at desc, i.outside_id desc limit ${limit} offset ${offset}
    ) i on true
    order by i.at desc, i.outside_id desc
  `)
  return readPage(rows, ({ total: _, ...settlement }) => settlement)
}
