import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import { numberText } from '../../base/lossless-json.ts'
import type { Sort } from '../../base/page.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { isStorable, parseJson } from '../http/body.ts'
import { checkMerchantId } from './merchant-id.ts'
import { pageQuery } from './schemas.ts'

/** How many values a filter can have: as many as the longest page. */
const maxValues = 100

/** The query of a list that clients from 0.9.0 on filter and sort. */
export function listQuery(filtered: readonly string[], sorted: readonly string[]) {
  return {
    ...pageQuery,
    filter: Type.Optional(
      Type.String({
        maxLength: 16_384,
        description: `A JSON object such as {"ids":["…"]}. Members: ${filtered.join(', ')}. A list of values means any of them. Also as filter[ids]=…`,
        examples: ['{"ids":["CUS_xnxdt6s1zg1f4nx"]}'],
      }),
    ),
    sort: Type.Optional(
      Type.String({
        maxLength: 100,
        description: `One of ${sorted.join(', ')}; default createdAt`,
        examples: [sorted[0]],
      }),
    ),
    order: Type.Optional(
      Type.String({ maxLength: 100, description: 'ASC or DESC, in any case; default DESC', examples: ['DESC'] }),
    ),
  }
}

export interface ListQuery {
  filter?: string | undefined
  sort?: string | undefined
  order?: string | undefined
}

/** The values by the member of the filter; a member that is not given is missing. */
export type Filter<Member extends string> = { [Each in Member]?: readonly string[] | undefined }

/**
 * Reads `filter`, which is one text of JSON. Clients in JavaScript that are given an object send `filter[ids]=…` instead. A
 * filter is never ignored: code written for an older client may send another parameter's value here, and a list without its
 * filter shows too much. Throws `invalid_request` for a text that is no JSON object, for a member that the list does not have,
 * and for a value that is no text, number or boolean.
 */
export function readFilter<Member extends string>(query: ListQuery, members: readonly Member[]): Filter<Member> {
  const filter: Filter<string> = {}
  for (const [name, given] of [...jsonMembers(query.filter), ...bracketedMembers(query)]) {
    const member = members.find((each) => each === name)
    if (member === undefined) {
      throw refusal('filter', `filter has ${quote(name)}, which is not one of ${members.join(', ')}`)
    }
    const values = [given].flat().map((value) => readValue(member, value))
    if (values.length > maxValues) throw refusal('filter', `${member} of filter can have at most ${maxValues} values`)
    // Given in both forms, both hold.
    filter[member] = bothOf(filter[member], values)
  }
  return filter as Filter<Member>
}

/** Two lists of allowed values as one: those in both, where both are given. */
export function bothOf<Value>(
  one: readonly Value[] | undefined,
  other: readonly Value[] | undefined,
): readonly Value[] | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.filter((value) => other.includes(value))
}

/** Reads the `merchantId` of a filter, which must be the key's own. Throws `merchant_not_found`. */
export function checkFilteredMerchant(tenant: Tenant, { merchantId = [] }: Filter<'merchantId'>): void {
  for (const each of merchantId) checkMerchantId(tenant, each)
}

/** Reads `sort` and `order`. Throws `invalid_request` for a field that the list cannot be sorted by, and for another order. */
export function readSort<Field extends string>(
  { sort, order }: ListQuery,
  fields: readonly Field[],
): Sort<Field | 'createdAt'> {
  const by = !sort ? 'createdAt' : fields.find((each) => each === sort)
  if (by === undefined) throw refusal('sort', `sort must be one of ${fields.join(', ')}, not ${quote(sort ?? '')}`)
  const direction = (order || 'DESC').toLowerCase()
  if (direction === 'asc' || direction === 'desc') return { by, direction }
  throw refusal('order', `order must be ASC or DESC, not ${quote(order ?? '')}`)
}

function jsonMembers(text: string | undefined): [string, unknown][] {
  if (text === undefined) return []
  const value = parse(text)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && numberText(value) === null
  if (isObject) return Object.entries(value)
  throw refusal('filter', `filter must be a JSON object such as {"ids":["…"]}, not ${quote(text)}`)
}

function parse(text: string): unknown {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  return parseJson(text, 'filter')
}

/** `filter[ids]=a&filter[ids]=b`, and as PHP and Rails write a list: `filter[ids][]=a` or `filter[ids][0]=a`. */
function bracketedMembers(query: object): [string, unknown][] {
  const members = new Map<string, unknown[]>()
  for (const [name, value] of Object.entries(query)) {
    if (!name.startsWith('filter[')) continue
    const member = /^filter\[([^[\]]*)\](?:\[\d*\])?$/.exec(name)?.[1]
    if (member === undefined) throw refusal('filter', `filter cannot have ${quote(name)}; write filter[ids]=…`)
    members.set(member, [...(members.get(member) ?? []), ...[value].flat()])
  }
  return [...members]
}

function readValue(member: string, value: unknown): string {
  const text = numberText(value) ?? value
  if (!['string', 'number', 'boolean'].includes(typeof text)) {
    throw refusal('filter', `${member} of filter must be a text, or a list of texts, not ${quote(value)}`)
  }
  if (isStorable(String(text))) return String(text)
  throw refusal('filter', `${member} of filter has a NUL character or half a surrogate pair`)
}

function refusal(field: string, message: string): ServiceError {
  return new ServiceError('invalid_request', message, field)
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
