import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { AnyMetadata, Paystack } from '../generated/types.ts'
import { type Confirmation, confirmationOf, envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const row = { id: 'whole', customer_code: 'text', 'email?': 'text', 'metadata?': 'object' } as const
const customer = envelope({ ...row, authorizations: [{ authorization_code: 'text', 'channel?': 'text' }] })
const changedCustomer = envelope(row)
const request = envelope({ redirect_url: 'text', access_code: 'text', reference: 'text' })
const mandate = { id: 'whole', status: 'text', authorization_id: 'whole', customer: 'object' } as const

type PageQuery = Omit<Paystack.CustomerListQuery, 'use_cursor' | 'next' | 'previous'> & {
  use_cursor?: false | undefined
}
type CursorQuery = Omit<Paystack.CustomerListQuery, 'use_cursor' | 'page'> & { use_cursor: true }

/** A page of customers and its place: by number with the total, or by cursor. */
export interface CustomerPage<Metadata extends object = AnyMetadata, Meta = Paystack.PageMeta | Paystack.CursorMeta> {
  data: Paystack.CustomerRow<Metadata>[]
  meta: Meta
}

/** `client.customers`: Paystack's customers, with their authorizations and direct debit. */
export class Customers<Metadata extends object> {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Creates a customer, or answers the customer who has the e-mail, unchanged. */
  create(body: Paystack.CustomerCreateBody<Metadata>, options?: CallOptions): Promise<Paystack.Customer<Metadata>> {
    return this.#data({ method: 'POST', path: path`/customer`, body, shape: changedCustomer }, options)
  }

  /**
   * Newest first: by pages with their total, or with `use_cursor: true` by cursors, which new customers do not shift.
   */
  list(query: CursorQuery, options?: CallOptions): CustomerList<Metadata, Paystack.CursorMeta>
  list(query?: PageQuery, options?: CallOptions): CustomerList<Metadata, Paystack.PageMeta>
  list(query: PageQuery | CursorQuery = {}, options?: CallOptions): CustomerList<Metadata, never> {
    const meta = query.use_cursor ? ({ 'next?': 'text' } as const) : 'object'
    const shape = envelope([row], meta)
    return createList(query as Paystack.CustomerListQuery, {
      fetch: async (query) => {
        const answer = await this.#send<CustomerPage<Metadata>>(
          { method: 'GET', path: path`/customer`, query, shape },
          options,
        )
        return { data: answer.data, meta: answer.meta as never }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }

  /** Reads a customer by e-mail, customer code or id. */
  fetch(emailOrCode: string | number, options?: CallOptions): Promise<Paystack.FetchedCustomer<Metadata>> {
    return this.#data({ method: 'GET', path: path`/customer/${emailOrCode}`, shape: customer }, options)
  }

  /**
   * Changes the given members and leaves the rest. Metadata is replaced as a whole. The names of an identified customer
   * stay the bank's.
   */
  update(
    code: string,
    changes: Paystack.CustomerUpdateBody<Metadata>,
    options?: CallOptions,
  ): Promise<Paystack.Customer<Metadata>> {
    const call = { method: 'PUT', path: path`/customer/${code}`, body: changes, shape: changedCustomer } as const
    return this.#data(call, options)
  }

  /** Starts an identification. Its outcome is sent by webhook (`customeridentification.success` or `.failed`). */
  validate(emailOrCode: string, body: Paystack.CustomerValidateBody, options?: CallOptions): Promise<Confirmation> {
    return this.#confirm('POST', path`/customer/${emailOrCode}/identification`, body, options)
  }

  /** `allow` whitelists, `deny` blacklists, `default` does neither. */
  setRiskAction(body: Paystack.CustomerRiskActionBody, options?: CallOptions): Promise<Paystack.Customer<Metadata>> {
    return this.#data({ method: 'POST', path: path`/customer/set_risk_action`, body, shape: changedCustomer }, options)
  }

  /** Deactivates an authorization, so that it cannot charge the customer again. */
  deactivateAuthorization(authorizationCode: string, options?: CallOptions): Promise<Confirmation> {
    const body = { authorization_code: authorizationCode }
    return this.#confirm('POST', path`/customer/authorization/deactivate`, body, options)
  }

  /** Asks for a direct debit mandate: send the customer to `redirect_url`. */
  initializeAuthorization(
    body: Paystack.CustomerInitializeAuthorizationBody,
    options?: CallOptions,
  ): Promise<Paystack.AuthorizationRequest> {
    return this.#data({ method: 'POST', path: path`/customer/authorization/initialize`, body, shape: request }, options)
  }

  /** The outcome of an authorization request. Throws NotFoundError until the customer has answered it. */
  verifyAuthorization(reference: string, options?: CallOptions): Promise<Paystack.VerifiedAuthorization> {
    const shape = envelope({ authorization_code: 'text', active: 'flag', customer: 'object' })
    return this.#data({ method: 'GET', path: path`/customer/authorization/verify/${reference}`, shape }, options)
  }

  /** Asks a known customer, by their numeric id, to link a bank account. */
  initializeDirectDebit(
    id: number,
    body: Paystack.CustomerInitializeDirectDebitBody,
    options?: CallOptions,
  ): Promise<Paystack.AuthorizationRequest> {
    return this.#data(
      { method: 'POST', path: path`/customer/${id}/initialize-direct-debit`, body, shape: request },
      options,
    )
  }

  /** Tries to activate a pending mandate again. */
  directDebitActivationCharge(
    id: number,
    body: Paystack.CustomerDirectDebitActivationChargeBody,
    options?: CallOptions,
  ): Promise<Confirmation> {
    return this.#confirm('PUT', path`/customer/${id}/directdebit-activation-charge`, body, options)
  }

  /** The customer's mandates, newest first. The API answers all of them at once. */
  async mandateAuthorizations(
    id: number,
    options?: CallOptions,
  ): Promise<Pick<Paystack.CustomerMandateAuthorizationsResult, 'data' | 'meta'>> {
    const shape = envelope([mandate], 'object')
    const call = { method: 'GET', path: path`/customer/${id}/directdebit-mandate-authorizations`, shape } as const
    const { data, meta } = await this.#send<Paystack.CustomerMandateAuthorizationsResult>(call, options)
    return { data, meta }
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }

  async #confirm(
    method: 'POST' | 'PUT',
    at: ReturnType<typeof path>,
    body: object,
    options: CallOptions | undefined,
  ): Promise<Confirmation> {
    return confirmationOf(await this.#send({ method, path: at, body, shape: envelope() }, options))
  }
}

type CustomerList<Metadata extends object, Meta> = List<Paystack.CustomerRow<Metadata>, CustomerPage<Metadata, Meta>>
