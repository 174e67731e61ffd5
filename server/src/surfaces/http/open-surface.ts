import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { refuseUnstorableAddresses } from './addresses.ts'
import { sendProblems } from './answer-problems.ts'
import { readBodies } from './body.ts'
import { readIdempotencyKeys } from './idempotency.ts'
import type { Problem } from './problem.ts'
import { describeSurface, type Reference } from './reference.ts'
import { type RouteFile, routesOf } from './routes.ts'
import { serializeAnswers } from './serialization.ts'
import type { SurfaceContext } from './surface.ts'
import type { Envelope } from './unroutable.ts'
import { validateRequests } from './validation.ts'

/** How a surface speaks. */
export interface Dialect extends Reference, Envelope {
  /** Bodies it reads, and whether text in them is read as the number or boolean that the schema asks for. */
  readonly bodies: 'json' | 'json-or-urlencoded'
  readonly coerceBodies: boolean
  /** Of a refusal, shared by its routes' documents. */
  readonly errorSchema: TSchema
  /** The answer to a problem, in its envelope. */
  render(problem: Problem): { statusCode: number; body: unknown }
  /** Who may call which routes. */
  readonly callers: readonly [Callers, ...Callers[]]
}

/** Routes for one kind of caller. */
export interface Callers {
  /** Finds out who calls, before the body is read; throws `unauthorized`. */
  authenticate(app: FastifyInstance, surface: SurfaceContext): void
  readonly routes: readonly RouteFile[]
}

/**
 * Opens a surface: what every surface needs, in the only order that is safe. A problem has an envelope before anything can go
 * wrong; who calls is known before the body is read; the body is checked before the key of the request is read.
 */
export async function openSurface(app: FastifyInstance, surface: SurfaceContext, dialect: Dialect): Promise<void> {
  surface.envelopes.push(dialect)
  await app.register(
    async (scope) => {
      scope.addSchema(dialect.errorSchema)
      await describeSurface(scope, surface.documents, dialect)
      sendProblems(scope, dialect.render)
      validateRequests(scope, dialect)
      serializeAnswers(scope)
      readBodies(scope, dialect.bodies)
      refuseUnstorableAddresses(scope)
      const [first, ...others] = dialect.callers
      // With one kind of caller, an unknown address is refused like a known one where no credential came.
      if (others.length === 0) return openCallers(scope, surface, first)
      for (const callers of dialect.callers) {
        await scope.register(async (inner) => openCallers(inner, surface, callers))
      }
    },
    { prefix: dialect.prefix },
  )
}

function openCallers(app: Parameters<FastifyPluginAsyncTypebox>[0], surface: SurfaceContext, callers: Callers): void {
  callers.authenticate(app, surface)
  readIdempotencyKeys(app, surface.context.vault)
  const routes = routesOf(app, surface)
  for (const file of callers.routes) file(routes, surface)
}
