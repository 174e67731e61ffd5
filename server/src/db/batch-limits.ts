import type { Meter } from '../base/meter.ts'
import { type BatchOptions, watchQueue } from './batcher.ts'
import { isRolledBack } from './rolled-back.ts'

/** How much of what waits for the database goes together. */
export const batchLimits = { maxBatch: 256, maxWaiting: 10_000, isRolledBack } satisfies BatchOptions<never>

/** The same limits for a queue that is measured under its name. */
export function limitsOf(meter: Meter, queue: string) {
  return { ...batchLimits, watch: watchQueue(meter, queue) } satisfies BatchOptions<never>
}
