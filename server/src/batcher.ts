/** A function that gathers single calls into batches: see `createBatcher`. */
export type Batched<Item, Result> = (item: Item) => Promise<Result>

export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
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
 * @param options.isRolledBack true for an error after which nothing of the batch was kept: then its items are tried one
 *   by one, so that a broken one hurts only itself. After any other error (a lost connection) nobody knows, and all
 *   are told.
 */
export function createBatcher<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  groupOf: (item: Item) => string,
  options: { maxBatch: number; maxWaiting: number; isRolledBack: (error: unknown) => boolean },
): Batched<Item, Result> {
  const groups = new Map<string, Waiting<Item, Result>[]>()

  async function drain(group: string, waiting: Waiting<Item, Result>[]): Promise<void> {
    // Everything that arrives in this turn of the event loop goes into the first batch.
    await new Promise(setImmediate)
    while (waiting.length > 0) await settle(waiting.splice(0, options.maxBatch))
    groups.delete(group)
  }

  async function settle(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await run(batch.map((each) => each.item))
      batch.forEach((each, i) => {
        each.resolve(results[i] as Result)
      })
    } catch (error) {
      if (batch.length > 1 && options.isRolledBack(error)) for (const each of batch) await settle([each])
      else for (const each of batch) each.reject(error)
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
