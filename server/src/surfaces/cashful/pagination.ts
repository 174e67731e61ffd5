import type { Page, PageRequest } from '../../base/page.ts'

const defaultLimit = 50
const maxLimit = 100

export interface PageQuery {
  limit?: number | undefined
  offset?: number | undefined
}

/** Clients send whole numbers as 10.0, 3.4 or 1e+21. Fractions are dropped, and the limit is at most 100. */
export function readPageRequest(query: PageQuery): PageRequest {
  return {
    limit: Math.min(wholeNumber(query.limit) || defaultLimit, maxLimit),
    offset: Math.min(wholeNumber(query.offset) ?? 0, Number.MAX_SAFE_INTEGER),
  }
}

/** Null for a value that is no number. Only routes that document no 400 let such a value through. */
function wholeNumber(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? Math.floor(value) : null
}

export function renderPage<Item, Rendered>(
  page: PageRequest,
  { items, total }: Page<Item>,
  render: (item: Item) => Rendered,
) {
  return {
    data: items.map(render),
    pagination: { ...page, total, hasMore: page.offset + items.length < total },
  }
}
