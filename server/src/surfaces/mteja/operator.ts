import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { readBearer } from '../http/authentication.ts'
import type { SurfaceContext } from '../http/surface.ts'

const operatorSockets = new WeakSet<Socket>()

/**
 * Marks a connection as the operator's own: it came through the data folder's socket, which only the user the server
 * runs as can open. The command line uses it while the server runs.
 */
export function trustConnection(socket: Socket): void {
  operatorSockets.add(socket)
}

/**
 * Routes for whoever operates the service: by the data folder's socket, or with `MTEJA_ADMIN_KEY` as the bearer. Without
 * such a key configured they do not exist.
 */
export function requireOperator(app: FastifyInstance, { adminKey }: Pick<SurfaceContext, 'adminKey'>): void {
  app.addHook('onRequest', async (request) => {
    if (operatorSockets.has(request.raw.socket)) return
    if (adminKey === undefined) {
      throw new ServiceError('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}`)
    }
    if (!isSame(readBearer(request), adminKey)) throw new ServiceError('unauthorized', 'The operator key is not valid')
  })
}

/** In constant time, whatever the lengths. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}
