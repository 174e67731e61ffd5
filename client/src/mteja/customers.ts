import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const customer = {
  id: 'text',
  'name?': 'text',
  'email?': 'text',
  'phoneNumber?': 'text',
  identified: 'flag',
  riskAction: 'text',
  balances: [{ currency: 'text', posted: 'whole', held: 'whole', available: 'whole', owed: 'whole' }],
  updatedAt: 'text',
} as const
const balances = { customerId: 'text', balances: [{ currency: 'text', posted: 'whole', 'held?': 'whole' }] } as const
const entry = { transactionId: 'text', kind: 'text', amount: 'whole', currency: 'text', balanceAfter: 'whole' } as const
const statement = {
  customerId: 'text',
  currency: 'text',
  openingBalance: 'whole',
  closingBalance: 'whole',
  totalIn: 'whole',
  totalOut: 'whole',
  entries: [{ number: 'whole', transactionId: 'text', amount: 'whole', balanceAfter: 'whole' }],
  'nextAfter?': 'whole',
} as const

const erasure = { customerId: 'text', startedAt: 'text', 'erasedAt?': 'text' } as const

/** The period of a statement, and its currency; default the merchant's first. */
export type StatementPeriod = Pick<Mteja.GetStatementQuery, 'from' | 'to' | 'currency'>

/**
 * `client.customers`: customers with their balances, their risk action and default payment method, balances now and at an instant, statements of a period, with links to them, everything that
 * is stored of a customer as a file, and its erasure.
 */
export class Customers {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Customers with their balances, newest first or by a field. All conditions hold together. Reading on follows `nextBefore`, or
   * the offset where the list has another order.
   */
  list(
    query: Mteja.ListCustomersQuery = {},
    options?: CallOptions,
  ): List<Mteja.ListedCustomer, Mteja.ListCustomersResult> {
    const shape = { data: [customer], total: 'whole', 'nextBefore?': 'text' } as const
    return createList(query, {
      fetch: (query) => {
        const call = { method: 'GET', path: path`/v1/customers`, query, shape } as const
        return this.#send<Mteja.ListCustomersResult>(call, options)
      },
      itemsOf: (page) => page.data,
      next: ({ data, total, nextBefore }, { offset = 0, ...query }) => {
        if (nextBefore !== null) return { ...query, before: nextBefore }
        return query.before === undefined && offset + data.length < total
          ? { ...query, offset: offset + data.length }
          : undefined
      },
    })
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Customer> {
    return this.#send({ method: 'GET', path: path`/v1/customers/${id}`, shape: customer }, options)
  }

  /** Allows or denies the customer, or neither. The reason is for people, and goes with the person. */
  setRiskAction(id: string, body: Mteja.SetRiskActionBody, options?: CallOptions): Promise<Mteja.Customer> {
    return this.#send({ method: 'POST', path: path`/v1/customers/${id}/risk-action`, body, shape: customer }, options)
  }

  /** Makes a payment method the customer's default; null for none. Answers the default of before as well. */
  setDefaultPaymentMethod(
    id: string,
    paymentMethodId: string | null,
    options?: CallOptions,
  ): Promise<Mteja.DefaultPaymentMethod> {
    const to = path`/v1/customers/${id}/default-payment-method`
    const shape = { customerId: 'text', 'paymentMethodId?': 'text' } as const
    if (paymentMethodId === null) return this.#send({ method: 'DELETE', path: to, shape }, options)
    return this.#send({ method: 'PUT', path: to, body: { paymentMethodId }, shape }, options)
  }

  /** What moved on the customer's cash, newest first: all, of a kind, in or out, in a currency, in a period. */
  entries(
    id: string,
    query: Mteja.ListEntriesQuery = {},
    options?: CallOptions,
  ): List<Mteja.CustomerEntry, MtejaStep<Mteja.CustomerEntry>> {
    return listSteps(this.#send, path`/v1/customers/${id}/entries`, query, entry, options)
  }

  /** Balances as of now. With `at`, balances as of a past instant, of which only `posted` is known. */
  balances(id: string, query: Mteja.ListBalancesQuery = {}, options?: CallOptions): Promise<Mteja.Balances> {
    return this.#send({ method: 'GET', path: path`/v1/customers/${id}/balances`, query, shape: balances }, options)
  }

  /**
   * The entries of a period, oldest first. Each page is the statement with up to 1,000 entries. `await
   * client.customers.statement(id, period).page()` has the opening and the closing balance.
   */
  statement(id: string, period: StatementPeriod, options?: CallOptions): List<Mteja.StatementEntry, Mteja.Statement> {
    return createList(period as Mteja.GetStatementQuery, {
      fetch: (query) => {
        const call = { method: 'GET', path: path`/v1/customers/${id}/statement`, query, shape: statement } as const
        return this.#send<Mteja.Statement>(call, options)
      },
      itemsOf: (page) => page.entries,
      next: ({ nextAfter }, query) => (nextAfter === null ? undefined : { ...query, after: nextAfter }),
    })
  }

  /** The whole statement as CSV, or as an HTML page to print. */
  statementFile(
    id: string,
    query: StatementPeriod & { format: 'csv' | 'html' },
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: 'GET', path: path`/v1/customers/${id}/statement`, query } as const
    return this.#send({ ...call, shape: `text/${query.format}` }, options)
  }

  /** A link that opens the statement in a browser, without a key, for 15 minutes. */
  statementLink(id: string, period: StatementPeriod, options?: CallOptions): Promise<Mteja.StatementLink> {
    const shape = { url: 'text', expiresAt: 'text' } as const
    const to = path`/v1/customers/${id}/statement-links`
    return this.#send({ method: 'POST', path: to, body: period, shape }, options)
  }

  /**
   * Everything that is stored of the customer as one JSON file (`Mteja.PersonFile`). The text is given while it arrives, and
   * no faster than it is read, because it may be longer than fits in memory.
   */
  export(id: string, options?: CallOptions): Promise<ReadableStream<Uint8Array>> {
    const call = { method: 'GET', path: path`/v1/customers/${id}/export`, shape: 'application/json' } as const
    return this.#send({ ...call, isStream: true }, options)
  }

  /** Removes everything personal of the customer, for good. The customer is hidden at once; `erasure` says when all is done. */
  erase(id: string, options?: CallOptions): Promise<Mteja.Erasure> {
    return this.#send({ method: 'POST', path: path`/v1/customers/${id}/erase`, shape: erasure }, options)
  }

  /** How far the erasure of a customer is. */
  erasure(id: string, options?: CallOptions): Promise<Mteja.Erasure> {
    return this.#send({ method: 'GET', path: path`/v1/customers/${id}/erasure`, shape: erasure }, options)
  }
}
