import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** An answer waits this long for the rest of a body that nobody reads. */
const patienceMs = 1000

/**
 * Sees to answers that are ready before the body of their request has arrived, such as the refusal of a key. The rest of the
 * body is thrown away. A caller that is still writing would not read an answer at once, so the answer waits a moment. If the body
 * has not arrived then, the connection closes with the answer: otherwise a caller could hold it without any key.
 */
export function closeAfterEarlyAnswers(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const { raw } = request
    if (raw.complete !== false || !hasBody(raw)) return done(null, payload)
    void untilArrived(raw).then((hasArrived) => {
      if (!hasArrived) reply.header('connection', 'close')
      done(null, payload)
    })
  })
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function untilArrived(raw: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      raw.off('end', end).off('close', end)
      resolve(raw.complete)
    }
    const timer = setTimeout(end, patienceMs)
    raw.on('end', end).on('close', end).resume()
  })
}
