import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const suspended = { id: 'text', amount: 'whole', currency: 'text', status: 'text' } as const

/** `client.suspense`: money that came and could not be booked to its owner. A person assigns it or gives it back. */
export class Suspense {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first: all, or with `open` the money that nobody has decided about. */
  list(query: Mteja.ListSuspenseQuery = {}, options?: CallOptions): List<Mteja.Suspended, MtejaStep<Mteja.Suspended>> {
    return listSteps(this.#send, path`/v1/suspense`, query, suspended, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Suspended> {
    return this.#send({ method: 'GET', path: path`/v1/suspense/${id}`, shape: suspended }, options)
  }

  /** Books the money to a customer. Throws ConflictError for money that was decided about otherwise. */
  assign(id: string, body: Mteja.AssignSuspendedBody, options?: CallOptions): Promise<Mteja.Suspended> {
    return this.#send({ method: 'POST', path: path`/v1/suspense/${id}/assign`, body, shape: suspended }, options)
  }

  /** Books that the money has gone back to where it came from. Throws ConflictError as `assign` does. */
  giveBack(id: string, options?: CallOptions): Promise<Mteja.Suspended> {
    return this.#send({ method: 'POST', path: path`/v1/suspense/${id}/give-back`, shape: suspended }, options)
  }
}
