import { useInfiniteQuery } from '@tanstack/react-query'
import type { List, MtejaPage } from '../base/client.ts'
import { failureOf } from '../base/stale.ts'

/** A list that is read by offset, newest first. */
export function usePages<Item>(key: readonly unknown[], list: (offset: number) => List<Item, MtejaPage<Item>>) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => list(pageParam).page(),
    initialPageParam: 0,
    getNextPageParam: ({ total, data }, _pages, offset) =>
      offset + data.length < total ? offset + data.length : undefined,
  })
  return { ...query, error: failureOf(query), items: query.data?.pages.flatMap(({ data }) => data) }
}
