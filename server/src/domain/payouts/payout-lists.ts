import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import type { Page, PageRequest, Sort } from '../../base/page.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Payout, readPayouts } from './payout-records.ts'
import type { PayoutState } from './payout-states.ts'
import type { NewPayout } from './payouts.ts'
import { type Recipient, type RecipientRow, readRecipient, recipientColumns } from './recipients.ts'

/** Payouts in any of the states, and of those the ones that fit the other members. */
export interface PayoutCondition {
  states: readonly PayoutState[]
  /** Only with one of these words for the reason. */
  codes?: readonly string[] | undefined
  /** Only with none of these words. */
  exceptCodes?: readonly string[] | undefined
  /** Whether a one-time password is waited for; left out where it does not matter. */
  isAwaitingOtp?: boolean | undefined
}

export interface NumberedPayoutFilter {
  /** Those that fit any of the conditions. */
  conditions?: readonly PayoutCondition[] | undefined
  /** Null for nobody. */
  recipientId?: bigint | null | undefined
  currencies?: readonly Currency[] | undefined
  /** Only payouts of the merchant's own balance. */
  isMerchants?: true | undefined
  ids?: readonly string[] | undefined
  from?: Date | undefined
  /** The first instant after the period. */
  until?: Date | undefined
}

/** A place in a list by numbers: the things that are older than a number, or those that are newer. */
export interface Step {
  limit: number
  olderThan?: bigint | undefined
  newerThan?: bigint | undefined
}

export interface Stepped<Item> {
  items: Item[]
  hasNewer: boolean
  hasOlder: boolean
}

/** By their numbers, newest first unless `direction` says otherwise. */
export async function listNumberedPayouts(
  context: Context,
  tenant: Tenant,
  filter: NumberedPayoutFilter,
  { limit, offset, direction = 'desc' }: PageRequest & Partial<Sort<never>>,
): Promise<Page<Payout>> {
  const matches = matchesOf(tenant, filter)
  const order = direction === 'asc' ? sql`asc` : sql`desc`
  const [items, total] = await Promise.all([
    readPayouts(
      context.db,
      sql`select n.* ${matches} order by n.wire_id ${order} limit ${limit} offset ${offset}`,
      sql`order by o.wire_id ${order}`,
    ),
    count(context, matches),
  ])
  return { items, total }
}

/** A step through the same list. */
export async function walkNumberedPayouts(
  context: Context,
  tenant: Tenant,
  filter: NumberedPayoutFilter,
  step: Step,
): Promise<Stepped<Payout>> {
  const direction = step.newerThan === undefined ? sql`desc` : sql`asc`
  const rows = await readPayouts(
    context.db,
    sql`
      select n.* ${matchesOf(tenant, filter)} ${placeOf(sql`n.wire_id`, step)}
      order by n.wire_id ${direction}
      limit ${step.limit + 1}
    `,
    sql`order by o.wire_id ${direction}`,
  )
  return stepped(rows, step)
}

/** Those of the references that another payout than the wanted ones has, in order of their names. */
export async function findTakenReferences(
  context: Context,
  { merchant, mode }: Tenant,
  wanted: readonly Pick<NewPayout, 'reference' | 'code'>[],
): Promise<string[]> {
  const codes = wanted.flatMap(({ code }) => code ?? [])
  const rows = await context.db.query<{ reference: string }>(sql`
    select p.reference from payouts p
    where p.merchant_id = ${merchant.id} and p.mode = ${mode}
      and p.reference = any(${wanted.map(({ reference }) => reference)}::text[]) and p.code <> all(${codes}::text[])
    order by p.reference
  `)
  return rows.map(({ reference }) => reference)
}

/** Payouts by their ids. An id of none is left out. */
export async function findPayouts(
  context: Context,
  { merchant, mode }: Tenant,
  ids: readonly string[],
): Promise<Map<string, Payout>> {
  if (ids.length === 0) return new Map()
  const rows = await readPayouts(
    context.db,
    sql`select * from payouts where merchant_id = ${merchant.id} and mode = ${mode} and id = any(${[...new Set(ids)]}::uuid[])`,
  )
  return new Map(rows.map((payout) => [payout.id, payout]))
}

/** Recipients by their codes, also inactive ones. A code of nobody is left out. */
export async function findRecipients(
  context: Context,
  tenant: Tenant,
  codes: readonly string[],
): Promise<Map<string, Recipient>> {
  const rows = await context.db.query<RecipientRow>(sql`
    select ${recipientColumns} ${recipientsOf(tenant)} and r.code = any(${[...new Set(codes)]}::text[])
  `)
  return new Map(rows.map((row) => [row.code, readRecipient(row)]))
}

/** Active recipients of a currency with that code, or with that account number. */
export async function findRecipientsNamed(
  context: Context,
  tenant: Tenant,
  { name, currency }: { name: string; currency: string },
): Promise<Recipient[]> {
  const rows = await context.db.query<RecipientRow>(sql`
    select ${recipientColumns} ${recipientsOf(tenant)}
      and r.active and r.currency = ${currency} and (r.code = ${name} or r.account_number = ${name})
    order by r.id
    limit 2
  `)
  return rows.map(readRecipient)
}

/** Active and other recipients, newest first. */
export async function listNumberedRecipients(
  context: Context,
  tenant: Tenant,
  { limit, offset }: PageRequest,
): Promise<Page<Recipient>> {
  const matches = recipientsOf(tenant)
  const [rows, total] = await Promise.all([
    context.db.query<RecipientRow>(sql`
      select ${recipientColumns} ${matches} order by r.id desc limit ${limit} offset ${offset}
    `),
    count(context, matches),
  ])
  return { items: rows.map(readRecipient), total }
}

/** A step through the same list. */
export async function walkNumberedRecipients(
  context: Context,
  tenant: Tenant,
  step: Step,
): Promise<Stepped<Recipient>> {
  const rows = await context.db.query<RecipientRow>(sql`
    select ${recipientColumns} ${recipientsOf(tenant)} ${placeOf(sql`r.id`, step)}
    order by r.id ${step.newerThan === undefined ? sql`desc` : sql`asc`}
    limit ${step.limit + 1}
  `)
  return stepped(rows.map(readRecipient), step)
}

async function count(context: Context, matches: Sql): Promise<number> {
  const [row] = await context.db.query<{ total: bigint }>(sql`select count(*) as total ${matches}`)
  return Number(row?.total ?? 0n)
}

function placeOf(id: Sql, { olderThan, newerThan }: Step): Sql {
  return sql`
    ${olderThan === undefined ? nothing : sql`and ${id} < ${olderThan}`}
    ${newerThan === undefined ? nothing : sql`and ${id} > ${newerThan}`}
  `
}

/** @param rows one more than asked for, if there are more */
function stepped<Item>(rows: Item[], { limit, olderThan, newerThan }: Step): Stepped<Item> {
  const isBackwards = newerThan !== undefined
  const more = rows.length > limit
  const items = rows.slice(0, limit)
  if (isBackwards) items.reverse()
  return { items, hasNewer: isBackwards ? more : olderThan !== undefined, hasOlder: isBackwards ? true : more }
}

/** With `n` for the payouts. */
function matchesOf(
  { merchant, mode }: Tenant,
  { conditions, recipientId, currencies, isMerchants, ids, from, until }: NumberedPayoutFilter,
): Sql {
  return sql`
    from payouts n
    where n.merchant_id = ${merchant.id} and n.mode = ${mode}
      ${conditions === undefined ? nothing : sql`and (${anyOf(conditions)})`}
      ${recipientId === undefined ? nothing : sql`and n.recipient_id = ${recipientId}::bigint`}
      ${currencies === undefined ? nothing : sql`and n.currency = any(${currencies})`}
      ${isMerchants === undefined ? nothing : sql`and n.customer_id is null`}
      ${ids === undefined ? nothing : sql`and n.id = any(${ids.filter(isUuid)}::uuid[])`}
      ${from === undefined ? nothing : sql`and n.created_at >= ${from}::timestamptz`}
      ${until === undefined ? nothing : sql`and n.created_at < ${until}::timestamptz`}
  `
}

function anyOf(conditions: readonly PayoutCondition[]): Sql {
  return conditions.reduce(
    (all, { states, codes, exceptCodes, isAwaitingOtp }) => sql`
      ${all} or (
        n.state = any(${states})
        ${codes === undefined ? nothing : sql`and n.state_code = any(${codes})`}
        ${exceptCodes === undefined ? nothing : sql`and coalesce(n.state_code, '') <> all(${exceptCodes})`}
        ${isAwaitingOtp === undefined ? nothing : sql`and (n.attention is not distinct from 'otp') = ${isAwaitingOtp}`}
      )
    `,
    sql`false`,
  )
}

/** With `r` for the recipients. */
function recipientsOf({ merchant, mode }: Tenant): Sql {
  return sql`from recipients r where r.merchant_id = ${merchant.id} and r.mode = ${mode}`
}
