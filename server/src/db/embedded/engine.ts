import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { DatabaseUnavailableError, StartupError } from '../errors.ts'
import { EngineSocket } from './engine-socket.ts'
import type { EngineOptions, Report, Request } from './messages.ts'

/** What the engine tells its owner. */
export interface EngineEvents {
  /** After each look for chores: null, or the reason why a chore could not be done. */
  onMaintained(error: string | null): void
  /** The engine has died; everything asked of it from now on is refused. Called once. */
  onFailure(error: DatabaseUnavailableError): void
}

/**
 * PostgreSQL limits its recursion by its own stack (max_stack_depth), but V8's runs out first: at the usual 4 MB a
 * recursive function, and at 16 MB a JSON document nested 200,000 deep, brought the engine down instead of being refused.
 */
const threadStackMb = 64

/** PostgreSQL in WebAssembly, in a thread of its own so that a long query stalls nobody. */
export class Engine {
  readonly #worker: Worker
  readonly #events: EngineEvents
  readonly #sockets = new Map<number, EngineSocket>()
  #lastSocket = 0
  #failure: DatabaseUnavailableError | undefined
  #closing = false
  #closed: () => void = () => undefined

  private constructor(worker: Worker, events: EngineEvents) {
    this.#worker = worker
    this.#events = events
    worker.on('message', (report: Report) => this.#receive(report))
    worker.on('error', (error) => this.#fail(error.message))
    worker.on('exit', () => this.#fail('the thread has ended'))
  }

  /**
   * Opens the folder, which this process must have locked.
   * @throws StartupError when the folder cannot be opened
   */
  static async start(options: EngineOptions, events: EngineEvents): Promise<Engine> {
    // The extension is ours: .ts here, .js in the published package.
    const extension = path.extname(fileURLToPath(import.meta.url))
    const worker = new Worker(new URL(`./engine-worker${extension}`, import.meta.url), {
      workerData: options,
      execArgv: [],
      resourceLimits: { stackSizeMb: threadStackMb },
    })
    await untilReady(worker, options.folder)
    return new Engine(worker, events)
  }

  /** A connection for `pg`. The engine has a single session: opening the next one ends the one before. */
  openSocket(): EngineSocket {
    this.#lastSocket += 1
    const id = this.#lastSocket
    const socket = new EngineSocket({
      open: () => this.#ask({ kind: 'open', socket: id }),
      send: (bytes) => this.#ask({ kind: 'data', socket: id, bytes }, [bytes.buffer as ArrayBuffer]),
      closed: () => this.#sockets.delete(id),
    })
    if (this.#failure) socket.destroy(this.#failure)
    else this.#sockets.set(id, socket)
    return socket
  }

  /** Stops the engine as if it had died. What was committed is found by the next start. */
  giveUp(reason: string): void {
    this.#fail(reason)
  }

  /** Writes everything to its place in the files and ends the thread. */
  async close(): Promise<void> {
    this.#closing = true
    if (!this.#failure) {
      const closed = new Promise<void>((resolve) => {
        this.#closed = resolve
      })
      this.#ask({ kind: 'close' })
      await closed
    }
    await this.#worker.terminate()
  }

  #ask(request: Request, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer)
  }

  #receive(report: Report): void {
    if (report.kind === 'opened') this.#sockets.get(report.socket)?.opened()
    else if (report.kind === 'data') this.#sockets.get(report.socket)?.receive(report.bytes)
    else if (report.kind === 'maintained') this.#events.onMaintained(report.error)
    else if (report.kind === 'failed') this.#fail(report.message)
    else if (report.kind === 'closed') this.#closed()
  }

  #fail(reason: string): void {
    this.#closed()
    if (this.#failure) return
    this.#failure = new DatabaseUnavailableError(`The embedded database has stopped: ${reason}`)
    for (const socket of [...this.#sockets.values()]) socket.destroy(this.#failure)
    if (!this.#closing) this.#events.onFailure(this.#failure)
  }
}

function untilReady(worker: Worker, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string) => {
      void worker.terminate()
      reject(new StartupError(reason))
    }
    const onExit = () => refuse(`The folder ${folder} could not be opened.`)
    const onError = (error: Error) => refuse(`The folder ${folder} could not be opened: ${error.message}`)
    worker.on('message', function onMessage(report: Report) {
      if (report.kind === 'refused' || report.kind === 'failed') refuse(report.message)
      if (report.kind !== 'ready') return
      worker.off('message', onMessage).off('exit', onExit).off('error', onError)
      resolve()
    })
    worker.once('exit', onExit).once('error', onError)
  })
}
