import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const row = { id: 'whole', status: 'text', total_amount: 'whole', currency: 'text' } as const

/** A page of settlements and its place. */
export interface SettlementPage {
  data: Paystack.Settlement[]
  meta: Paystack.PageMeta
}

/** `client.settlements`: what the account at a processor has sent to the merchant's bank. */
export class Settlements {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first: all, or those in a status or of a period. */
  list(query: Paystack.SettlementsFetchQuery = {}, options?: CallOptions): List<Paystack.Settlement, SettlementPage> {
    const shape = envelope([row], 'object')
    return createList(query as Paystack.SettlementsFetchQuery & { next?: string }, {
      fetch: async (query) => {
        const { data, meta } = await this.#send<SettlementPage>(
          { method: 'GET', path: path`/settlement`, query, shape },
          options,
        )
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }
}
