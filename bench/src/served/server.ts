import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Reply, Request, Started } from './messages.ts'

/** The secret key of the first start's merchant. */
export const bearer = 'sk_test_bench00000000000000000000'

/** A Mteja server in a process of its own. */
export class BenchServer {
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child
    this.#folder = folder
    this.port = port
  }

  /**
   * Starts a server on a PostgreSQL database, or without one on the embedded engine in a new folder. `main` is the
   * program to run.
   */
  static async start(databaseUrl?: string, main = new URL('main.ts', import.meta.url)): Promise<BenchServer> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'mteja-bench-'))
    const child = fork(fileURLToPath(main), [], {
      // Its log is written, and read by nobody.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Set here, so that no variable of the caller's changes the measurement.
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        MTEJA_DATA: folder,
        MTEJA_TEST_KEY: bearer,
        // As before the sandbox took fees, so that measurements can be compared.
        MTEJA_SANDBOX_FEES: 'none',
        ...(databaseUrl === undefined ? {} : { MTEJA_DATABASE_URL: databaseUrl }),
      },
      execArgv: process.env.BENCH_SERVER_FLAGS?.split(' ') ?? [],
    })
    const { port } = await nextMessage<Started>(child)
    return new BenchServer(child, folder, port)
  }

  fill(statements: readonly string[]): Promise<number> {
    return this.#ask({ ask: 'fill', statements })
  }

  /** Sets the answer of `/bench/constant`. */
  answerConstant(text: string): Promise<number> {
    return this.#ask({ ask: 'constant', text })
  }

  /** CPU microseconds used so far. */
  cpu(): Promise<number> {
    return this.#ask({ ask: 'cpu' })
  }

  /** Removes rows that are older than they are kept, as the background does. Answers their number. */
  removeOld(): Promise<number> {
    return this.#ask({ ask: 'removeOld' })
  }

  async stop(): Promise<void> {
    await this.#ask({ ask: 'stop' })
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #ask(request: Request): Promise<number> {
    const reply = nextMessage<Reply>(this.#child)
    this.#child.send(request)
    const answer = await reply
    if ('done' in answer) return answer.done
    throw new Error(`the server could not ${request.ask}: ${answer.error}`)
  }
}

function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const died = () => reject(new Error('the server ended'))
    child.once('exit', died)
    child.once('message', (message: Message) => {
      child.off('exit', died)
      resolve(message)
    })
  })
}
