import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { MtejaClient } from '../src/index.ts'

// Ends the server when the tests end without a chance to end it.
const lifeline = new URL('../../scripts/lifeline.mjs', import.meta.url).href
const main = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url))

/** A Mteja server as its users have it: a process of its own, on its own port and data folder. */
export interface StartedServer {
  baseUrl: string
  adminKey: string
  /** Ends the server at once, like a power cut. */
  kill(): Promise<void>
  /** Starts the server again, on the same port and data. */
  start(): Promise<void>
  /** Ends the server and removes its data. */
  close(): Promise<void>
}

export async function startServer(): Promise<StartedServer> {
  const data = mkdtempSync(join(tmpdir(), 'mteja-client-'))
  const port = await freePort()
  const adminKey = 'operator-key-of-the-client-tests'
  let running: ChildProcess | undefined

  const server: StartedServer = {
    baseUrl: `http://127.0.0.1:${port}`,
    adminKey,
    async start() {
      const child = spawn(process.execPath, [`--import=${lifeline}`, main, '--port', String(port), '--data', data], {
        env: {
          ...process.env,
          MTEJA_ADMIN_KEY: adminKey,
          MTEJA_SANDBOX_DELAY_MS: '100',
          // A test calls it from a page of another origin.
          MTEJA_CORS_ORIGINS: '*',
          DATABASE_URL: '',
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      })
      running = child
      await untilReady(child)
    },
    async kill() {
      const child = running
      running = undefined
      if (child === undefined || child.exitCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
    async close() {
      await server.kill()
      rmSync(data, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

/** A secret test key of a new, empty merchant. */
export async function createMerchant(server: { baseUrl: string; adminKey: string }): Promise<string> {
  const operator = new MtejaClient({ baseUrl: server.baseUrl, token: server.adminKey })
  const { id } = await operator.merchants.create({ name: 'Duka', currencies: ['ZAR', 'NGN'] })
  return (await operator.merchants.createApiKey(id)).secret
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer) => {
      output += chunk
      if (output.includes('Mteja is ready')) resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
