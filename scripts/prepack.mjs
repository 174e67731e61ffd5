// Run by npm before it packs the server: what is published is compiled, because Node strips no types under node_modules.
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { buildPage } from './page.mjs'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'
import { makeShrinkwrap } from './shrinkwrap.mjs'

const node = await setUp('tools')
const server = join(root, 'server')
const dist = join(server, 'dist')
const pageCode = await buildPage()
if (pageCode !== 0) process.exit(pageCode)
// A file that was removed from src must not live on in dist. The template of the embedded database stays: set-up has just
// seen to it, and a running test may be reading it. The page was just built.
for (const entry of readdirSync(dist)) {
  if (!/^pgdata-[0-9a-f]+\.tar\.gz$/.test(entry) && entry !== 'app') rmSync(join(dist, entry), { recursive: true })
}
copyFileSync(join(root, 'LICENSE'), join(server, 'LICENSE'))
const lockFile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
writeFileSync(join(server, 'npm-shrinkwrap.json'), `${JSON.stringify(makeShrinkwrap(lockFile, 'server'), null, 2)}\n`)
const compiler = join(root, 'node_modules/typescript/bin/tsc')
// npm pack --json prints its answer on standard output, so nothing else may.
const { code } = await run(node, [compiler, '--project', join(server, 'tsconfig.build.json')], {
  stdio: ['ignore', 2, 2],
})
if (code !== 0) process.exit(code)
const built = join(dist, 'build')
for (const entry of readdirSync(join(built, 'server/src')))
  renameSync(join(built, 'server/src', entry), join(dist, entry))
renameSync(join(built, 'client/src'), join(dist, 'client'))
rmSync(built, { recursive: true })
// The one module that says where the client package is.
const seam = join(dist, 'cli/client.js')
writeFileSync(seam, readFileSync(seam, 'utf8').replace('../../../client/src/', '../client/'))
