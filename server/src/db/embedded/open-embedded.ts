import pg from 'pg'
import type { OwnedDb } from '../database.ts'
import type { DatabaseWatch } from '../database-watch.ts'
import { type DatabaseUnavailableError, isBroken } from '../errors.ts'
import { type FolderLock, lockFolder } from '../folder-lock.ts'
import { PooledDatabase } from '../pooled-database.ts'
import { valueTypes } from '../value-types.ts'
import { Engine } from './engine.ts'
import type { MaintenanceTimes } from './messages.ts'

/** See `openDatabase`. */
export interface EmbeddedOptions {
  readonly dataFolder: string
  readonly lock?: FolderLock | undefined
  readonly maintenance?: Partial<MaintenanceTimes> | undefined
  readonly watch: DatabaseWatch
  readonly onFailure: (error: DatabaseUnavailableError) => void
}

const maintenanceTimes: MaintenanceTimes = { everyMs: 1000, quietShare: 0.2 }

/**
 * Longer than any chore of the database stalls its only connection. Whoever waits this long most likely awaits the pool
 * inside a transaction, and would wait for ever.
 */
const connectionTimeoutMs = 30_000

/**
 * Every call waits for the statement before it, so few deliveries are written, taken on or recorded by one statement: they take
 * some ten milliseconds.
 */
const deliveriesAtOnce = 20

/** Opens the database in the folder, making it if it is not there, for this process alone. */
export async function openEmbedded(options: EmbeddedOptions): Promise<OwnedDb> {
  const { dataFolder, watch, onFailure } = options
  const ownLock = options.lock ? undefined : await lockFolder(dataFolder)
  try {
    const maintenance = { ...maintenanceTimes, ...options.maintenance }
    const engine = await Engine.start(
      { folder: dataFolder, maintenance },
      { onMaintained: watch.onMaintained, onFailure },
    )
    const close = async () => {
      await engine.close()
      await ownLock?.release()
    }
    const onAway = (error: unknown) => {
      watch.onAway(error)
      // With files that it cannot use, the engine would refuse every call from now on. A new start repairs them.
      if (isBroken(error, 'embedded')) engine.giveUp('it cannot use its files')
    }
    return new PooledDatabase({
      engine: 'embedded',
      pool: poolOf(engine),
      prepares: true,
      settings: [`set mteja.deliveries_at_once to ${deliveriesAtOnce}`],
      ownerSettings: [],
      watch,
      onAway,
      afterClose: close,
    })
  } catch (error) {
    await ownLock?.release()
    throw error
  }
}

function poolOf(engine: Engine): pg.Pool {
  return new pg.Pool({
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: connectionTimeoutMs,
    types: valueTypes,
    stream: () => engine.openSocket(),
    // Nobody checks these, but without them `pg` would look for them in the environment.
    host: 'embedded',
    user: 'postgres',
    database: 'postgres',
    password: '',
    ssl: false,
  })
}
