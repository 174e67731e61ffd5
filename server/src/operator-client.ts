import http from 'node:http'
import type { Config } from './config.ts'
import { connectToFolder } from './db/folder-lock.ts'
import { systemRandom } from './ids.ts'
import { type OpenService, openService } from './open-service.ts'

/** The operator's half of `/v1`, for the command line. */
export interface OperatorClient {
  /** Answers the body of a success. Throws OperatorRefusal with the server's own words. */
  request<Body>(method: string, path: string, body?: object): Promise<Body>
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
    async close() {
      await app.close()
      await opened.close()
    },
  }
}

function overSocket(socketPath: string): OperatorClient {
  return {
    request: (method, path, body) =>
      new Promise((resolve, reject) => {
        const request = http.request({ socketPath, method, path, agent: false }, (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk) => {
            text += chunk
          })
          response.on('error', reject)
          response.on('end', () => {
            try {
              resolve(readAnswer(response.statusCode ?? 0, text))
            } catch (error) {
              reject(error)
            }
          })
        })
        request.on('error', reject)
        request.end(body === undefined ? undefined : JSON.stringify(body))
      }),
    async close() {},
  }
}

function readAnswer<Body>(status: number, text: string): Body {
  if (status === 503) throw new OperatorRefusal('The server is starting; try again in a moment')
  const answer = JSON.parse(text) as Body & { error?: { message: string } }
  if (status >= 400) throw new OperatorRefusal(answer.error?.message ?? `The server answered ${status}`)
  return answer
}
