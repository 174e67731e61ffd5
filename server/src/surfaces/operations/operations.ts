import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { type Context, lookAtDatabase } from '../../domain/context.ts'

interface OperationsOptions {
  context: Context
  /** Measures the values that only the database knows. It answers soon, whatever the database does. */
  askDatabase: () => Promise<void>
  /** Something about the clock that the operator should mend, in a sentence; null if there is nothing. */
  askClock: () => Promise<string | null>
  /** Whether the server is about to close. */
  isDraining: () => boolean
  /** The body of a refusal, in the envelope of the surface to which the path belongs. */
  renderRefusal: (path: string, status: number, message: string) => string
}

const statuses = {
  ready: 'ready',
  closing: 'closing',
  unreachable: 'database unreachable',
  full: 'database storage full',
}

/** `/healthz`, `/readyz` and `/metrics`: for the operator of the process. */
export const operationsRoutes: FastifyPluginAsync<OperationsOptions> = async (
  app,
  { context, askDatabase, askClock, isDraining, renderRefusal },
) => {
  const ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })

  // A proxy's rule for one of these addresses names this one spelling. Everywhere else a slash too many is forgiven.
  app.addHook('onRequest', (request, reply, done) => {
    const { method, originalUrl, routeOptions } = request
    const [path = ''] = originalUrl.split('?')
    if (path === routeOptions.url) return done()
    reply.status(404).type('application/json; charset=utf-8')
    reply.send(renderRefusal(path, 404, `There is nothing at ${method} ${path}`))
  })

  // Otherwise the answer to a preflight would be that of the API at the root, which allows the configured origins.
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const refuse = (_request: FastifyRequest, reply: FastifyReply) => {
      reply.status(405).header('allow', 'GET, HEAD').type('application/json; charset=utf-8')
      reply.send(renderRefusal(path, 405, `OPTIONS is not answered at ${path}`))
    }
    // Before a body is read: nobody needs a key for this.
    app.options(path, { schema: { hide: true }, onRequest: refuse }, refuse)
  }

  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const state = isDraining() ? 'closing' : await lookAtDatabase(context)
    if (state !== 'ready') reply.status(503)
    const clock = state === 'ready' ? await askClock() : null
    return { status: statuses[state], ...(clock === null ? {} : { clock }) }
  })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    await askDatabase()
    reply.type(ofProcess.contentType)
    return `${await context.meter.render()}\n${await ofProcess.metrics()}`
  })
}
