import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { countingFailures, readBearer } from '../http/authentication.ts'
import type { SurfaceContext } from '../http/surface.ts'

const operatorSockets = new WeakSet<Socket>()

/**
 * Marks a connection as the operator's own. It came through the data folder's socket, which only the user that runs the
 * server can open. The command line uses it while the server runs.
 */
export function trustConnection(socket: Socket): void {
  operatorSockets.add(socket)
}

/**
 * Routes for the operator of the service, through the data folder's socket or with `MTEJA_ADMIN_KEY` as the bearer.
 * Without a configured key the routes answer 404 to the network.
 */
export function requireOperator(
  app: FastifyInstance,
  { adminKey, rates }: Pick<SurfaceContext, 'adminKey' | 'rates'>,
): void {
  app.addHook('onRequest', async (request, reply) => {
    if (operatorSockets.has(request.raw.socket)) return
    if (adminKey === undefined) {
      throw new ServiceError('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}`)
    }
    await countingFailures(rates, request, reply, async () => {
      if (isSame(readBearer(request), adminKey)) return
      throw new ServiceError('unauthorized', 'The operator key is not valid')
    })
  })
}

/** Compares in constant time, whatever the lengths. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}
