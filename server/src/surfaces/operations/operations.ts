import type { FastifyPluginAsync } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { type Context, isDatabaseReachable } from '../../domain/context.ts'

interface OperationsOptions {
  context: Context
  /** Measures the values that only the database knows. It answers soon, whatever the database does. */
  askDatabase: () => Promise<void>
  /** Something about the clock that the operator should mend, in a sentence; null if there is nothing. */
  askClock: () => Promise<string | null>
}

/** `/healthz`, `/readyz` and `/metrics`: for the operator of the process. */
export const operationsRoutes: FastifyPluginAsync<OperationsOptions> = async (
  app,
  { context, askDatabase, askClock },
) => {
  const ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })
  let draining = false
  app.addHook('preClose', async () => {
    draining = true
  })

  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    if (!draining && (await isDatabaseReachable(context))) {
      const clock = await askClock()
      return { status: 'ready', ...(clock === null ? {} : { clock }) }
    }
    reply.status(503)
    return { status: draining ? 'closing' : 'database unreachable' }
  })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    await askDatabase()
    reply.type(ofProcess.contentType)
    return `${await context.meter.render()}\n${await ofProcess.metrics()}`
  })
}
