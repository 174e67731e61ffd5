import type { FailureLog } from '../base/failure-log.ts'
import type { Meter } from '../base/meter.ts'
import type { OwnedDb } from './database.ts'
import { watchDatabase } from './database-watch.ts'
import type { MaintenanceTimes } from './embedded/messages.ts'
import { openEmbedded } from './embedded/open-embedded.ts'
import type { DatabaseUnavailableError } from './errors.ts'
import type { FolderLock } from './folder-lock.ts'
import { openPostgresql } from './open-postgresql.ts'

export { DatabaseUnavailableError, StartupError } from './errors.ts'

export interface DatabaseOptions {
  /** A PostgreSQL to use, `postgres://…`. Without it the database is embedded and lives in {@link dataFolder}. */
  readonly databaseUrl?: string | undefined
  readonly dataFolder: string
  /** The caller's hold on the data folder, if it has one already. Otherwise the embedded engine takes its own. */
  readonly lock?: FolderLock | undefined
  /** Connections to PostgreSQL, 10 by default. The embedded engine has one. */
  readonly poolSize?: number | undefined
  /** When the embedded engine looks after itself; tests make it hurry. */
  readonly maintenance?: Partial<MaintenanceTimes> | undefined
  /** Where it is measured how busy the connections are. Default: nowhere. */
  readonly meter?: Meter | undefined
  /** Where it is logged that the database is away. Default: nowhere. */
  readonly failures?: FailureLog | undefined
  /** The embedded engine has died and nothing will be answered any more. */
  readonly onFailure?: (error: DatabaseUnavailableError) => void
}

/**
 * Opens the database: the embedded one in a folder, or a PostgreSQL server. Nothing above knows which. Connections work
 * with the application's role once there is one; `migrate` makes it.
 *
 * @throws StartupError with one sentence saying why the database cannot be used
 */
export function openDatabase(options: DatabaseOptions): Promise<OwnedDb> {
  const { databaseUrl, dataFolder, lock, poolSize, maintenance, onFailure = () => undefined } = options
  const watch = watchDatabase(options)
  if (databaseUrl) return openPostgresql({ databaseUrl, poolSize, watch })
  return openEmbedded({ dataFolder, lock, maintenance, watch, onFailure })
}
