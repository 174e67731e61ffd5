import fastJson from 'fast-json-stringify'
import type { FastifyInstance } from 'fastify'

/**
 * Writes answers by the schemas that the API reference shows, so that no undocumented member is sent. A schema is
 * compiled when it is first used. Refusals are written unchanged, because one place makes their envelope.
 */
export function serializeAnswers(app: FastifyInstance): void {
  app.setSerializerCompiler(({ schema, httpStatus }) => {
    if (Number(httpStatus) >= 400) return JSON.stringify
    let write: ((value: unknown) => string) | undefined
    return (value) => {
      write ??= fastJson(schema as Parameters<typeof fastJson>[0])
      return write(value)
    }
  })
}
