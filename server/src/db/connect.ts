import type { FailureLog } from '../base/failure-log.ts'
import type { Meter } from '../base/meter.ts'
import type { OwnedDb } from './database.ts'
import { watchDatabase } from './database-watch.ts'
import type { MaintenanceTimes } from './embedded/messages.ts'
import { openEmbedded } from './embedded/open-embedded.ts'
import type { DatabaseUnavailableError } from './errors.ts'
import type { FolderLock } from './folder-lock.ts'
import { openPostgresql } from './open-postgresql.ts'

export { DatabaseBusyError, DatabaseUnavailableError, StartupError } from './errors.ts'

export interface DatabaseOptions {
  /** A PostgreSQL to use, `postgres://…`. Without it the database is embedded and lives in {@link dataFolder}. */
  readonly databaseUrl?: string | undefined
  /** The setting that gave {@link databaseUrl}, for messages. Default `MTEJA_DATABASE_URL`. */
  readonly databaseUrlFrom?: string | undefined
  readonly dataFolder: string
  /** The caller's hold on the data folder, if it has one already. Otherwise the embedded engine takes its own. */
  readonly lock?: FolderLock | undefined
  /** Connections to PostgreSQL, 10 by default. The embedded engine has one. */
  readonly poolSize?: number | undefined
  /** The time that PostgreSQL has for a statement, 10 seconds by default. A fifth of it may be spent waiting for a lock. */
  readonly statementTimeoutMs?: number | undefined
  /** Whether statements are prepared, as they are by default. A pooler in transaction mode does not allow it. */
  readonly preparedStatements?: boolean | undefined
  /** When the embedded engine does its maintenance. Tests make the engine hurry. */
  readonly maintenance?: Partial<MaintenanceTimes> | undefined
  /** Measures how busy the connections are. Default: nothing is measured. */
  readonly meter?: Meter | undefined
  /** Logs that the database is away. Default: nothing is logged. */
  readonly failures?: FailureLog | undefined
  /** Called when the embedded engine has died: no call will be answered any more. */
  readonly onFailure?: (error: DatabaseUnavailableError) => void
}

/**
 * Opens the database: the embedded engine in a folder, or a PostgreSQL server. No caller needs to know which engine it
 * is. Connections work with the application's role as soon as the role exists; `migrate` makes the role.
 *
 * @throws StartupError with one sentence saying why the database cannot be used
 */
export function openDatabase(options: DatabaseOptions): Promise<OwnedDb> {
  const { databaseUrl, dataFolder, lock, maintenance, onFailure = () => undefined } = options
  const watch = watchDatabase(options)
  if (databaseUrl) return openPostgresql({ ...options, databaseUrl, watch })
  return openEmbedded({ dataFolder, lock, maintenance, watch, onFailure })
}
