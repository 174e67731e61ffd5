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
export const cashfulSurface: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, context) => {
  app.addSchema(errorSchema)
  await describeSurface(app, context.documents, {
    name: 'cashful',
    title: 'Cashful Customers API',
    description: 'Amounts are whole numbers of minor units. Lists are newest first.',
  })
  answerProblems(app)
  validateRequests(app, { coerceBodies: false })
  serializeAnswers(app)
  readBodies(app, 'json')
  refuseUnstorableAddresses(app)
  requireBearer(app, context.findKey, context.tokens)
  readIdempotencyKeys(app, context.service.vault)
  await app.register(customerRoutes, context)
  await app.register(purchaseRoutes, context)
  await app.register(transferRoutes, context)
  await app.register(paymentIntentRoutes, context)
  await app.register(checkoutSessionRoutes, context)
  await app.register(paymentMethodRoutes, context)
  await app.register(balanceRoutes, context)
  await app.register(analyticsRoutes, context)
  await app.register(webhookEndpointRoutes, context)
  await app.register(eventRoutes, context)
  await app.register(authenticationRoutes, context)
  await app.register(healthRoutes, context)
}
