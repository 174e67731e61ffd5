import http from 'node:http'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Config } from './config.ts'
import { connectToFolder } from './db/folder-lock.ts'
import { systemRandom } from './ids.ts'
import { type OpenService, openService } from './open-service.ts'

/** The operator's half of `/v1`, for the command line. */
export interface OperatorClient {
  /** Answers the body of a success. Throws OperatorRefusal with the server's own words. */
  request<Body>(method: string, path: string, body?: object): Promise<Body>
  /** A GET whose body is read as it comes, however long it is. Throws OperatorRefusal as `request`. */
  stream(path: string): Promise<Readable>
  close(): Promise<void>
}

export class OperatorRefusal extends Error {
  override readonly name = 'OperatorRefusal'
}

/**
 * Speaks to the server that holds the data folder, where one is running; else to the same application over the database
 * itself, without a port. Either way the request is the same.
 *
 * @param onFirstStart is told of the test merchant and its key when this was the first to open the database
 */
export async function openOperatorClient(
  config: Config,
  onFirstStart: (made: NonNullable<OpenService['firstStart']>) => void,
): Promise<OperatorClient> {
  const socketPath = config.databaseUrl === undefined ? await connectToFolder(config.dataFolder) : undefined
  return socketPath === undefined ? overDatabase(config, onFirstStart) : overSocket(socketPath)
}

async function overDatabase(
  config: Config,
  onFirstStart: (made: NonNullable<OpenService['firstStart']>) => void,
): Promise<OperatorClient> {
  const [opened, { buildApp }] = await Promise.all([openService(config), import('./app.ts')])
  const adminKey = systemRandom.bytes(32).toString('hex')
  const app = await buildApp(opened.service, { adminKey })
  if (opened.firstStart !== null) onFirstStart(opened.firstStart)
  return {
    async request(method, path, body) {
      const response = await app.inject({
        method: method as 'GET',
        url: path,
        headers: { authorization: `Bearer ${adminKey}` },
        ...(body === undefined ? {} : { payload: body }),
      })
      return readAnswer(response.statusCode, response.body)
    },
    async stream(path) {
      const headers = { authorization: `Bearer ${adminKey}` }
      const response = await app.inject({ method: 'GET', url: path, headers, payloadAsStream: true })
      return readStream(response.statusCode, response.stream())
    },
    async close() {
      await app.close()
      await opened.close()
    },
  }
}

function overSocket(socketPath: string): OperatorClient {
  const send = (method: string, path: string, body?: object): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const request = http.request({ socketPath, method, path, agent: false }, resolve)
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return {
    async request(method, path, body) {
      const response = await send(method, path, body)
      return readAnswer(response.statusCode ?? 0, await text(response))
    },
    async stream(path) {
      const response = await send('GET', path)
      return readStream(response.statusCode ?? 0, response)
    },
    async close() {},
  }
}

async function readStream(status: number, body: Readable): Promise<Readable> {
  if (status >= 400) readAnswer(status, await text(body))
  return body
}

function readAnswer<Body>(status: number, text: string): Body {
  if (status === 503) throw new OperatorRefusal('The server is starting; try again in a moment')
  const answer = JSON.parse(text) as Body & { error?: { message: string } }
  if (status >= 400) throw new OperatorRefusal(answer.error?.message ?? `The server answered ${status}`)
  return answer
}
