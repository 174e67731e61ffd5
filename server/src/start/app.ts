import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { createKeyFinder } from '../domain/merchants/api-keys.ts'
import { createTokens, type OutsideIssuer } from '../domain/merchants/tokens.ts'
import { cashful } from '../surfaces/cashful/index.ts'
import { authorizePage } from '../surfaces/hosted/authorize.ts'
import { checkoutPage } from '../surfaces/hosted/checkout.ts'
import { payPage } from '../surfaces/hosted/pay.ts'
import { statementLinkPage } from '../surfaces/hosted/statement.ts'
import { openSurface } from '../surfaces/http/open-surface.ts'
import type { Service, SurfaceContext } from '../surfaces/http/surface.ts'
import { answerUnreadable, answerUnroutable, type Envelope } from '../surfaces/http/unroutable.ts'
import { paystackWebhook } from '../surfaces/incoming/paystack.ts'
import { mteja } from '../surfaces/mteja/index.ts'
import { docsPages } from '../surfaces/operations/docs.ts'
import { operationsRoutes } from '../surfaces/operations/operations.ts'
import { RequestRecorder } from '../surfaces/operations/requests.ts'
import { startPage } from '../surfaces/operations/start-page.ts'
import { paystack } from '../surfaces/paystack/index.ts'
import { createBacklog } from './backlog.ts'
import { createLog, type ServerLog } from './log.ts'
import { eventRenderers } from './webhook-bodies.ts'

export interface AppOptions {
  adminKey?: string | undefined
  /** The operator's calls come from the command line, for the trail. Default false. */
  isCommandLine?: boolean | undefined
  outsideIssuer?: OutsideIssuer | undefined
  /** Where people reach the server; default the address it listens on. */
  publicUrl?: string | undefined
  paystackMetadata?: 'lenient' | 'strict' | undefined
  /** The Paystack account whose webhooks are taken. */
  upstreamPaystack?: { secretKey: string } | undefined
  /** Where requests and their faults are logged; default nowhere. */
  log?: ServerLog | undefined
  /** Told of each route there is; tests use it to find one that has no case. */
  onRoute?: ((route: RouteOptions) => void) | undefined
}

/** The whole HTTP application over a service, not listening yet: tests send requests into it, `serve` opens the port. */
export async function buildApp(context: Service, options: AppOptions = {}): Promise<FastifyInstance> {
  const envelopes: Envelope[] = []
  const log = options.log ?? createLog('silent', { write: () => {} })
  const requests = new RequestRecorder(context.meter, log.writeRequest)
  const app: FastifyInstance = Fastify({
    // Without any logger Fastify would not report the end of a request either.
    loggerInstance: log.logger,
    logController: requests,
    bodyLimit: 1024 * 1024,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    routerOptions: { maxParamLength: 500 },
    rewriteUrl: addressOf,
    forceCloseConnections: 'idle',
    frameworkErrors: (_error, request, reply) => {
      answerUnroutable(envelopes, request, reply)
      // Nothing else reports its end: no route was found.
      requests.requestCompleted(null, request, reply)
    },
    clientErrorHandler: (error, socket) => answerUnreadable(envelopes, error, socket),
  })
  const surface: SurfaceContext = {
    context,
    findKey: createKeyFinder(context),
    tokens: createTokens(context, options.outsideIssuer),
    envelopes,
    documents: new Map(),
    renderWebhook: eventRenderers,
    adminKey: options.adminKey,
    isCommandLine: options.isCommandLine ?? false,
    publicUrl: () => options.publicUrl ?? app.listeningOrigin,
    paystackMetadata: options.paystackMetadata ?? 'lenient',
  }
  if (options.onRoute) app.addHook('onRoute', options.onRoute)
  app.addHook('onRequest', (request, reply, done) => {
    requests.watch(request, reply)
    done()
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    reply.header('x-request-id', request.id)
    done(null, payload)
  })
  // Browsers may call every surface: a caller is known by its key, never by a cookie.
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['x-request-id', 'idempotent-replayed', 'retry-after', 'webhook-secret'],
    maxAge: 86_400,
    // An OPTIONS that is no preflight is told the same, rather than being refused outside any surface's envelope.
    strictPreflight: false,
  })
  await app.register(operationsRoutes, { context, askDatabase: createBacklog(context) })
  await app.register(docsPages, surface)
  await app.register(startPage, surface)
  await app.register(authorizePage, surface)
  await app.register(checkoutPage, surface)
  await app.register(payPage, surface)
  await app.register(statementLinkPage, surface)
  await app.register(paystackWebhook, { prefix: '/webhooks', context, account: options.upstreamPaystack })
  for (const dialect of [cashful, mteja, paystack]) await openSurface(app, surface, dialect)
  return app
}

/** Done before routing, so that 404s and idempotency keys see one spelling of a path. */
function addressOf({ url = '/', method, headers }: IncomingMessage): string {
  const address = withPlainPath(url)
  // The root is Paystack's. Only a browser asks for `text/html` by name, and it is shown the page.
  const isBrowser = method === 'GET' && headers.accept?.includes('text/html') === true
  return isBrowser && /^\/(\?|$)/.test(address) ? `/app${address.slice(1)}` : address
}

/** Clients whose base address ends in a slash ask for `//customer`, and others end each path in a slash (`/customer/`). */
function withPlainPath(url: string): string {
  if (!url.startsWith('/') || !/\/(?:[/?]|$)/.test(url)) return url
  const [path = '', ...query] = url.split('?')
  const plain = path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')
  return [plain, ...query].join('?')
}

/** A caller's own id, where it is fit to be logged and echoed; else a new one. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}
