import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { root } from './root.mjs'
import { run } from './run.mjs'

const quietly = ['--loglevel=error', '--no-progress', '--no-audit', '--no-fund', '--no-update-notifier']

/**
 * Runs npm in the clone's root, or in another folder.
 *
 * @param {string[]} args
 * @returns {Promise<{ code: number, interrupted: boolean, printed: string }>}
 */
export async function runNpm(args) {
  // The lists of versions that npm keeps save a request for each package. A list that is too old is fetched anew.
  const outcome = await runOnce([...args, '--prefer-offline'])
  return outcome.code !== 0 && outcome.printed.includes('ETARGET') ? runOnce(args) : outcome
}

/** npm is noisy even about a good install (engine warnings on Node 20), so its output is kept for a bad one. */
async function runOnce(/** @type {string[]} */ args) {
  const folder = mkdtempSync(join(tmpdir(), 'mteja-npm-'))
  const log = join(folder, 'npm.log')
  const output = openSync(log, 'wx')
  const npm = findNpm()
  const outcome = await run(npm.command, [...npm.args, ...args, ...quietly], {
    cwd: root,
    env: environment(),
    stdio: ['ignore', output, output, ...npm.channel],
  })
  closeSync(output)
  const printed = `${readFileSync(log, 'utf8')}\nnpm ${args.join(' ')} ended with ${outcome.code}.`
  rmSync(folder, { recursive: true })
  return { ...outcome, printed }
}

/**
 * The npm that runs this script, on the Node it runs on: the one on the PATH may be the one about to be replaced. It is
 * killed when this process is, see lifeline.mjs: the next command would install while this npm still writes.
 *
 * @returns {{ command: string, args: string[], channel: 'ipc'[] }}
 */
function findNpm() {
  const { npm_execpath: cli, npm_node_execpath: node } = process.env
  const lifeline = new URL('lifeline.mjs', import.meta.url).href
  if (cli?.endsWith('npm-cli.js') && node) {
    return { command: node, args: [`--import=${lifeline}`, cli], channel: ['ipc'] }
  }
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [], channel: [] }
}

/** Options of the npm that runs this script, as in `npm pack --dry-run -w server`, are not meant for this one. */
function environment() {
  const notOurs = /^npm_config_(workspaces?|include_workspace_root|dry_run|pack_destination|json)$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !notOurs.test(name)))
}
