import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { perContext } from '../../domain/context.ts'
import { tenantKey } from '../../domain/merchants/tenant.ts'
import type { Service } from './surface.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Called when the handler has its answer. */
    whenAnswered: (() => void) | null
  }
}

/** Calls of one merchant and mode that may still be at work when their callers have gone. */
const mostAbandoned = 32

/** By merchant and mode. */
const countsOf = perContext(() => new Map<string, number>())

/**
 * Refuses calls of a merchant while many of its calls are still at work whose callers have closed their connections. Somebody who asks,
 * goes and asks again waits for no answer, and could have the database do more than it can for ever, before everybody else's calls.
 */
export function limitAbandoned(app: FastifyInstance, context: Service): void {
  const counts = countsOf(context)
  app.decorateRequest('whenAnswered', null)
  app.addHook('preHandler', (request, reply, done) => {
    // The operator's calls have none.
    if (!request.caller) return done()
    if (request.raw.socket.destroyed) throw new ServiceError('busy', 'The caller has gone')
    const name = tenantKey(request.caller.tenant)
    const count = (change: 1 | -1) => {
      const sum = (counts.get(name) ?? 0) + change
      if (sum === 0) counts.delete(name)
      else counts.set(name, sum)
    }
    if ((counts.get(name) ?? 0) >= mostAbandoned) {
      const message = `${mostAbandoned} calls of this merchant whose callers have gone are still at work; try again in a moment`
      throw new ServiceError('busy', message)
    }
    const leave = () => {
      count(1)
      request.whenAnswered = () => count(-1)
    }
    reply.raw.once('close', leave)
    request.whenAnswered = () => void reply.raw.off('close', leave)
    done()
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    request.whenAnswered?.()
    request.whenAnswered = null
    done(null, payload)
  })
}
