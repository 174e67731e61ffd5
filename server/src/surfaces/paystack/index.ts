import { authenticateKeys } from '../http/authentication.ts'
import type { Dialect } from '../http/open-surface.ts'
import { renderProblem, renderUnreadable } from './errors.ts'
import { addressVerificationRoutes } from './routes/address-verification.ts'
import { balanceRoutes } from './routes/balance.ts'
import { bankRoutes } from './routes/bank.ts'
import { chargeRoutes } from './routes/charge.ts'
import { countryRoutes } from './routes/country.ts'
import { customerRoutes } from './routes/customer.ts'
import { authorizationRoutes } from './routes/customer-authorization.ts'
import { decisionRoutes } from './routes/decision.ts'
import { dedicatedAccountRoutes } from './routes/dedicated-account.ts'
import { directDebitRoutes } from './routes/directdebit.ts'
import { disputeRoutes } from './routes/dispute.ts'
import { refundRoutes } from './routes/refund.ts'
import { settlementRoutes } from './routes/settlement.ts'
import { transactionRoutes } from './routes/transaction.ts'
import { transferRoutes } from './routes/transfer.ts'
import { transferOtpRoutes } from './routes/transfer-otp.ts'
import { transferRecipientRoutes } from './routes/transferrecipient.ts'
import { errorSchema } from './schemas.ts'

/** Paystack's API at the root, where its clients expect it. */
export const paystack: Dialect = {
  name: 'paystack',
  title: 'Paystack Customers API',
  description: 'Bodies may be JSON, with any content type or none, or urlencoded. Null stands for "not given".',
  prefix: '',
  bodies: 'json-or-urlencoded',
  coerceBodies: true,
  unknownMembers: 'ignored',
  errorSchema,
  render: renderProblem,
  renderUnreadable,
  callers: [
    {
      authenticate: authenticateKeys,
      routes: [
        customerRoutes,
        authorizationRoutes,
        directDebitRoutes,
        transactionRoutes,
        chargeRoutes,
        refundRoutes,
        disputeRoutes,
        balanceRoutes,
        settlementRoutes,
        transferRecipientRoutes,
        transferRoutes,
        transferOtpRoutes,
        bankRoutes,
        dedicatedAccountRoutes,
        decisionRoutes,
        countryRoutes,
        addressVerificationRoutes,
      ],
    },
  ],
}
