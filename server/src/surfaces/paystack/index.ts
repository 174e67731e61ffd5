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
import { bankRoutes } from './routes/bank.ts'
import { chargeRoutes } from './routes/charge.ts'
import { customerRoutes } from './routes/customer.ts'
import { authorizationRoutes } from './routes/customer-authorization.ts'
import { decisionRoutes } from './routes/decision.ts'
import { dedicatedAccountRoutes } from './routes/dedicated-account.ts'
import { directDebitRoutes } from './routes/directdebit.ts'
import { transactionRoutes } from './routes/transaction.ts'
import { errorSchema } from './schemas.ts'

/** Paystack's API at the root, where its clients expect it. */
export const paystackSurface: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, surface) => {
  app.addSchema(errorSchema)
  await describeSurface(app, surface.documents, {
    name: 'paystack',
    title: 'Paystack Customers API',
    description: 'A body may be JSON, with any content type or none, or urlencoded. Null means "not given".',
  })
  answerProblems(app)
  validateRequests(app, { coerceBodies: true })
  serializeAnswers(app)
  readBodies(app, 'json-or-urlencoded')
  refuseUnstorableAddresses(app)
  requireBearer(app, surface.findKey)
  readIdempotencyKeys(app, surface.context.vault)
  await app.register(customerRoutes, surface)
  await app.register(authorizationRoutes, surface)
  await app.register(directDebitRoutes, surface)
  await app.register(transactionRoutes, surface)
  await app.register(chargeRoutes, surface)
  await app.register(bankRoutes, surface)
  await app.register(dedicatedAccountRoutes, surface)
  await app.register(decisionRoutes, surface)
}
