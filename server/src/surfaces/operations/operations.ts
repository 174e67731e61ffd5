import type { FastifyPluginAsync } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { type Context, lookAtDatabase } from '../../domain/context.ts'

interface OperationsOptions {
  context: Context
  /** Measures the values that only the database knows. It answers soon, whatever the database does. */
  askDatabase: () => Promise<void>
  /** Whether the server is about to close. */
  isDraining: () => boolean
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
  { context, askDatabase, isDraining },
) => {
  const ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })

  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const state = isDraining() ? 'closing' : await lookAtDatabase(context)
    if (state !== 'ready') reply.status(503)
    return { status: statuses[state] }
  })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    await askDatabase()
    reply.type(ofProcess.contentType)
    return `${await context.meter.render()}\n${await ofProcess.metrics()}`
  })
}
