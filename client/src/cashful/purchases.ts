import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { withAmount } from '../money.ts'

const purchase = {
  id: 'text',
  customerId: 'text',
  amount: 'whole',
  currency: 'text',
  status: 'text',
  'customerBalanceBefore?': 'whole',
  'customerBalanceAfter?': 'whole',
} as const

/** `client.purchases`: a customer spends their cash balance with the merchant. */
export class Purchases {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Throws InsufficientFundsError when the balance does not cover the amount. */
  create(body: Cashful.CreatePurchaseBody, options?: CallOptions): Promise<Cashful.Purchase> {
    const call = { method: 'POST', path: path`/api/canary/purchases`, body: withAmount(body), shape: purchase } as const
    return this.#send(call, options)
  }
}
