import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { bringOldestNode } from '../../scripts/node.mjs'
import { findNodes, isAtLeast } from './nodes.ts'
import { openRegistry } from './registry.ts'

const serverFolder = fileURLToPath(new URL('..', import.meta.url))
const nodes = findNodes(await bringOldestNode())
/** As in `engines` of the package. */
const oldest = [22, 18] as const
const goodNodes = nodes.filter(({ version }) => isAtLeast(version, oldest))
const oldNodes = nodes.filter(({ version }) => !isAtLeast(version, oldest))
const preloadNodes = nodes.filter(({ version }) => isAtLeast(version, [20, 0]))

// Installing takes ten seconds on an idle machine, and every process here starts from nothing.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let folder: string
let packedFiles: string[]
let packedAs: string
const started: ChildProcess[] = []

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'mteja package ')))
  const [packed] = await npm(serverFolder, 'pack', '--json', '--pack-destination', folder)
  packedAs = packed.filename
  packedFiles = packed.files.map((file: { path: string }) => file.path)
  const manifest = JSON.parse(await readFile(join(serverFolder, 'package.json'), 'utf8'))
  const upstream = (await runNpm(folder, 'config', 'get', 'registry')).trim()
  const registry = await openRegistry({ ...packed, file: join(folder, packed.filename), manifest }, upstream)
  // As a user installs it once it is published. Packages that say that they do not run on this Node are refused.
  const flags = ['--engine-strict', '--json', '--prefer-offline', `--registry=${registry.url}`]
  await npm(folder, 'install', ...flags, packed.name).finally(registry.close)
})

afterEach(() => {
  for (const server of started.splice(0)) server.kill('SIGKILL')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('the package holds the compiled server, its SQL, the licence and the readme, and nothing else', () => {
  const single = ['bin/mteja.cjs', 'bin/start.cjs', 'preload.mjs', 'npm-shrinkwrap.json', 'LICENSE', 'README.md']
  expect(packedFiles).toEqual(expect.arrayContaining(['dist/main.js', 'package.json', ...single]))
  expect(packedFiles.filter((path) => /^db\/.+\.sql$/.test(path))).not.toEqual([])
  const expected =
    /^(dist\/.+\.js|dist\/pgdata-[0-9a-f]{16}\.tar\.gz|dist\/app\/(index\.html|assets\/[\w-]+\.(css|js)(\.gz)?)|db\/.+\.sql|package\.json)$/
  const strange = packedFiles.filter((path) => !expected.test(path) && !single.includes(path))
  expect([...strange, ...packedFiles.filter((path) => /\.test\./.test(path))]).toEqual([])
})

test('README and the documents name the files that npm pack makes', async () => {
  const { version } = JSON.parse(await readFile(join(serverFolder, '../client/package.json'), 'utf8'))
  expect(packedAs).toBe(`mteja-${version}.tgz`)
  for (const name of ['README.md', 'client/README.md', 'docs/client/README.md']) {
    const text = await readFile(join(serverFolder, '..', name), 'utf8')
    expect([name, ...new Set(text.match(/mteja-(client-)?\d+\.\d+\.\d+\.tgz/g))].sort()).toEqual(
      [name, `mteja-client-${version}.tgz`, ...(name === 'README.md' ? [packedAs] : [])].sort(),
    )
  }
})

test('the package brings the versions of its dependencies that the clone was tested with, and no address of them', async () => {
  const tested = await readPackages(join(serverFolder, '../package-lock.json'))
  const names = new Set(tested.map(({ line }) => line))
  const installed = await readPackages(join(folder, 'node_modules/.package-lock.json'))
  const dependencies = installed.filter(({ name }) => name !== 'mteja')
  expect(dependencies.length).toBeGreaterThan(100)
  expect(dependencies.filter(({ line }) => !names.has(line))).toEqual([])
  const shrinkwrap = await readFile(join(folder, 'node_modules/mteja/npm-shrinkwrap.json'), 'utf8')
  expect(shrinkwrap).not.toContain('resolved')
  expect(shrinkwrap).not.toMatch(/https?:\/\/[^"]*\.tgz/)
})

test.runIf(oldNodes.length > 0).each(oldNodes)(
  'the installed mteja command refuses Node $version in one sentence',
  async ({ program, version }) => {
    const refused = promisify(execFile)(program, [join(folder, 'node_modules/.bin/mteja'), '--help'])
    await expect(refused).rejects.toMatchObject({
      ...{ code: 1, stdout: '', stderr: `mteja: Node ${version} is too old: install Node 22.18 or later.\n` },
    })
  },
)

test.each(preloadNodes)(
  'the installed mteja/preload redirects a program on Node $version to the server',
  async ({ program }) => {
    const { address } = await startMteja(process.execPath)
    const call = "fetch('https://api.paystack.co/customer').then((answer) => answer.text()).then(console.log)"
    const { stdout } = await promisify(execFile)(program, ['--import', 'mteja/preload', '--eval', call], {
      cwd: folder,
      env: { PAYSTACK_API_URL: address },
    })
    expect(JSON.parse(stdout)).toMatchObject({ status: false, message: 'No Authorization Header was found' })
  },
)

test.each(goodNodes)(
  'the installed mteja command serves until SIGTERM, from an empty folder, on Node $version',
  async ({ program }) => {
    const { server, address, data } = await startMteja(program)
    const health = await fetch(`${address}/healthz`)
    expect(health.status).toBe(200)
    expect(
      await runInstalled(program, 'merchant', 'create', '--name', 'Soko', '--country', 'KE', '--data', data),
    ).toMatch(/^Created merchant mer_/)
    const page = await fetch(`${address}/app`)
    const [, script = ''] = /src="(\/app\/assets\/[^"]+)"/.exec(await page.text()) ?? []
    expect((await fetch(`${address}${script}`)).headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([0, null])
  },
)

test('the installed mteja command’s other commands speak to the server that holds the data folder', async () => {
  const { data } = await startMteja(process.execPath)
  const created = await runInstalled(process.execPath, 'merchant', 'create', '--name', 'Soko', '--data', data)
  expect(created).toMatch(/^Created merchant mer_/)
  expect(await runInstalled(process.execPath, 'merchant', 'list', '--data', data)).toMatch(/Soko\n$/)
  expect(await runInstalled(process.execPath, 'ledger', 'verify', '--data', data)).toMatch(/^The ledger is sound/)
})

test('a signal that arrives twice, as npx passes on a second ctrl-C, does not cut the end short', async () => {
  const { server, address } = await startMteja(process.execPath)
  await fetch(`${address}/healthz`)
  const exit = once(server, 'exit')
  server.kill('SIGINT')
  await sleep(50)
  server.kill('SIGINT')
  expect(await exit).toEqual([0, null])
})

test.each([
  ['npx', ['mteja']],
  ['npm', ['exec', '--', 'mteja']],
])('the end of %s ends the server that it started', async (command, args) => {
  const { server, address, data } = await startMteja(process.execPath, command, args)
  server.kill('SIGTERM')
  await once(server, 'exit')
  await vi.waitFor(() => expect(fetch(`${address}/healthz`)).rejects.toThrow(), 60_000)
  // It was closed, not cut off: the next start finds the folder free.
  await vi.waitFor(() => expect(existsSync(join(data, 'mteja.sock'))).toBe(false), 60_000)
})

/** Starts the installed command on a new data folder, and waits until it prints its address. */
async function startMteja(node: string, command = join(folder, 'node_modules/.bin/mteja'), args: string[] = []) {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const data = await mkdtemp(join(folder, 'data '))
  const server = spawn(command, [...args, '--port', String(port), '--data', data], {
    cwd: folder,
    env: withNode(node),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(server)
  await printed(server, address)
  return { server, address, data }
}

/** The output of an installed command. */
async function runInstalled(node: string, ...args: string[]): Promise<string> {
  const options = { cwd: folder, env: withNode(node) }
  return (await promisify(execFile)(join(folder, 'node_modules/.bin/mteja'), args, options)).stdout
}

/** The environment in which `node` is this Node. */
function withNode(program: string): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` }
}

/** The packages of a lock file, without those of the clone itself. */
async function readPackages(file: string): Promise<{ name: string; line: string }[]> {
  const { packages } = JSON.parse(await readFile(file, 'utf8')) as {
    packages: Record<string, { version?: string; integrity?: string; link?: boolean }>
  }
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path, { version, integrity }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      return { name, line: `${name} ${version} ${integrity}` }
    })
}

function printed(server: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer) => {
      output += chunk
      if (output.includes(text)) resolve()
    }
    server.stdout?.on('data', read)
    server.stderr?.on('data', read)
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`mteja ended with ${code} and printed: ${output}`)))
  })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function npm(cwd: string, ...args: string[]) {
  return JSON.parse(await runNpm(cwd, ...args))
}

async function runNpm(cwd: string, ...args: string[]): Promise<string> {
  const options = { cwd, env: withNode(process.execPath), maxBuffer: 64 * 1024 * 1024 }
  return (await promisify(execFile)('npm', args, options)).stdout
}
