import { randomUUID } from 'node:crypto'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { createKeyFinder } from './domain/api-keys.ts'
import { createCustomerQueues } from './domain/customers.ts'
import { createBalanceFinder } from './domain/ledger/balances.ts'
import { createPoster } from './domain/ledger/posting.ts'
import { createTokens, type OutsideIssuer } from './domain/tokens.ts'
import type { Service } from './service.ts'
import { cashfulSurface } from './surfaces/cashful/index.ts'
import { docsPages } from './surfaces/docs.ts'
import { authorizePage } from './surfaces/hosted/authorize.ts'
import type { SurfaceContext } from './surfaces/http/surface.ts'
import { answerUnreadable, answerUnroutable } from './surfaces/http/unroutable.ts'
import { mtejaSurface } from './surfaces/mteja/index.ts'
import { operationsRoutes } from './surfaces/operations.ts'
import { paystackSurface } from './surfaces/paystack/index.ts'

export interface AppOptions {
  adminKey?: string | undefined
  outsideIssuer?: OutsideIssuer | undefined
  /** Where people reach the server; default the address it listens on. */
  publicUrl?: string | undefined
  paystackMetadata?: 'lenient' | 'strict' | undefined
  logger?: FastifyServerOptions['logger'] | undefined
}

/** The whole HTTP application over a service, not listening yet: tests send requests into it, `serve` opens the port. */
export async function buildApp(service: Service, options: AppOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    logger: options.logger ?? false,
    // Addresses hold e-mails and the like: what is logged of a request is chosen where it is logged.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024 * 1024,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    routerOptions: { ignoreDuplicateSlashes: true, maxParamLength: 500 },
    forceCloseConnections: 'idle',
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerUnreadable,
  })
  const context: SurfaceContext = {
    service,
    customers: createCustomerQueues(service),
    findBalance: createBalanceFinder(service),
    post: createPoster(service),
    findKey: createKeyFinder(service),
    tokens: createTokens(service, options.outsideIssuer),
    documents: new Map(),
    adminKey: options.adminKey,
    publicUrl: () => options.publicUrl ?? app.listeningOrigin,
    paystackMetadata: options.paystackMetadata ?? 'lenient',
  }
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  // Browsers may call every surface: a caller is known by its key, never by a cookie.
  await app.register(cors, { origin: '*', methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], maxAge: 86_400 })
  await app.register(operationsRoutes, { service })
  await app.register(docsPages, context)
  await app.register(authorizePage, context)
  await app.register((surface) => cashfulSurface(surface, context), { prefix: '/api/canary' })
  await app.register((surface) => mtejaSurface(surface, context), { prefix: '/v1' })
  await app.register(paystackSurface, context)
  return app
}

/** A caller's own id, where it is fit to be logged and echoed; else a new one. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}
