import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { MemoryFS, PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { readMigrationFiles } from '../migration-files.ts'

/**
 * The template with the schema of this program, made by write-template.ts and shipped in the package, never in the repository.
 * Its name tells the schema, so that none of another schema is taken. Src/db and dist/db are equally deep.
 */
export async function shippedTemplate(): Promise<URL> {
  const { migrations, functions } = await readMigrationFiles()
  const hash = createHash('sha256')
  for (const { name, checksum } of [...migrations, ...functions]) hash.update(`${name} ${checksum}\n`)
  return new URL(`../../../dist/pgdata-${hash.digest('hex').slice(0, 16)}.tar.gz`, import.meta.url)
}

/**
 * A new data folder as a tar: the one shipped with the package, which has the schema, or else one made here without it. Then
 * the first start takes some seconds longer.
 */
export async function dataFolderTemplate(): Promise<Uint8Array> {
  const shipped = await shippedTemplate()
  return existsSync(shipped) ? gunzipSync(readFileSync(shipped)) : makeTemplate()
}

/** Runs initdb in memory. Returns the data folder as a tar, closed cleanly. `fill` may put something into the database. */
export async function makeTemplate(fill?: (database: PGlite) => Promise<void>): Promise<Uint8Array> {
  const files = new KeptMemoryFS()
  const database = await PGlite.create({
    fs: files,
    extensions: { pg_trgm },
    initDbStartParams: ['--wal-segsize=1'],
  })
  // Nobody creates databases here. Two thirds of the files go with the templates, and so does what else would stop the
  // folder after two thousand million transactions: a database that nothing ever vacuums.
  await database.exec('update pg_database set datistemplate = false')
  await database.exec('drop database template0')
  await database.exec('drop database template1')
  await fill?.(database)
  await database.exec('vacuum freeze')
  await database.close()
  return files.tar
}

/** Keeps the files when the database has closed. */
class KeptMemoryFS extends MemoryFS {
  tar = new Uint8Array()

  override async closeFs(): Promise<void> {
    const dump = await this.dumpTar('pgdata', 'none')
    this.tar = new Uint8Array(await dump.arrayBuffer())
    await super.closeFs()
  }
}
