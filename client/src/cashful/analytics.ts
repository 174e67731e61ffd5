import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'

/** `client.analytics`: recent money movements. */
export class Analytics {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Transactions and new customers of the last 24 hours, 7 days and 30 days. */
  retrieve(query: Cashful.GetAnalyticsQuery = {}, options?: CallOptions): Promise<Cashful.Analytics> {
    const shape = { transactions: { daily: 'object', breakdown: ['object'] }, newCustomers: 'object' } as const
    return this.#send({ method: 'GET', path: path`/api/canary/analytics`, query, shape }, options)
  }

  /** The balance, and the numbers of all customers and transactions. */
  summary(query: Cashful.GetAnalyticsSummaryQuery = {}, options?: CallOptions): Promise<Cashful.AnalyticsSummary> {
    const shape = { balance: 'whole', customers: 'whole', transactions: 'whole', members: 'whole' } as const
    return this.#send({ method: 'GET', path: path`/api/canary/analytics/summary`, query, shape }, options)
  }
}
