import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { auditEntry } from './audit.ts'

const done = { requestId: 'text', writes: [auditEntry], events: [{ id: 'text', type: 'text' }] } as const

/** `client.requests`: what a request did, by the id that its answer or its error had. */
export class Requests {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * The writes, movements and events of a request. Throws NotFoundError for one that changed nothing. `at` says about when a
   * request with an id of your own came.
   */
  retrieve(id: string, query: Mteja.RetrieveRequestQuery = {}, options?: CallOptions): Promise<Mteja.DoneRequest> {
    return this.#send({ method: 'GET', path: path`/v1/requests/${id}`, query, shape: done }, options)
  }
}
