import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import type { Vault } from '../../base/vault.ts'
import { fingerprintOf, type IdempotentRequest, type KeyScope } from '../../domain/idempotency/request.ts'
import { scopes } from '../../domain/merchants/scopes.ts'
import type { RequestSchema } from './reading.ts'

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
    // A slash at the end of the path and the case of a currency make no other request.
    const operation = `${request.method} ${request.url.split('?')[0]?.replace(/(?<=.)\/+$/, '')}`
    const schema = (request.routeOptions.schema?.body ?? {}) as RequestSchema
    const body = inOneSpelling(schema, request.body ?? {}) as Record<string, unknown>
    const { repeatedTo } = request.routeOptions.config
    // The check of the caller's scope came before; a handler that checks more, or gives a secret, is asked by one key only.
    const maker = repeatedTo === 'its key' ? (request.caller?.apiKeyId ?? undefined) : undefined
    const mayDoAll = maker !== undefined && scopes.every((each) => request.caller?.scopes.includes(each))
    request.idempotent = {
      key,
      operation,
      body,
      fingerprint: fingerprintOf(vault, operation, body, maker),
      maker,
      formerFingerprint: mayDoAll ? fingerprintOf(vault, operation, body) : undefined,
    }
    done()
  })
}

/** The body with each currency as it is read: `ngn` is NGN. */
function inOneSpelling(schema: RequestSchema, value: unknown): unknown {
  if (typeof value === 'string') return schema['x-reads'] === 'currency' ? value.trim().toUpperCase() : value
  const { items, properties = {} } = schema
  if (Array.isArray(value)) return items === undefined ? value : value.map((each) => inOneSpelling(items, each))
  if (typeof value !== 'object' || value === null || schema.properties === undefined) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      Object.hasOwn(properties, name) ? inOneSpelling(properties[name] as RequestSchema, each) : each,
    ]),
  )
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
