import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartupError } from './errors.ts'

/** A file that changes the schema. */
export interface MigrationFile {
  /** `0001_name.sql`, or `functions/name.sql`. */
  readonly name: string
  readonly script: string
  /** SHA-256 in hexadecimal. */
  readonly checksum: string
}

export interface MigrationFiles {
  /** In the order of their numbers. */
  readonly migrations: readonly MigrationFile[]
  /** By name. */
  readonly functions: readonly MigrationFile[]
}

/** The `db` folder of the package; the same distance from src/db and dist/db. */
const packaged = fileURLToPath(new URL('../../db', import.meta.url))

/** Reads `migrations/NNNN_name.sql` and `functions/*.sql` in the given folder, by default the package's own. */
export async function readMigrationFiles(folder = packaged): Promise<MigrationFiles> {
  const migrations = await readFolder(path.join(folder, 'migrations'), '')
  checkNumbers(migrations)
  return { migrations, functions: await readFolder(path.join(folder, 'functions'), 'functions/') }
}

async function readFolder(folder: string, prefix: string): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => {
      // Git may have turned the line ends over on its way to Windows; the file is the same.
      const script = (await readFile(path.join(folder, name), 'utf8')).replaceAll('\r\n', '\n')
      return { name: prefix + name, script, checksum: createHash('sha256').update(script).digest('hex') }
    }),
  )
}

function checkNumbers(migrations: readonly MigrationFile[]): void {
  migrations.forEach(({ name }, i) => {
    if (!/^\d{4}_/.test(name)) throw new StartupError(`Migration ${name} must be named NNNN_name.sql.`)
    const before = migrations[i - 1]?.name
    if (before?.slice(0, 4) === name.slice(0, 4)) {
      throw new StartupError(`Migrations ${before} and ${name} have the same number; renumber the one not yet landed.`)
    }
  })
}
