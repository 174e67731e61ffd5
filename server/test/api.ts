import type { FastifyInstance, FastifySchema, LightMyRequestResponse, RouteOptions } from 'fastify'
import { finishAccountRequests } from '../src/domain/banking/account-requests.ts'
import type { Way } from '../src/domain/idempotency/once.ts'
import { finishDueChecks } from '../src/domain/identity/due-checks.ts'
import { activateDueMandates } from '../src/domain/payments/mandate-activations.ts'
import { type AppOptions, buildApp } from '../src/start/app.ts'
import type { Need } from '../src/surfaces/http/routes.ts'
import { createTestContext, createTestTenant, openTestService, type TestService, type TestTenant } from './service.ts'

/** The whole application over an empty database, with one merchant. Requests go in without a port. */
export interface TestApi {
  app: FastifyInstance
  service: TestService
  tenant: TestTenant
  /** Every route, except single files of the API reference, and the answers to HEAD that each GET has. */
  routes: TestRoute[]
  /** Sends a request as the tenant, or with another bearer; null sends none. */
  call(method: string, path: string, body?: unknown, bearer?: string | null): Promise<LightMyRequestResponse>
  /** Moves the clock past the sandbox's delay and finishes the work that is due. */
  settle(): Promise<void>
  /** The application with other options, over the same database and with the same merchant. */
  openAnother(options: AppOptions): Promise<TestApi>
  close(): Promise<void>
}

export interface TestRoute {
  /** `GET /customer/:email_or_code` */
  name: string
  method: string
  url: string
  schema: FastifySchema
  /** Hidden from the API reference, because the route is for the people and machines that operate the service. */
  hidden: boolean
  /** The statuses that the API reference shows. */
  statuses: number[]
  /** The way in which a write happens once. Undefined for a read and for a page. */
  once: Way | undefined
  /** Who may call the route. Undefined for a page, and for a route that no dialect has. */
  scope: Need | undefined
}

export async function openTestApi(options: AppOptions = {}): Promise<TestApi> {
  const service = await openTestService(options.log?.logger)
  return openApp(service, await createTestTenant(service), options, () => service.close())
}

async function openApp(
  service: TestService,
  tenant: TestTenant,
  options: AppOptions,
  closeService: () => Promise<void>,
): Promise<TestApi> {
  const routes: TestRoute[] = []
  const app = await buildApp(service, {
    publicUrl: 'http://127.0.0.1:9000',
    onRoute: (route) => routes.push(...readRoute(route)),
    ...options,
  })
  await app.ready()
  return {
    app,
    service,
    tenant,
    routes,
    call: (method, path, body, bearer = tenant.secret) =>
      app.inject({
        method: method as 'GET',
        url: path,
        headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
        ...(body === undefined ? {} : { payload: body as object }),
      }),
    async settle() {
      service.clock.advance(service.sandboxDelayMs)
      await finishDueChecks(service)
      await finishAccountRequests(service)
      await activateDueMandates(service)
    },
    openAnother: (others) => openApp(service, tenant, others, async () => undefined),
    async close() {
      await app.close()
      await closeService()
    },
  }
}

/** Every route, listed without a database, because tests must know the routes before they run. */
export async function listRoutes(options: AppOptions = {}): Promise<TestRoute[]> {
  const refuse = () => Promise.reject(new Error('there is no database'))
  const refuseLane = () => ({ depth: 1 as const, query: refuse })
  const db = {
    engine: 'embedded' as const,
    isTransaction: false as const,
    isFull: false,
    unhurried: { query: refuse },
    query: refuse,
    transaction: refuse,
    lane: refuseLane,
    close: refuse,
  }
  const routes: TestRoute[] = []
  const app = await buildApp(createTestContext(db), {
    ...options,
    publicUrl: 'http://127.0.0.1:9000',
    onRoute: (route) => routes.push(...readRoute(route)),
  })
  await app.close()
  return routes
}

function readRoute(route: RouteOptions): TestRoute[] {
  if (isPageFile(route.url)) return []
  return [route.method]
    .flat()
    .filter((method) => method !== 'HEAD')
    .map((method) => ({
      name: `${method} ${route.url}`,
      method,
      url: route.url,
      // Read late, because a surface may change the schemas of its routes after this hook.
      get schema() {
        return route.schema ?? {}
      },
      get hidden() {
        return route.schema?.hide === true
      },
      get statuses() {
        return Object.keys((route.schema?.response as object | undefined) ?? {}).map(Number)
      },
      once: route.config?.once,
      scope: route.config?.scope,
    }))
}

/** A file of the API reference's page. docs.test.ts fetches all files that the page asks for. */
function isPageFile(url: string): boolean {
  return url.startsWith('/docs/static/') && url !== '/docs/static/*'
}

/** `/customer/:id` and `{id: 'a b'}`: `/customer/a%20b` */
export function fillPath(url: string, params: Record<string, string>): string {
  return url.replace(/:(\w+)|\*/g, (part, name: string | undefined) => {
    const value = params[name ?? '*']
    if (value === undefined) throw new Error(`no value for ${part} of ${url}`)
    return encodeURIComponent(value)
  })
}
