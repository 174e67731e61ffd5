import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { AnyMetadata, Paystack } from '../generated/types.ts'
import { type Confirmation, confirmationOf, envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const row = { id: 'whole', account_number: 'text', account_name: 'text', bank: 'object' } as const
const account = envelope(row)
const provider = { provider_slug: 'text', bank_name: 'text' } as const

/** A page of accounts and its place. */
export interface DedicatedAccountPage<Metadata extends object = AnyMetadata> {
  data: Paystack.DedicatedAccountRow<Metadata>[]
  meta: Paystack.PageMeta
}

/** `client.dedicatedAccounts`: bank accounts of customers, through which they are paid. */
export class DedicatedAccounts<Metadata extends object> {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Creates an account for a customer, or answers the account they have. */
  create(
    body: Paystack.DedicatedAccountCreateBody,
    options?: CallOptions,
  ): Promise<Paystack.DedicatedAccount<Metadata>> {
    return this.#data({ method: 'POST', path: path`/dedicated_account`, body, shape: account }, options)
  }

  /**
   * Creates the customer, identifies them and creates an account. The outcome is sent by webhook
   * (`dedicatedaccount.assign.success` or `.failed`).
   */
  async assign(body: Paystack.DedicatedAccountAssignBody, options?: CallOptions): Promise<Confirmation> {
    const call = { method: 'POST', path: path`/dedicated_account/assign`, body, shape: envelope() } as const
    return confirmationOf(await this.#send<Confirmation>(call, options))
  }

  /** Newest first. */
  list(
    query: Paystack.DedicatedAccountListQuery = {},
    options?: CallOptions,
  ): List<Paystack.DedicatedAccountRow<Metadata>, DedicatedAccountPage<Metadata>> {
    const shape = envelope([row], 'object')
    return createList(query as Paystack.DedicatedAccountListQuery & { next?: string }, {
      fetch: async (query) => {
        const call = { method: 'GET', path: path`/dedicated_account`, query, shape } as const
        const { data, meta } = await this.#send<DedicatedAccountPage<Metadata>>(call, options)
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }

  fetch(id: number, options?: CallOptions): Promise<Paystack.FetchedDedicatedAccount<Metadata>> {
    return this.#data({ method: 'GET', path: path`/dedicated_account/${id}`, shape: account }, options)
  }

  /** Takes an account away from its customer. */
  deactivate(id: number, options?: CallOptions): Promise<Paystack.DedicatedAccount<Metadata>> {
    return this.#data({ method: 'DELETE', path: path`/dedicated_account/${id}`, shape: account }, options)
  }

  /** Looks again for transfers to an account, at most every ten minutes. */
  async requery(query: Paystack.DedicatedAccountRequeryQuery, options?: CallOptions): Promise<Confirmation> {
    const call = { method: 'GET', path: path`/dedicated_account/requery`, query, shape: envelope() } as const
    return confirmationOf(await this.#send<Confirmation>(call, options))
  }

  /** The banks that provide accounts. */
  providers(options?: CallOptions): Promise<Paystack.AccountProvider[]> {
    const shape = envelope([provider])
    return this.#data({ method: 'GET', path: path`/dedicated_account/available_providers`, shape }, options)
  }

  /** Removes the split that a former release stored with an account. Splits were never applied. */
  removeSplit(
    body: Paystack.DedicatedAccountRemoveSplitBody,
    options?: CallOptions,
  ): Promise<Paystack.DedicatedAccount<Metadata>> {
    return this.#data({ method: 'DELETE', path: path`/dedicated_account/split`, body, shape: account }, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }
}
