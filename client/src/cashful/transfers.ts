import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { type CashfulPage, listPages } from './api.ts'

const transfer = {
  id: 'text',
  fromCustomerId: 'text',
  toCustomerId: 'text',
  amount: 'whole',
  currency: 'text',
  status: 'text',
} as const

/** `client.transfers`: one customer sends money to another. */
export class Transfers {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Throws InsufficientFundsError when the sender's balance does not cover the amount. */
  create(body: Cashful.CreateTransferBody, options?: CallOptions): Promise<Cashful.Transfer> {
    const call = { method: 'POST', path: path`/api/canary/transfers`, body: withAmount(body), shape: transfer } as const
    return this.#send(call, options)
  }

  list(
    query: Cashful.ListTransfersQuery = {},
    options?: CallOptions,
  ): List<Cashful.Transfer, CashfulPage<Cashful.Transfer>> {
    return listPages(this.#send, path`/api/canary/transfers`, query, transfer, options)
  }
}
