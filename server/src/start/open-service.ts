import { systemClock } from '../base/clock.ts'
import { ServiceError } from '../base/errors.ts'
import { createFailureLog, type FailureLog } from '../base/failure-log.ts'
import { systemRandom } from '../base/ids.ts'
import { createMeter, type Meter } from '../base/meter.ts'
import { createVault } from '../base/vault.ts'
import { openDatabase } from '../db/connect.ts'
import type { OwnedDb } from '../db/database.ts'
import { codeOf, StartupError } from '../db/errors.ts'
import { type FolderLock, lockFolder } from '../db/folder-lock.ts'
import { migrate } from '../db/migrate.ts'
import { createWebhookSender } from '../domain/webhooks/sender.ts'
import type { Service } from '../surfaces/http/surface.ts'
import type { Config } from './config.ts'
import { loadEncryptionKey } from './encryption-key.ts'
import { isInstalled, setUpInstallation } from './installation.ts'
import { createLog, type ServerLog, standardOutput } from './log.ts'
import { chooseProviders } from './providers.ts'

const insufficientPrivilege = '42501'
const mayNotMigrate =
  'The database user may not create what Mteja needs; run mteja migrate once with a user who owns the database.'

/** A service on an open, migrated database that has been set up. */
export interface OpenService {
  service: Service
  log: ServerLog
  /** What a first start made: the test merchant and its key, which can be shown this once. */
  firstStart: Awaited<ReturnType<typeof setUpInstallation>>
  /** The hold on the data folder, where the database is in it. */
  lock: FolderLock | undefined
  close(): Promise<void>
}

/**
 * Opens what the configuration names. Throws StartupError, or WrongEncryptionKeyError, with one sentence for the operator.
 */
export async function openService(config: Config, onFailure: (error: Error) => void = () => {}): Promise<OpenService> {
  const meter = createMeter()
  const log = createLog(config.logLevel, standardOutput(meter))
  const failures = createFailureLog(systemClock, log.logger)
  const { db, lock } = await openMigrated(config, onFailure, { meter, failures })
  const webhookSender = createWebhookSender()
  const close = async () => {
    await db.close()
    // Only now: what is under way then is recorded by nobody, and sent again.
    await webhookSender.close()
    await lock?.release()
  }
  try {
    const isNew = !(await isInstalled(db))
    const key = loadEncryptionKey(config.encryptionKey, config.dataFolder, isNew ? systemRandom : null)
    const service: Service = {
      db,
      clock: systemClock,
      random: systemRandom,
      vault: createVault(key, systemRandom),
      log: log.logger,
      failures,
      meter,
      webhookSender,
      ...chooseProviders({ db, clock: systemClock, random: systemRandom, failures, meter }, config),
    }
    return { service, log, firstStart: await setUp(service, config), lock, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function setUp(context: Service, { testKey, webhookUrl }: Config): Promise<OpenService['firstStart']> {
  try {
    return await setUpInstallation(context, testKey, webhookUrl)
  } catch (error) {
    if (error instanceof ServiceError) throw new StartupError(`MTEJA_WEBHOOK_URL cannot be used: ${error.message}`)
    throw error
  }
}

/** Opens the database and brings its schema up to date; answers what was applied. */
export async function openMigrated(
  config: Config,
  onFailure: (error: Error) => void,
  watched: { meter?: Meter; failures?: FailureLog } = {},
): Promise<{ db: OwnedDb; lock: FolderLock | undefined; applied: string[] }> {
  const { databaseUrl, dataFolder, poolSize } = config
  const lock = databaseUrl === undefined ? await lockFolder(dataFolder) : undefined
  try {
    const db = await openDatabase({ databaseUrl, dataFolder, lock, poolSize, onFailure, ...watched })
    try {
      return { db, lock, ...(await migrate(db)) }
    } catch (error) {
      await db.close()
      throw codeOf(error) === insufficientPrivilege ? new StartupError(mayNotMigrate, { cause: error }) : error
    }
  } catch (error) {
    await lock?.release()
    throw error
  }
}
