import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { nothing, plannedAnew, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Customer, type CustomerRow, customerColumns, normalizeEmail, readCustomer } from './customers.ts'
import { parsePhoneNumber, phoneDigits } from './phone-numbers.ts'
import { fold, foldJoined } from './search-text.ts'

export interface CustomerFilter {
  /** The whole e-mail, in any case. */
  email?: string | undefined
  /**
   * Words in any order, each a part of name, e-mail, phone (local or international) or a metadata value. Case, accents,
   * apostrophes, hyphens and the number of blanks do not count. One or two characters match only the beginning of a word,
   * because the index holds no shorter parts.
   */
  search?: string | undefined
  /** Created at or after. */
  from?: Date | undefined
  /** Created before. */
  until?: Date | undefined
}

/** Customers from number `first` to number `last`, in the order of their creation. */
interface NumberWindow {
  first: bigint
  last: bigint
}

/**
 * Counting every match of a common word reads every match: 0.2 s for 100,000 of a million customers, 1.3 s for all.
 * Counting up to this limit takes 8 ms and 0.4 ms. Counting a rare word is cheap anyway. Nobody reads beyond the limit;
 * people refine their search instead.
 */
const countedMatches = 1000

/**
 * A page of customers, newest first. Without `email` or `search` any page and the total are index look-ups, however far the
 * offset. For searches, counting stops at max(`countedMatches`, offset + limit + 1). Below that the total is exact. Above it
 * the total is a lower bound, which is still larger than the end of the page while more matches follow.
 */
export async function listCustomers(
  context: Context,
  tenant: Tenant,
  filter: CustomerFilter,
  page: PageRequest,
): Promise<Page<Customer>> {
  const window = await findWindow(context, tenant, filter)
  if (filter.email === undefined && filter.search === undefined) return pageOfWindow(context, tenant, window, page)
  return pageOfMatches(context, tenant, { ...window, ...filter }, page)
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
      and c.number between ${window.first} and ${window.last}
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
  page: PageRequest,
): Promise<Page<Customer>> {
  const newest = window.last - BigInt(page.offset)
  const oldest = newest - BigInt(page.limit)
  const rows = await context.db.query<CustomerRow>(sql`
    select ${customerColumns} from customers c
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode}
      and c.number >= ${window.first} and c.number <= ${newest} and c.number > ${oldest}
    order by c.number desc
  `)
  const total = window.last - window.first + 1n
  return { items: rows.map(readCustomer), total: total < 0n ? 0 : Number(total) }
}

async function pageOfMatches(
  context: Context,
  tenant: Tenant,
  filter: NumberWindow & CustomerFilter,
  page: PageRequest,
): Promise<Page<Customer>> {
  const counted = Math.max(countedMatches, page.offset + page.limit + 1)
  const statement = sql`
    with matches as materialized (
      select m.id, m.number from customers m
      where m.merchant_id = ${tenant.merchant.id} and m.mode = ${tenant.mode}
        and m.number between ${filter.first} and ${filter.last}
        ${filter.email === undefined ? nothing : sql`and m.email = ${normalizeEmail(filter.email)}`}
        ${filter.search === undefined ? nothing : searchCondition(tenant, filter.search)}
      order by m.number desc
      limit ${counted}
    )
    select t.total, ${customerColumns}
    from (select count(*) as total from matches) t
    left join (select id from matches order by number desc limit ${page.limit} offset ${page.offset}) p on true
    left join customers c on c.merchant_id = ${tenant.merchant.id} and c.id = p.id
    order by c.number desc
  `
  // A common word is found by walking from the newest customer, a rare word by the index. Only the value tells the two
  // apart.
  const rows = await context.db.query<CustomerRow & { total: bigint; id: bigint | null }>(plannedAnew(statement))
  return readPage(rows, readCustomer)
}

/**
 * Every word is looked for, wherever it stands: "Ojukwu Chukwuemeka" finds Chukwuemeka Ojukwu. A phone number is also looked
 * for as the number that it is, however it was typed.
 */
function searchCondition({ merchant }: Tenant, search: string): Sql {
  const digits = phoneDigits(search.trim())
  const phone = phoneLike.test(search) ? parsePhoneNumber(search, merchant.country) : null
  const numbers = [...new Set([digits, phone?.e164])].filter((number) => typeof number === 'string')
  // The groups of a phone number say little alone: 082 and 123 are in many numbers.
  const words = digits === null ? search.split(/[\s,]+/) : [search]
  return sql`and (${wordsCondition(words)} ${numbers.map((number) => sql`or m.search_text like ${containing(number)}`).reduce(both, nothing)})`
}

/**
 * The longest words are looked for in the index, and the rest in the rows found, so that there are few statements to prepare,
 * however many words are asked for. Without a word nothing is looked for, and nothing is found.
 */
function wordsCondition(words: readonly string[]): Sql {
  const wanted = words.map(formsOf).filter((forms) => forms.length > 0)
  if (wanted.length === 0) return sql`false`
  wanted.sort((a, b) => lengthOf(b) - lengthOf(a))
  const indexed = wanted.slice(0, 2).map(formCondition)
  const rest = wanted.slice(2).map(formPattern)
  return sql`${indexed.reduce((a, b) => sql`${a} and ${b}`)} ${rest.length === 0 ? nothing : sql`and m.search_text ~ all(${rest}::text[])`}`
}

/** The forms in which a word may be stored: in parts, as one word, and as a server before 0023 wrote it. */
function formsOf(word: string): string[] {
  const folded = fold(word)
  return folded === '' ? [] : [...new Set([folded, foldJoined(word), word.trim().toLowerCase()])]
}

function lengthOf(forms: readonly string[]): number {
  return Math.min(...forms.map((form) => form.length))
}

/** A plain text is compared faster than a pattern. */
function formCondition(forms: readonly string[]): Sql {
  const [form = '', other] = forms
  if (other === undefined && !isShort(form)) return sql`m.search_text like ${containing(form)}`
  return sql`m.search_text ~ ${formPattern(forms)}`
}

function formPattern(forms: readonly string[]): string {
  return forms.map((form) => (isShort(form) ? beginningOfWord(form) : escaped(form))).join('|')
}

function both(a: Sql, b: Sql): Sql {
  return sql`${a} ${b}`
}

/** Begins as a phone number, and has as many digits as a short one. */
const phoneLike = /^[\s+(]*\d(?:\D*\d){6}/

/** The index holds every three characters in a row, counting two blanks before each word. */
function isShort(text: string): boolean {
  return [...text].length < 3 && /[\p{L}\p{N}]/u.test(text)
}

/** Lists a few characters that separate words, because a class such as \W would not use the index. */
function beginningOfWord(text: string): string {
  return `(^|[ \n@._+'"/#&,;:()-])${escaped(text)}`
}

/** A pattern for exactly this text. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '\\$&')
}

function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}

/** Customers are numbered in the order of their creation times, so a period of time is a range of numbers. */
async function findWindow(
  context: Context,
  tenant: Tenant,
  filter: Pick<CustomerFilter, 'from' | 'until'>,
): Promise<NumberWindow> {
  const [row] = await context.db.query<{ first: bigint | null; last: bigint | null }>(sql`
    select
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
  if (row === undefined || row.first === null || row.last === null) return { first: 1n, last: 0n }
  return { first: row.first, last: row.last }
}
