import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { refuseUnstorableAddresses } from '../http/addresses.ts'
import { requireBearer } from '../http/authentication.ts'
import { readBodies } from '../http/body.ts'
import { readIdempotencyKeys } from '../http/idempotency.ts'
import { describeSurface } from '../http/reference.ts'
import { serializeAnswers } from '../http/serialization.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { validateRequests } from '../http/validation.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { customerRoutes } from './customers.ts'
import { deliveryRoutes } from './deliveries.ts'
import { answerProblems } from './errors.ts'
import { eventRoutes } from './events.ts'
import { holdRoutes } from './holds.ts'
import { ledgerRoutes } from './ledger.ts'
import { merchantRoutes } from './merchants.ts'
import { requireOperator } from './operator.ts'
import { refundRoutes } from './refunds.ts'
import { sandboxRoutes } from './sandbox.ts'
import { errorSchema } from './schemas.ts'
import { batchRoutes } from './transfers.ts'
import { webhookEndpointRoutes } from './webhook-endpoints.ts'

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
