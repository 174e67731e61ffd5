import http from 'node:http'
import { Readable } from 'node:stream'
import { systemRandom } from '../base/ids.ts'
import { connectToFolder } from '../db/folder-lock.ts'
import type { Config } from '../start/config.ts'
import type { OpenService } from '../start/open-service.ts'
import { type ClientOptions, MtejaClient } from './client.ts'

/** The operator's client, for the command line. */
export interface OpenOperator {
  client: MtejaClient
  close(): Promise<void>
}

/** A refusal or a fault that the command line itself finds. */
export class OperatorRefusal extends Error {
  override readonly name = 'OperatorRefusal'
}

type Fetch = NonNullable<ClientOptions['fetch']>

/** No request goes to this address, because only the paths count. */
const baseUrl = 'http://operator'

/**
 * Calls the server that holds the data folder, if one is running. Otherwise calls the same application over the
 * database itself, without a port. The requests are the same either way. Nothing is made: throws StartupError where there
 * is no database that was set up.
 */
export async function openOperator(config: Config): Promise<OpenOperator> {
  return (await overSocket(config)) ?? overDatabase(({ openSetUpService }) => openSetUpService(config))
}

/**
 * Works like `openOperator`, and first makes the database if it is not there.
 *
 * @param onFirstStart is called with the test merchant and its key when they were made
 */
export async function openNewOperator(
  config: Config,
  onFirstStart: (made: NonNullable<OpenService['firstStart']>) => void,
): Promise<OpenOperator> {
  const running = await overSocket(config)
  if (running !== undefined) return running
  return overDatabase(async ({ openNewService }) => {
    const opened = await openNewService(config)
    if (opened.firstStart !== null) onFirstStart(opened.firstStart)
    return opened
  })
}

async function overSocket({ databaseUrl, dataFolder }: Config): Promise<OpenOperator | undefined> {
  const socketPath = databaseUrl === undefined ? await connectToFolder(dataFolder) : undefined
  if (socketPath === undefined) return undefined
  const client = new MtejaClient({ baseUrl, fetch: fetchBySocket(socketPath), token: 'the socket says who it is' })
  return { client, close: async () => {} }
}

type Opening = typeof import('../start/open-service.ts')

async function overDatabase(open: (opening: Opening) => Promise<OpenService>): Promise<OpenOperator> {
  // The database opens in a thread of its own; the application is loaded meanwhile.
  const [opened, { buildApp }] = await Promise.all([
    import('../start/open-service.ts').then(open),
    import('../start/app.ts'),
  ])
  const adminKey = systemRandom.bytes(32).toString('hex')
  const app = await buildApp(opened.service, { adminKey, isCommandLine: true })
  return {
    client: new MtejaClient({ baseUrl, fetch: fetchFrom(app), token: adminKey }),
    async close() {
      await app.close()
      await opened.close()
    },
  }
}

/** Works like the global `fetch`, but calls an application in this process. */
function fetchFrom(app: Awaited<ReturnType<typeof import('../start/app.ts').buildApp>>): Fetch {
  return async (url, init) => {
    const { method, path, headers, body } = readRequest(url, init)
    const answer = await app.inject({
      method: method as 'GET',
      url: path,
      headers,
      payloadAsStream: true,
      ...(init.signal ? { signal: init.signal } : {}),
      ...(body === undefined ? {} : { payload: body }),
    })
    return makeResponse(answer.statusCode, answer.headers, answer.stream())
  }
}

/** Works like the global `fetch`, but calls through the socket of a data folder. */
function fetchBySocket(socketPath: string): Fetch {
  return (url, init) =>
    new Promise((resolve, reject) => {
      const { body, ...request } = readRequest(url, init)
      const answered = (answer: http.IncomingMessage) =>
        resolve(makeResponse(answer.statusCode ?? 0, answer.headers, answer))
      http
        .request({ socketPath, agent: false, signal: init.signal ?? undefined, ...request }, answered)
        .on('error', reject)
        .end(body)
    })
}

/** Reads the requests that the client package makes: their bodies are texts, their headers of class Headers. */
function readRequest(url: string, { method = 'GET', headers, body }: RequestInit) {
  const { pathname, search } = new URL(url)
  return {
    method,
    path: `${pathname}${search}`,
    headers: Object.fromEntries(new Headers(headers)),
    body: typeof body === 'string' ? body : undefined,
  }
}

function makeResponse(status: number, headers: http.OutgoingHttpHeaders, body: Readable): Response {
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string])
  return new Response(Readable.toWeb(body), { status, headers: texts })
}
