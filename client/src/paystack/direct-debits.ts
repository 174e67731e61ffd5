import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { type Confirmation, confirmationOf, envelope } from './api.ts'

const mandate = { id: 'whole', status: 'text', authorization_id: 'whole', customer: 'object' } as const

/** A page of mandates, and the cursor of the next one. */
export type MandatePage = Pick<Paystack.DirectDebitMandateAuthorizationsResult, 'data' | 'meta'>

/** `client.directDebits`: the mandates of all customers. The mandates of one customer are in `client.customers`. */
export class DirectDebits {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first. */
  mandateAuthorizations(
    query: Paystack.DirectDebitMandateAuthorizationsQuery = {},
    options?: CallOptions,
  ): List<Paystack.Mandate, MandatePage> {
    const shape = envelope([mandate], 'object')
    return createList(query, {
      fetch: async (query) => {
        const call = { method: 'GET', path: path`/directdebit/mandate-authorizations`, query, shape } as const
        const { data, meta } = await this.#send<MandatePage>(call, options)
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => (meta.next ? { ...query, cursor: meta.next } : undefined),
    })
  }

  /** Tries to activate the pending mandates of customers again. */
  async activationCharge(body: Paystack.DirectDebitActivationChargeBody, options?: CallOptions): Promise<Confirmation> {
    const call = { method: 'PUT', path: path`/directdebit/activation-charge`, body, shape: envelope() } as const
    return confirmationOf(await this.#send<Confirmation>(call, options))
  }
}
