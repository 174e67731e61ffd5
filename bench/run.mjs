// npm run bench: starts the program with the Node that runs TypeScript without a build.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { run } from '../scripts/run.mjs'
import { setUp } from '../scripts/set-up.mjs'

const node = await setUp('tools')
const main = fileURLToPath(new URL('src/main.ts', import.meta.url))
const { code } = await run(node, [main, ...process.argv.slice(2)])
process.exit(code)
