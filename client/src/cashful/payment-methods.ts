import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { type CashfulPage, listPages } from './api.ts'

const paymentMethod = { id: 'text', customerId: 'text', type: 'text', provider: 'text', isDefault: 'flag' } as const

/** `client.paymentMethods`: saved payment methods, of one customer or of all. */
export class PaymentMethods {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  list(
    query: Cashful.ListPaymentMethodsQuery = {},
    options?: CallOptions,
  ): List<Cashful.PaymentMethod, CashfulPage<Cashful.PaymentMethod>> {
    return listPages(this.#send, path`/api/canary/payment-methods`, query, paymentMethod, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Cashful.PaymentMethod> {
    return this.#send({ method: 'GET', path: path`/api/canary/payment-methods/${id}`, shape: paymentMethod }, options)
  }

  /**
   * Removes a payment method, so that it can no longer be charged. A NotFoundError with `attempts` above 1 can mean
   * that an earlier attempt removed it.
   */
  delete(id: string, options?: CallOptions): Promise<Cashful.DeletedPaymentMethod> {
    const shape = { id: 'text', deleted: 'flag' } as const
    return this.#send({ method: 'DELETE', path: path`/api/canary/payment-methods/${id}`, shape }, options)
  }
}
