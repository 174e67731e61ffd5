import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { type DatabaseOptions, openDatabase } from '../src/db/connect.ts'
import type { OwnedDb } from '../src/db/database.ts'

export { type PostgresServer, startPostgres } from './postgres-server.ts'

/** The engine of this pass. The suite runs once with each engine, by the variable MTEJA_TEST_ENGINE. */
export const testEngine: OwnedDb['engine'] = process.env.MTEJA_TEST_ENGINE === 'postgresql' ? 'postgresql' : 'embedded'

/** Prepared by global-setup.ts. */
export interface TestSetting {
  /** For temporary files. Removed at the end of the run. */
  readonly folder: string
  /** A folder (embedded) or database (postgresql) with the schema and no rows. */
  readonly template: string
  /** Address of the PostgreSQL server, with a user who may create databases. Empty for the embedded engine. */
  readonly serverUrl: string
  /** The server was there before the run, so everything made in it must be removed. */
  readonly borrowed: boolean
}

/** A database of the test's own with the schema and no rows. `close` also removes it. */
export async function openTestDatabase(options: Partial<DatabaseOptions> = {}): Promise<OwnedDb> {
  const place = await makeTestDatabase()
  const db = await openDatabase({ ...place.options, ...options })
  return closingWith(db, place.remove)
}

/** The place of a test database, for tests that open it themselves, perhaps in another process or more than once. */
export interface TestPlace {
  readonly options: { readonly dataFolder: string; readonly databaseUrl?: string }
  remove(): Promise<void>
}

/** A database with the schema and no rows, which is not opened yet. */
export function makeTestDatabase(): Promise<TestPlace> {
  return testEngine === 'embedded' ? copyFolder() : createDatabase(inject('mteja').template)
}

/** A backup: a copy of a database that nobody has open. */
export async function copyTestDatabase({ options }: TestPlace): Promise<TestPlace> {
  const { dataFolder, databaseUrl } = options
  if (databaseUrl !== undefined) return createDatabase(new URL(databaseUrl).pathname.slice(1))
  const backup = await makeTestFolder()
  copy(dataFolder, backup)
  return placeIn(backup)
}

/** A place where no database was ever opened: an empty folder, or an empty database of a server. */
export async function makeEmptyPlace(): Promise<TestPlace> {
  const dataFolder = await makeTestFolder()
  if (testEngine === 'embedded') return placeIn(dataFolder)
  const { options, remove } = await createDatabase()
  return { options: { ...options, dataFolder }, remove }
}

/** An empty temporary folder, removed at the end of the run. */
export function makeTestFolder(): Promise<string> {
  return mkdtemp(path.join(inject('mteja').folder, 'folder-'))
}

/** Runs one statement on a PostgreSQL server, over a connection of its own. */
export async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The address of another database of the same server. */
export function withDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

async function copyFolder(): Promise<TestPlace> {
  const dataFolder = await makeTestFolder()
  copy(inject('mteja').template, dataFolder)
  return placeIn(dataFolder)
}

/** A data folder has a thousand small files: copying them one by one from here would take a second of a processor. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
}

function placeIn(dataFolder: string): TestPlace {
  return { options: { dataFolder }, remove: () => rm(dataFolder, { recursive: true, force: true }) }
}

/** The database is empty without a template. */
async function createDatabase(template?: string): Promise<TestPlace> {
  const { serverUrl, borrowed } = inject('mteja')
  const name = `mteja_test_${randomBytes(6).toString('hex')}`
  await execute(serverUrl, `create database ${name}${template === undefined ? '' : ` template ${template}`}`)
  return {
    options: { databaseUrl: withDatabase(serverUrl, name), dataFolder: '' },
    // A server of the run is removed with all its databases. Dropping one costs a checkpoint, seconds on a busy
    // machine.
    remove: async () => {
      if (borrowed) await execute(serverUrl, `drop database ${name} with (force)`)
    },
  }
}

function closingWith(db: OwnedDb, remove: () => Promise<void>): OwnedDb {
  return {
    engine: db.engine,
    isTransaction: false,
    get isFull() {
      return db.isFull
    },
    unhurried: db.unhurried,
    query: (statement) => db.query(statement),
    transaction: (work) => db.transaction(work),
    lane: () => db.lane(),
    asOwner: (work) => db.asOwner(work),
    close: async () => {
      await db.close()
      await remove()
    },
  }
}
