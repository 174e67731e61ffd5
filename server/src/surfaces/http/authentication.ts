import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import type { KeyFinder, KeyHolder } from '../../domain/merchants/api-keys.ts'
import { refuseClosed, type Tenant } from '../../domain/merchants/tenant.ts'
import type { Tokens } from '../../domain/merchants/tokens.ts'

import type { SurfaceContext } from './surface.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `requireBearer` before the handler runs. */
    caller: KeyHolder | null
  }
}

/** The message for a request without any credential. Some surfaces word it differently from a wrong credential. */
export const missingCredential = 'No Authorization header was found'

/** Every route needs `Authorization: Bearer …` with a secret API key. Throws `unauthorized` before the body is read. */
export function authenticateKeys(app: FastifyInstance, { findKey }: SurfaceContext): void {
  requireBearer(app, findKey)
}

/** Works like `authenticateKeys`, but also accepts a JWT as the bearer. */
export function authenticateKeysAndTokens(app: FastifyInstance, { findKey, tokens }: SurfaceContext): void {
  requireBearer(app, findKey, tokens)
}

function requireBearer(app: FastifyInstance, findKey: KeyFinder, tokens?: Tokens): void {
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.public === true) return
    const credential = readBearer(request)
    const caller = credential.startsWith('sk_')
      ? await findKey(credential)
      : ((await tokens?.verify(credential)) ?? null)
    if (caller === null)
      throw new ServiceError('unauthorized', 'The key or token is not valid, was revoked or has expired')
    if (request.method !== 'GET' && request.method !== 'HEAD') refuseClosed(caller.tenant.merchant)
    request.caller = caller
  })
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
