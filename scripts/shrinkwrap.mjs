import { posix } from 'node:path'

/**
 * A package in a lock file, as far as it is looked at here.
 * @typedef {{
 *   name?: string,
 *   version?: string,
 *   integrity?: string,
 *   dependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string>,
 *   peerDependencies?: Record<string, string>,
 *   peerDependenciesMeta?: Record<string, { optional?: boolean }>,
 *   devDependencies?: Record<string, string>,
 *   resolved?: string,
 *   dev?: boolean,
 *   devOptional?: boolean,
 * }} Package
 */
/** @typedef {Record<string, Package>} Packages by folder */

/**
 * Takes out of the lock file of a clone the part that one of its workspaces needs to run, as the lock file of that
 * workspace alone. A user then installs the very packages that were tested. npm makes no such file: it writes one for the
 * whole clone only.
 *
 * @param {{ packages: Packages }} lockFile
 * @param {string} workspace its folder
 */
export function makeShrinkwrap({ packages }, workspace) {
  const { devDependencies: _, ...root } = entryAt(packages, workspace)
  /** @type {Map<string, string>} new folder to the folder in the clone */
  const placed = new Map([['', workspace]])
  // Breadth first: what the workspace itself needs is placed before what its packages need in another version.
  for (const [folder, source] of placed) {
    for (const { name, target } of needsOf(packages, source)) {
      if (findPlaced(placed, folder, name) === target) continue
      placed.set(placeFor(placed, { folder, name, target, workspace }), target)
    }
  }
  check(packages, placed)
  const entries = [...placed].filter(([folder]) => folder !== '').sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    name: root.name,
    version: root.version,
    lockfileVersion: 3,
    requires: true,
    packages: { '': root, ...Object.fromEntries(entries.map(([to, from]) => [to, publicEntry(packages, from)])) },
  }
}

/**
 * The folders of all packages that a workspace of the lock file needs, its tools included.
 *
 * @param {Packages} packages
 * @param {string} workspace its folder
 * @returns {Set<string>}
 */
export function packagesOf(packages, workspace) {
  const { dependencies, devDependencies, ...entry } = entryAt(packages, workspace)
  const all = { ...packages, [workspace]: { ...entry, dependencies: { ...dependencies, ...devDependencies } } }
  const found = new Set([workspace])
  for (const folder of found) for (const { target } of needsOf(all, folder)) found.add(target)
  found.delete(workspace)
  return found
}

/** Where the clone has the package, else inside the package that needs it. */
function placeFor(
  /** @type {Map<string, string>} */ placed,
  /** @type {{ folder: string, name: string, target: string, workspace: string }} */ {
    folder,
    name,
    target,
    workspace,
  },
) {
  const usual = target.startsWith(`${workspace}/`) ? target.slice(workspace.length + 1) : target
  return placed.has(usual) ? posix.join(folder, 'node_modules', name) : usual
}

/**
 * The packages that a package needs to run.
 *
 * @param {Packages} packages
 * @param {string} source
 */
function needsOf(packages, source) {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, ...rest } = entryAt(packages, source)
  const { peerDependenciesMeta = {} } = rest
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  const names = [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers]
  return [...new Set(names)].map((name) => {
    const target = find((folder) => folder in packages, source, name)
    if (target === undefined) throw new Error(`package-lock.json has no ${name}, which ${source} needs`)
    return { name, target }
  })
}

/**
 * The folder in which Node finds a package by its name: in `from`, then in each folder above.
 *
 * @param {(folder: string) => boolean} isThere
 * @param {string} from
 * @param {string} name
 */
function find(isThere, from, name) {
  for (let at = from; ; at = posix.dirname(at)) {
    const folder = posix.join(at, 'node_modules', name)
    if (isThere(folder)) return folder
    if (at === '' || at === '.') return undefined
  }
}

/** What a package finds by a name where it was placed. */
function findPlaced(/** @type {Map<string, string>} */ placed, /** @type {string} */ from, /** @type {string} */ name) {
  return placed.get(find((folder) => placed.has(folder), from, name) ?? '?')
}

/** Each package must find the same packages as in the clone, wherever it was placed. */
function check(/** @type {Packages} */ packages, /** @type {Map<string, string>} */ placed) {
  for (const [folder, source] of placed) {
    for (const { name, target } of needsOf(packages, source)) {
      if (findPlaced(placed, folder, name) !== target) throw new Error(`${folder} would find another ${name}`)
    }
  }
}

/** Without the address from which the clone got it: a user has a registry of their own. */
function publicEntry(/** @type {Packages} */ packages, /** @type {string} */ source) {
  const { resolved: _resolved, dev, devOptional: _devOptional, ...entry } = entryAt(packages, source)
  if (dev) throw new Error(`${source} is needed to run and is marked as a tool in package-lock.json`)
  return entry
}

function entryAt(/** @type {Packages} */ packages, /** @type {string} */ folder) {
  const entry = packages[folder]
  if (entry === undefined) throw new Error(`package-lock.json has no ${folder}`)
  return entry
}
