/** A function that gathers single calls into batches: see `createBatcher`. */
export type Batched<Item, Result> = (item: Item) => Promise<Result>

export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
}

export interface BatchOptions<Item> {
  maxBatch: number
  maxWaiting: number
  keyOf?: (item: Item) => string | null
  isRolledBack: (error: unknown) => boolean
}

interface Waiting<Item, Result> {
  item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/**
 * Group commit, and its counterpart for reads: calls that arrive while a batch of their group is under way wait and go
 * together in the next. A lone call goes at once. Nothing is remembered: each call is answered by the database.
 *
 * @param run does one batch and answers in the order of its items.
 * @param groupOf only items of one group share a batch (one tenant per statement).
 * @param options.maxBatch items per batch
 * @param options.maxWaiting bounds the queue of a group: past it a call is rejected with QueueFullError
 * @param options.keyOf two items of one key never share a batch: the later finds what the earlier left
 * @param options.isRolledBack true for an error after which nothing of the batch was kept: then its items are tried one
 *   by one, so that a broken one hurts only itself. After any other error (a lost connection) nobody knows, and all
 *   are told.
 */
export function createBatcher<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  groupOf: (item: Item) => string,
  options: BatchOptions<Item>,
): Batched<Item, Result> {
  const groups = new Map<string, Waiting<Item, Result>[]>()

  async function drain(group: string, waiting: Waiting<Item, Result>[]): Promise<void> {
    // Everything that arrives in this turn of the event loop goes into the first batch.
    await new Promise(setImmediate)
    let answer = () => {}
    while (waiting.length > 0) {
      const settling = settle(waiting.splice(0, sizeOfBatch(waiting)))
      // A batch is answered once the next has been sent: the database works on that while the answers are written.
      setImmediate(answer)
      answer = await settling
    }
    groups.delete(group)
    answer()
  }

  function sizeOfBatch(waiting: Waiting<Item, Result>[]): number {
    const size = Math.min(waiting.length, options.maxBatch)
    if (options.keyOf === undefined) return size
    const keys = new Set<string>()
    for (let i = 0; i < size; i++) {
      const key = options.keyOf((waiting[i] as Waiting<Item, Result>).item)
      if (key !== null && keys.has(key)) return i
      if (key !== null) keys.add(key)
    }
    return size
  }

  /** Does a batch and answers a function that tells its callers. */
  async function settle(batch: Waiting<Item, Result>[]): Promise<() => void> {
    try {
      const results = await run(batch.map((each) => each.item))
      return () => {
        batch.forEach((each, i) => {
          each.resolve(results[i] as Result)
        })
      }
    } catch (error) {
      if (batch.length > 1 && options.isRolledBack(error)) {
        for (const each of batch) (await settle([each]))()
        return () => {}
      }
      return () => {
        for (const each of batch) each.reject(error)
      }
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      const group = groupOf(item)
      const waiting = groups.get(group)
      if (waiting === undefined) {
        const first = [{ item, resolve, reject }]
        groups.set(group, first)
        void drain(group, first)
      } else if (waiting.length >= options.maxWaiting) reject(new QueueFullError('too many calls are waiting'))
      else waiting.push({ item, resolve, reject })
    })
}
