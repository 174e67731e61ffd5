import type { ReadProblem } from '../core/answer.ts'
import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import type { Path } from '../core/path.ts'
import { isObject, type Shape } from '../core/shape.ts'
import type { Api, Send } from '../core/transport.ts'

/** `{"error": {"code": "customer_not_found", "message": "…", "field": "customerId"}}` */
const readProblem: ReadProblem = (body) => {
  const error = isObject(body) ? body.error : undefined
  if (!isObject(error) || typeof error.message !== 'string' || typeof error.code !== 'string') return undefined
  const { code, message, field } = error
  return { code, message, fields: typeof field === 'string' ? [{ field, message }] : [] }
}

export const mtejaApi: Api = {
  baseUrl: 'http://localhost:9000',
  vendorDomain: undefined,
  readProblem,
}

/** A list that the API answers in one piece. */
export interface WholeList<Item> {
  data: Item[]
}

/** A page of a list that is read by offset. */
export interface MtejaPage<Item> {
  data: Item[]
  total: number
}

export function listWhole<Item>(
  send: Send,
  at: Path,
  item: Shape,
  options: CallOptions | undefined,
): List<Item, WholeList<Item>> {
  return createList(undefined, {
    fetch: () => send<WholeList<Item>>({ method: 'GET', path: at, shape: { data: [item] } }, options),
    itemsOf: (page) => page.data,
    next: () => undefined,
  })
}

export function listPages<Item, Query extends { offset?: number | undefined }>(
  send: Send,
  at: Path,
  query: Query,
  item: Shape,
  options: CallOptions | undefined,
): List<Item, MtejaPage<Item>> {
  const shape = { data: [item], total: 'whole' } as const
  return createList(query, {
    fetch: (query) => send<MtejaPage<Item>>({ method: 'GET', path: at, query, shape }, options),
    itemsOf: (page) => page.data,
    next: ({ data, total }, query) => {
      const offset = (query.offset ?? 0) + data.length
      return offset < total ? { ...query, offset } : undefined
    },
  })
}

/** A page of a list that is walked from the newest item to the oldest. */
export interface MtejaStep<Item> {
  data: Item[]
  /** The beginning of the next page. Null after the last page. */
  nextBefore: string | null
}

/** A page may have fewer items than its limit, or none, without being the last. */
export function listSteps<Item, Query extends { before?: string | undefined }>(
  send: Send,
  at: Path,
  query: Query,
  item: Shape,
  options: CallOptions | undefined,
): List<Item, MtejaStep<Item>> {
  const shape = { data: [item], 'nextBefore?': 'text' } as const
  return createList(query, {
    fetch: (query) => send<MtejaStep<Item>>({ method: 'GET', path: at, query, shape }, options),
    itemsOf: (page) => page.data,
    next: ({ nextBefore }, query) => (nextBefore === null ? undefined : { ...query, before: nextBefore }),
    skipsEmpty: true,
  })
}
