import { useInfiniteQuery } from '@tanstack/react-query'
import type { CashfulPage, List } from '../base/client.ts'
import { failureOf } from '../base/stale.ts'

/** A list of Cashful's API, read by offset, newest first. An item that came in the meantime is given once. */
export function useCashfulPages<Item extends { id: string }>(
  key: readonly unknown[],
  list: (offset: number) => List<Item, CashfulPage<Item>>,
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => list(pageParam).page(),
    initialPageParam: 0,
    getNextPageParam: ({ data, pagination }) => (pagination.hasMore ? pagination.offset + data.length : undefined),
  })
  const items = query.data && [
    ...new Map(query.data.pages.flatMap(({ data }) => data).map((item) => [item.id, item])).values(),
  ]
  return { ...query, error: failureOf(query), items, total: query.data?.pages[0]?.pagination.total }
}
