import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

export const accountImport = { id: 'text', status: 'text', stage: 'text', attempts: 'whole' } as const
export const importSkip = { id: 'text', kind: 'text', name: 'text', reason: 'text' } as const
const importedPayment = {
  id: 'text',
  reference: 'text',
  customerId: 'text',
  amount: 'whole',
  currency: 'text',
} as const

/** `client.importedPayments`: what an account at a processor took before its cut-over. No money of it is in the books. */
export class ImportedPayments {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first: all, or those of a customer or with a reference. */
  list(
    query: Mteja.ListImportedPaymentsQuery = {},
    options?: CallOptions,
  ): List<Mteja.ImportedPayment, MtejaStep<Mteja.ImportedPayment>> {
    return listSteps(this.#send, path`/v1/imported-payments`, query, importedPayment, options)
  }
}
