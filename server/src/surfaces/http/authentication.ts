import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { type Actor, actorIdOf } from '../../domain/merchants/actors.ts'
import type { KeyFinder, KeyHolder } from '../../domain/merchants/key-holders.ts'
import { requireScope, type Scope } from '../../domain/merchants/scopes.ts'
import { refuseClosed, type Tenant, tenantKey } from '../../domain/merchants/tenant.ts'
import type { Tokens } from '../../domain/merchants/tokens.ts'
import { noteAuthenticated, noteUnauthenticated } from './authenticated-connections.ts'
import { CredentialWatch } from './credential-watch.ts'
import type { Rates } from './rates.ts'
import { noteRefusedCredential } from './refused-credentials.ts'
import type { SurfaceContext } from './surface.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined where callers have no credential that can end. */
    credentialWatch?: CredentialWatch
  }
  interface FastifyRequest {
    /** Set before the body is read. */
    caller: KeyHolder | null
    /** Who makes the request, for the trail. Null for a request that changes nothing. */
    actor: Actor | null
  }
}

/** The message for a request without any credential. Some surfaces word it differently from a wrong credential. */
export const missingCredential = 'No Authorization header was found'

/** Every route needs `Authorization: Bearer …` with a secret API key. Throws `unauthorized` before the body is read. */
export function authenticateKeys(app: FastifyInstance, surface: SurfaceContext, name: string): void {
  requireCaller(app, surface, name, (request) => holderOf(surface.findKey, null, readBearer(request)))
}

/** Works like `authenticateKeys`, but also accepts a JWT as the bearer. */
export function authenticateKeysAndTokens(app: FastifyInstance, surface: SurfaceContext, name: string): void {
  requireCaller(app, surface, name, (request) => holderOf(surface.findKey, surface.tokens, readBearer(request)))
}

/** The header in which clients of Cashful from 0.9.1 on send a key. */
export const apiKeyHeader = 'x-api-key'

/**
 * Works like `authenticateKeysAndTokens`, but also accepts the credential in the header `x-api-key`. Of two credentials
 * each must be valid, and both must be of one merchant and mode.
 */
export function authenticateEitherHeader(app: FastifyInstance, surface: SurfaceContext, name: string): void {
  const { findKey, tokens } = surface
  const find = (credential: string) => holderOf(findKey, tokens, credential)
  requireCaller(app, surface, name, (request) => {
    const apiKey = request.headers[apiKeyHeader]?.toString().trim()
    if (!apiKey) return find(readBearer(request))
    if (!request.headers.authorization?.trim()) return find(apiKey)
    return oneTenant(find(readBearer(request)), find(apiKey))
  })
}

/** Throws `unauthorized` for holders of different tenants. */
async function oneTenant(...finding: [Promise<KeyHolder>, Promise<KeyHolder>]): Promise<KeyHolder> {
  const [bearer, other] = await Promise.all(finding)
  if (tenantKey(bearer.tenant) === tenantKey(other.tenant)) return bearer
  const message = `The headers Authorization and ${apiKeyHeader} name different merchants or modes; send one of them`
  throw new ServiceError('unauthorized', message)
}

function requireCaller(
  app: FastifyInstance,
  { context, rates }: SurfaceContext,
  surface: string,
  find: (request: FastifyRequest) => Promise<KeyHolder>,
): void {
  app.decorateRequest('caller', null)
  app.decorateRequest('actor', null)
  app.decorate(
    'credentialWatch',
    new CredentialWatch(async (request) => {
      const { scope } = request.routeOptions.config
      // A link carries what it opens.
      if (scope !== 'public') requireScope((await find(request)).scopes, scope as Scope)
    }),
  )
  app.addHook('onRequest', async (request, reply) => {
    const { scope, whenClosed } = request.routeOptions.config
    if (scope === 'public') return
    let caller: KeyHolder
    try {
      // Each promise that a read waits for costs it time, so nothing is wrapped where nothing is limited.
      caller = await (rates === undefined
        ? find(request)
        : countingFailures(rates, request, reply, () => find(request)))
    } catch (error) {
      noteUnauthenticated(request.raw.socket, error)
      noteRefusedCredential(context, request, surface, error)
      throw error
    }
    noteAuthenticated(request.raw.socket, caller.tenant.merchant.code)
    // An unknown address has no scope: its caller is told that there is nothing.
    if (scope !== undefined) requireScope(caller.scopes, scope as Scope)
    const isRead = request.method === 'GET' || request.method === 'HEAD' || scope === 'read'
    if ((whenClosed ?? (isRead ? 'allowed' : 'refused')) === 'refused') refuseClosed(caller.tenant.merchant)
    request.caller = caller
    if (rates !== undefined) await rates.countRequest(request, reply)
    if (scope === undefined || scope === 'read') return
    const { tenant, apiKeyId, credential, outside } = caller
    const name = { merchantId: tenant.merchant.id, kind: credential, apiKeyId, outside, surface, address: request.ip }
    request.actor = { id: await actorIdOf(context, name), requestId: request.id }
    request.caller = { ...caller, tenant: { ...tenant, actor: request.actor } }
  })
}

/** Finds out who calls. A wrong credential is counted, and an address with too many of them is refused before. */
export async function countingFailures<Caller>(
  rates: Rates | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
  find: () => Promise<Caller>,
): Promise<Caller> {
  if (rates === undefined) return find()
  await rates.admit(request, reply)
  try {
    return await find()
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'unauthorized') await rates.countFailed(request)
    throw error
  }
}

/** Throws `unauthorized`. */
async function holderOf(findKey: KeyFinder, tokens: Tokens | null, credential: string): Promise<KeyHolder> {
  const holder = credential.startsWith('sk_') ? await findKey(credential) : ((await tokens?.verify(credential)) ?? null)
  if (holder !== null) return holder
  throw new ServiceError('unauthorized', 'The key or token is not valid, was revoked or has expired')
}

/** The tenant that the request acts for. */
export function tenantOf(request: FastifyRequest): Tenant {
  return callerOf(request).tenant
}

export function callerOf(request: FastifyRequest): KeyHolder {
  if (request.caller === null) throw new Error('the route has no authentication')
  return request.caller
}

export function readBearer(request: FastifyRequest): string {
  const header = request.headers.authorization
  if (header === undefined || header.trim() === '') throw new ServiceError('unauthorized', missingCredential)
  const match = /^bearer +(\S+)$/i.exec(header.trim())
  if (match === null) throw new ServiceError('unauthorized', 'The Authorization header must be: Bearer <key>')
  return match[1] as string
}
