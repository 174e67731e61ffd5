// npm run mutate: starts the program on the Node that runs TypeScript as it is.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { run } from '../scripts/run.mjs'
import { setUp } from '../scripts/set-up.mjs'

const node = await setUp('tools')
const main = fileURLToPath(new URL('src/main.ts', import.meta.url))
const { code } = await run(node, [main, ...process.argv.slice(2)])
process.exit(code)
