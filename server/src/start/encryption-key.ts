import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { Random } from '../base/ids.ts'
import { StartupError } from '../db/errors.ts'
import { refuseOpenToOthers } from '../db/private-path.ts'

const fileName = 'encryption.key'

/**
 * The service key: 32 bytes, given in base64 or kept in `encryption.key` of the data folder, which is made on the first
 * start, readable by its owner only. Whoever loses it loses what is encrypted. Throws StartupError.
 *
 * @param random makes the key of a new database; null for one that has its key already, which must be found
 */
export function loadEncryptionKey(given: string | undefined, dataFolder: string, random: Random | null): Buffer {
  if (given !== undefined) return decode(given, 'MTEJA_ENCRYPTION_KEY')
  const file = path.join(dataFolder, fileName)
  try {
    const text = readFileSync(file, 'utf8')
    refuseOpenToOthers(file)
    // Whoever may write to the folder can put another key there.
    refuseOpenToOthers(dataFolder)
    return decode(text, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  if (random === null) {
    throw new StartupError(
      `The encryption key of this database is missing: bring back ${file}, or set MTEJA_ENCRYPTION_KEY to it.`,
    )
  }
  return writeKey(file, random.bytes(32))
}

/** Written whole or not at all: a start killed half-way must not leave half a key. */
function writeKey(file: string, key: Buffer): Buffer {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    refuseOpenToOthers(path.dirname(file))
    const draft = `${file}.${process.pid}`
    const descriptor = openSync(draft, 'w', 0o600)
    writeSync(descriptor, `${key.toString('base64')}\n`)
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(draft, file)
  } catch (error) {
    if (error instanceof StartupError) throw error
    throw new StartupError(`The encryption key cannot be written to ${file} (${(error as Error).message}).`)
  }
  return key
}

function decode(text: string, source: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length === 32) return key
  throw new StartupError(`${source} must hold 32 bytes in base64; make them with: openssl rand -base64 32`)
}
