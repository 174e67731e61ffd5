import { statSync } from 'node:fs'
import process from 'node:process'
import { StartupError } from './errors.ts'

/** The rights of users who are neither the owner nor of the owner's group. A container's volume often belongs to a group. */
const ofOthers = 0o007

/** Throws StartupError for a file or folder that every user of the machine may read or change, saying how to mend it. */
export function refuseOpenToOthers(path: string): void {
  // Windows has no such rights.
  if (process.platform === 'win32') return
  const status = statSync(path)
  if ((status.mode & ofOthers) === 0) return
  const [what, mode] = status.isDirectory() ? ['folder', '700'] : ['file', '600']
  throw new StartupError(
    `Every user of this machine can read or change the ${what} ${path}. Take that right away: chmod ${mode} ${path}`,
  )
}
