import { apiKeyHeader, authenticateEitherHeader } from '../http/authentication.ts'
import type { Dialect } from '../http/open-surface.ts'
import { renderProblem, renderUnreadable } from './errors.ts'
import { analyticsRoutes } from './routes/analytics.ts'
import { authenticationRoutes } from './routes/authentication.ts'
import { balanceRoutes } from './routes/balance.ts'
import { checkoutSessionRoutes } from './routes/checkout.ts'
import { customerRoutes } from './routes/customers.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { paymentIntentRoutes } from './routes/payment-intents.ts'
import { paymentMethodRoutes } from './routes/payment-methods.ts'
import { payoutRoutes } from './routes/payouts.ts'
import { purchaseRoutes } from './routes/purchases.ts'
import { transferRoutes } from './routes/transfers.ts'
import { webhookEndpointRoutes } from './routes/webhook-endpoints.ts'
import { errorSchema } from './schemas.ts'

/** All routes under `/api/canary`, as Cashful's clients of every language expect them. */
export const cashful: Dialect = {
  name: 'cashful',
  title: 'Cashful Customers API',
  description: 'Amounts are whole numbers of minor units. Lists are newest first.',
  apiKeyHeader,
  prefix: '/api/canary',
  bodies: 'json',
  coerceBodies: false,
  slashIsEmptyId: true,
  unknownMembers: 'ignored',
  errorSchema,
  render: renderProblem,
  renderUnreadable,
  callers: [
    {
      authenticate: authenticateEitherHeader,
      routes: [
        customerRoutes,
        purchaseRoutes,
        transferRoutes,
        payoutRoutes,
        paymentIntentRoutes,
        checkoutSessionRoutes,
        paymentMethodRoutes,
        balanceRoutes,
        analyticsRoutes,
        webhookEndpointRoutes,
        eventRoutes,
        authenticationRoutes,
        healthRoutes,
      ],
    },
  ],
}
