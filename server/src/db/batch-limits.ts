import type { BatchOptions } from './batcher.ts'
import { isRolledBack } from './rolled-back.ts'

/** How much of what waits for the database goes together. */
export const batchLimits = { maxBatch: 256, maxWaiting: 10_000, isRolledBack } satisfies BatchOptions<never>
