import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { StartupError } from '../errors.ts'

/** The major version of PostgreSQL in PGlite. Another one cannot read the files. */
export const postgresMajor = 18

/** Where the database is inside our folder. */
const databaseName = 'pgdata'

/**
 * The path of the database's files inside the folder, unpacked from the template the first time. It is made under
 * another name, synced to the disk and then renamed: interrupted at any moment, the next start begins anew.
 *
 * @param template gives the files of an empty database as a tar
 * @throws StartupError when the folder holds something that is not ours, or was written by another major version
 */
export async function prepareDataFolder(folder: string, template: () => Promise<Uint8Array>): Promise<string> {
  const database = path.join(folder, databaseName)
  if (existsSync(database)) {
    checkVersion(folder, database)
  } else {
    refuseForeignFiles(folder)
    await unpackAt(database, await template())
  }
  return database
}

/** Whether a database was made in the folder. */
export function holdsDatabase(folder: string): boolean {
  return existsSync(path.join(folder, databaseName))
}

function checkVersion(folder: string, database: string): void {
  const version = readVersion(database)
  if (version === String(postgresMajor)) return
  if (!/^\d+$/.test(version)) throw notOurs(folder)
  const age = Number(version) > postgresMajor ? 'newer' : 'older'
  throw new StartupError(
    `The folder ${folder} was written by PostgreSQL ${version}, which is ${age} than the ${postgresMajor} of this program. Use the version of mteja that wrote it.`,
  )
}

function readVersion(database: string): string {
  try {
    return readFileSync(path.join(database, 'PG_VERSION'), 'utf8').trim()
  } catch {
    return ''
  }
}

/** Our own files (the lock, a start that was interrupted) begin with our names; hidden files do no harm. */
function refuseForeignFiles(folder: string): void {
  const foreign = readdirSync(folder).filter(
    (name) => !/^(\.|mteja[.-]|lost\+found$)/.test(name) && name !== unfinished,
  )
  if (foreign.length > 0) throw notOurs(folder)
}

function notOurs(folder: string): StartupError {
  return new StartupError(
    `The folder ${folder} holds something that is not mteja's. Use --data with an empty folder or one that mteja made.`,
  )
}

const unfinished = `${databaseName}.new`

async function unpackAt(database: string, tar: Uint8Array): Promise<void> {
  const draft = path.join(path.dirname(database), unfinished)
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  unpack(tar, draft)
  await syncTree(draft)
  renameSync(draft, database)
  await syncPath(path.dirname(database))
}

const block = 512

/** Writes the folders and files of a tar (ustar). */
function unpack(tar: Uint8Array, folder: string): void {
  for (let at = 0; at + block <= tar.length && tar[at] !== 0; ) {
    const { name, size, kind } = readHeader(tar.subarray(at, at + block))
    const content = tar.subarray(at + block, at + block + size)
    const target = path.join(folder, name)
    if (kind === 'folder') mkdirSync(target, { recursive: true, mode: 0o700 })
    else writeFileSync(target, content, { mode: 0o600 })
    at += block + Math.ceil(size / block) * block
  }
}

function readHeader(header: Uint8Array) {
  const text = (from: number, length: number) =>
    Buffer.from(header.subarray(from, from + length))
      .toString('latin1')
      .replace(/\0.*$/s, '')
  return {
    name: text(0, 100),
    size: Number.parseInt(text(124, 12), 8),
    kind: text(156, 1) === '5' ? ('folder' as const) : ('file' as const),
  }
}

/** Syncs everything in a folder. At once, because a disk writes many waiting files together: 400 one by one take long. */
async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true })
  await Promise.all([folder, ...entries.map((entry) => path.join(folder, entry))].map(syncPath))
}

async function syncPath(target: string): Promise<void> {
  const file = await open(target, 'r')
  try {
    await file.sync()
  } catch (error) {
    if (!(await file.stat()).isDirectory()) throw error // Windows cannot sync a folder
  } finally {
    await file.close()
  }
}
