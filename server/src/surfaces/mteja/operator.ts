import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { actorIdOf } from '../../domain/merchants/actors.ts'
import { noteAuthenticated } from '../http/authenticated-connections.ts'
import { countingFailures, readBearer } from '../http/authentication.ts'
import { noteRefusedCredential } from '../http/refused-credentials.ts'
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
  { adminKey, context, isCommandLine, rates }: SurfaceContext,
  name: string,
): void {
  app.decorateRequest('actor', null)
  app.addHook('onRequest', async (request, reply) => {
    const isOwnSocket = operatorSockets.has(request.raw.socket)
    if (!isOwnSocket) await refuseOthers(request, reply)
    if (request.method === 'GET' || request.method === 'HEAD') return
    const isCommand = isOwnSocket || isCommandLine
    const from = isCommand ? { surface: 'command line' } : { surface: name, address: request.ip }
    const actor = { merchantId: 0, kind: 'operator', apiKeyId: null, ...from } as const
    request.actor = { id: await actorIdOf(context, actor), requestId: request.id }
  })

  async function refuseOthers(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (adminKey === undefined) {
      throw new ServiceError('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}`)
    }
    await countingFailures(rates, request, reply, async () => {
      if (isSame(readBearer(request), adminKey)) return noteAuthenticated(request.raw.socket, 'operator')
      throw new ServiceError('unauthorized', 'The operator key is not valid')
    }).catch((error) => {
      noteRefusedCredential(context, request, 'operator', error)
      throw error
    })
  }
}

/** Compares in constant time, whatever the lengths. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}
