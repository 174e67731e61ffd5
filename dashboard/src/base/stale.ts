import { notifyManager, useQueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { NotFoundError } from './client.ts'

/**
 * Why there is nothing to show. What was read once stays on the screen if it cannot be read again, and one sentence above the
 * screen says that it may be old: see `useStale`.
 */
export function failureOf<Failure>({ data, error }: { data: unknown; error: Failure | null }): Failure | null {
  return data === undefined ? error : null
}

/** Why something on the screen could not be read again. Nothing while everything is as the server said last. */
export function useStale(): unknown {
  const cache = useQueryClient().getQueryCache()
  const listen = useCallback((tell: () => void) => cache.subscribe(notifyManager.batchCalls(tell)), [cache])
  const look = () => {
    const [stale] = cache.findAll({
      type: 'active',
      predicate: ({ state }) =>
        state.status === 'error' && state.data !== undefined && !(state.error instanceof NotFoundError),
    })
    return stale?.state.error ?? null
  }
  return useSyncExternalStore(listen, look)
}
