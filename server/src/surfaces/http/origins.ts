import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { rateHeaders } from './rates.ts'

/**
 * Lets pages of other origins read the answers of a surface. Without origins a browser shows no page an answer. A caller is
 * known by its key, never by a cookie, so an origin is given no more than the key it has.
 *
 * @param origins such as `https://shop.example`, or `*` for every origin
 */
export async function allowOrigins(scope: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return
  await scope.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['x-request-id', 'idempotent-replayed', 'retry-after', 'webhook-secret', ...rateHeaders],
    maxAge: 86_400,
    // An OPTIONS that is no preflight is told the same, rather than being refused outside any surface's envelope.
    strictPreflight: false,
  })
}
