// npm run check: everything that is known without running the code. All parts run, so that one go shows all findings.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { buildPage } from './page.mjs'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tools = [
  { name: 'types', bin: 'typescript/bin/tsc', args: ['--build', '.', ...workspaces] },
  { name: 'lint and format', bin: '@biomejs/biome/bin/biome', args: ['check', '--error-on-warnings'] },
  { name: 'unused code and dependencies', bin: 'knip/bin/knip.js', args: ['--treat-config-hints-as-errors'] },
]

const node = await setUp('tools')
let failed = 0
for (const { name, bin, args } of tools) {
  const { code, interrupted } = await run(node, [join(root, 'node_modules', bin), ...args], { cwd: root })
  if (interrupted) process.exit(code || 1)
  report(name, code === 0)
}
report('page', (await buildPage()) === 0)
report('lock file', lockFileIsPortable())
process.exit(failed === 0 ? 0 : 1)

/** Tarball addresses in the lock file tie every install to the registry of whoever wrote it (see .npmrc). */
function lockFileIsPortable() {
  const addresses = readFileSync(join(root, 'package-lock.json'), 'utf8').match(/"resolved": "https?:.*"/g) ?? []
  if (addresses.length > 0)
    console.error(`package-lock.json holds ${addresses.length} addresses, such as ${addresses[0]}`)
  return addresses.length === 0
}

function report(/** @type {string} */ name, /** @type {boolean} */ isGood) {
  console.log(`${isGood ? '✓' : '✗'} ${name}`)
  if (!isGood) failed += 1
}
