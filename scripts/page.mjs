// The operator's page: its packages are installed and it is built behind a server that runs already, for npm start; or at
// once, for checks, tests and npm pack.
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { findNode } from './node.mjs'
import { installPackages, planPagePackages } from './packages.mjs'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { takeTurn } from './turn.mjs'

const built = join(root, 'server/dist/app')
const sources = ['dashboard/index.html', 'dashboard/vite.config.ts', 'package-lock.json']
const sourceFolders = ['dashboard/src', 'client/src']
/** A server that starts has the processor for itself during this time. */
const startMs = 3000

/** Whether the page is missing, or older than a file that it is made from. */
export function needsPage() {
  const index = statSync(join(built, 'index.html'), { throwIfNoEntry: false })
  if (index === undefined) return true
  const files = sourceFolders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, String(file))),
  )
  return [...sources, ...files].some((file) => statSync(join(root, file)).mtimeMs > index.mtimeMs)
}

/**
 * Builds the page, whose packages must be there. The former build is served until the new one is whole.
 *
 * @returns {Promise<number>} the exit code
 */
export async function buildPage() {
  const made = `${built}.new`
  const lifeline = new URL('lifeline.mjs', import.meta.url).href
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const args = [`--import=${lifeline}`, vite, 'build', '--logLevel=warn', `--outDir=${made}`, '--emptyOutDir']
  const { code } = await run(findNode() ?? process.execPath, args, {
    cwd: join(root, 'dashboard'),
    // Another command's standard output is its own, as that of npm pack --json.
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (code !== 0) return code
  rmSync(built, { recursive: true, force: true })
  renameSync(made, built)
  return 0
}

/** Installs and builds what is missing, while a server starts and runs. A failure is one line, and ends nothing. */
export async function preparePageBehind() {
  try {
    if (!needsPage()) return
    await sleep(startMs)
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
    await takeTurn(join(root, '.cache/set-up.pid'), async () => {
      if (needsPage()) await preparePage()
    })
  } catch (error) {
    const { message } = /** @type {Error} */ (error)
    console.error(`The page at /app was not built: ${message} To try again: npm run build`)
  }
}

async function preparePage() {
  const plan = planPagePackages()
  if (plan) {
    const { code, printed } = await installPackages(plan)
    if (code !== 0) throw new Error(`its packages could not be installed.\n${printed}\n`)
  }
  if (!existsSync(join(root, 'node_modules/vite'))) throw new Error('its packages are not there.')
  const code = await buildPage()
  if (code !== 0) throw new Error(`the build ended with ${code}.`)
}
