// Two commands of one clone may be started at once, and only one of them may install.
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { showProgress } from './progress.mjs'

const retryMs = 200
const touchMs = 5_000
/** A file that has not been touched for this long is a dead process's, even when another process has its number now. */
const abandonedMs = 60_000

/**
 * Runs `work` while no other process runs its work with the same file. Waits for as long as that takes.
 *
 * @param {string} file holds the number of the process whose turn it is
 * @param {() => Promise<void>} work
 */
export async function takeTurn(file, work) {
  mkdirSync(dirname(file), { recursive: true })
  if (!take(file)) await waitFor(file)
  const release = () => rmSync(file, { force: true })
  process.once('exit', release)
  const timer = setInterval(() => utimesSync(file, new Date(), new Date()), touchMs).unref()
  try {
    await work()
  } finally {
    clearInterval(timer)
    process.off('exit', release)
    release()
  }
}

function take(/** @type {string} */ file) {
  // A killed process leaves its file behind.
  if (!isHeld(file)) rmSync(file, { force: true })
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function waitFor(/** @type {string} */ file) {
  const endProgress = showProgress(() => 'Waiting for another command that is setting up this clone')
  while (!take(file)) await sleep(retryMs)
  endProgress()
}

/** Whether the process that took the turn still runs. */
function isHeld(/** @type {string} */ file) {
  try {
    const { mtimeMs } = statSync(file)
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return Date.now() - mtimeMs < abandonedMs
  } catch (error) {
    // A process of another user cannot be signalled, but it runs.
    return codeOf(error) === 'EPERM'
  }
}

function codeOf(/** @type {unknown} */ error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code
}
