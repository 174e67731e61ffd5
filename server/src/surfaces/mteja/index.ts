import { authenticateKeysAndTokens } from '../http/authentication.ts'
import type { Dialect } from '../http/open-surface.ts'
import { renderProblem, renderUnreadable } from './errors.ts'
import { requireOperator } from './operator.ts'
import { adjustmentRoutes } from './routes/adjustments.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { approvalSettingsRoutes } from './routes/approval-settings.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { auditRoutes } from './routes/audit.ts'
import { customerMoneyRoutes } from './routes/customer-money.ts'
import { customerRoutes } from './routes/customers.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { differenceRoutes } from './routes/differences.ts'
import { disputeSettingsRoutes } from './routes/dispute-settings.ts'
import { disputeRoutes } from './routes/disputes.ts'
import { eventRoutes } from './routes/events.ts'
import { holdRoutes } from './routes/holds.ts'
import { importedPaymentRoutes } from './routes/imported-payments.ts'
import { ledgerRoutes } from './routes/ledger.ts'
import { ownMerchantRoutes } from './routes/merchant.ts'
import { merchantRoutes } from './routes/merchants.ts'
import { operatorRoutes } from './routes/operator.ts'
import { payInRoutes } from './routes/pay-ins.ts'
import { paymentSettingsRoutes } from './routes/payment-settings.ts'
import { payoutSettingsRoutes } from './routes/payout-settings.ts'
import { payoutRoutes } from './routes/payouts.ts'
import { personRoutes } from './routes/people.ts'
import { positionRoutes } from './routes/positions.ts'
import { processorRoutes } from './routes/processors.ts'
import { purchaseRoutes } from './routes/purchases.ts'
import { recipientRoutes } from './routes/recipients.ts'
import { reconciliationRoutes } from './routes/reconciliations.ts'
import { refundRoutes } from './routes/refunds.ts'
import { requestRoutes } from './routes/requests.ts'
import { reversalRoutes } from './routes/reversals.ts'
import { sandboxRoutes } from './routes/sandbox.ts'
import { sendingRoutes } from './routes/sending.ts'
import { signingKeyRoutes } from './routes/signing-keys.ts'
import { suspenseRoutes } from './routes/suspense.ts'
import { transactionRoutes } from './routes/transactions.ts'
import { batchRoutes } from './routes/transfers.ts'
import { webhookEndpointRoutes } from './routes/webhook-endpoints.ts'
import { errorSchema } from './schemas.ts'

/** Mteja's own API under `/v1`: the operations that neither vendor's API has. */
export const mteja: Dialect = {
  name: 'mteja',
  title: 'Mteja API',
  description: 'Merchants and keys, and a sandbox that does what the outside world would. Amounts are minor units.',
  prefix: '/v1',
  bodies: 'json',
  coerceBodies: false,
  unknownMembers: 'refused',
  errorSchema,
  render: renderProblem,
  renderUnreadable,
  callers: [
    {
      authenticate: authenticateKeysAndTokens,
      routes: [
        apiKeyRoutes,
        personRoutes,
        auditRoutes,
        ownMerchantRoutes,
        customerRoutes,
        customerMoneyRoutes,
        holdRoutes,
        paymentSettingsRoutes,
        processorRoutes,
        sendingRoutes,
        payInRoutes,
        importedPaymentRoutes,
        adjustmentRoutes,
        approvalRoutes,
        approvalSettingsRoutes,
        suspenseRoutes,
        positionRoutes,
        purchaseRoutes,
        refundRoutes,
        requestRoutes,
        reversalRoutes,
        disputeRoutes,
        disputeSettingsRoutes,
        payoutRoutes,
        recipientRoutes,
        payoutSettingsRoutes,
        reconciliationRoutes,
        differenceRoutes,
        transactionRoutes,
        batchRoutes,
        eventRoutes,
        webhookEndpointRoutes,
        deliveryRoutes,
        sandboxRoutes,
      ],
    },
    { authenticate: requireOperator, routes: [merchantRoutes, operatorRoutes, signingKeyRoutes, ledgerRoutes] },
  ],
}
