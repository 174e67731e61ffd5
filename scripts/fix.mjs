// npm run fix: formats, sorts imports and applies the safe fixes.
import { join } from 'node:path'
import process from 'node:process'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

const node = await setUp('tools')
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
const { code } = await run(node, [biome, 'check', '--write', ...process.argv.slice(2)], { cwd: root })
process.exit(code)
