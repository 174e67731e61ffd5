import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { type CashfulPage, listPages } from './api.ts'

const event = { id: 'text', webhookEndpointId: 'text', type: 'text', data: 'object', status: 'text' } as const

/** `client.events`: events sent to webhook endpoints, one item for each event and endpoint. */
export class Events {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  list(query: Cashful.ListEventsQuery = {}, options?: CallOptions): List<Cashful.Event, CashfulPage<Cashful.Event>> {
    return listPages(this.#send, path`/api/canary/events`, query, event, options)
  }

  /**
   * Records an event of the merchant's own, which is sent to its webhook endpoints: `checkout.loaded`, or at Mteja a type that
   * begins with `custom.`.
   */
  create(body: Cashful.CreateEventBody, options?: CallOptions): Promise<void> {
    return this.#send({ method: 'POST', path: path`/api/canary/events`, body, shape: 'unread' }, options)
  }

  /** The types of all events. Cashful has this operation since version 0.8.7. */
  async types(options?: CallOptions): Promise<Cashful.EventType[]> {
    const shape = { data: [{ id: 'text', name: 'text', isActive: 'flag' }] } as const
    const call = { method: 'GET', path: path`/api/canary/events/types`, shape } as const
    return (await this.#send<Cashful.ListEventTypesResult>(call, options)).data
  }
}
