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
export const mtejaSurface: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, context) => {
  app.addSchema(errorSchema)
  await describeSurface(app, context.documents, {
    name: 'mteja',
    title: 'Mteja API',
    description: 'Merchants and keys, and a sandbox that does what the outside world would. Amounts are minor units.',
  })
  answerProblems(app)
  validateRequests(app, { coerceBodies: false })
  serializeAnswers(app)
  readBodies(app, 'json')
  refuseUnstorableAddresses(app)
  await app.register(async (tenants) => {
    requireBearer(tenants, context.findKey, context.tokens)
    readIdempotencyKeys(tenants, context.service.vault)
    await tenants.register(apiKeyRoutes, context)
    await tenants.register(customerRoutes, context)
    await tenants.register(holdRoutes, context)
    await tenants.register(refundRoutes, context)
    await tenants.register(batchRoutes, context)
    await tenants.register(eventRoutes, context)
    await tenants.register(webhookEndpointRoutes, context)
    await tenants.register(deliveryRoutes, context)
    await tenants.register(sandboxRoutes, context)
  })
  await app.register(async (operators) => {
    requireOperator(operators, context.adminKey)
    readIdempotencyKeys(operators, context.service.vault)
    await operators.register(merchantRoutes, context)
    await operators.register(ledgerRoutes, context)
  })
}
