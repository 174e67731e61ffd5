import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import type { Vault } from '../../base/vault.ts'
import {
  fingerprintOf,
  type IdempotentRequest,
  type KeyScope,
  once,
  onceRepeatable,
} from '../../domain/idempotency/idempotency.ts'
import { createDomain, type Domain } from './surface.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's Idempotency-Key, with what tells the request from another; null without one. */
    idempotent: IdempotentRequest | null
  }
}

/** Marks an answer that was given before. */
const replayedHeader = 'idempotent-replayed'

/** Reads `Idempotency-Key` on every POST, PUT and PATCH of the surface; throws `invalid_request` for an unfit one. */
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

/** Says that the answer was given before, where it was. */
export function markReplayed(reply: FastifyReply, replayed: boolean): void {
  if (replayed) reply.header(replayedHeader, 'true')
}

/**
 * Answers a request that writes: once for its key, in one transaction with what it does, and byte for byte the same when
 * it comes again. Without a key it is simply done.
 *
 * @param work does it and renders the body; it must use the domain it is given, which is bound to the transaction
 */
export async function answerOnce<Body>(
  domain: Domain,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  work: (domain: Domain) => Promise<Body>,
): Promise<Body> {
  reply.status(status)
  if (request.idempotent === null) return work(domain)
  const { answer, replayed } = await once(domain.service, scopeOf(request), request.idempotent, (service) =>
    work(createDomain(service)),
  )
  markReplayed(reply, replayed)
  return answer
}

/**
 * As `answerOnce`, for work that asks somebody outside and may not hold a transaction meanwhile.
 *
 * @param work must come to the same when it is done again
 */
export async function answerRepeatable<Body>(
  { service }: Domain,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  work: () => Promise<Body>,
): Promise<Body> {
  reply.status(status)
  if (request.idempotent === null) return work()
  const { answer, replayed } = await onceRepeatable(service, scopeOf(request), request.idempotent, work)
  markReplayed(reply, replayed)
  return answer
}

function scopeOf(request: FastifyRequest): KeyScope {
  const tenant = request.caller?.tenant
  return tenant === undefined ? { merchantId: 0, mode: 'live' } : { merchantId: tenant.merchant.id, mode: tenant.mode }
}
