import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

// The scripts in this folder start on whatever Node the user has, from 20 on: plain JavaScript and no dependencies,
// because on a fresh clone there are none.

export const root = fileURLToPath(new URL('..', import.meta.url))

// npm ends every install by noting what it put into node_modules. An install that was cut short leaves no note.
const installNote = 'node_modules/.package-lock.json'
const template = 'server/dist/pgdata.tar.gz'
const templateSource = 'server/src/db/embedded/template.ts'

/**
 * Installs the dependencies and builds what the server starts from, each when missing or out of date. Returns the path
 * of the Node that runs TypeScript as it is. Ends the process with one sentence when something fails.
 */
export async function setUp() {
  if (!isNewer(installNote, 'package-lock.json')) await install()
  const node = findNode()
  if (!isNewer(template, installNote, templateSource)) await buildTemplate(node)
  return node
}

/** The Node npm brought, or the user's own when npm could not bring one. */
function findNode() {
  const brought = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(brought)) return brought
  if (runsTypeScript(process.versions.node)) return process.execPath
  return fail(
    `Node ${process.versions.node} is too old to run TypeScript, and npm brought no newer one: were install scripts ` +
      'switched off? Run: npm rebuild node --ignore-scripts=false. Or install Node 24.',
  )
}

/** Whether a file is there and no older than what it is made from: as make decides. */
function isNewer(/** @type {string} */ made, /** @type {string[]} */ ...sources) {
  const [madeMs = 0, ...sourcesMs] = [made, ...sources].map(
    (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  )
  return madeMs > 0 && sourcesMs.every((ms) => ms <= madeMs)
}

/** npm is noisy even about a good install (engine warnings on Node 20), so its output is kept for a bad one. */
async function install() {
  console.error('Installing dependencies (npm ci): half a minute the first time …')
  const log = join(tmpdir(), `mteja-install-${process.pid}.log`)
  const output = openSync(log, 'wx')
  // Development dependencies hold the Node that runs everything, so they are wanted under NODE_ENV=production too.
  const args = ['ci', '--include=dev', '--loglevel=error', '--no-progress']
  const { code, interrupted } = await run(...npm(args), { cwd: root, stdio: ['ignore', output, output] })
  closeSync(output)
  const printed = readFileSync(log, 'utf8')
  rmSync(log)
  if (interrupted) process.exit(code || 1)
  if (code !== 0) fail(`${printed}\nnpm ci failed: see above.`)
}

/** A data folder ready to be copied: initdb would make every first start on the embedded database wait for seconds. */
async function buildTemplate(/** @type {string} */ node) {
  console.error('Preparing the embedded database …')
  const { code, interrupted } = await run(node, [join(root, 'server/src/db/embedded/write-template.ts')])
  if (interrupted || code !== 0) process.exit(code || 1)
}

/**
 * The npm that runs this script, on the Node it runs on: the one on the PATH may be the one about to be replaced.
 * @returns {[command: string, args: string[]]}
 */
function npm(/** @type {string[]} */ args) {
  const { npm_execpath: cli, npm_node_execpath: node } = process.env
  if (cli?.endsWith('npm-cli.js') && node) return [node, [cli, ...args]]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', args]
}

/** Node strips types without a flag since 22.18. */
function runsTypeScript(/** @type {string} */ version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(message)
  process.exit(1)
}
