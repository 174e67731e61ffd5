import type { Meter } from '../base/meter.ts'
import { type BatchOptions, watchQueue } from './batcher.ts'
import { isRolledBack } from './rolled-back.ts'

/** How much of a queue's calls goes to the database together. The queue is measured under its name. */
export function limitsOf(meter: Meter, queue: string) {
  const watch = watchQueue(meter, queue)
  return { maxBatch: 256, maxWaiting: 10_000, isRolledBack, watch } satisfies BatchOptions<never>
}
