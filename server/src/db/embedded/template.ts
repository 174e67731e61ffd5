import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { MemoryFS, PGlite } from '@electric-sql/pglite'

/** Made by write-template.ts and shipped in the package, never in the repository. Src/db and dist/db are equally deep. */
export const shippedTemplate = new URL('../../../dist/pgdata.tar.gz', import.meta.url)

/** A new data folder as a tar: the one shipped with the package, or else made here, which takes two seconds longer. */
export async function dataFolderTemplate(): Promise<Uint8Array> {
  return existsSync(shippedTemplate) ? gunzipSync(readFileSync(shippedTemplate)) : makeTemplate()
}

/** Runs initdb in memory. Returns the data folder as a tar, closed cleanly. */
export async function makeTemplate(): Promise<Uint8Array> {
  const files = new KeptMemoryFS()
  const database = await PGlite.create({ fs: files, initDbStartParams: ['--wal-segsize=1'] })
  // Nobody creates databases here. Two thirds of the files go with the templates, and so does what else would stop the
  // folder after two thousand million transactions: a database that nothing ever vacuums.
  await database.exec('update pg_database set datistemplate = false')
  await database.exec('drop database template0')
  await database.exec('drop database template1')
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
