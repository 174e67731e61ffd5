import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const balances = envelope([{ currency: 'text', balance: 'whole' }])
const movement = { id: 'whole', balance: 'whole', difference: 'whole', currency: 'text' } as const

/** A page of movements and its place. */
export interface BalanceLedgerPage {
  data: Paystack.BalanceMovement[]
  meta: Paystack.PageMeta
}

/** `client.balance`: the merchant's own money. */
export class Balance {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** What is available in each currency, in hundredths. */
  async fetch(options?: CallOptions): Promise<Paystack.CurrencyBalance[]> {
    const call = { method: 'GET', path: path`/balance`, shape: balances } as const
    return (await this.#send<{ data: Paystack.CurrencyBalance[] }>(call, options)).data
  }

  /** What moved, newest first: all, or in a period. */
  ledger(
    query: Paystack.BalanceLedgerQuery = {},
    options?: CallOptions,
  ): List<Paystack.BalanceMovement, BalanceLedgerPage> {
    const shape = envelope([movement], 'object')
    return createList(query as Paystack.BalanceLedgerQuery & { next?: string }, {
      fetch: async (query) => {
        const call = { method: 'GET', path: path`/balance/ledger`, query, shape } as const
        const { data, meta } = await this.#send<BalanceLedgerPage>(call, options)
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }
}
