import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { responses } from './schemas.ts'

/** One JSON value a line. */
export const jsonLines = 'application/x-ndjson'

/** Works like `responses`, for a 200 whose lines have the schema of their media type. */
export function streams(lines: Record<string, TSchema>, ...errors: number[]) {
  const content = Object.fromEntries(Object.entries(lines).map(([type, schema]) => [type, { schema }]))
  return { ...responses(200, Type.Any(), ...errors), 200: { description: 'Sent while it is made', content } }
}

/** Sends each part when it is made, and no faster than the client reads. */
export function sendText(reply: FastifyReply, type: string, parts: AsyncIterable<string>): never {
  reply.serializer((text: string) => text)
  // Otherwise a server that closes meanwhile would wait for the next use of the connection.
  reply.header('connection', 'close')
  // A proxy would gather the parts, by its defaults: nginx reads the first header, a proxy that compresses the second.
  reply.header('x-accel-buffering', 'no')
  reply.header('cache-control', 'no-transform')
  return reply.type(type).send(Readable.from(parts)) as never
}
