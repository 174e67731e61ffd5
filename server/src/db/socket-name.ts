import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** The shortest limit of a socket's address: macOS 104 bytes with the closing zero, Linux 108. */
const longestSocketPath = 103

/** A name of a folder that is short enough to address a socket in it. */
export interface ShortName {
  readonly folder: string
  /** Removes the symbolic link and its folder, where they had to be made. */
  discard(): void
}

/**
 * A name of the folder by which a socket with the given name in the folder can be addressed. Where the folder's own
 * name is too long, a symbolic link in a private temporary folder is made.
 */
export function shortNameOf(folder: string, socketName: string): ShortName {
  const full = path.resolve(folder)
  const fits = Buffer.byteLength(path.join(full, socketName)) <= longestSocketPath
  return fits ? { folder: full, discard: () => undefined } : linkTo(full)
}

const kept = new Map<string, ShortName>()

/** Such a name of the folder, valid until the process ends. */
export function keptShortNameOf(folder: string, socketName: string): string {
  const full = path.resolve(folder)
  const name = kept.get(full) ?? shortNameOf(full, socketName)
  if (!kept.has(full)) process.once('exit', name.discard)
  kept.set(full, name)
  return name.folder
}

function linkTo(folder: string): ShortName {
  const home = mkdtempSync(path.join(os.tmpdir(), 'mteja-'))
  const link = path.join(home, 'd')
  symlinkSync(folder, link)
  return { folder: link, discard: () => rmSync(home, { recursive: true, force: true }) }
}
