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
    const operation = `${request.method} ${withoutLastSlashes(request.url)}`
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

/** The path of an address. */
function withoutLastSlashes(url: string): string {
  const query = url.indexOf('?')
  let end = query === -1 ? url.length : query
  while (end > 1 && url[end - 1] === '/') end--
  return url.slice(0, end)
}

/** The body with each currency as it is read: `ngn` is NGN. A body without another spelling is answered as it is. */
function inOneSpelling(schema: RequestSchema, value: unknown): unknown {
  if (typeof value === 'string') return schema['x-reads'] === 'currency' ? value.trim().toUpperCase() : value
  const { items, properties } = schema
  if (Array.isArray(value)) return items === undefined ? value : value.map((each) => inOneSpelling(items, each))
  if (typeof value !== 'object' || value === null || properties === undefined) return value
  let spelled = value as Record<string, unknown>
  for (const name of Object.keys(value)) {
    const member = spelled[name]
    const each = Object.hasOwn(properties, name) ? inOneSpelling(properties[name] as RequestSchema, member) : member
    if (each === member) continue
    if (spelled === value) spelled = { ...spelled }
    spelled[name] = each
  }
  return spelled
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
