import type { OwnedDb, OwnerSession, Queryable } from './database.ts'
import { codeOf, DatabaseUnavailableError, StartupError } from './errors.ts'
import { type MigrationFile, type MigrationFiles, readMigrationFiles } from './migration-files.ts'
import { splitStatements } from './split-statements.ts'
import { sql } from './sql.ts'

export interface MigrationOptions {
  /** Holds `migrations/` and `functions/`; the package's own by default. */
  readonly folder?: string
  /** Called before the first file is applied, if any is to be: it takes a while. */
  readonly onBegin?: () => void
}

/**
 * Brings the schema up to this program: each numbered migration once, then the functions whose file has changed. Each
 * file is one transaction. Any number of servers may start at once. The server that gets the lock applies a file, and
 * the other servers find the file landed. Where nothing is to be done this is one read, which needs no right to change
 * the schema.
 *
 * @returns the names of the files this call applied, in order
 * @throws StartupError when a landed migration was edited, the database is newer than the program, or a file fails
 */
export async function migrate(
  target: Pick<OwnedDb, 'query' | 'asOwner'>,
  options: MigrationOptions = {},
): Promise<{ applied: string[] }> {
  const files = await readMigrationFiles(options.folder)
  if (nextFile(files, await readLanded(target)) === undefined) return { applied: [] }
  options.onBegin?.()
  return { applied: await target.asOwner((session) => applyAll(session, files)) }
}

/**
 * The names of the migrations that the database does not have yet, in order. Changes nothing.
 *
 * @throws StartupError when a landed migration was edited, or the database is newer than the program
 */
export async function listMissingMigrations(db: Queryable, options: MigrationOptions = {}): Promise<string[]> {
  const files = await readMigrationFiles(options.folder)
  const landed = await readLanded(db)
  nextFile(files, landed)
  return files.migrations.map(({ name }) => name).filter((name) => !landed.has(name))
}

/** The checksums of the files that the database has, by name. */
type Landed = ReadonlyMap<string, string>

/** The file to apply next, or undefined when the database has everything. */
function nextFile({ migrations, functions }: MigrationFiles, landed: Landed): MigrationFile | undefined {
  refuseNewerDatabase(migrations, landed)
  for (const file of migrations) {
    const checksum = landed.get(file.name)
    if (checksum === undefined) return refuseGap(file, landed)
    if (checksum !== file.checksum) throw edited(file)
  }
  return functions.find((file) => landed.get(file.name) !== file.checksum)
}

function isMigration(name: string): boolean {
  return !name.includes('/')
}

function refuseNewerDatabase(migrations: readonly MigrationFile[], landed: Landed): void {
  const known = new Set(migrations.map(({ name }) => name))
  const unknown = [...landed.keys()].filter((name) => isMigration(name) && !known.has(name)).sort()
  if (unknown.length === 0) return
  throw new StartupError(
    `The database has migration ${unknown.at(-1)}, which this program does not know. Use the version of mteja that made it, or a newer one.`,
  )
}

/** Refuses a migration numbered before a landed one: the tables are no longer as they were when it was written. */
function refuseGap(file: MigrationFile, landed: Landed): MigrationFile {
  const later = [...landed.keys()].find((name) => isMigration(name) && name > file.name)
  if (later === undefined) return file
  throw new StartupError(
    `Migration ${file.name} comes before ${later}, which has landed already; give it a higher number.`,
  )
}

function edited({ name }: MigrationFile): StartupError {
  return new StartupError(
    `Migration ${name} was edited after it had landed in this database. Put the file back as it was and write the change as a new migration.`,
  )
}

const undefinedTable = '42P01'

async function readLanded(db: Queryable): Promise<Landed> {
  try {
    const rows = await db.query<{ name: string; checksum: string }>(sql`
      select name, checksum
      from schema_migrations`)
    return new Map(rows.map(({ name, checksum }) => [name, checksum]))
  } catch (error) {
    if (codeOf(error) === undefinedTable) return new Map()
    throw error
  }
}

async function applyAll(session: OwnerSession, files: MigrationFiles): Promise<string[]> {
  const applied: string[] = []
  for (;;) {
    const name = await inTransaction(session, () => applyNext(session, files))
    if (name === undefined) return applied
    applied.push(name)
  }
}

async function applyNext(session: OwnerSession, files: MigrationFiles): Promise<string | undefined> {
  await takeLock(session)
  await createTable(session)
  const file = nextFile(files, await readLanded(session))
  if (file === undefined) return undefined
  await runScript(session, file)
  await session.query(sql`
    insert into schema_migrations (name, checksum, applied_at)
    values (${file.name}, ${file.checksum}, now())
    on conflict (name) do update
    set checksum = excluded.checksum, applied_at = excluded.applied_at`)
  return file.name
}

/** A lock for one migrator of this database at a time. It ends with the transaction, so that no pooler can keep it. */
async function takeLock(session: OwnerSession): Promise<void> {
  await session.query(sql`select pg_advisory_xact_lock(hashtextextended('mteja migrate', 0))`)
}

async function createTable(session: OwnerSession): Promise<void> {
  const [found] = await session.query<{ oid: string | null }>(
    sql`select to_regclass('public.schema_migrations')::text as oid`,
  )
  if (found?.oid) return
  await session.execute(`
    create table schema_migrations (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null
    )`)
  // A server without the right to change the schema asks whether there is anything to change.
  await session.execute('grant select on schema_migrations to public')
}

async function runScript(session: OwnerSession, { name, script }: MigrationFile): Promise<void> {
  for (const { text, line } of splitStatements(script)) {
    try {
      await session.execute(text)
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new StartupError(`The statement at line ${line} of ${name} failed: ${reason}.`, { cause: error })
    }
  }
}

async function inTransaction<T>(session: OwnerSession, work: () => Promise<T>): Promise<T> {
  await session.execute('begin isolation level read committed')
  try {
    const result = await work()
    await session.execute('commit')
    return result
  } catch (error) {
    // The connection is closed after a failure anyway. A rollback here only frees the lock sooner.
    await session.execute('rollback').catch(() => undefined)
    throw error
  }
}
