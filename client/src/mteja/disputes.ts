import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'
import { changeOf } from './settings.ts'

const shape = { id: 'text', amount: 'whole', currency: 'text', state: 'text' } as const
const settings = { borneBy: 'text' } as const

/** `client.disputes`: money that payers take back from outside. */
export class Disputes {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first: all, those of a transaction or payment, of a customer, or in a state. */
  list(query: Mteja.ListDisputesQuery = {}, options?: CallOptions): List<Mteja.Dispute, MtejaStep<Mteja.Dispute>> {
    return listSteps(this.#send, path`/v1/disputes`, query, shape, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Dispute> {
    return this.#send({ method: 'GET', path: path`/v1/disputes/${id}`, shape }, options)
  }

  /** The payer has the money back, or a part of it. Throws ConflictError for a dispute that is decided otherwise. */
  accept(id: string, body: Mteja.AcceptDisputeBody = {}, options?: CallOptions): Promise<Mteja.Dispute> {
    return this.#send({ method: 'POST', path: path`/v1/disputes/${id}/accept`, body, shape }, options)
  }

  /** The merchant says that the money is theirs. Throws ConflictError for a dispute that is decided otherwise. */
  decline(id: string, body: Mteja.DeclineDisputeBody = {}, options?: CallOptions): Promise<Mteja.Dispute> {
    return this.#send({ method: 'POST', path: path`/v1/disputes/${id}/decline`, body, shape }, options)
  }

  /** What speaks against the dispute, before it is declined. */
  addEvidence(id: string, body: Mteja.AddDisputeEvidenceBody, options?: CallOptions): Promise<Mteja.Dispute> {
    return this.#send({ method: 'POST', path: path`/v1/disputes/${id}/evidence`, body, shape }, options)
  }

  /** Who bears disputes, and whether an open one reserves its amount. */
  retrieveSettings(options?: CallOptions): Promise<Mteja.DisputeSettings> {
    return this.#send({ method: 'GET', path: path`/v1/dispute-settings`, shape: settings }, options)
  }

  /** Settings as they were read can be sent back, with changes. Throws ConflictError if somebody has changed them meanwhile. */
  updateSettings(
    body: Mteja.UpdateDisputeSettingsBody | Mteja.DisputeSettings,
    options?: CallOptions,
  ): Promise<Mteja.DisputeSettings> {
    const [change, condition] = changeOf(body, options)
    return this.#send({ method: 'PATCH', path: path`/v1/dispute-settings`, body: change, shape: settings }, condition)
  }
}
