import type { Session } from '../base/session.ts'
import { type Chosen, queryOf, readChosen } from './conditions.ts'

export const pageSize = 100

/** The columns by which the list is sorted. */
const sorts = ['name', 'phoneNumber', 'email', 'createdAt'] as const
export type Column = (typeof sorts)[number]

/** Which customers the list shows, and in which order. */
export interface Asking {
  search: string
  sort: Column
  order: 'asc' | 'desc'
  chosen: Chosen
}

/** What the address asks for. */
export function readAsking(params: URLSearchParams): Asking {
  return {
    search: (params.get('q') ?? '').trim(),
    sort: sorts.find((name) => name === params.get('sort')) ?? 'createdAt',
    order: params.get('order') === 'asc' ? 'asc' : 'desc',
    chosen: readChosen(params),
  }
}

/** One page of the list. */
export const pageQuery = ({ mteja }: Session, { search, sort, order, chosen }: Asking, page: number) => ({
  queryKey: ['customers', search, sort, order, chosen, page],
  queryFn: () =>
    mteja.customers
      .list({ ...queryOf(chosen), ...(search && { search }), sort, order, limit: pageSize, offset: page * pageSize })
      .page(),
  staleTime: 30_000,
})
