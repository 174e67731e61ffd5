import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { pageByNumber, pageOfMatches } from '../../db/numbered-lists.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import {
  intentColumns,
  type PaymentIntent,
  type PaymentIntentRow,
  readIntent,
  withNames,
} from './payment-intent-records.ts'

/** Newest first. Payment intents are numbered, so without a status any page and the total are index look-ups. */
export async function listPaymentIntents(
  context: Context,
  tenant: Tenant,
  filter: { status?: string | undefined },
  page: PageRequest,
): Promise<Page<PaymentIntent>> {
  const { total, rows } =
    filter.status === undefined
      ? pageByNumber(allOf(tenant), tenant, page)
      : pageOfMatches(matchesOf(tenant, filter.status), page)
  const statement = sql`
    select t.total, ${intentColumns}
    from (${total}) t
    left join (${rows}) i on true
    ${withNames}
    order by i.number desc
  `
  const find = () => context.db.query<PaymentIntentRow & { total: bigint }>(statement)
  const found = await (filter.status === undefined ? find() : largeRead(context, tenant, find))
  return readPage(found, readIntent)
}

function allOf({ merchant, mode }: Tenant) {
  const last = sql`
    select coalesce(max(payment_intent_count), 0) from payment_numbers
    where merchant_id = ${merchant.id} and mode = ${mode}
  `
  return { table: sql`payment_intents`, first: sql`1`, last }
}

/** With `n` for the payment intents. */
function matchesOf({ merchant, mode }: Tenant, status: string) {
  return sql`
    from payment_intents n where n.merchant_id = ${merchant.id} and n.mode = ${mode} and n.status = ${status}
  `
}
