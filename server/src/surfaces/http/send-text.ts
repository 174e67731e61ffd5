import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/**
 * Sends each part when it is made, and no faster than the client reads. The answer ends soon after its credential does: see
 * CredentialWatch.
 *
 * @param end ends the answer; default by cutting the connection, so that no client takes the parts it has for the whole
 */
export function sendText(
  reply: FastifyReply,
  type: string,
  parts: AsyncIterable<string>,
  end: () => void = () => reply.raw.destroy(),
): never {
  reply.request.server.credentialWatch?.add(reply, end)
  reply.serializer((text: string) => text)
  // Otherwise a server that closes meanwhile would wait for the next use of the connection.
  reply.header('connection', 'close')
  // A proxy would gather the parts, by its defaults: nginx reads the first header, a proxy that compresses the second.
  reply.header('x-accel-buffering', 'no')
  reply.header('cache-control', 'no-store, no-transform')
  return reply.type(type).send(Readable.from(parts)) as never
}

/** How often a link is looked at while its answer is sent. */
const lookEveryMs = 1000

/** The parts of an answer that a link opens. The connection is cut when the link no longer opens it. */
export async function* whileOpen(
  reply: FastifyReply,
  parts: AsyncIterable<string>,
  isOpen: () => Promise<boolean>,
): AsyncGenerator<string> {
  let lookedAt = performance.now()
  for await (const part of parts) {
    if (performance.now() - lookedAt >= lookEveryMs) {
      lookedAt = performance.now()
      if (!(await isOpen())) {
        reply.raw.destroy()
        return
      }
    }
    yield part
  }
}
