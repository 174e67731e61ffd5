import { type IncomingMessage, maxHeaderSize } from 'node:http'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import Negotiator from 'negotiator'
import { ServiceError } from '../base/errors.ts'
import { uuidV7 } from '../base/ids.ts'
import { createKeyFinder } from '../domain/merchants/key-holders.ts'
import { createTokens, type OutsideIssuer } from '../domain/merchants/tokens.ts'
import { cashful } from '../surfaces/cashful/index.ts'
import { authorizePage } from '../surfaces/hosted/authorize.ts'
import { checkoutPage } from '../surfaces/hosted/checkout.ts'
import { payPage } from '../surfaces/hosted/pay.ts'
import { statementLinkPage } from '../surfaces/hosted/statement.ts'
import { closeAfterEarlyAnswers } from '../surfaces/http/early-answers.ts'
import { openSurface } from '../surfaces/http/open-surface.ts'
import { guardPages } from '../surfaces/http/page.ts'
import { createRates, type RateSettings } from '../surfaces/http/rates.ts'
import type { Service, SurfaceContext } from '../surfaces/http/surface.ts'
import {
  answerClosing,
  answerProblem,
  answerUnexpected,
  answerUnreadable,
  answerUnroutable,
  callersId,
  closingMessage,
  type Envelope,
  renderInEnvelope,
} from '../surfaces/http/unroutable.ts'
import { paystackWebhook } from '../surfaces/incoming/paystack.ts'
import { mteja } from '../surfaces/mteja/index.ts'
import { docsPages } from '../surfaces/operations/docs.ts'
import { operationsRoutes } from '../surfaces/operations/operations.ts'
import { operatorPage } from '../surfaces/operations/operator-page.ts'
import { RequestRecorder } from '../surfaces/operations/requests.ts'
import { paystack } from '../surfaces/paystack/index.ts'
import { createBacklog } from './backlog.ts'
import { watchClock } from './clock-watch.ts'
import { allowedConnections, type HttpLimits, HttpServers } from './http-servers.ts'
import { createLog, type ServerLog } from './log.ts'
import { RequestLog } from './request-log.ts'
import { eventRenderers } from './webhook-bodies.ts'

export interface AppOptions {
  adminKey?: string | undefined
  /** The operator's calls come from the command line, for the trail. Default false. */
  isCommandLine?: boolean | undefined
  rates?: RateSettings | undefined
  /** Whose `X-Forwarded-For` is believed: addresses and networks of proxies. Default nobody's. */
  trustProxy?: string[] | undefined
  outsideIssuer?: OutsideIssuer | undefined
  /** The origins whose pages may read the answers of the surfaces; default none. */
  corsOrigins?: readonly string[] | undefined
  /** Where people reach the server; default the address it listens on. */
  publicUrl?: string | undefined
  paystackMetadata?: 'lenient' | 'strict' | undefined
  /** The Paystack account whose webhooks are taken. */
  upstreamPaystack?: { secretKey: string } | undefined
  /** Answers a sentence about a clock that is behind the ledger. Default its own watch. */
  askClock?: (() => Promise<string | null>) | undefined
  /** Where requests and their faults are logged; default nowhere. */
  log?: ServerLog | undefined
  /** Limits for callers; default 60 seconds for a request, and as many connections as the system allows. */
  limits?: HttpLimits | undefined
  /** Aborted when the server is about to close: it still answers, but `/readyz` says that it closes. */
  draining?: AbortSignal | undefined
  /** The folder of the operator's page; default the one that is shipped. */
  pageFolder?: URL | undefined
  /** Told of each route there is; tests use it to find one that has no case. */
  onRoute?: ((route: RouteOptions) => void) | undefined
}

const defaultLimits: HttpLimits = { requestTimeoutMs: 60_000, maxConnections: allowedConnections(10) }

const defaultKeylessTimeoutMs = 10_000

/** The whole HTTP application over a service, not listening yet: tests send requests into it, `serve` opens the port. */
export async function buildApp(context: Service, options: AppOptions = {}): Promise<FastifyInstance> {
  const envelopes: Envelope[] = []
  const log = options.log ?? createLog('silent', { write: () => {} })
  const requests = new RequestRecorder(context.meter, log.requestWriter)
  const servers = new HttpServers(options.limits ?? defaultLimits, context, options.trustProxy)
  const keylessTimeoutMs = options.limits?.keylessTimeoutMs ?? defaultKeylessTimeoutMs
  let isClosing = false
  const isDraining = () => isClosing || options.draining?.aborted === true
  const app: FastifyInstance = Fastify({
    // With a logger Fastify would make a child of it for every request, and watch for the end of every answer.
    childLoggerFactory: (_none, bindings) => new RequestLog(log.logger, bindings),
    logController: requests,
    bodyLimit: 1024 * 1024,
    trustProxy: options.trustProxy ?? false,
    // A new one begins with the time, so that what the request did is found by it.
    genReqId: ({ headers }) => callersId(headers['x-request-id']) ?? uuidV7(context.random, context.clock.now()),
    // As long as an address can be: a name that is too long for any thing is refused as an unknown name, by its route.
    routerOptions: { maxParamLength: maxHeaderSize },
    rewriteUrl: (request) => {
      if (options.trustProxy !== undefined) dropForwardedPorts(request)
      return addressOf(request)
    },
    serverFactory: (answer) => servers.make(answer, (exchange) => answerUnexpected(envelopes, exchange)),
    // A call that arrives while the server closes is refused below, in the envelope of its surface.
    return503OnClosing: false,
    frameworkErrors: (_error, request, reply) => {
      // No hook runs, because no route was looked up.
      requests.watch(request, reply)
      answerUnroutable(envelopes, request, reply)
    },
    clientErrorHandler: (error, socket) => answerUnreadable(envelopes, error, socket, servers.arrivingOver(socket)),
  })
  const surface: SurfaceContext = {
    context,
    findKey: createKeyFinder(context),
    tokens: createTokens(context, options.outsideIssuer),
    envelopes,
    documents: new Map(),
    renderWebhook: eventRenderers,
    adminKey: options.adminKey,
    corsOrigins: options.corsOrigins ?? [],
    isCommandLine: options.isCommandLine ?? false,
    rates: await createRates(app, options.rates ?? {}),
    publicUrl: () => options.publicUrl ?? app.listeningOrigin,
    paystackMetadata: options.paystackMetadata ?? 'lenient',
    keylessTimeoutMs,
    isDraining,
  }
  if (options.onRoute) app.addHook('onRoute', options.onRoute)
  app.addHook('onRequest', (request, reply, done) => {
    requests.watch(request, reply)
    // Node would answer without a body.
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      throw new ServiceError('invalid_request', 'The request has no Host header')
    }
    refuseTwice(request.raw)
    // Pages and the operator's routes belong to no surface, and are hidden from its reference.
    if (!isClosing || request.routeOptions.schema?.hide === true) return done()
    done(new ServiceError('busy', closingMessage))
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    // A caller's data belongs in no cache. What may be kept says so itself.
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    // A balancer then sends its next call to another server.
    if (isDraining()) reply.header('connection', 'close')
    done(null, payload)
  })
  app.setErrorHandler((error, request, reply) => answerProblem(envelopes, error, request, reply))
  guardPages(app)
  closeAfterEarlyAnswers(app)
  let stopClosing = () => {}
  app.addHook('preClose', async () => {
    isClosing = true
    stopClosing = servers.closeConnections((socket) => answerClosing(envelopes, socket, servers.arrivingOver(socket)))
  })
  // Run when all connections have closed.
  app.addHook('onClose', async () => stopClosing())
  await app.register(operationsRoutes, {
    context,
    askDatabase: createBacklog(context),
    askClock: options.askClock ?? watchClock(context),
    isDraining,
    renderRefusal: (path, status, message) => renderInEnvelope(envelopes, path, status, message),
  })
  await app.register(docsPages, surface)
  await app.register(operatorPage, { ...surface, pageFolder: options.pageFolder })
  await app.register(authorizePage, surface)
  await app.register(checkoutPage, surface)
  await app.register(payPage, surface)
  await app.register(statementLinkPage, surface)
  await app.register(paystackWebhook, {
    prefix: '/webhooks',
    context,
    account: options.upstreamPaystack,
    keylessTimeoutMs,
  })
  for (const dialect of [cashful, mteja, paystack]) await openSurface(app, surface, dialect)
  return app
}

/** Headers that say one thing. Node would keep the first, or join both into one text: a proxy before may take the other. */
const singleHeaders = new Set([
  'host',
  'authorization',
  'x-api-key',
  'idempotency-key',
  'content-type',
  'x-paystack-signature',
])

/** Throws `invalid_request` for a header that comes twice and says one thing. */
function refuseTwice({ rawHeaders }: IncomingMessage): void {
  let met: Set<string> | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (!singleHeaders.has(name)) continue
    if (met?.has(name)) throw new ServiceError('invalid_request', `The header ${name} came twice; send it once`)
    met ??= new Set()
    met.add(name)
  }
}

/** Done before routing, so that 404s and idempotency keys see one spelling of a path. */
function addressOf({ url = '/', method, headers }: IncomingMessage): string {
  const address = withPlainPath(url)
  // The root is Paystack's. A browser, which prefers a page to JSON, is shown the page.
  if ((method !== 'GET' && method !== 'HEAD') || !/^\/(\?|$)/.test(address)) return address
  const preferred = new Negotiator({ headers }).mediaType(['application/json', 'text/html'])
  return preferred === 'text/html' ? `/app${address.slice(1)}` : address
}

/** Clients whose base address ends in a slash ask for `//customer`, and others end each path in a slash (`/customer/`). */
function withPlainPath(url: string): string {
  if (!url.startsWith('/') || !/\/(?:[/?]|$)/.test(url)) return url
  const [path = '', ...query] = url.split('?')
  const plain = path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')
  return [plain, ...query].join('?')
}

/** Some proxies write the caller's port too (`203.0.113.7:443`, `[2001:db8::1]:443`), which belongs to no address. */
function dropForwardedPorts({ headers }: IncomingMessage): void {
  const forwarded = headers['x-forwarded-for']
  if (typeof forwarded !== 'string') return
  const addresses = forwarded.split(',').map((each) => {
    const [, ipv6, ipv4] = /^\[([^\]]*)\](?::\d+)?$|^([\d.]+):\d+$/.exec(each.trim()) ?? []
    return ipv6 ?? ipv4 ?? each.trim()
  })
  headers['x-forwarded-for'] = addresses.join(', ')
}
