import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

export const auditEntry = { id: 'text', at: 'text', action: 'text' } as const

/** `client.audit`: who did what, when, from where, before and after. */
export class Audit {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** All writes, newest first: by a key or person, of an action, about an object, in a period. */
  list(
    query: Omit<Mteja.ListAuditQuery, 'format'> = {},
    options?: CallOptions,
  ): List<Mteja.AuditEntry, MtejaStep<Mteja.AuditEntry>> {
    return listSteps(this.#send, path`/v1/audit`, query, auditEntry, options)
  }
}
