import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartupError } from './errors.ts'
import { refuseOpenToOthers } from './private-path.ts'
import { keptShortNameOf, type ShortName, shortNameOf } from './socket-name.ts'

/** The name of the socket inside the folder. */
const socketName = 'mteja.sock'
/** A request with this header and the value `pid` is answered with the process id, whatever handler is set. */
const lockHeader = 'x-mteja-lock'

/** How long a process that holds the folder may take to tell its id. A busy process holds the folder all the same. */
const answerTimeoutMs = 1_000
/** How long a starter waits for another starter to give way. To give way takes a few milliseconds. */
const turnTimeoutMs = 10_000

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

/**
 * The lock of this process on a folder. It ends with {@link FolderLock.release} or with the process, also a killed
 * one.
 */
export interface FolderLock {
  /** Already listening on {@link FolderLock.socketPath}. Answers 503 until a handler is set. */
  readonly server: http.Server
  /** The path for `http.request({ socketPath })` in this process. Only the user of this process may connect. */
  readonly socketPath: string
  setHandler(handler: Handler): void
  release(): Promise<void>
}

/**
 * Takes the folder for this process, and makes the folder if it is not there. The lock is a listening socket inside
 * the folder: it is the only lock that the kernel takes away from a process that was killed.
 *
 * The socket of a dead process must be replaced, by one starter only. A starter that removes the old socket and then
 * binds could remove the socket that another starter has just bound. So each starter takes three steps:
 *
 * 1. Listen under a name of its own.
 * 2. Wait until it is the only candidate alive.
 * 3. Rename its socket over the old socket.
 *
 * @throws StartupError when another process holds the folder or it cannot be written
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const short = prepareFolder(folder)
  try {
    const candidate = await takeFolder(folder, short.folder)
    return {
      server: candidate.server,
      get socketPath() {
        return socketPathOf(folder)
      },
      setHandler: candidate.setHandler,
      release: () => candidate.stop(socketName),
    }
  } finally {
    short.discard()
  }
}

/**
 * The socket of the live process that holds the folder, for `http.request({ socketPath })`, or undefined if there is
 * none. Throws StartupError for a file.
 */
export async function connectToFolder(folder: string): Promise<string | undefined> {
  refuseFile(folder)
  const socketPath = socketPathOf(folder)
  return (await askOwner(socketPath)) === 'nobody' ? undefined : socketPath
}

/** Throws StartupError for a file in the place of a folder, which would be reported as a connection that failed. */
function refuseFile(folder: string): void {
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new StartupError(`${folder} is a file and no folder. Correct --data (MTEJA_DATA).`)
  }
}

function socketPathOf(folder: string): string {
  return path.join(keptShortNameOf(folder, socketName), socketName)
}

/** @returns a short name of the folder, by which this process can address any socket in the folder */
function prepareFolder(folder: string): ShortName {
  try {
    refuseFile(folder)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    refuseOpenToOthers(folder)
    return shortNameOf(folder, `${socketName}.${'0'.repeat(16)}.new`)
  } catch (error) {
    throw error instanceof StartupError ? error : unusable(folder, error)
  }
}

async function takeFolder(folder: string, short: string): Promise<Candidate> {
  const candidate = await listenAsCandidate(folder, short)
  try {
    await waitForTurn(folder, short, candidate.name)
    renameSync(path.join(folder, candidate.name), path.join(folder, socketName))
    return candidate
  } catch (error) {
    await candidate.stop(candidate.name)
    throw error instanceof StartupError ? error : unusable(folder, error)
  }
}

function unusable(folder: string, error: unknown): StartupError {
  const reason = error instanceof Error ? error.message : String(error)
  return new StartupError(`The folder ${folder} cannot be used (${reason}). Use --data with a folder you may write.`, {
    cause: error,
  })
}

interface Candidate {
  readonly server: http.Server
  readonly name: string
  setHandler(handler: Handler): void
  /** Removes the socket, which has the given name by now, and stops listening. */
  stop(name: string): Promise<void>
}

async function listenAsCandidate(folder: string, short: string): Promise<Candidate> {
  let handler: Handler = (_request, response) => response.writeHead(503).end('starting')
  const server = http.createServer((request, response) => {
    if (request.headers[lockHeader] === 'pid') response.end(String(process.pid))
    else handler(request, response)
  })
  const name = `${socketName}.${randomBytes(8).toString('hex')}`
  try {
    // Between bind and listen a socket refuses connections, like a dead socket. Hence the other name.
    await listen(server, path.join(short, `${name}.new`))
    chmodSync(path.join(folder, `${name}.new`), 0o600)
    renameSync(path.join(folder, `${name}.new`), path.join(folder, name))
  } catch (error) {
    server.close()
    throw unusable(folder, error)
  }
  return {
    server,
    name,
    setHandler: (next) => {
      handler = next
    },
    stop: (current) => stop(server, path.join(folder, current)),
  }
}

function listen(server: http.Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function stop(server: http.Server, socketPath: string): Promise<void> {
  rmSync(socketPath, { force: true })
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Returns when no other starter is alive and nobody holds the folder; of two starters the lower name goes first. */
async function waitForTurn(folder: string, short: string, own: string): Promise<void> {
  const deadline = Date.now() + turnTimeoutMs
  for (;;) {
    const rivals = await liveCandidates(folder, short, own)
    const [first] = rivals
    if (!first) break
    if (first.name < own || Date.now() > deadline) throw inUse(folder, first.owner)
    await sleep(10)
  }
  const owner = await askOwner(path.join(short, socketName))
  if (owner !== 'nobody') throw inUse(folder, owner)
}

async function liveCandidates(folder: string, short: string, own: string) {
  const live: { name: string; owner: number | 'unknown' }[] = []
  for (const name of readdirSync(folder).sort()) {
    if (!/^mteja\.sock\.[0-9a-f]{16}$/.test(name) || name === own) continue
    const owner = await askOwner(path.join(short, name))
    if (owner === 'nobody') rmSync(path.join(folder, name), { force: true })
    else live.push({ name, owner })
  }
  return live
}

function inUse(folder: string, owner: number | 'unknown'): StartupError {
  const who = owner === 'unknown' ? 'another process' : `process ${owner}`
  return new StartupError(`The folder ${folder} is in use by ${who}. Stop it, or use --data with another folder.`)
}

/** The id of the process that listens on the socket; 'unknown' when it is there but does not say. */
function askOwner(socketPath: string): Promise<number | 'unknown' | 'nobody'> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath, headers: { [lockHeader]: 'pid' }, timeout: answerTimeoutMs, agent: false })
    request.on('timeout', () => request.destroy())
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve(['ECONNREFUSED', 'ENOENT', 'ENOTDIR'].includes(error.code ?? '') ? 'nobody' : 'unknown')
    })
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('error', () => resolve('unknown'))
      response.on('close', () => resolve(/^\d+$/.test(body) ? Number(body) : 'unknown'))
    })
  })
}
