// npm run dev: runs the server and restarts it when a source or SQL file changes.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { preparePageBehind } from './page.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

const node = await setUp('server')
const server = fileURLToPath(new URL('../server/', import.meta.url))
const watch = [`--watch-path=${server}src`, `--watch-path=${server}db`, '--watch-preserve-output']
preparePageBehind()
const { code } = await run(node, [...watch, `${server}src/main.ts`, ...process.argv.slice(2)])
process.exit(code)
