import fastJson from 'fast-json-stringify'
import type { FastifyInstance } from 'fastify'

type Schema = Parameters<typeof fastJson>[0]

/** Answers that were given before, perhaps by an older release whose answers had fewer members. */
const replays = new WeakSet<object>()

/** Lets an answer that was given before be sent without the members that answers have got since. */
export function sendAsGiven(answer: unknown): void {
  if (typeof answer === 'object' && answer !== null) replays.add(answer)
}

/**
 * Writes answers by the schemas that the API reference shows, so that no undocumented member is sent. A schema is
 * compiled when it is first used. Refusals are written unchanged, because one place makes their envelope.
 */
export function serializeAnswers(app: FastifyInstance): void {
  app.setSerializerCompiler(({ schema, httpStatus }) => {
    if (Number(httpStatus) >= 400) return JSON.stringify
    let write: ((value: unknown) => string) | undefined
    let writeReplay: ((value: unknown) => string) | undefined
    return (value) => {
      write ??= fastJson(schema as Schema)
      try {
        return write(value)
      } catch (error) {
        if (!replays.has(value)) throw error
        writeReplay ??= fastJson(withoutRequired(schema) as Schema)
        return writeReplay(value)
      }
    }
  })
}

/** The same schema, in which no member is required. */
function withoutRequired(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (name, value) =>
    name === 'required' && Array.isArray(value) ? undefined : value,
  )
}
