import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { refuseUnstorableAddresses } from '../http/addresses.ts'
import { requireBearer } from '../http/authentication.ts'
import { readBodies } from '../http/body.ts'
import { readIdempotencyKeys } from '../http/idempotency.ts'
import { describeSurface } from '../http/reference.ts'
import { serializeAnswers } from '../http/serialization.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { validateRequests } from '../http/validation.ts'
import { answerProblems } from './errors.ts'
import { requireOperator } from './operator.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { customerRoutes } from './routes/customers.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { eventRoutes } from './routes/events.ts'
import { holdRoutes } from './routes/holds.ts'
import { ledgerRoutes } from './routes/ledger.ts'
import { merchantRoutes } from './routes/merchants.ts'
import { refundRoutes } from './routes/refunds.ts'
import { sandboxRoutes } from './routes/sandbox.ts'
import { batchRoutes } from './routes/transfers.ts'
import { webhookEndpointRoutes } from './routes/webhook-endpoints.ts'
import { errorSchema } from './schemas.ts'

/** Mteja's own API under `/v1`: what neither wire has. */
export const mtejaSurface: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, surface) => {
  app.addSchema(errorSchema)
  await describeSurface(app, surface.documents, {
    name: 'mteja',
    title: 'Mteja API',
    description:
      'Merchants, keys, holds, refunds, webhooks and a sandbox that acts as the outside parties. Amounts are minor units.',
  })
  answerProblems(app)
  validateRequests(app, { coerceBodies: false })
  serializeAnswers(app)
  readBodies(app, 'json')
  refuseUnstorableAddresses(app)
  await app.register(async (tenants) => {
    requireBearer(tenants, surface.findKey, surface.tokens)
    readIdempotencyKeys(tenants, surface.context.vault)
    await tenants.register(apiKeyRoutes, surface)
    await tenants.register(customerRoutes, surface)
    await tenants.register(holdRoutes, surface)
    await tenants.register(refundRoutes, surface)
    await tenants.register(batchRoutes, surface)
    await tenants.register(eventRoutes, surface)
    await tenants.register(webhookEndpointRoutes, surface)
    await tenants.register(deliveryRoutes, surface)
    await tenants.register(sandboxRoutes, surface)
  })
  await app.register(async (operators) => {
    requireOperator(operators, surface.adminKey)
    readIdempotencyKeys(operators, surface.context.vault)
    await operators.register(merchantRoutes, surface)
    await operators.register(ledgerRoutes, surface)
  })
}
