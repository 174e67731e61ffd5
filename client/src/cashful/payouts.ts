import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { type CashfulPage, listPages } from './api.ts'

const payout = {
  id: 'text',
  amount: 'whole',
  currency: 'text',
  status: 'text',
} as const

/** `client.payouts`: the merchant sends money of its balance to a bank account. */
export class Payouts {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Throws InsufficientFundsError when the merchant's balance does not cover the amount. */
  create(body: Cashful.CreatePayoutBody, options?: CallOptions): Promise<Cashful.Payout> {
    const call = { method: 'POST', path: path`/api/canary/payouts`, body: withAmount(body), shape: payout } as const
    return this.#send(call, options)
  }

  list(query: Cashful.ListPayoutsQuery = {}, options?: CallOptions): List<Cashful.Payout, CashfulPage<Cashful.Payout>> {
    return listPages(this.#send, path`/api/canary/payouts`, query, payout, options)
  }
}
