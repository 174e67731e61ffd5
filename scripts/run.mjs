import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'

/** @type {NodeJS.Signals[]} */
const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

// Two signals of a kind within this time are one wish. npm passes each on within milliseconds, but a busy machine is slow.
const repeatMs = 1000

/**
 * Runs a command to its end. Its exit code is 128 + n when signal n killed it, as in a shell.
 *
 * A signal reaches the command once. Ctrl-C in a terminal goes to the whole process group and npm then passes it on once
 * more, while to many programs a second SIGINT means "stop at once". So the command gets a process group of its own, and
 * hears again only of what was asked for again.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<{ code: number, interrupted: boolean }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const isWindows = process.platform === 'win32'
    const child = spawn(command, args, {
      stdio: 'inherit',
      detached: !isWindows,
      shell: command.endsWith('.cmd'),
      ...options,
    })
    /** @type {Map<NodeJS.Signals, number>} */
    const forwardedAt = new Map()
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      const now = performance.now()
      if (now - (forwardedAt.get(signal) ?? -repeatMs) < repeatMs) return
      forwardedAt.set(signal, now)
      child.kill(signal)
    }
    for (const signal of forwardedSignals) process.on(signal, forward)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const name of forwardedSignals) process.off(name, forward)
      resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], interrupted: forwardedAt.size > 0 })
    })
  })
}
