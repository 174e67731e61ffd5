// Tells a person what takes long while it takes long, on standard error: standard output belongs to the command.
import process from 'node:process'

const redrawMs = 500
/** Without a terminal every line stays in a log, so lines are few. */
const repeatMs = 10_000

// Kept from before anybody replaces it: see starting.mjs.
const write = process.stderr.write.bind(process.stderr)

/**
 * Shows a text with the seconds since it was first shown: on one line that changes at a terminal, line by line elsewhere.
 *
 * @param {() => string} describe gives the text, asked again for every line
 * @returns {(last?: string) => void} ends the showing; `last` is printed with the seconds that it took
 */
export function showProgress(describe) {
  const startedAt = performance.now()
  const seconds = () => `${Math.round((performance.now() - startedAt) / 1000)} s`
  const isTerminal = process.stderr.isTTY === true
  if (!isTerminal) write(`${describe()}\n`)
  const draw = () => write(isTerminal ? `\r${describe()}, ${seconds()}\x1b[K` : `${describe()}, ${seconds()}\n`)
  const timer = setInterval(draw, isTerminal ? redrawMs : repeatMs).unref()
  return (last) => {
    clearInterval(timer)
    if (isTerminal) write('\r\x1b[K')
    if (last !== undefined) write(`${last} in ${seconds()}.\n`)
  }
}
