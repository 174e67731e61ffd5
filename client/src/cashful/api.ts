import type { ReadProblem } from '../core/answer.ts'
import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import type { Path } from '../core/path.ts'
import { isObject, type Shape } from '../core/shape.ts'
import type { Api, Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'

/**
 * `{"statusCode": 404, "message": ["…"], "error": "Not Found"}`. NestJS, on which Cashful runs, also sends `message` as
 * text.
 */
const readProblem: ReadProblem = (body) => {
  if (!isObject(body)) return undefined
  const messages = [body.message].flat().filter((each) => typeof each === 'string')
  if (messages.length === 0) return undefined
  return { message: messages.join('; '), fields: messages.flatMap(readField) }
}

/** A message about a member begins with the member's name: `email must be a valid email`. */
function readField(message: string): { field: string; message: string }[] {
  const field = /^([A-Za-z][\w.]*) (?:must|is|should) /.exec(message)?.[1]
  return field === undefined ? [] : [{ field, message }]
}

export const cashfulApi: Api = {
  baseUrl: 'https://api.cashful.africa',
  vendorDomain: 'cashful.africa',
  readProblem,
}

const pagination = { limit: 'whole', offset: 'whole', total: 'whole', hasMore: 'flag' } as const

/** A page of a list, and its place in the whole list. */
export interface CashfulPage<Item> {
  data: Item[]
  pagination: Cashful.Pagination
}

/** A list that is read by offset. Mteja answers it newest first; Cashful documents no order. */
export function listPages<Item>(
  send: Send,
  at: Path,
  query: { offset?: number | undefined },
  item: Shape,
  options: CallOptions | undefined,
): List<Item, CashfulPage<Item>> {
  const shape = { data: [item], pagination } as const
  return createList(query, {
    fetch: (query) => send<CashfulPage<Item>>({ method: 'GET', path: at, query, shape }, options),
    itemsOf: (page) => page.data,
    next: ({ data, pagination }, query) =>
      pagination.hasMore ? { ...query, offset: pagination.offset + data.length } : undefined,
  })
}
