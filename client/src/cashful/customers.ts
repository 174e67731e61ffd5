import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { AnyMetadata, Cashful } from '../generated/types.ts'
import { type CashfulPage, listPages } from './api.ts'

const customer = { id: 'text', merchantId: 'text', phoneNumber: 'text', metadata: 'object', createdAt: 'text' } as const
const balance = { customerId: 'text', amount: 'whole', currency: 'text', available: 'whole', pending: 'whole' } as const
const transaction = { id: 'text', type: 'text', amount: 'whole', currency: 'text', 'balanceAfter?': 'whole' } as const
const bulk = { ids: ['text'], count: 'whole' } as const
const paymentMethod = { id: 'text', customerId: 'text', type: 'text' } as const

/** Changes of a customer. Mteja merges metadata member by member, and removes a member given as null. */
export type CustomerChanges<Metadata extends object = AnyMetadata> = Omit<Cashful.UpdateCustomerBody, 'metadata'> & {
  metadata?: { [Name in keyof Metadata]?: Metadata[Name] | null } | undefined
}

/** `client.customers`: customers, their balances, transactions and payment methods. */
export class Customers<Metadata extends object> {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Creates a customer with a cash balance of 0. Throws ConflictError when another customer has the e-mail. */
  create(body: Cashful.CreateCustomerBody<Metadata>, options?: CallOptions): Promise<Cashful.Customer<Metadata>> {
    // Cashful's schema requires metadata, although its text calls metadata optional.
    const whole = { ...body, metadata: body.metadata ?? {} }
    return this.#send({ method: 'POST', path: path`/api/canary/customers`, body: whole, shape: customer }, options)
  }

  list(
    query: Cashful.ListCustomersQuery = {},
    options?: CallOptions,
  ): List<Cashful.Customer<Metadata>, CashfulPage<Cashful.Customer<Metadata>>> {
    return listPages(this.#send, path`/api/canary/customers`, query, customer, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Cashful.Customer<Metadata>> {
    return this.#send({ method: 'GET', path: path`/api/canary/customers/${id}`, shape: customer }, options)
  }

  /**
   * Changes the given members and leaves the rest. Throws ConflictError when another customer has the e-mail. Cashful
   * does not document whether it merges or replaces metadata: give Cashful all metadata or none.
   */
  update(id: string, changes: CustomerChanges<Metadata>, options?: CallOptions): Promise<Cashful.Customer<Metadata>> {
    const call = { method: 'PATCH', path: path`/api/canary/customers/${id}`, body: changes, shape: customer } as const
    return this.#send(call, options)
  }

  /**
   * Makes the same changes to several customers, all or none, and answers the ids of the customers who were changed. Ids that
   * nobody has are left out. Cashful has this operation since version 0.9.0.
   */
  updateBulk(
    ids: readonly string[],
    data: CustomerChanges<Metadata>,
    options?: CallOptions,
  ): Promise<Cashful.UpdateCustomersBulkResult> {
    const body = { ids, data }
    return this.#send({ method: 'PATCH', path: path`/api/canary/customers/bulk`, body, shape: bulk }, options)
  }

  /**
   * Deletes several customers, all or none, and answers the ids of the customers who were deleted now. Throws ConflictError
   * when one of them has money or could still get some. Cashful has this operation since version 0.9.0.
   */
  deleteBulk(ids: readonly string[], options?: CallOptions): Promise<Cashful.DeleteCustomersBulkResult> {
    return this.#send({ method: 'DELETE', path: path`/api/canary/customers/bulk`, body: { ids }, shape: bulk }, options)
  }

  /** The cash balance, as of now. `amount` is `available` + `pending`. Only Mteja has other currencies than the default. */
  balance(id: string, query: Cashful.GetCustomerBalanceQuery = {}, options?: CallOptions): Promise<Cashful.Balance> {
    return this.#send(
      { method: 'GET', path: path`/api/canary/customers/${id}/balance`, query, shape: balance },
      options,
    )
  }

  /** Entries of the cash balance in every currency. A positive `amount` came in, a negative one went out. */
  transactions(
    id: string,
    query: Cashful.ListCustomerTransactionsQuery = {},
    options?: CallOptions,
  ): List<Cashful.Transaction, CashfulPage<Cashful.Transaction>> {
    return listPages(this.#send, path`/api/canary/customers/${id}/transactions`, query, transaction, options)
  }

  paymentMethods(
    id: string,
    query: Cashful.ListCustomerPaymentMethodsQuery = {},
    options?: CallOptions,
  ): List<Cashful.CustomerPaymentMethod, CashfulPage<Cashful.CustomerPaymentMethod>> {
    return listPages(this.#send, path`/api/canary/customers/${id}/payment-methods`, query, paymentMethod, options)
  }
}
