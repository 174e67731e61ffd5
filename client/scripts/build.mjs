// npm run build: makes dist/esm and dist/cjs, each with its types and source maps. npm runs it before packing.
import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUp } from '../../scripts/set-up.mjs'

const client = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(client, '../node_modules/typescript/bin/tsc')
const node = await setUp('tools')

rmSync(join(client, 'dist'), { recursive: true, force: true })
for (const project of ['tsconfig.build.json', 'tsconfig.cjs.json']) {
  // npm pack --json prints its answer on standard output, so nothing else may print there.
  execFileSync(node, [compiler, '--project', join(client, project)], { stdio: ['ignore', 2, 2] })
}
// The compiler rewrites .ts to .js only in code. Older compilers of our users do not find a declaration by .ts.
for (const name of readdirSync(join(client, 'dist'), { recursive: true }).map(String)) {
  if (!name.endsWith('.d.ts')) continue
  const file = join(client, 'dist', name)
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(from '\.[^']*)\.ts'/g, "$1.js'"))
}
// The package is ESM, but this folder is CommonJS.
writeFileSync(join(client, 'dist/cjs/package.json'), '{ "type": "commonjs", "sideEffects": false }\n')
copyFileSync(join(client, '../LICENSE'), join(client, 'LICENSE'))
