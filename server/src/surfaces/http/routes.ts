import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  ContextConfigDefault,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
  RouteShorthandOptions,
} from 'fastify'
import { type Done, doOnce, type Handed, type Way, type Work } from '../../domain/idempotency/once.ts'
import type { Scope } from '../../domain/merchants/scopes.ts'
import type { Deed } from '../../domain/trail/trail.ts'
import { keyScopeOf, markReplayed } from './idempotency.ts'
import { sendAsGiven } from './serialization.ts'
import type { Service, SurfaceContext } from './surface.ts'

/** What a caller needs for a route: a scope of its key, or to be the operator; a public route needs no credential. */
export type Need = Scope | 'operator' | 'public'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Checked before the body is read: see authentication.ts. */
    scope?: Need
    /** The way in which a request that writes happens once: see `doOnce`. */
    once?: Way
    /** Who is given a remembered answer again; default every key of the merchant and mode that has the scope. */
    repeatedTo?: 'its key'
    /** Whether a merchant that was closed may do it; default reads: each GET, and each route with the scope `read`. */
    whenClosed?: 'allowed' | 'refused'
  }
}

type App = Parameters<FastifyPluginAsyncTypebox>[0]

type Handler<Schema extends FastifySchema> = RouteHandlerMethod<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  RouteGenericInterface,
  ContextConfigDefault,
  Schema,
  TypeBoxTypeProvider
>
type RequestOf<Schema extends FastifySchema> = Parameters<Handler<Schema>>[0]
type AnswerOf<Schema extends FastifySchema> = Awaited<ReturnType<Handler<Schema>>>

/** No route compiles without `scope`, which says who may call it. */
type Options<Schema extends FastifySchema> = Omit<RouteShorthandOptions, 'schema'> & { schema: Schema; scope: Need }

type ReadOptions<Schema extends FastifySchema> = Options<Schema> & {
  /** `refused`: a GET that does something, which a closed merchant may not. */
  whenClosed?: 'refused'
}

type ReadRoute = <Schema extends FastifySchema>(
  path: string,
  options: ReadOptions<Schema>,
  handler: (request: RequestOf<Schema>, reply: FastifyReply) => ReturnType<Handler<Schema>>,
) => void

/** A route that writes does not compile without `once`, the way in which a request with a key happens once. */
type WriteOptions<Chosen extends Way, Schema extends FastifySchema> = Options<Schema> & {
  once: Chosen
  /** The status of a success; default 200. */
  status?: number
  /**
   * `its key`: a remembered answer is given again only to the API key that made the request. For a route that answers a secret,
   * or whose handler checks more than the scope.
   */
  repeatedTo?: 'its key'
  /** `allowed`: a closed merchant may still do it, as it must remove personal data and shut out a key that leaked. */
  whenClosed?: 'allowed'
}

/**
 * Registers a route that writes. Its handler gets the request, and the thing that its way provides: a context inside a
 * transaction, an attempt, or the request with its key for a posting.
 */
type WriteRoute = <Chosen extends Way, Schema extends FastifySchema>(
  path: string,
  options: WriteOptions<Chosen, Schema>,
  handler: (
    request: RequestOf<Schema>,
    handed: Handed<Service>[Chosen],
    reply: FastifyReply,
  ) => ReturnType<Work<Chosen, Service, AnswerOf<Schema>>>,
) => void

/** The functions with which a file of routes registers them. A DELETE carries no key: its way says what it is handed. */
export interface Routes extends Pick<App, 'addHook'> {
  readonly get: ReadRoute
  readonly delete: WriteRoute
  readonly post: WriteRoute
  readonly put: WriteRoute
  readonly patch: WriteRoute
}

/** A file of routes. */
export type RouteFile = (routes: Routes, surface: SurfaceContext) => void

/** How this service names things: `CUS_…`, `pi_…`, a UUID, a number, a direction. */
const nameOfThing = /^(?:[A-Za-z]+_[\w-]{1,120}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[1-9]\d{0,9}|in|out)$/i

/**
 * The write of a request, for the trail. An address may have anything in the place of a name, such as an e-mail, a phone number or
 * the name of a person: only what can name a thing is recorded, because the trail is kept for good.
 */
function deedOf({ actor, params }: FastifyRequest, schema: FastifySchema): Deed | null {
  if (actor === null) return null
  const [name = ''] = Object.values((params ?? {}) as Record<string, string>)
  const object = nameOfThing.test(name) ? name : null
  return { actor, action: (schema as { operationId?: string }).operationId ?? '', object }
}

/** An answer that every key of the merchant is given again has no secret. */
function refuseSecret(answer: unknown, path: string): void {
  const { secret } = (answer ?? {}) as { secret?: unknown }
  if (typeof secret === 'string') throw new Error(`the route ${path} answers a secret without repeatedTo`)
}

export function routesOf(app: App, { context }: SurfaceContext): Routes {
  const write =
    (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'): WriteRoute =>
    (path, { scope, once, status = 200, repeatedTo, whenClosed, ...options }, handler) => {
      app.route({
        ...(options as object),
        method,
        url: path,
        config: {
          ...options.config,
          scope,
          once,
          ...(repeatedTo && { repeatedTo }),
          ...(whenClosed && { whenClosed }),
        },
        handler: async (request: FastifyRequest, reply: FastifyReply) => {
          reply.status(status)
          const asked = { way: once, request: request.idempotent ?? null, deed: deedOf(request, options.schema) }
          const { answer, replayed }: Done<unknown> = await doOnce(
            context,
            keyScopeOf(request),
            asked,
            (handed) => handler(request as never, handed, reply) as never,
          )
          if (repeatedTo === undefined && scope !== 'operator') refuseSecret(answer, path)
          markReplayed(reply, replayed)
          if (replayed) sendAsGiven(answer)
          return answer
        },
      })
    }
  return {
    get: (path, { scope, whenClosed, ...options }, handler) => {
      app.route({
        ...(options as object),
        method: 'GET',
        url: path,
        config: { ...options.config, scope, ...(whenClosed && { whenClosed }) },
        handler: handler as never,
      })
    },
    delete: write('DELETE'),
    addHook: app.addHook.bind(app),
    post: write('POST'),
    put: write('PUT'),
    patch: write('PATCH'),
  }
}
