import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A Node of this machine. */
export interface InstalledNode {
  program: string
  /** Such as 24.21.0. */
  version: string
}

/**
 * The Nodes on the PATH, the Node that runs the tests, and others, each once. On most machines these are the Node that the
 * clone brought and an older one of the system.
 */
export function findNodes(...others: (string | undefined)[]): InstalledNode[] {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  const found = [process.execPath, ...others, ...places].filter((place) => place !== undefined && existsSync(place))
  const programs = found.map((place) => realpathSync(place as string))
  return [...new Set(programs)].map((program) => ({ program, version: versionOf(program) }))
}

/** Whether a version is at least `major.minor`. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [itsMajor = 0, itsMinor = 0] = version.split('.').map(Number)
  return itsMajor > major || (itsMajor === major && itsMinor >= minor)
}

function versionOf(program: string): string {
  return execFileSync(program, ['--print', 'process.versions.node'], { encoding: 'utf8' }).trim()
}
