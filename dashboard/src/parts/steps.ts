import { useInfiniteQuery } from '@tanstack/react-query'
import type { List, MtejaStep } from '../base/client.ts'
import { failureOf } from '../base/stale.ts'

/** A list that is walked from the newest item to the oldest. A page may be short, or empty, before the end. */
export function useSteps<Item>(
  key: readonly unknown[],
  list: (before: string | undefined) => List<Item, MtejaStep<Item>>,
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => list(pageParam).page(),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextBefore }) => nextBefore ?? undefined,
  })
  return { ...query, error: failureOf(query), items: query.data?.pages.flatMap(({ data }) => data) }
}
