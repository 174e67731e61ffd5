import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Sends each part when it is made, and no faster than the client reads. */
export function sendText(reply: FastifyReply, type: string, parts: AsyncIterable<string>): never {
  reply.serializer((text: string) => text)
  // Otherwise a server that closes meanwhile would wait for the next use of the connection.
  reply.header('connection', 'close')
  // A proxy would gather the parts, by its defaults: nginx reads the first header, a proxy that compresses the second.
  reply.header('x-accel-buffering', 'no')
  reply.header('cache-control', 'no-store, no-transform')
  return reply.type(type).send(Readable.from(parts)) as never
}
