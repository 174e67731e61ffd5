import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { type CashfulPage, listPages } from './api.ts'

const balance = { merchantId: 'text', amount: 'whole', currency: 'text', available: 'whole', pending: 'whole' } as const
const transaction = { id: 'text', type: 'text', amount: 'whole', currency: 'text', 'balanceAfter?': 'whole' } as const

/** `client.balance`: the merchant's own balance and its history. */
export class MerchantBalance {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  retrieve(query: Cashful.GetMerchantBalanceQuery = {}, options?: CallOptions): Promise<Cashful.MerchantBalance> {
    return this.#send({ method: 'GET', path: path`/api/canary/balance`, query, shape: balance }, options)
  }

  /** Entries of the merchant's balance. A positive `amount` came in, a negative one went out. */
  history(
    query: Cashful.GetBalanceHistoryQuery = {},
    options?: CallOptions,
  ): List<Cashful.MerchantTransaction, CashfulPage<Cashful.MerchantTransaction>> {
    return listPages(this.#send, path`/api/canary/balance/history`, query, transaction, options)
  }
}
