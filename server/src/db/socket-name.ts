import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** The shortest limit of a socket's address: macOS 104 bytes with the closing zero, Linux 108. */
const longestSocketPath = 103

const shortNames = new Map<string, string>()

/**
 * A name of the folder by which a socket of the given name in it can be addressed. For a long folder that is a symbolic
 * link in a private temporary folder, which goes when the process ends.
 */
export function reachableName(folder: string, socketName: string): string {
  const full = path.resolve(folder)
  if (Buffer.byteLength(path.join(full, socketName)) <= longestSocketPath) return full
  let short = shortNames.get(full)
  if (short === undefined) {
    short = linkTo(full)
    shortNames.set(full, short)
  }
  return short
}

function linkTo(folder: string): string {
  const home = mkdtempSync(path.join(os.tmpdir(), 'mteja-'))
  process.once('exit', () => rmSync(home, { recursive: true, force: true }))
  const link = path.join(home, 'd')
  symlinkSync(folder, link)
  return link
}
