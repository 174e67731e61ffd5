import { useSyncExternalStore } from 'react'

/** Words such as "12 seconds ago" are never older than this. */
const tickMs = 5_000

let now = new Date()
const listeners = new Set<() => void>()
setInterval(() => {
  now = new Date()
  for (const listen of listeners) listen()
}, tickMs)

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Words that depend on the time. They are drawn again when they change, and nothing around them is. */
export function useAgeing(words: (now: Date) => string): string {
  return useSyncExternalStore(listen, () => words(now))
}
