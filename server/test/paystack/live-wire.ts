import type { LiveAccount, Row } from './live-account.ts'

/** A request to the live service. */
export interface Asked {
  account: LiveAccount
  /** The parts of the path that the route leaves open. */
  given: string[]
  query: URLSearchParams
  body: Row
}

/** A status and a body, sent as it is. */
export type Refusal = readonly [number, string]
export type Reply = { message: string; data?: unknown; meta?: Row; status?: number; succeeded?: boolean } | Refusal

/** Routes, with `:` for a part that is open. The first that fits answers. */
export type Routes = Record<string, (asked: Asked) => Reply>

export function list(message: string, rows: Row[], query: URLSearchParams, more: Row = {}): Reply {
  const perPage = Number(query.get('perPage') ?? 50)
  const page = Number(query.get('page') ?? 1)
  const skipped = (page - 1) * perPage
  const pageCount = Math.ceil(rows.length / perPage)
  const meta = { total: rows.length, skipped, perPage, page, pageCount, ...more }
  return { message, data: rows.slice(skipped, skipped + perPage), meta }
}
