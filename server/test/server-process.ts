import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const lifeline = new URL('../../scripts/lifeline.mjs', import.meta.url).href

/** A server may take this long to start, because it recovers from a kill on a busy machine. */
const startTimeoutMs = 60_000

/** `mteja serve` in a process of its own. It can be killed and started again at the same address. */
export class ServerProcess {
  readonly origin: string
  readonly #args: readonly string[]
  readonly #environment: Record<string, string>
  readonly #program: string
  #process: ChildProcess | undefined

  /** @param program the main file of the version to run; default the current version's */
  constructor(
    port: number,
    place: { dataFolder: string; databaseUrl?: string },
    environment: Record<string, string>,
    program = main,
  ) {
    this.origin = `http://127.0.0.1:${port}`
    this.#args = ['serve', '--port', String(port), '--data', place.dataFolder, ...databaseArgs(place)]
    this.#environment = environment
    this.#program = program
  }

  async start(): Promise<void> {
    const child = startMteja(this.#args, this.#environment, 'pipe', this.#program)
    this.#process = child
    let told = ''
    child.stdout?.resume()
    child.stderr?.on('data', (text) => {
      told = `${told}${text}`.slice(-2000)
    })
    const deadline = Date.now() + startTimeoutMs
    while (!(await isReady(this.origin))) {
      if (child.exitCode !== null) throw new Error(`the server at ${this.origin} ended with ${child.exitCode}: ${told}`)
      if (Date.now() > deadline) throw new Error(`the server at ${this.origin} did not start`)
      await sleep(25)
    }
  }

  /** Ends the server without time to do anything. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Ends the server as an operator does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
}

/** Runs a command of `mteja` to its end, by default one that needs no database. */
export async function runMteja(
  args: readonly string[],
  place?: { dataFolder: string; databaseUrl?: string },
  environment: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const database = place === undefined ? [] : ['--data', place.dataFolder, ...databaseArgs(place)]
  const child = startMteja([...args, ...database], environment, 'pipe')
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** Starts a command of `mteja`. It ends with this process. */
export function startMteja(
  args: readonly string[],
  environment: Record<string, string>,
  output: 'pipe' | 'ignore',
  program = main,
) {
  const { MTEJA_DATABASE_URL: _url, DATABASE_URL: _other, ...inherited } = process.env
  return spawn(process.execPath, [`--import=${lifeline}`, program, ...args], {
    env: { ...inherited, ...environment },
    stdio: ['ignore', output, output, 'ipc'],
  })
}

function databaseArgs({ databaseUrl }: { databaseUrl?: string }): string[] {
  return databaseUrl === undefined ? [] : ['--database-url', databaseUrl]
}

async function isReady(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/readyz`)).ok
  } catch {
    return false
  }
}

/** Asks the system for a port and gives it back. In theory another process may take it in between. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
