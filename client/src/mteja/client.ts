import type { ClientOptions, Credential } from '../core/options.ts'
import { createSend } from '../core/transport.ts'
import { Adjustments } from './adjustments.ts'
import { mtejaApi } from './api.ts'
import { ApiKeys } from './api-keys.ts'
import { Approvals } from './approvals.ts'
import { Audit } from './audit.ts'
import { Customers } from './customers.ts'
import { Deliveries } from './deliveries.ts'
import { Disputes } from './disputes.ts'
import { Events } from './events.ts'
import { Holds } from './holds.ts'
import { ImportedPayments } from './imported-payments.ts'
import { Ledger } from './ledger.ts'
import { Merchants } from './merchants.ts'
import { PayIns } from './pay-ins.ts'
import { PaymentSettings } from './payment-settings.ts'
import { Payouts } from './payouts.ts'
import { People } from './people.ts'
import { Positions } from './positions.ts'
import { Processors } from './processors.ts'
import { Purchases } from './purchases.ts'
import { Recipients } from './recipients.ts'
import { Reconciliations } from './reconciliations.ts'
import { Refunds } from './refunds.ts'
import { Requests } from './requests.ts'
import { Sandbox } from './sandbox.ts'
import { Suspense } from './suspense.ts'
import { Transactions } from './transactions.ts'
import { Transfers } from './transfers.ts'
import { WebhookEndpoints } from './webhook-endpoints.ts'

export interface MtejaOptions extends ClientOptions {
  /**
   * A secret API key or a JWT. For `merchants` and `ledger`, the operator's key. A function is called before each
   * attempt.
   */
  token: Credential
  /** Default `http://localhost:9000`, the default address of a Mteja server. */
  baseUrl?: string
}

/**
 * Mteja's own API under `/v1`: the operations that neither vendor's API has.
 *
 *     const client = new MtejaClient({ token: 'sk_test_…' })
 *     const hold = await client.holds.place({ customerId, amount: 1000 })
 */
export class MtejaClient {
  readonly apiKeys: ApiKeys
  readonly audit: Audit
  readonly customers: Customers
  readonly deliveries: Deliveries
  readonly approvals: Approvals
  readonly disputes: Disputes
  readonly events: Events
  readonly holds: Holds
  readonly importedPayments: ImportedPayments
  readonly ledger: Ledger
  readonly merchants: Merchants
  readonly people: People
  readonly payIns: PayIns
  readonly adjustments: Adjustments
  readonly suspense: Suspense
  readonly paymentSettings: PaymentSettings
  readonly payouts: Payouts
  readonly processors: Processors
  readonly recipients: Recipients
  readonly reconciliations: Reconciliations
  readonly positions: Positions
  readonly purchases: Purchases
  readonly refunds: Refunds
  readonly requests: Requests
  readonly sandbox: Sandbox
  readonly transactions: Transactions
  readonly transfers: Transfers
  readonly webhookEndpoints: WebhookEndpoints

  constructor({ token, ...options }: MtejaOptions) {
    const send = createSend(mtejaApi, token, options)
    this.apiKeys = new ApiKeys(send)
    this.audit = new Audit(send)
    this.customers = new Customers(send)
    this.deliveries = new Deliveries(send)
    this.approvals = new Approvals(send)
    this.disputes = new Disputes(send)
    this.events = new Events(send)
    this.holds = new Holds(send)
    this.importedPayments = new ImportedPayments(send)
    this.ledger = new Ledger(send)
    this.merchants = new Merchants(send)
    this.people = new People(send)
    this.payIns = new PayIns(send)
    this.adjustments = new Adjustments(send)
    this.suspense = new Suspense(send)
    this.paymentSettings = new PaymentSettings(send)
    this.payouts = new Payouts(send)
    this.processors = new Processors(send)
    this.recipients = new Recipients(send)
    this.reconciliations = new Reconciliations(send)
    this.positions = new Positions(send)
    this.purchases = new Purchases(send)
    this.refunds = new Refunds(send)
    this.requests = new Requests(send)
    this.sandbox = new Sandbox(send)
    this.transactions = new Transactions(send)
    this.transfers = new Transfers(send)
    this.webhookEndpoints = new WebhookEndpoints(send)
  }
}
