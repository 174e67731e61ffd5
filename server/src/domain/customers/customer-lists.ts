import { ServiceError } from '../../base/errors.ts'
import { type Page, type PageRequest, readPage, type Sort } from '../../base/page.ts'
import { nothing, plannedAnew, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import {
  type Customer,
  type CustomerRow,
  customerColumns,
  findFormerCustomer,
  normalizeEmail,
  type RiskAction,
  readCustomer,
} from './customers.ts'
import { searchCondition } from './search-condition.ts'

export interface CustomerFilter {
  /** The whole e-mail, in any case. */
  email?: string | undefined
  /**
   * Words in any order, each a part of name, e-mail, phone (local or international) or a metadata value. Case, accents,
   * apostrophes, hyphens and the number of blanks do not count. One or two characters match only the beginning of a word,
   * because the index holds no shorter parts. Of several texts each must be found.
   */
  search?: string | readonly string[] | undefined
  /** Customers whose value is one of these, for each field that is given. Names and e-mails in any case. */
  equal?: Partial<Record<Exclude<CustomerField, CustomerTime>, readonly string[]>> | undefined
  /** Customers whose time is in one of these periods, for each time that is given. */
  within?: Partial<Record<CustomerTime, readonly { from: Date; until: Date }[]>> | undefined
  identified?: boolean | undefined
  riskAction?: RiskAction | undefined
  /** Whether the customer has money in any currency, reserved money included. */
  hasMoney?: boolean | undefined
  /** Customers who were created before this customer, by their code. */
  before?: string | undefined
  /** Created at or after. */
  from?: Date | undefined
  /** Created before. */
  until?: Date | undefined
}

/** The fields by which customers can be sorted and chosen. Each is served by an index: see migration 0018. */
export const customerFields = ['id', 'name', 'email', 'phoneNumber', 'createdAt', 'updatedAt'] as const
export type CustomerField = (typeof customerFields)[number]
type CustomerTime = 'createdAt' | 'updatedAt'

/** Customers from number `first` to number `last`, in the order of their creation, of whom `deleted` are deleted. */
interface NumberWindow {
  first: bigint
  last: bigint
  deleted: bigint
}

/**
 * A page of a list by another field than the time of creation is read from the list's beginning: 10,000 customers take
 * 6 to 40 ms. Nobody turns more pages; a program that reads everything sorts by `createdAt`, where each page is a look-up.
 */
const maxSortedOffset = 10_000

/**
 * Where customers are deleted, pages up to this offset are read from the list's beginning. Further pages begin where the
 * deleted customers before them are counted, which takes 100 ms for 30,000.
 */
const nearOffset = 1000

/** As many matches of a search are sorted by another field than the time of creation. */
const maxSortedMatches = 10_000

/**
 * Counting every match of a common word reads every match: 0.2 s for 100,000 of a million customers, 1.3 s for all.
 * Counting up to this limit takes 8 ms and 0.4 ms. Counting a rare word is cheap anyway. Nobody reads beyond the limit;
 * people refine their search instead.
 */
const countedMatches = 1000

/**
 * A page of customers, newest first or by another field. Without a filter but `from`, `until` and `before` the total, and any page by the
 * time of creation, are index look-ups, however far the offset. For searches, counting stops at max(`countedMatches`, offset + limit + 1). Below that the total is exact. Above it
 * the total is a lower bound, which is still larger than the end of the page while more matches follow. Throws
 * `invalid_request` for a page too far in a list by another field, and for too many matches to sort by it, and
 * `too_many_reads` for a search and for a list by another field.
 */
export async function listCustomers(
  context: Context,
  tenant: Tenant,
  filter: CustomerFilter,
  page: PageRequest & { sort?: Sort<CustomerField> | undefined },
): Promise<Page<Customer>> {
  const sort = page.sort ?? newestFirst
  const window = await findWindow(context, tenant, filter)
  if (sort.by !== 'createdAt') refuseFarPages(sort, page)
  const { email, identified, riskAction, hasMoney } = filter
  const isFiltered =
    [email, identified, riskAction, hasMoney].some((each) => each !== undefined) ||
    [filter.search ?? []].flat().length > 0 ||
    Object.keys({ ...filter.equal, ...filter.within }).length > 0
  if (isFiltered) {
    const pageOfFound = sort.by === 'createdAt' ? pageOfMatches : pageOfSortedMatches
    const find = () => pageOfFound(context, tenant, { ...window, ...filter }, { ...page, sort })
    return email === undefined ? largeRead(context, tenant, find) : find()
  }
  if (sort.by !== 'createdAt') {
    return largeRead(context, tenant, () => pageByField(context, tenant, window, { ...page, sort }))
  }
  return pageOfWindow(context, tenant, window, { ...page, sort })
}

const newestFirst: Sort<CustomerField> = { by: 'createdAt', direction: 'desc' }

function refuseFarPages({ by }: Sort<CustomerField>, { offset }: PageRequest): void {
  if (offset <= maxSortedOffset) return
  const message = `A list by ${by} can be read up to offset ${maxSortedOffset}; narrow it by a filter, or sort by createdAt`
  throw new ServiceError('invalid_request', message, 'offset')
}

/** One step of a walk by cursor, newest first: the customers just before or just after a known customer. */
export async function walkCustomers(
  context: Context,
  tenant: Tenant,
  filter: Pick<CustomerFilter, 'from' | 'until'>,
  step: { limit: number; olderThan?: bigint; newerThan?: bigint },
): Promise<{ items: Customer[]; hasNewer: boolean; hasOlder: boolean }> {
  const window = await findWindow(context, tenant, filter)
  const backwards = step.newerThan !== undefined
  const rows = await context.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode}
      and c.number between ${window.first} and ${window.last} and c.deleted_at is null
      ${step.olderThan === undefined ? nothing : sql`and c.number < ${numberOf(tenant, step.olderThan)}`}
      ${step.newerThan === undefined ? nothing : sql`and c.number > ${numberOf(tenant, step.newerThan)}`}
    order by ${backwards ? sql`c.number asc` : sql`c.number desc`}
    limit ${step.limit + 1}
  `)
  const more = rows.length > step.limit
  const items = rows.slice(0, step.limit).map(readCustomer)
  if (backwards) items.reverse()
  return {
    items,
    hasNewer: backwards ? more : step.olderThan !== undefined,
    hasOlder: backwards ? true : more,
  }
}

function numberOf(tenant: Tenant, id: bigint) {
  return sql`(
    select k.number from customers k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode} and k.id = ${id}
  )`
}

async function pageOfWindow(
  context: Context,
  tenant: Tenant,
  window: NumberWindow,
  page: PageRequest & { sort: Sort<CustomerField> },
): Promise<Page<Customer>> {
  const { first, last, deleted } = window
  const isNear = deleted > 0n && page.offset <= nearOffset
  const skipped =
    deleted === 0n || isNear ? sql`${isNear ? 0n : BigInt(page.offset)}::bigint` : skippingDeleted(tenant, window, page)
  // Where nobody is deleted, the page is a range of numbers. The planner is told, as it does not know what a limit is worth.
  const reach = sql`${deleted === 0n ? BigInt(page.limit) : last}::bigint`
  const isUp = page.sort.direction === 'asc'
  const from = isUp ? sql`(${first}::bigint + ${skipped})` : sql`(${last}::bigint - ${skipped})`
  const rows = await context.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and c.deleted_at is null
      and c.number >= ${first} and c.number <= ${last}
      and ${isUp ? sql`c.number >= ${from} and c.number < ${from} + ${reach}` : sql`c.number <= ${from} and c.number > ${from} - ${reach}`}
    order by ${isUp ? sql`c.number` : sql`c.number desc`}
    limit ${page.limit} offset ${isNear ? page.offset : 0}
  `)
  return { items: rows.map(readCustomer), total: totalOf(window) }
}

/** The numbers to skip: those of the page's offset, and those of deleted customers before and between them. */
function skippingDeleted(
  { merchant, mode }: Tenant,
  { first, last }: NumberWindow,
  { offset, sort }: PageRequest & { sort: Sort<CustomerField> },
): Sql {
  const distance = sort.direction === 'asc' ? sql`d.number - ${first}::bigint` : sql`${last}::bigint - d.number`
  return sql`(
    select ${offset}::bigint + count(*)
    from (
      select ${distance} as distance, row_number() over (order by ${distance}) - 1 as before
      from customers d
      where d.merchant_id = ${merchant.id} and d.mode = ${mode} and d.deleted_at is not null
        and d.number between ${first} and ${last}
    ) f
    where f.distance - f.before <= ${offset}::bigint
  )`
}

function totalOf({ first, last, deleted }: NumberWindow): number {
  const total = last - first + 1n - deleted
  return total < 0n ? 0 : Number(total)
}

/**
 * Walks along the index of the field. Customers without an e-mail come last in either order: they stand in the index of unique
 * e-mails without an order, and are found by their numbers.
 */
async function pageByField(
  context: Context,
  tenant: Tenant,
  window: NumberWindow,
  { limit, offset, sort }: PageRequest & { sort: Sort<CustomerField> },
): Promise<Page<Customer>> {
  const every = sql`
    c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and c.deleted_at is null
    and c.number between ${window.first} and ${window.last}
  `
  const order = orderOf(sql`c`, sort)
  const statement =
    sort.by === 'email'
      ? sql`
          select * from (
            (select ${customerColumns} from customers c where ${every} and c.email is not null order by ${order})
            union all
            (
              select ${customerColumns} from customers c where ${every} and c.email is null
              order by ${orderOf(sql`c`, { ...sort, by: 'createdAt' })}
            )
          ) c
          limit ${limit} offset ${offset}
        `
      : sql`
          select ${customerColumns} from customers c where ${every}
          order by ${order}
          limit ${limit} offset ${offset}
        `
  // Only the values tell a tenant of a million customers from a tenant of ten, for which another index is better.
  const rows = await context.db.query<CustomerRow>(plannedAnew(statement))
  return { items: rows.map(readCustomer), total: totalOf(window) }
}

/** The values of a field, in the words of its index. */
function fieldOf(customer: Sql, field: CustomerField): Sql {
  switch (field) {
    case 'id':
      return sql`${customer}.code`
    case 'name':
      return sql`lower(trim(coalesce(${customer}.first_name, '') || ' ' || coalesce(${customer}.last_name, ''))) collate "C"`
    case 'email':
      return sql`${customer}.email`
    case 'phoneNumber':
      return sql`coalesce(${customer}.phone_e164, ${customer}.phone, '') collate "C"`
    case 'createdAt':
      return sql`${customer}.created_at`
    case 'updatedAt':
      return sql`${customer}.updated_at`
  }
}

function orderOf(customer: Sql, { by, direction }: Sort<CustomerField>): Sql {
  const number = sql`${customer}.number`
  // Customers are numbered in the order of their creation.
  if (by === 'createdAt') return direction === 'asc' ? number : sql`${number} desc`
  const value = fieldOf(customer, by)
  // An e-mail is one customer's only.
  if (by === 'email') return direction === 'asc' ? value : sql`${value} desc`
  return direction === 'asc' ? sql`${value}, ${number}` : sql`${value} desc, ${number} desc`
}

/** How a text is compared with a field of another form. */
const comparable: Partial<Record<CustomerField, (text: string) => string>> = {
  name: (text) => text.trim().toLowerCase(),
  email: normalizeEmail,
}

/** The conditions of `equal`. */
function equalCondition(customer: Sql, equal: CustomerFilter['equal'] = {}): Sql {
  return Object.entries(equal).reduce((all, [name, values]) => {
    const field = name as CustomerField
    const value = fieldOf(customer, field)
    const texts = values.map(comparable[field] ?? ((text: string) => text))
    return sql`${all} and ${value} = any(${texts}::text[])`
  }, nothing)
}

/** The conditions of `within`. The first and the last instant of all periods are there for the index of the time. */
function withinCondition(customer: Sql, within: CustomerFilter['within'] = {}): Sql {
  return Object.entries(within).reduce((all, [name, periods]) => {
    const value = fieldOf(customer, name as CustomerTime)
    if (periods.length === 0) return sql`${all} and false`
    const [froms, untils] = [periods.map(({ from }) => from), periods.map(({ until }) => until)]
    const [first, last] = [Math.min(...froms.map(Number)), Math.max(...untils.map(Number))]
    return sql`${all}
      and ${value} >= ${new Date(first)} and ${value} < ${new Date(last)}
      and exists (
        select from unnest(${froms}::timestamptz[], ${untils}::timestamptz[]) as p (first, after_last)
        where ${value} >= p.first and ${value} < p.after_last
      )`
  }, nothing)
}

/** The matches `m` of a filter. */
function matching(tenant: Tenant, filter: NumberWindow & CustomerFilter): Sql {
  const searches = [filter.search ?? []].flat()
  return sql`
    from customers m
    where m.merchant_id = ${tenant.merchant.id} and m.mode = ${tenant.mode} and m.deleted_at is null
      and m.number between ${filter.first} and ${filter.last}
      ${filter.email === undefined ? nothing : sql`and m.email = ${normalizeEmail(filter.email)}`}
      ${searches.reduce((all, search) => sql`${all} ${searchCondition(tenant, search)}`, nothing)}
      ${filter.identified === undefined ? nothing : sql`and m.identified = ${filter.identified}`}
      ${filter.riskAction === undefined ? nothing : riskCondition(filter.riskAction)}
      ${filter.hasMoney === undefined ? nothing : moneyCondition(filter.hasMoney)}
      ${equalCondition(sql`m`, filter.equal)}
      ${withinCondition(sql`m`, filter.within)}
  `
}

/** The index has the customers who are allowed or denied, which are few. */
function riskCondition(riskAction: RiskAction): Sql {
  const rare = riskAction === 'default' ? nothing : sql`and m.risk_action <> 'default'`
  return sql`and m.risk_action = ${riskAction} ${rare}`
}

/** Both answers are few for somebody, so that each has a table. */
function moneyCondition(hasMoney: boolean): Sql {
  return sql`and exists (
    select from ${hasMoney ? sql`customers_with_money` : sql`customers_without_money`} w
    where w.merchant_id = m.merchant_id and w.mode = m.mode and w.number = m.number
  )`
}

async function pageOfMatches(
  context: Context,
  tenant: Tenant,
  filter: NumberWindow & CustomerFilter,
  page: PageRequest & { sort: Sort<CustomerField> },
): Promise<Page<Customer>> {
  const order = orderOf(sql`m`, page.sort)
  const counted = Math.max(countedMatches, page.offset + page.limit + 1)
  const matches = sql`select m.id ${matching(tenant, filter)} order by ${order} limit ${counted}`
  return pageOf(context, tenant, sql`select id, row_number() over () as place from (${matches}) f`, page)
}

/**
 * Matches of a search are sorted by another field after they were found. To walk along the index of the field instead would
 * read all customers where the matches stand at its end: a second for one of ten among 300,000.
 */
async function pageOfSortedMatches(
  context: Context,
  tenant: Tenant,
  filter: NumberWindow & CustomerFilter,
  page: PageRequest & { sort: Sort<CustomerField> },
): Promise<Page<Customer>> {
  const { by, direction } = page.sort
  const matches = sql`
    select m.id, m.number, ${fieldOf(sql`m`, by)} as value ${matching(tenant, filter)}
    order by m.number desc
    limit ${maxSortedMatches + 1}
  `
  const order = direction === 'asc' ? sql`f.value, f.number` : sql`f.value desc nulls last, f.number desc`
  const found = await pageOf(
    context,
    tenant,
    sql`select f.id, row_number() over (order by ${order}) as place from (${matches}) f`,
    page,
  )
  if (found.total <= maxSortedMatches) return found
  const message = `More than ${maxSortedMatches} customers match; a list by ${by} needs a narrower search`
  throw new ServiceError('invalid_request', message, 'sort')
}

/** The page of matches, each with its `id` and its `place` in the list. */
async function pageOf(context: Context, tenant: Tenant, placed: Sql, page: PageRequest): Promise<Page<Customer>> {
  const statement = sql`
    with matches as materialized (${placed})
    select t.total, ${customerColumns}
    from (select count(*) as total from matches) t
    left join (select id, place from matches order by place limit ${page.limit} offset ${page.offset}) p on true
    left join customers c on c.merchant_id = ${tenant.merchant.id} and c.id = p.id
    order by p.place
  `
  // A common word is found by walking from the newest customer, a rare word by the index. Only the value tells the two
  // apart.
  const rows = await context.db.query<CustomerRow & { total: bigint; id: bigint | null }>(plannedAnew(statement))
  return readPage(rows, readCustomer)
}

/** Customers are numbered in the order of their creation times, so a period of time is a range of numbers. */
async function findWindow(
  context: Context,
  tenant: Tenant,
  filter: Pick<CustomerFilter, 'from' | 'until' | 'before'>,
): Promise<NumberWindow> {
  const before = filter.before === undefined ? null : await findFormerCustomer(context, tenant, filter.before)
  const [row] = await context.db.query<{
    first: bigint | null
    last: bigint | null
    before: bigint | null
    deleted: bigint
  }>(sql`
    select
      ${before === null ? sql`null::bigint` : sql`${numberOf(tenant, before.id)} - 1`} as before,
      k.deleted_customer_count as deleted,
      ${
        filter.from === undefined
          ? sql`1::bigint`
          : sql`(
              select c.number from customers c
              where c.merchant_id = k.merchant_id and c.mode = k.mode and c.created_at >= ${filter.from}
              order by c.created_at, c.number
              limit 1
            )`
      } as first,
      ${
        filter.until === undefined
          ? sql`k.customer_count`
          : sql`(
              select c.number from customers c
              where c.merchant_id = k.merchant_id and c.mode = k.mode and c.created_at < ${filter.until}
              order by c.created_at desc, c.number desc
              limit 1
            )`
      } as last
    from merchant_counters k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
  `)
  if (row === undefined || row.first === null || row.last === null) return { first: 1n, last: 0n, deleted: 0n }
  const { first, deleted } = row
  const last = row.before !== null && row.before < row.last ? row.before : row.last
  const isWhole = filter.from === undefined && filter.until === undefined && before === null
  return {
    first,
    last,
    deleted: isWhole || deleted === 0n ? deleted : await countDeleted(context, tenant, first, last),
  }
}

async function countDeleted(
  context: Context,
  { merchant, mode }: Tenant,
  first: bigint,
  last: bigint,
): Promise<bigint> {
  const [row] = await context.db.query<{ count: bigint }>(sql`
    select count(*) from customers c
    where c.merchant_id = ${merchant.id} and c.mode = ${mode} and c.deleted_at is not null
      and c.number between ${first} and ${last}
  `)
  return row?.count ?? 0n
}
