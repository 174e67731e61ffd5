import { QueueFullError } from '../base/errors.ts'
import type { Counter, Gauge, Histogram, Meter } from '../base/meter.ts'
import type { Db, Lane } from './database.ts'

/** A function that gathers single calls into batches: see `createBatcher`. */
export type Batched<Item, Result> = (item: Item) => Promise<Result>

export interface BatchOptions<Item> {
  maxBatch: number
  maxWaiting: number
  keyOf?: (item: Item) => string | null
  isRolledBack: (error: unknown) => boolean
  /** Default: nothing is measured. */
  watch?: QueueWatch
}

/** The measurements of a queue, over all its groups. */
export interface QueueWatch {
  waiting: Gauge
  batchSize: Histogram
  refused: Counter
  split: Counter
}

/** Measures a queue under its name. */
export function watchQueue(meter: Meter, queue: string): QueueWatch {
  return {
    waiting: meter.gauge('mteja_queue_waiting', { queue }),
    batchSize: meter.histogram('mteja_queue_batch_size', { queue }),
    refused: meter.counter('mteja_queue_refused_total', { queue }),
    split: meter.counter('mteja_queue_batches_split_total', { queue }),
  }
}

interface Waiting<Item, Result> {
  item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

interface Group<Item, Result> {
  readonly name: string
  readonly lane: Lane
  readonly waiting: Waiting<Item, Result>[]
  /** Sizes of the batches under way, in the order they were sent. */
  readonly underWay: number[]
}

/**
 * Group commit, and its counterpart for reads. Calls that arrive while batches of their group are under way wait, and
 * go together in the next batch. A lone call goes at once. Nothing is remembered: the database answers each call.
 *
 * A second batch is sent before the first is answered, once half as many calls wait as went with the first. The
 * database then has its next batch at hand. Measured: about a tenth more transfers and creations than with one batch
 * at a time.
 *
 * @param db batches of a group are done one after the other, in the order they were sent
 * @param run does one batch on the lane, and answers in the order of its items
 * @param groupOf only items of one group share a batch (one tenant per statement)
 * @param options.maxBatch items per batch
 * @param options.maxWaiting calls that may wait in a group: one call more is rejected with QueueFullError
 * @param options.keyOf two items of one key never share a batch: the later item finds the changes of the earlier item
 * @param options.watch tells the operator's monitoring how long the queue is
 * @param options.isRolledBack true for an error after which nothing of the batch was kept. Its items are then tried
 *   one by one, so that a broken item hurts only itself. After any other error, such as a lost connection, nobody
 *   knows whether the batch was kept: every caller is given the error.
 */
export function createBatcher<Item, Result>(
  db: Pick<Db, 'lane'>,
  run: (lane: Lane, items: Item[]) => Promise<Result[]>,
  groupOf: (item: Item) => string,
  options: BatchOptions<Item>,
): Batched<Item, Result> {
  const groups = new Map<string, Group<Item, Result>>()

  function groupNamed(name: string): Group<Item, Result> {
    let group = groups.get(name)
    if (group === undefined) {
      group = { name, lane: db.lane(), waiting: [], underWay: [] }
      groups.set(name, group)
    }
    return group
  }

  function send(group: Group<Item, Result>): void {
    while (isDue(group)) {
      const batch = group.waiting.splice(0, sizeOfBatch(group.waiting))
      group.underWay.push(batch.length)
      options.watch?.waiting.add(-batch.length)
      options.watch?.batchSize.observe(batch.length)
      void settle(group.lane, batch).then((answer) => {
        group.underWay.shift()
        send(group)
        if (group.underWay.length === 0) groups.delete(group.name)
        // A batch is answered once the next batch has been sent: the database works while the answers are written.
        setImmediate(answer)
      })
    }
  }

  function isDue({ lane, waiting, underWay }: Group<Item, Result>): boolean {
    if (waiting.length === 0) return false
    const last = underWay.at(-1)
    if (last === undefined) return true
    return underWay.length < lane.depth && waiting.length >= last / 2
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
  async function settle(lane: Lane, batch: Waiting<Item, Result>[]): Promise<() => void> {
    try {
      const results = await run(
        lane,
        batch.map((each) => each.item),
      )
      return () => {
        batch.forEach((each, i) => {
          each.resolve(results[i] as Result)
        })
      }
    } catch (error) {
      if (batch.length > 1 && options.isRolledBack(error)) {
        options.watch?.split.add(1)
        for (const each of batch) (await settle(lane, [each]))()
        return () => {}
      }
      return () => {
        for (const each of batch) each.reject(error)
      }
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      const group = groupNamed(groupOf(item))
      if (group.waiting.length >= options.maxWaiting) {
        options.watch?.refused.add(1)
        reject(new QueueFullError('too many calls are waiting'))
        return
      }
      group.waiting.push({ item, resolve, reject })
      options.watch?.waiting.add(1)
      // Everything that arrives in this turn of the event loop goes together.
      if (isDue(group)) setImmediate(send, group)
    })
}
