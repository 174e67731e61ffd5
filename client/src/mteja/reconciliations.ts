import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

export const reconciliation = { id: 'text', status: 'text', openDifferences: 'whole', completed: 'whole' } as const
export const difference = { id: 'text', kind: 'text', amount: 'whole', currency: 'text', status: 'text' } as const

/** `client.reconciliations`: comparisons of the account at a processor with the books. */
export class Reconciliations {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Compares a period, or goes on with the comparison under way. Call it again while the status is `running`. */
  create(body: Mteja.CreateReconciliationBody = {}, options?: CallOptions): Promise<Mteja.Reconciliation> {
    return this.#send({ method: 'POST', path: path`/v1/reconciliations`, body, shape: reconciliation }, options)
  }

  /** Newest first. */
  list(
    query: Mteja.ListReconciliationsQuery = {},
    options?: CallOptions,
  ): List<Mteja.Reconciliation, MtejaStep<Mteja.Reconciliation>> {
    return listSteps(this.#send, path`/v1/reconciliations`, query, reconciliation, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Reconciliation> {
    return this.#send({ method: 'GET', path: path`/v1/reconciliations/${id}`, shape: reconciliation }, options)
  }

  /** How the account and the books differ, newest first: all, or those with a status, of a kind, or of a reconciliation. */
  listDifferences(
    query: Mteja.ListDifferencesQuery = {},
    options?: CallOptions,
  ): List<Mteja.Difference, MtejaStep<Mteja.Difference>> {
    return listSteps(this.#send, path`/v1/differences`, query, difference, options)
  }

  retrieveDifference(id: string, options?: CallOptions): Promise<Mteja.Difference> {
    return this.#send({ method: 'GET', path: path`/v1/differences/${id}`, shape: difference }, options)
  }

  /** Throws ConflictError for a difference that was closed otherwise. */
  closeDifference(id: string, body: Mteja.CloseDifferenceBody, options?: CallOptions): Promise<Mteja.Difference> {
    return this.#send({ method: 'POST', path: path`/v1/differences/${id}/close`, body, shape: difference }, options)
  }
}
