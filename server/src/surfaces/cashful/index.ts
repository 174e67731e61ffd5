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
import { analyticsRoutes } from './routes/analytics.ts'
import { authenticationRoutes } from './routes/authentication.ts'
import { balanceRoutes } from './routes/balance.ts'
import { checkoutSessionRoutes } from './routes/checkout.ts'
import { customerRoutes } from './routes/customers.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { paymentIntentRoutes } from './routes/payment-intents.ts'
import { paymentMethodRoutes } from './routes/payment-methods.ts'
import { purchaseRoutes } from './routes/purchases.ts'
import { transferRoutes } from './routes/transfers.ts'
import { webhookEndpointRoutes } from './routes/webhook-endpoints.ts'
import { errorSchema } from './schemas.ts'

/** Everything under `/api/canary`, as Cashful's clients of every language expect it. */
export const cashfulSurface: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, surface) => {
  app.addSchema(errorSchema)
  await describeSurface(app, surface.documents, {
    name: 'cashful',
    title: 'Cashful Customers API',
    description: 'Amounts are whole numbers of minor units. Lists are newest first.',
  })
  answerProblems(app)
  validateRequests(app, { coerceBodies: false })
  serializeAnswers(app)
  readBodies(app, 'json')
  refuseUnstorableAddresses(app)
  requireBearer(app, surface.findKey, surface.tokens)
  readIdempotencyKeys(app, surface.context.vault)
  await app.register(customerRoutes, surface)
  await app.register(purchaseRoutes, surface)
  await app.register(transferRoutes, surface)
  await app.register(paymentIntentRoutes, surface)
  await app.register(checkoutSessionRoutes, surface)
  await app.register(paymentMethodRoutes, surface)
  await app.register(balanceRoutes, surface)
  await app.register(analyticsRoutes, surface)
  await app.register(webhookEndpointRoutes, surface)
  await app.register(eventRoutes, surface)
  await app.register(authenticationRoutes, surface)
  await app.register(healthRoutes, surface)
}
