import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runNpm } from './npm.mjs'
import { root } from './root.mjs'
import { packagesOf } from './shrinkwrap.mjs'

/**
 * A package in a lock file, as far as it is looked at here.
 * @typedef {{ version?: string, integrity?: string, link?: boolean, dev?: boolean, optional?: boolean }} Package
 */

// At the end of every install npm notes what is there. An install that was cut short leaves the note of the one before,
// and a clean install (npm ci) begins by removing it.
const note = 'node_modules/.package-lock.json'

/**
 * Compares the lock file with what npm has noted. Tools that are there stay, and are kept up to date.
 *
 * @param {boolean} needsTools whether the packages for checks and tests are needed too
 * @returns {{ missing: string[], args: string[] } | undefined} the folders of the packages to install and how npm is
 *   told to; nothing when all that is needed is there
 */
export function planPackages(needsTools) {
  const noted = readNote()
  const packages = readLockFile()
  // The packages of the page may be there without the tools.
  const ofPage = pagePackages(packages)
  const hasTools = Object.entries(noted ?? {}).some(([path, { dev }]) => dev && !ofPage.has(path))
  const withTools = needsTools || hasTools
  const missing = missingOf(packages, noted, (_path, { dev }) => withTools || !dev)
  if (missing.length === 0) return
  // A clean install removes everything first, and with it the floor from under a server that runs from this clone. So it
  // is for the first time; later ones add and replace, and leave the lock file alone.
  const command = noted === undefined ? ['ci'] : ['install', '--no-save', '--package-lock']
  // Told to in both cases, because NODE_ENV=production changes what npm does by itself.
  return { missing, args: [...command, withTools ? '--include=dev' : '--omit=dev'] }
}

/**
 * The packages that build the operator's page, if one of them is missing. Packages that are there stay.
 *
 * @returns {{ missing: string[], args: string[] } | undefined}
 */
export function planPagePackages() {
  const packages = readLockFile()
  const needed = pagePackages(packages)
  const missing = missingOf(packages, readNote(), (path) => needed.has(path))
  if (missing.length === 0) return
  return { missing, args: ['install', '--no-save', '--package-lock', '--include=dev', '--workspace=dashboard'] }
}

/** The folders of all packages that build the operator's page. */
function pagePackages(/** @type {Record<string, Package>} */ packages) {
  return 'dashboard' in packages ? packagesOf(packages, 'dashboard') : new Set()
}

/** @returns {Record<string, Package>} by folder */
function readLockFile() {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
}

/**
 * The folders of the needed packages that npm has not noted as they are in the lock file.
 *
 * @param {Record<string, Package>} packages
 * @param {Record<string, Package> | undefined} noted
 * @param {(path: string, entry: Package) => boolean} isNeeded
 */
function missingOf(packages, noted, isNeeded) {
  return (
    Object.entries(packages)
      // An optional package is for another platform, or comes with the package that wants it.
      .filter(([path, { link, optional }]) => path.includes('node_modules/') && !link && !optional)
      .filter(([path, entry]) => isNeeded(path, entry))
      .filter(([path, { version, integrity }]) => {
        const installed = noted?.[path]
        return installed?.version !== version || installed?.integrity !== integrity
      })
      .map(([path]) => path)
  )
}

/** @returns {Record<string, Package> | undefined} by folder */
function readNote() {
  try {
    return JSON.parse(readFileSync(join(root, note), 'utf8')).packages
  } catch {
    // There is none, or npm was killed while it wrote.
    return undefined
  }
}

/** @param {{ missing: string[], args: string[] }} plan */
export function installPackages({ missing, args }) {
  // An install that was cut short may have left any of these half written, and npm would take it for a whole one.
  for (const path of missing) rmSync(join(root, path), { recursive: true, force: true })
  return runNpm(args)
}

/** How many of these packages have begun to arrive. */
export function countInstalled(/** @type {string[]} */ packages) {
  return packages.filter((path) => existsSync(join(root, path, 'package.json'))).length
}
