import fastJson from 'fast-json-stringify'
import type { FastifyInstance } from 'fastify'

/**
 * Writes answers by the schemas that the API reference shows, so that a member nobody documented cannot get out. Each is
 * compiled when first used, and refusals, whose envelope is made in one place, are written as they are.
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
