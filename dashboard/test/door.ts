import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'

/** How what stands before a server answers for it: `through` asks the server, and `no streams` all but streams of events. */
export type Answers = 'through' | 'hangs' | 'closed' | 502 | 503 | 'not found' | 'a page' | 'no streams'

/** Something before a server that can go wrong in its place. */
export interface Door {
  baseUrl: string
  /** Says what happens from now on, also to the connections that are open. */
  become(answers: Answers): void
  close(): Promise<void>
}

export async function openDoor(baseUrl: string): Promise<Door> {
  const server = new URL(baseUrl)
  let now: Answers = 'through'
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const proxy = createServer((asked, response) => {
    if (now === 'not found') return void response.writeHead(404).end('default backend - 404')
    if (now === 'a page') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Back soon</h1>')
    if (now === 'no streams' && asked.url?.startsWith('/v1/events/stream')) {
      const body = {
        error: { code: 'too_many_streams', message: 'There are 100 open streams already; close one first' },
      }
      return void response
        .writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' })
        .end(JSON.stringify(body))
    }
    if (typeof now === 'number') return void response.writeHead(now).end('<h1>Bad gateway</h1>')
    const { method, url: path, headers } = asked
    const passed = request({ host: server.hostname, port: server.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    asked.pipe(passed)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  // A connection that hangs is open, and nothing goes through it: bytes wait here, below the proxy.
  const door = createTcpServer((socket) => {
    keep(socket)
    if (now === 'closed') return socket.destroy()
    const inner = connect((proxy.address() as AddressInfo).port, '127.0.0.1')
    keep(inner)
    const pass = (to: Socket) => (bytes: Buffer) => void (now !== 'hangs' && to.write(bytes))
    socket.on('data', pass(inner)).on('close', () => inner.destroy())
    inner.on('data', pass(socket)).on('close', () => socket.destroy())
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    become(answers) {
      now = answers
      // A hanging server keeps what is open. Any other change is one of connections.
      if (answers !== 'hangs' && answers !== 'through') for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      door.close()
      proxy.closeAllConnections()
      proxy.close()
    },
  }
}
