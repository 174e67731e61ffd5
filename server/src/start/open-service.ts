import { systemClock } from '../base/clock.ts'
import { ServiceError } from '../base/errors.ts'
import { createFailureLog, type FailureLog } from '../base/failure-log.ts'
import { systemRandom } from '../base/ids.ts'
import { createMeter, type Meter } from '../base/meter.ts'
import { createVault } from '../base/vault.ts'
import { openDatabase } from '../db/connect.ts'
import type { OwnedDb } from '../db/database.ts'
import { holdsDatabase } from '../db/embedded/data-folder.ts'
import { codeOf, StartupError } from '../db/errors.ts'
import { type FolderLock, lockFolder } from '../db/folder-lock.ts'
import { listMissingMigrations, migrate } from '../db/migrate.ts'
import { createWebhookSender } from '../domain/webhooks/sender.ts'
import type { Service } from '../surfaces/http/surface.ts'
import { approvalOwners } from './approval-owners.ts'
import { createApprovalUrlAsker } from './approval-urls.ts'
import type { Config } from './config.ts'
import { loadEncryptionKey } from './encryption-key.ts'
import { isInstalled, setUpInstallation } from './installation.ts'
import { createLog, type ServerLog, standardError, standardOutput } from './log.ts'
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

interface OpenDatabase {
  db: OwnedDb
  lock: FolderLock | undefined
}

interface Watched {
  meter?: Meter
  failures?: FailureLog
  /** Told of each stage of a start, in a sentence. */
  onStage?: ((stage: string) => void) | undefined
}

/** What a caller may be told while a service opens, and afterwards. */
export interface Listeners extends Pick<Watched, 'onStage'> {
  onFailure?: (error: Error) => void
}

/**
 * Opens what the configuration names, and makes what is missing. Throws StartupError with one sentence for the operator.
 */
export function openService(config: Config, listeners: Listeners = {}): Promise<OpenService> {
  return open(config, standardOutput, (watched) => openMigrated(config, { ...listeners, ...watched }))
}

/** As `openService`, for a command: the log goes to standard error, because the answer is on standard output. */
export function openNewService(config: Config): Promise<OpenService> {
  return open(config, standardError, (watched) => openMigrated(config, watched))
}

/**
 * Opens what the configuration names as it is, for a command. Throws as `openService` does, also where no server or command has made
 * what is needed: a wrong address must not become a new, empty database.
 */
export function openSetUpService(config: Config): Promise<OpenService> {
  return open(config, standardError, (watched) => openSetUp(config, watched))
}

async function open(
  config: Config,
  output: typeof standardOutput,
  openDb: (watched: Watched) => Promise<OpenDatabase>,
): Promise<OpenService> {
  const meter = createMeter()
  const log = createLog(config.logLevel, output(meter, config))
  const failures = createFailureLog(systemClock, log.logger)
  const { db, lock } = await openDb({ meter, failures })
  const webhookSender = createWebhookSender(config.webhookReach)
  const close = async () => {
    await db.close()
    // Only now: what is under way then is recorded by nobody, and sent again.
    await webhookSender.close()
    await lock?.release()
  }
  try {
    const isNew = !(await isInstalled(db))
    const key = loadEncryptionKey(config.encryptionKey, config.dataFolder, isNew ? systemRandom : null)
    const vault = createVault(key, systemRandom)
    const service: Service = {
      db,
      clock: systemClock,
      random: systemRandom,
      vault,
      log: log.logger,
      failures,
      meter,
      limits: config.tenantLimits,
      retention: config.retention,
      disputeWindowDays: config.disputeWindowDays,
      webhookSender,
      approvalOwners,
      ...createApprovalUrlAsker(webhookSender, systemClock),
      ...chooseProviders({ db, clock: systemClock, random: systemRandom, vault, failures, meter }, config),
    }
    if (isNew) refuseStrayWebhook(config)
    return { service, log, firstStart: await setUp(service, config), lock, close }
  } catch (error) {
    await close()
    throw error
  }
}

function refuseStrayWebhook({ webhookUrl, withTestMerchant }: Config): void {
  if (webhookUrl === undefined || withTestMerchant) return
  throw new StartupError(
    'MTEJA_WEBHOOK_URL is the address of the test merchant, which is made on PostgreSQL only if you ask for it: set MTEJA_TEST_KEY or --with-test-merchant, or leave MTEJA_WEBHOOK_URL out.',
  )
}

async function setUp(
  context: Service,
  { withTestMerchant, testKey, webhookUrl }: Config,
): Promise<OpenService['firstStart']> {
  try {
    return await setUpInstallation(context, withTestMerchant ? { key: testKey, webhookUrl } : null)
  } catch (error) {
    if (error instanceof ServiceError) throw new StartupError(`MTEJA_WEBHOOK_URL cannot be used: ${error.message}`)
    throw error
  }
}

/** Opens the database and brings its schema up to date; answers what was applied. */
export function openMigrated(
  config: Config,
  told: Watched & Listeners = {},
): Promise<OpenDatabase & { applied: string[] }> {
  const { databaseUrl, databaseUrlFrom, dataFolder } = config
  const isThere = databaseUrl !== undefined || holdsDatabase(dataFolder)
  const place = databaseUrl === undefined ? `in the folder ${dataFolder}` : `that ${databaseUrlFrom} names`
  told.onStage?.(`${isThere ? 'Opening' : 'Creating'} the database ${place}.`)
  return openLocked(config, told, async (db) => {
    try {
      return await migrate(db, { onBegin: () => told.onStage?.('Bringing the schema of the database up to date.') })
    } catch (error) {
      throw codeOf(error) === insufficientPrivilege ? new StartupError(mayNotMigrate, { cause: error }) : error
    }
  })
}

/** Opens a database that has been set up, and changes nothing. */
async function openSetUp(config: Config, watched: Watched): Promise<OpenDatabase> {
  const { databaseUrl, databaseUrlFrom, dataFolder } = config
  if (databaseUrl === undefined && !holdsDatabase(dataFolder)) {
    throw new StartupError(
      `There is no database in the folder ${dataFolder}. Correct --data (MTEJA_DATA), or start the server on this folder first.`,
    )
  }
  const place = databaseUrl === undefined ? `in the folder ${dataFolder}` : `that ${databaseUrlFrom} names`
  return openLocked(config, watched, async (db) => {
    const missing = await listMissingMigrations(db)
    if (missing.length > 0) {
      throw new StartupError(
        `The database ${place} does not have the schema of this version (${missing[0]} is the first part that is missing). If it is the right database, run mteja migrate or start the server first.`,
      )
    }
    if (await isInstalled(db)) return {}
    throw new StartupError(
      `The database ${place} is not set up. If it is the right database, start the server, or make a merchant with mteja merchant create, first.`,
    )
  })
}

/** Opens the database, does the work on it, and closes it again if the work fails. */
async function openLocked<T extends object>(
  config: Config,
  watched: Watched & { onFailure?: (error: Error) => void },
  work: (db: OwnedDb) => Promise<T>,
): Promise<OpenDatabase & T> {
  const lock = config.databaseUrl === undefined ? await lockFolder(config.dataFolder) : undefined
  try {
    const db = await openDatabase({ ...config, lock, ...watched })
    try {
      return { db, lock, ...(await work(db)) }
    } catch (error) {
      await db.close()
      throw error
    }
  } catch (error) {
    await lock?.release()
    throw error
  }
}
