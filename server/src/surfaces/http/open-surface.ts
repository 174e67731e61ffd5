import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { limitAbandoned } from './abandoned.ts'
import { refuseEmptyIds, refuseUnstorableAddresses } from './addresses.ts'
import { sendProblems } from './answer-problems.ts'
import { readBodies } from './body.ts'
import { readIdempotencyKeys } from './idempotency.ts'
import { allowOrigins } from './origins.ts'
import type { Problem } from './problem.ts'
import { describeSurface, type Reference } from './reference.ts'
import { type RouteFile, routesOf } from './routes.ts'
import { serializeAnswers } from './serialization.ts'
import { refuseUnknownMembers } from './strictness.ts'
import type { SurfaceContext } from './surface.ts'
import type { Envelope } from './unroutable.ts'
import { validateRequests } from './validation.ts'

/** The description of a surface. */
export interface Dialect extends Reference, Envelope {
  /** The bodies that it reads. Urlencoded texts are read as the numbers and booleans that the schema asks for. */
  readonly bodies: 'json' | 'json-or-urlencoded'
  readonly coerceBodies: boolean
  /** A slash after a list is an item with an empty id: see `refuseEmptyIds`. */
  readonly slashIsEmptyId?: boolean
  /** Members and parameters that a route does not know: ignored, as the vendors do, or refused. */
  readonly unknownMembers: 'ignored' | 'refused'
  /** The schema of a refusal, shared by the documents of its routes. */
  readonly errorSchema: TSchema
  /** The answer to a problem, in its envelope. */
  render(problem: Problem): { statusCode: number; body: unknown }
  /** The kinds of callers, and the routes of each. */
  readonly callers: readonly [Callers, ...Callers[]]
}

/** Routes for one kind of caller. */
export interface Callers {
  /** Finds the caller before the body is read. Throws `unauthorized`. */
  authenticate(app: FastifyInstance, surface: SurfaceContext, name: string): void
  readonly routes: readonly RouteFile[]
}

/**
 * Opens a surface. The order of its steps is the only safe one. A problem has an envelope before anything can fail. The
 * caller is known before the body is read. The body is checked before the request's key is read.
 */
export async function openSurface(app: FastifyInstance, surface: SurfaceContext, dialect: Dialect): Promise<void> {
  surface.envelopes.push(dialect)
  await app.register(
    async (scope) => {
      await allowOrigins(scope, surface.corsOrigins)
      scope.addSchema(dialect.errorSchema)
      await describeSurface(scope, surface.documents, dialect)
      sendProblems(scope, dialect.render)
      validateRequests(scope, dialect)
      serializeAnswers(scope)
      readBodies(scope, dialect.bodies, dialect.unknownMembers)
      if (dialect.unknownMembers === 'refused') refuseUnknownMembers(scope)
      refuseUnstorableAddresses(scope)
      if (dialect.slashIsEmptyId) refuseEmptyIds(scope)
      const [first, ...others] = dialect.callers
      // With one kind of caller, an unknown address without a credential is refused like a known one.
      if (others.length === 0) return openCallers(scope, surface, dialect.name, first)
      for (const callers of dialect.callers) {
        await scope.register(async (inner) => openCallers(inner, surface, dialect.name, callers))
      }
    },
    { prefix: dialect.prefix },
  )
}

function openCallers(
  app: Parameters<FastifyPluginAsyncTypebox>[0],
  surface: SurfaceContext,
  name: string,
  callers: Callers,
): void {
  callers.authenticate(app, surface, name)
  limitAbandoned(app, surface.context)
  readIdempotencyKeys(app, surface.context.vault)
  const routes = routesOf(app, surface)
  for (const file of callers.routes) file(routes, surface)
}
