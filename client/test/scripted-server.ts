import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as received. */
export interface SeenRequest {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** Answers one request. */
export type Reply = (response: ServerResponse, request: SeenRequest) => void

/** A server on this machine that answers each request with the next reply. The last reply is repeated for ever. */
export interface ScriptedServer {
  baseUrl: string
  requests: SeenRequest[]
  reply(...replies: Reply[]): void
  close(): Promise<void>
}

export async function openScriptedServer(): Promise<ScriptedServer> {
  const requests: SeenRequest[] = []
  let replies: Reply[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const seen = { method, url, headers, body: Buffer.concat(chunks).toString() }
    requests.push(seen)
    const reply = replies.length > 1 ? replies.shift() : replies[0]
    reply?.(response, seen)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    reply(...given) {
      replies = given
      requests.length = 0
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(JSON.stringify(body))
  }
}

export function text(status: number, body: string, type = 'text/html', headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': type, ...headers })
    response.end(body)
  }
}

/** The connection breaks before any answer. */
export const reset: Reply = (response) => response.socket?.resetAndDestroy()

/** No answer ever comes. */
export const silence: Reply = () => {}

/** The head promises more bytes than come before the connection ends. */
export const partial: Reply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"id":"CUS_')
  setTimeout(() => response.socket?.destroy(), 20)
}

/** The head comes at once, and the body never ends. */
export const endless: Reply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.write('{')
}

/** The head and these lines come at once, and the end never comes. */
export function linesWithoutEnd(...lines: string[]): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(lines.map((line) => `${line}\n`).join(''))
  }
}
