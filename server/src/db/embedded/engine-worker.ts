import { statfsSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { StartupError } from '../errors.ts'
import { prepareDataFolder } from './data-folder.ts'
import { DurableNodeFS, startParameters } from './durable-fs.ts'
import { Maintenance } from './maintenance.ts'
import type { EngineOptions, Report, Request } from './messages.ts'
import { resetSession } from './session.ts'
import { stopAtCrash } from './stop-at-crash.ts'
import { dataFolderTemplate } from './template.ts'

// The thread of the embedded engine. PostgreSQL in WebAssembly answers synchronously; here that blocks nobody else.

const options = workerData as EngineOptions

function report(message: Report, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

/** What PostgreSQL said last of its own end; better than the "Aborted()" that reaches us. */
let lastWords: string | undefined

function fail(error: unknown): never {
  report({ kind: 'failed', message: reasonOf(error) })
  process.exit(1) // of this thread
}

function reasonOf(error: unknown): string {
  return lastWords ?? (error instanceof Error ? error.message : String(error))
}

async function openEngine(): Promise<PGlite> {
  const folder = await prepareDataFolder(options.folder, dataFolderTemplate)
  const engine = await PGlite.create({
    fs: new DurableNodeFS(folder),
    extensions: { pg_trgm },
    startParams: startParameters(PGlite.defaultStartParams),
    onStderr: (line) => {
      lastWords = /(?:PANIC|FATAL): *(.*)/.exec(line)?.[1] ?? lastWords
      return false
    },
  })
  stopAtCrash(engine, fail)
  return engine
}

async function serve(engine: PGlite): Promise<void> {
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(options.folder)
    return bavail * bsize
  }
  const maintenance = new Maintenance(engine, options.maintenance, freeBytes, (error) =>
    report({ kind: 'maintained', error }),
  )
  /** One thing at a time, in the order it arrived. */
  let last = Promise.resolve()
  const inTurn = (work: () => Promise<void>) => {
    last = last.then(work).catch(fail)
  }
  maintenance.start(inTurn)

  parentPort?.on('message', (request: Request) => {
    inTurn(async () => {
      const begunAt = performance.now()
      await answer(engine, request)
      await maintenance.afterCall(performance.now() - begunAt)
    })
  })
  report({ kind: 'ready' })
}

async function answer(engine: PGlite, request: Request): Promise<void> {
  switch (request.kind) {
    case 'open':
      await resetSession(engine)
      return report({ kind: 'opened', socket: request.socket })
    case 'data':
      return run(engine, request)
    case 'close':
      await closeEngine(engine)
      return report({ kind: 'closed' })
  }
}

/** Answers leave in parts of this size, so that a large one is read while it is still being made. */
const partBytes = 64 * 1024

async function run(engine: PGlite, { socket, bytes }: { socket: number; bytes: Uint8Array }): Promise<void> {
  let parts: Uint8Array[] = []
  let length = 0
  const flush = () => {
    const data = Buffer.concat(parts, length)
    const own = new Uint8Array(data)
    report({ kind: 'data', socket, bytes: own }, [own.buffer])
    parts = []
    length = 0
  }
  // Not execProtocolRaw: in 0.5.16 it also parses every answer and keeps the result for ever.
  await engine.execProtocolRawStream(bytes, {
    onRawData: (part) => {
      parts.push(part.slice())
      length += part.length
      if (length >= partBytes) flush()
    },
  })
  if (length > 0) flush()
}

/** Leaves nothing to recover at the next start. */
async function closeEngine(engine: PGlite): Promise<void> {
  await resetSession(engine)
  await engine.exec('checkpoint')
  await engine.close()
}

try {
  await serve(await openEngine())
} catch (error) {
  const isClear = error instanceof StartupError
  report({
    kind: 'refused',
    message: isClear ? error.message : `The folder ${options.folder} could not be opened: ${reasonOf(error)}.`,
  })
}
