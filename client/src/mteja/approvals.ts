import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'
import { changeOf } from './settings.ts'

const shape = { id: 'text', kind: 'text', subjectId: 'text', status: 'text' } as const
const settings = { limits: [{ currency: 'text' }] } as const

/** `client.approvals`: what waits for a second person. */
export class Approvals {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first: all, those in a status, of a kind, or with `mine` those that wait and that the key may approve. */
  list(query: Mteja.ListApprovalsQuery = {}, options?: CallOptions): List<Mteja.Approval, MtejaStep<Mteja.Approval>> {
    return listSteps(this.#send, path`/v1/approvals`, query, shape, options)
  }

  /** With `obstacle`: why the key may not approve it, or null. */
  retrieve(id: string, options?: CallOptions): Promise<Mteja.RetrievedApproval> {
    return this.#send({ method: 'GET', path: path`/v1/approvals/${id}`, shape }, options)
  }

  /**
   * Has the thing done once, as it was asked. Throws PermissionError for a key that is not another person's, and ConflictError
   * for a thing that was decided otherwise.
   */
  approve(id: string, options?: CallOptions): Promise<Mteja.Approval> {
    return this.#send({ method: 'POST', path: path`/v1/approvals/${id}/approve`, shape }, options)
  }

  /** The thing is never done. The asker may withdraw it so. Throws ConflictError for a thing that was decided otherwise. */
  deny(id: string, body: Mteja.DenyApprovalBody = {}, options?: CallOptions): Promise<Mteja.Approval> {
    return this.#send({ method: 'POST', path: path`/v1/approvals/${id}/deny`, body, shape }, options)
  }

  /** What waits for a second person. */
  retrieveSettings(options?: CallOptions): Promise<Mteja.ApprovalSettings> {
    return this.#send({ method: 'GET', path: path`/v1/approval-settings`, shape: settings }, options)
  }

  /**
   * A lower limit counts at once. A higher one waits for a second person, whose approval the answer names. Settings as they were read
   * can be sent back, with changes. Throws ConflictError if somebody has changed them meanwhile.
   */
  updateSettings(
    body: Mteja.UpdateApprovalSettingsBody | Mteja.ApprovalSettings,
    options?: CallOptions,
  ): Promise<Mteja.ApprovalSettings> {
    const [change, condition] = changeOf(body, options)
    return this.#send({ method: 'PATCH', path: path`/v1/approval-settings`, body: change, shape: settings }, condition)
  }
}
