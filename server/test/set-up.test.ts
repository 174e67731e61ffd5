import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

// The set-up of a clone (scripts/set-up.mjs), in a folder that looks like a clone, with an npm that needs no registry.

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url))
const npm = fileURLToPath(new URL('./pretend-npm-cli.js', import.meta.url))
const [, nodeVersion] = /^const version = '(.+)'/m.exec(readFileSync(join(scripts, 'node.mjs'), 'utf8')) ?? []
const node = `.cache/node-${nodeVersion}/bin/node`

const library = 'node_modules/library'
const tool = 'node_modules/tool'
const templateWriter = `
import { mkdirSync, writeFileSync } from 'node:fs'
mkdirSync('server/dist', { recursive: true })
writeFileSync('server/dist/pgdata-0123.tar.gz', '')
`
const patience = { timeout: 30_000 }

let clone: string
let started: ChildProcess[]

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'mteja-clone-'))
  started = []
  cpSync(scripts, join(clone, 'scripts'), { recursive: true })
  lock({ [library]: { version: '1.0.0' }, [tool]: { version: '1.0.0', dev: true } })
  write('server/src/db/embedded/template.ts', '')
  write('server/src/db/embedded/write-template.ts', templateWriter)
  mkdirSync(dirname(join(clone, node)), { recursive: true })
  symlinkSync(process.execPath, join(clone, node))
})

afterEach(() => {
  for (const child of started) child.kill('SIGKILL')
  // Their npm ends a moment later and may still write.
  rmSync(clone, { recursive: true, force: true, maxRetries: 10 })
})

test('the set-up for a server leaves tools and template out, and the next one runs no npm', async () => {
  await setUp('server')
  await setUp('server')
  expect(npmCommands()).toEqual(['ci --omit=dev'])
  expect([isThere(library), isThere(tool), isThere('server/dist/pgdata-0123.tar.gz')]).toEqual([true, false, false])
})

test('the set-up for tools adds them to what is installed, and the next one for a server leaves them there', async () => {
  await setUp('server')
  write(`${library}/open-file`, '')
  await setUp('tools')
  await setUp('server')
  expect(npmCommands()).toEqual(['ci --omit=dev', 'install --no-save --include=dev'])
  expect([isThere(`${library}/open-file`), isThere(tool), isThere('server/dist/pgdata-0123.tar.gz')]).toEqual([
    true,
    true,
    true,
  ])
})

test('the packages of the operator’s page are installed beside a server without the tools, and are not taken for tools', async () => {
  const page = {
    dashboard: { devDependencies: { widget: '1.0.0' } },
    'node_modules/widget': { version: '1.0.0', dev: true },
  }
  lock({ [library]: { version: '1.0.0' }, [tool]: { version: '1.0.0', dev: true }, ...page })
  await setUp('server')
  const install = `import { installPackages, planPagePackages } from './scripts/packages.mjs'
await installPackages(planPagePackages())
if (planPagePackages() !== undefined) process.exit(1)`
  expect(await once(run(install), 'exit')).toEqual([0, null])
  await setUp('server')
  expect(npmCommands()).toEqual(['ci --omit=dev', 'install --no-save --include=dev'])
  expect([isThere('node_modules/widget'), isThere(tool)]).toEqual([true, false])
})

test('the set-up of a fresh clone for tools installs everything at once', async () => {
  await setUp('tools')
  await setUp('server')
  expect(npmCommands()).toEqual(['ci --include=dev'])
})

test('the set-up for a server keeps installed tools up to date with the lock file', async () => {
  await setUp('tools')
  write(`${library}/open-file`, '')
  lock({ [library]: { version: '1.0.0' }, [tool]: { version: '1.0.1', dev: true } })
  await setUp('server')
  expect(npmCommands().slice(1)).toEqual(['install --no-save --include=dev'])
  expect([isThere(`${library}/open-file`), read(`${tool}/index.js`)]).toEqual([true, '1.0.1'])
})

test('a clean install that was killed takes its npm with it and is begun anew by the next set-up', async () => {
  const killed = start('server', 'hangs')
  await vi.waitUntil(() => isThere(`${library}/package.json`), patience)
  const npmPid = Number(read('npm.pid'))
  killed.kill('SIGKILL')
  await vi.waitUntil(() => !isRunning(npmPid), patience)
  await setUp('server')
  expect(npmCommands()).toEqual(['ci --omit=dev', 'ci --omit=dev'])
  expect(isThere(`${library}/index.js`)).toBe(true)
})

test('an addition of tools that was killed leaves no half of a package behind', async () => {
  await setUp('server')
  const killed = start('tools', 'hangs')
  await vi.waitUntil(() => isThere(`${tool}/package.json`), patience)
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  await setUp('tools')
  expect(isThere(`${tool}/index.js`)).toBe(true)
})

test('two commands that set a fresh clone up at once install once', async () => {
  await Promise.all([setUp('server'), setUp('server')])
  expect(npmCommands()).toEqual(['ci --omit=dev'])
})

test('a Node that is not the pinned one is refused, and nothing of it is kept', async () => {
  rmSync(join(clone, '.cache'), { recursive: true })
  const refused = start('tools')
  let printed = ''
  refused.stderr?.on('data', (chunk) => {
    printed += chunk
  })
  expect(await once(refused, 'close')).toEqual([1, null])
  expect(printed).toMatch(/npm brought another Node than .+: sha512-/)
  expect(readdirSync(join(clone, '.cache'))).toEqual([])
})

/** Runs the set-up to its end, in a process of its own as every command does. */
async function setUp(needs: 'server' | 'tools'): Promise<void> {
  expect(await once(start(needs), 'exit')).toEqual([0, null])
}

function start(needs: 'server' | 'tools', npmBehaviour = ''): ChildProcess {
  return run(`import { setUp } from './scripts/set-up.mjs'\nawait setUp('${needs}')`, npmBehaviour)
}

function run(program: string, npmBehaviour = ''): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: clone,
    env: { ...process.env, npm_execpath: npm, npm_node_execpath: process.execPath, PRETEND_NPM: npmBehaviour },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  started.push(child)
  return child
}

function lock(packages: Record<string, object>): void {
  write('package-lock.json', JSON.stringify({ packages }))
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true })
  writeFileSync(join(clone, path), text)
}

function read(path: string): string {
  return readFileSync(join(clone, path), 'utf8')
}

function isThere(path: string): boolean {
  return existsSync(join(clone, path))
}

function npmCommands(): string[] {
  return read('npm.log').trim().split('\n')
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
