import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'

const serverFolder = fileURLToPath(new URL('..', import.meta.url))
// The Node that runs the tests, and the Node that npm was started with. On most machines these are two versions.
const nodes = [...new Set([process.execPath, process.env.npm_node_execpath ?? process.execPath])]

// Installing takes ten seconds on an idle machine, and every process here starts from nothing.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let folder: string
let packedFiles: string[]
const started: ChildProcess[] = []

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'mteja package ')))
  const [packed] = await npm(serverFolder, 'pack', '--json', '--pack-destination', folder)
  packedFiles = packed.files.map((file: { path: string }) => file.path)
  await npm(folder, 'install', '--json', '--prefer-offline', join(folder, packed.filename))
})

afterEach(() => {
  for (const server of started.splice(0)) server.kill('SIGKILL')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('the package holds the compiled server, its SQL, the licence and the readme, and nothing else', () => {
  expect(packedFiles).toEqual(expect.arrayContaining(['dist/main.js', 'LICENSE', 'README.md', 'package.json']))
  expect(packedFiles.filter((path) => /^db\/.+\.sql$/.test(path))).not.toEqual([])
  const expected = /^(dist\/.+\.js|dist\/pgdata\.tar\.gz|db\/.+\.sql|LICENSE|README\.md|package\.json)$/
  expect(packedFiles.filter((path) => !expected.test(path) || /\.test\./.test(path))).toEqual([])
})

test.each(nodes)('the installed mteja command serves until SIGTERM, from an empty folder, on %s', async (node) => {
  const { server, address } = await startMteja(node)
  const health = await fetch(`${address}/healthz`)
  expect(health.status).toBe(200)
  server.kill('SIGTERM')
  expect(await once(server, 'exit')).toEqual([0, null])
})

test('the installed mteja command’s other commands speak to the server that holds the data folder', async () => {
  const { data } = await startMteja(process.execPath)
  const created = await runInstalled('merchant', 'create', '--name', 'Soko', '--data', data)
  expect(created).toMatch(/^Created merchant mer_/)
  expect(await runInstalled('merchant', 'list', '--data', data)).toMatch(/Soko\n$/)
  expect(await runInstalled('ledger', 'verify', '--data', data)).toMatch(/^The ledger is sound/)
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

/** Starts the installed command on a new data folder, and waits until it prints its address. */
async function startMteja(node: string): Promise<{ server: ChildProcess; address: string; data: string }> {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const data = await mkdtemp(join(folder, 'data '))
  const server = spawn(join(folder, 'node_modules/.bin/mteja'), ['--port', String(port), '--data', data], {
    cwd: folder,
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(server)
  await printed(server, address)
  return { server, address, data }
}

/** The output of an installed command. */
async function runInstalled(...args: string[]): Promise<string> {
  return (await promisify(execFile)(join(folder, 'node_modules/.bin/mteja'), args, { cwd: folder })).stdout
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
  const { stdout } = await promisify(execFile)('npm', args, { cwd, maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout)
}
