import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import type { Vault } from '../../base/vault.ts'
import { fingerprintOf, type IdempotentRequest, type KeyScope } from '../../domain/idempotency/request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's Idempotency-Key, with a fingerprint that tells the request from others. Null without a key. */
    idempotent: IdempotentRequest | null
  }
}

/** The header of an answer that was given before. */
const replayedHeader = 'idempotent-replayed'

/** Reads `Idempotency-Key` on every POST, PUT and PATCH of the surface. Throws `invalid_request` for an unfit key. */
export function readIdempotencyKeys(app: FastifyInstance, vault: Vault): void {
  app.decorateRequest('idempotent', null)
  app.addHook('preHandler', (request, _reply, done) => {
    const key = request.headers['idempotency-key']
    if (key === undefined || !['POST', 'PUT', 'PATCH'].includes(request.method)) return done()
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new ServiceError('invalid_request', 'Idempotency-Key must be 1 to 255 visible ASCII characters')
    }
    const operation = `${request.method} ${request.url.split('?')[0]}`
    const body = (request.body ?? {}) as Record<string, unknown>
    request.idempotent = { key, operation, body, fingerprint: fingerprintOf(vault, operation, body) }
    done()
  })
}

/** Marks an answer that was already given to the same request. */
export function markReplayed(reply: FastifyReply, replayed: boolean): void {
  if (replayed) reply.header(replayedHeader, 'true')
}

/** A key belongs to a merchant and mode, or to the operator. */
export function keyScopeOf(request: FastifyRequest): KeyScope {
  const tenant = request.caller?.tenant
  return tenant === undefined ? { merchantId: 0, mode: 'live' } : { merchantId: tenant.merchant.id, mode: tenant.mode }
}
