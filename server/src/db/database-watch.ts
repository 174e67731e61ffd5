import type { FailureLog } from '../base/failure-log.ts'
import type { Meter } from '../base/meter.ts'

/** How busy a pool is. */
interface PoolUsage {
  readonly options: { readonly max: number }
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

/** The reports about a database, for the operator. */
export interface DatabaseWatch {
  onOpened(pool: PoolUsage): void
  /** A connection was lost, or could not be opened. */
  onAway(error: unknown): void
  /** A connection was opened. */
  onConnected(): void
  /** The embedded engine has done its maintenance. `error` is the reason why it could not, null for success. */
  onMaintained(error: string | null): void
}

export function watchDatabase({ meter, failures }: { meter?: Meter | undefined; failures?: FailureLog | undefined }) {
  const watch: DatabaseWatch = {
    onOpened(pool) {
      meter?.watch('mteja_database_connections_max', {}, () => pool.options.max)
      meter?.watch('mteja_database_connections_used', {}, () => pool.totalCount - pool.idleCount)
      meter?.watch('mteja_database_connections_waiting', {}, () => pool.waitingCount)
    },
    onAway: (error) => failures?.failed('database', { err: error }),
    onConnected: () => failures?.worked('database'),
    onMaintained(error) {
      if (error === null) failures?.worked('database maintenance')
      else failures?.failed('database maintenance', { reason: error })
    },
  }
  return watch
}
