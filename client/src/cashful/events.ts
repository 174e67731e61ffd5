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

  /** The names of all events. Cashful has this operation since version 0.9.0. */
  types(options?: CallOptions): Promise<string[]> {
    return this.#send({ method: 'GET', path: path`/api/canary/events/types`, shape: ['text'] }, options)
  }
}
