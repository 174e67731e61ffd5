import type { Paystack } from '../generated/types.ts'

/** The query for the next page. Numbers can come as text in `meta`. A cursor that leads to itself is the end. */
export function nextPage<Query extends { next?: string | undefined }>(
  meta: Paystack.PageMeta | Paystack.CursorMeta,
  query: Query,
): Query | undefined {
  if ('pageCount' in meta) {
    const page = Number(meta.page)
    return page < Number(meta.pageCount) ? { ...query, page: page + 1 } : undefined
  }
  return meta.next && meta.next !== query.next ? { ...query, next: meta.next, previous: undefined } : undefined
}
