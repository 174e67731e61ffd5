import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { type CashfulPage, listPages } from './api.ts'

const session = { id: 'text', sessionUrl: 'text', 'totalAmount?': 'whole', currency: 'text', status: 'text' } as const

/** `client.checkoutSessions`: pages on which a person pays. */
export class CheckoutSessions {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Creates a session that pays the merchant, or with `mode: 'payin'` the cash balance of `customerId`. Send the person
   * to `sessionUrl`.
   */
  create(body: Cashful.CreateCheckoutSessionBody, options?: CallOptions): Promise<Cashful.CheckoutSession> {
    withAmount({ amount: body.totalAmount })
    body.lineItems?.forEach(withAmount)
    // Cashful's schema requires metadata, as for customers.
    const whole = { ...body, metadata: body.metadata ?? {} }
    const call = { method: 'POST', path: path`/api/canary/checkout/sessions`, body: whole, shape: session } as const
    return this.#send(call, options)
  }

  list(
    query: Cashful.ListCheckoutSessionsQuery = {},
    options?: CallOptions,
  ): List<Cashful.CheckoutSession, CashfulPage<Cashful.CheckoutSession>> {
    return listPages(this.#send, path`/api/canary/checkout/sessions`, query, session, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Cashful.CheckoutSession> {
    return this.#send({ method: 'GET', path: path`/api/canary/checkout/sessions/${id}`, shape: session }, options)
  }
}
