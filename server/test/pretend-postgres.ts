import { once } from 'node:events'
import net from 'node:net'

/** What the server pretends: to have this version, or to refuse every connection with this SQLSTATE. */
export type Pretence = { readonly version: string } | { readonly refusal: string }

/**
 * As much of a PostgreSQL server as a client needs to ask its version, or to be refused. For versions and refusals that
 * a real server cannot be made to have.
 */
export async function pretendPostgres(pretence: Pretence): Promise<{ url: string; close(): void }> {
  const server = net.createServer((socket) => {
    socket.once('data', () => {
      if ('refusal' in pretence) socket.end(refusal(pretence.refusal))
      else answerVersion(socket, pretence.version)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as net.AddressInfo
  return { url: `postgres://someone:secret@127.0.0.1:${port}/mteja`, close: () => server.close() }
}

const ready = message('Z', 'I')

function refusal(code: string): Buffer {
  return message('E', 'SFATAL\0', `C${code}\0`, 'Mno\0', '\0')
}

function answerVersion(socket: net.Socket, version: string): void {
  socket.write(Buffer.concat([message('R', int(0, 4)), ready]))
  const column = Buffer.concat([Buffer.from('version\0'), int(0, 6), int(25, 4), int(-1, 2), int(-1, 4), int(0, 2)])
  const row = Buffer.concat([int(1, 2), int(version.length, 4), Buffer.from(version)])
  const answer = [message('T', int(1, 2), column), message('D', row), message('C', 'SELECT 1\0'), ready]
  socket.once('data', () => socket.end(Buffer.concat(answer)))
}

function message(kind: string, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([Buffer.from(kind), int(4 + body.length, 4), body])
}

function int(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeIntBE(value, 0, bytes)
  return buffer
}
