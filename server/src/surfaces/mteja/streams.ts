import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { responses } from './schemas.ts'

/** One JSON value on each line. */
export const jsonLines = 'application/x-ndjson'

/** As `responses`, of a 200 whose lines have the schema of its media type. */
export function streams(lines: Record<string, TSchema>, ...errors: number[]) {
  const content = Object.fromEntries(Object.entries(lines).map(([type, schema]) => [type, { schema }]))
  return { ...responses(200, Type.Any(), ...errors), 200: { description: 'Sent while it is made', content } }
}

/** Sent as it is made, and no faster than it is taken. */
export function sendText(reply: FastifyReply, type: string, parts: AsyncIterable<string>): never {
  reply.serializer((text: string) => text)
  // A server that closes meanwhile would wait for the connection to be used again.
  reply.header('connection', 'close')
  return reply.type(type).send(Readable.from(parts)) as never
}
