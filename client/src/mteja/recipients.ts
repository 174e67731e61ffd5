import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const shape = { id: 'text', type: 'text', currency: 'text' } as const

/** `client.recipients`: the places to which payouts go. */
export class Recipients {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** The same account is the same recipient, and nothing of it is overwritten. */
  create(body: Mteja.CreateRecipientBody, options?: CallOptions): Promise<Mteja.Recipient> {
    return this.#send({ method: 'POST', path: path`/v1/recipients`, body, shape }, options)
  }

  /** The active ones, newest first. */
  list(
    query: Mteja.ListRecipientsQuery = {},
    options?: CallOptions,
  ): List<Mteja.Recipient, MtejaStep<Mteja.Recipient>> {
    return listSteps(this.#send, path`/v1/recipients`, query, shape, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Recipient> {
    return this.#send({ method: 'GET', path: path`/v1/recipients/${id}`, shape }, options)
  }

  /** Changes the name or e-mail, or says whether new payouts may go to it. */
  update(id: string, body: Mteja.UpdateRecipientBody, options?: CallOptions): Promise<Mteja.Recipient> {
    return this.#send({ method: 'PATCH', path: path`/v1/recipients/${id}`, body, shape }, options)
  }
}
