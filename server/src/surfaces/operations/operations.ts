import type { FastifyPluginAsync } from 'fastify'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { pingDatabase } from '../../db/ping.ts'
import type { Context } from '../../domain/context.ts'

/**
 * `/healthz`, `/readyz` and `/metrics`: for the operator of the process. Registered without a scope of its own, so that
 * the measuring hook sees the requests of every surface.
 */
export const operationsRoutes: FastifyPluginAsync<{ context: Context }> = async (app, { context }) => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request read to the answer sent, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  })
  const failures = new Counter({
    name: 'http_request_failures_total',
    help: 'Answers of 500 and above',
    registers: [registry],
  })
  let draining = false
  app.addHook('preClose', async () => {
    draining = true
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    if (reply.statusCode >= 500) failures.inc()
    done()
  })

  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    if (!draining && (await pingDatabase(context.db))) return { status: 'ready' }
    reply.status(503)
    return { status: draining ? 'closing' : 'database unreachable' }
  })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    reply.type(registry.contentType)
    return registry.metrics()
  })
}

Object.assign(operationsRoutes, { [Symbol.for('skip-override')]: true })
