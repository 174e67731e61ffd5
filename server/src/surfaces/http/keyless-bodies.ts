import { type Readable, Transform } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { hasBody } from './early-answers.ts'

interface KeylessBodies {
  /** The most that a body may have. */
  maxKib: number
  /** The time in which a body must have arrived. A form and a webhook are sent at once, by whoever has them. */
  timeoutMs: number
  /** Throws the refusal of an address that names nothing, and of a request that can be refused without its body. */
  lookUp: (request: FastifyRequest) => unknown
}

/**
 * Limits the bodies of routes that need no credential. Anybody may send these, so a body has a short time and little room, and
 * is not waited for where its address names nothing.
 */
export function limitKeylessBodies(app: FastifyInstance, { maxKib, timeoutMs, lookUp }: KeylessBodies): void {
  app.addHook('preParsing', async (request, reply, payload) => {
    const { raw } = request
    if (request.is404 || !hasBody(raw)) return payload
    const isTooLarge = Number(raw.headers['content-length'] ?? 0) > maxKib * 1024
    if (isTooLarge) throw tooLarge(maxKib)
    await lookUp(request)
    // Answered as Node's own time limit is, which counts for all requests.
    const late = setTimeout(() => {
      app.server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), raw.socket)
    }, timeoutMs)
    const limited = atMost(payload as Readable, maxKib)
    // A body has been read, or refused, or its request is answered without it.
    for (const each of [limited, raw, reply.raw]) each.once('close', () => clearTimeout(late))
    reply.raw.once('finish', () => clearTimeout(late))
    return limited
  })
}

/** The same bytes, refused when they are more. A body may come without its length. */
function atMost(payload: Readable, maxKib: number): Transform {
  let left = maxKib * 1024
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length
      if (left >= 0) return done(null, chunk)
      payload.unpipe(limited)
      done(tooLarge(maxKib))
    },
  })
  payload.once('error', (error) => limited.destroy(error))
  return payload.pipe(limited)
}

function tooLarge(maxKib: number): ServiceError {
  return new ServiceError('too_large', `The body is larger than ${maxKib} KiB`)
}
