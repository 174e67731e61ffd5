import type { CallOptions, ClientOptions, Credential } from '../core/options.ts'
import { path } from '../core/path.ts'
import { createSend, type Send } from '../core/transport.ts'
import type { AnyMetadata, Cashful } from '../generated/types.ts'
import { Analytics } from './analytics.ts'
import { cashfulApi } from './api.ts'
import { Authentication } from './authentication.ts'
import { MerchantBalance } from './balance.ts'
import { CheckoutSessions } from './checkout-sessions.ts'
import { Customers } from './customers.ts'
import { Events } from './events.ts'
import { PaymentIntents } from './payment-intents.ts'
import { PaymentMethods } from './payment-methods.ts'
import { Payouts } from './payouts.ts'
import { Purchases } from './purchases.ts'
import { Transfers } from './transfers.ts'
import { WebhookEndpoints } from './webhook-endpoints.ts'

export interface CashfulOptions extends ClientOptions {
  /** A secret API key, a session token or a JWT. A function is called before each attempt. */
  token: Credential
}

/**
 * Cashful's API, on Cashful's own service or on a Mteja server:
 *
 *     const client = new CashfulClient({ baseUrl: 'http://localhost:9000', token: 'sk_test_…' })
 *     const customer = await client.customers.create({ phoneNumber: '+27821234567' })
 *
 * @typeParam Metadata the type of the metadata that your code attaches to customers; it is not checked in answers
 */
export class CashfulClient<Metadata extends object = AnyMetadata> {
  readonly customers: Customers<Metadata>
  readonly purchases: Purchases
  readonly transfers: Transfers
  readonly payouts: Payouts
  readonly paymentIntents: PaymentIntents
  readonly checkoutSessions: CheckoutSessions
  readonly paymentMethods: PaymentMethods
  readonly balance: MerchantBalance
  readonly analytics: Analytics
  readonly authentication: Authentication
  readonly webhookEndpoints: WebhookEndpoints
  readonly events: Events
  readonly #send: Send

  constructor({ token, ...options }: CashfulOptions) {
    const send = createSend(cashfulApi, token, options)
    this.#send = send
    this.customers = new Customers(send)
    this.purchases = new Purchases(send)
    this.transfers = new Transfers(send)
    this.payouts = new Payouts(send)
    this.paymentIntents = new PaymentIntents(send)
    this.checkoutSessions = new CheckoutSessions(send)
    this.paymentMethods = new PaymentMethods(send)
    this.balance = new MerchantBalance(send)
    this.analytics = new Analytics(send)
    this.authentication = new Authentication(send)
    this.webhookEndpoints = new WebhookEndpoints(send)
    this.events = new Events(send)
  }

  /** Whether the service can work. Throws ServerError when the service answers that it cannot. */
  health(options?: CallOptions): Promise<Cashful.Health> {
    const shape = { status: 'text', details: 'object' } as const
    return this.#send({ method: 'GET', path: path`/api/canary/health`, shape }, options)
  }
}
