import type { FastifyPluginAsync } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { type Context, isDatabaseReachable } from '../../domain/context.ts'

interface OperationsOptions {
  context: Context
  /** Measures the values that only the database knows. It answers soon, whatever the database does. */
  askDatabase: () => Promise<void>
  /** Whether the server is about to close. */
  isDraining: () => boolean
}

/** `/healthz`, `/readyz` and `/metrics`: for the operator of the process. */
export const operationsRoutes: FastifyPluginAsync<OperationsOptions> = async (
  app,
  { context, askDatabase, isDraining },
) => {
  const ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })

  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    if (!isDraining() && (await isDatabaseReachable(context))) return { status: 'ready' }
    reply.status(503)
    return { status: isDraining() ? 'closing' : 'database unreachable' }
  })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    await askDatabase()
    reply.type(ofProcess.contentType)
    return `${await context.meter.render()}\n${await ofProcess.metrics()}`
  })
}
