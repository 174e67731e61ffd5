import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries } from '../../server/test/postgres-binaries.ts'
import { startPostgres, withoutDisk } from '../../server/test/postgres-server.ts'

export interface StartedServer {
  /** Without a trailing slash. */
  url: string
  /** The operator's key, which creates merchants and their keys. */
  adminKey: string
  /** Ends the process and removes its data. Throws when the process has to be killed. */
  stop(): Promise<void>
}

const root = path.resolve(import.meta.dirname, '../..')
const program = path.join(root, 'server/src/main.ts')
/** Ends the server when the tests are gone, whatever ended them. */
const lifeline = path.join(root, 'scripts/lifeline.mjs')
const startTimeoutMs = 60_000
const stopTimeoutMs = 10_000

/**
 * Starts the program that a user starts, on a free port and an empty database. With MTEJA_TEST_ENGINE=postgresql the
 * database is a PostgreSQL of its own, otherwise the embedded one.
 */
export async function startServer(): Promise<StartedServer> {
  const postgres =
    process.env.MTEJA_TEST_ENGINE === 'postgresql' ? await startPostgres(findBinaries, withoutDisk) : undefined
  const folder = await mkdtemp(path.join(tmpdir(), 'mteja-conformance-'))
  const port = await findFreePort()
  const adminKey = randomBytes(20).toString('hex')
  const database = postgres ? ['--database-url', postgres.url] : []
  const args = ['--port', String(port), '--data', path.join(folder, 'data'), ...database]
  const child = spawn(process.execPath, ['--import', lifeline, program, ...args], {
    // Leaves out the test runner's environment, which no user has. Identifications and mandates take a second by
    // default.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, MTEJA_ADMIN_KEY: adminKey, MTEJA_SANDBOX_DELAY_MS: '200' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const stop = async () => {
    await stopProcess(child)
    await postgres?.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await waitUntilReady(url, child)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, adminKey, stop }
}

async function findFreePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  listener.close()
  await once(listener, 'close')
  if (address === null || typeof address === 'string') throw new Error('The listener has no port')
  return address.port
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  let output = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  child.stderr?.on('data', (chunk) => (output += chunk))
  const deadline = Date.now() + startTimeoutMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The server ended with code ${child.exitCode}:\n${output}`)
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.status === 200) return
    await sleep(50)
  }
  throw new Error(`The server was not ready after ${startTimeoutMs} ms:\n${output}`)
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const inTime = await Promise.race([ended.then(() => true), sleep(stopTimeoutMs, false, { ref: false })])
  if (inTime) return
  child.kill('SIGKILL')
  await ended
  throw new Error(`The server did not stop within ${stopTimeoutMs} ms of SIGTERM`)
}
