import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request that a receiver got. */
export interface Received {
  headers: IncomingHttpHeaders
  body: string
}

/** An address that receives webhooks. */
export interface Receiver {
  url: string
  received: Received[]
  /** The status of its answers from now on. */
  status: number
  close(): Promise<void>
}

export async function openReceiver(status = 200): Promise<Receiver> {
  const receiver: Receiver = { url: '', received: [], status, close: async () => {} }
  const server = http.createServer(async (request, response) => {
    receiver.received.push({ headers: request.headers, body: await text(request) })
    response.writeHead(receiver.status, { 'x-receiver': 'here' }).end('noted')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
  receiver.close = async () => {
    server.close()
    server.closeAllConnections()
  }
  return receiver
}
