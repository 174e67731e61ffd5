// npm start, npm run mteja: runs the server, or one of its sub-commands, from the sources.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { preparePageBehind } from './page.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

endWithNpm()
const node = await setUp('server')
// The channel ('ipc') is all that tells the server of a killed launcher, see lifeline.mjs.
const isTerminal = process.stderr.isTTY === true
const loadedFirst = isTerminal ? ['lifeline.mjs', 'starting.mjs'] : ['lifeline.mjs']
const imports = loadedFirst.map((name) => `--import=${new URL(name, import.meta.url).href}`)
const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
// Here and not there, because Node itself takes a moment to load.
if (isTerminal) process.stderr.write('Starting')
if (/^(serve|--(?!help|version).*)?$/.test(process.argv[2] ?? '')) preparePageBehind()
const { code } = await run(node, [...imports, main, ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
process.exit(code)

/** An npm that was killed outright passes no signal on: then nobody is left to stop the server. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = process.ppid
  setInterval(() => process.ppid !== npm && process.exit(1), 250).unref()
}
