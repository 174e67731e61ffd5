import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const row = { id: 'whole', status: 'text', refund_amount: 'whole', currency: 'text' } as const

/** A page of disputes and its place. */
export interface DisputePage {
  data: Paystack.Dispute[]
  meta: Paystack.PageMeta | Paystack.CursorMeta
}

/** `client.disputes`: payers who want their money back. */
export class Disputes {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first: all, those of a transaction, by its numeric id, or those in a status. */
  list(query: Paystack.DisputeListQuery = {}, options?: CallOptions): List<Paystack.Dispute, DisputePage> {
    const shape = envelope([row], 'object')
    return createList(query as Paystack.DisputeListQuery & { next?: string }, {
      fetch: async (query) => {
        const { data, meta } = await this.#send<DisputePage>(
          { method: 'GET', path: path`/dispute`, query, shape },
          options,
        )
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }

  fetch(id: number, options?: CallOptions): Promise<Paystack.Dispute> {
    return this.#data({ method: 'GET', path: path`/dispute/${id}`, shape: envelope(row) }, options)
  }

  /** The last dispute of a transaction, by its numeric id. */
  fetchOfTransaction(id: number, options?: CallOptions): Promise<Paystack.DisputeOfTransaction> {
    return this.#data({ method: 'GET', path: path`/dispute/transaction/${id}`, shape: envelope(row) }, options)
  }

  /** Changes the amount that is given back if the dispute is lost. */
  async update(id: number, body: Paystack.DisputeUpdateBody, options?: CallOptions): Promise<Paystack.Dispute> {
    const call = { method: 'PUT', path: path`/dispute/${id}`, body, shape: envelope([row]) } as const
    const [dispute] = await this.#data<Paystack.Dispute[]>(call, options)
    return dispute as Paystack.Dispute
  }

  addEvidence(id: number, body: Paystack.DisputeEvidenceBody, options?: CallOptions): Promise<Paystack.Evidence> {
    const shape = envelope({ id: 'whole' })
    return this.#data({ method: 'POST', path: path`/dispute/${id}/evidence`, body, shape }, options)
  }

  /** An address to which a file can be sent. The sandbox keeps no files, and refuses this. */
  uploadUrl(
    id: number,
    query: Paystack.DisputeUploadUrlQuery = {},
    options?: CallOptions,
  ): Promise<Paystack.DisputeUpload> {
    const shape = envelope({ signedUrl: 'text', fileName: 'text' })
    return this.#data({ method: 'GET', path: path`/dispute/${id}/upload_url`, query, shape }, options)
  }

  /** Accepts a dispute, so that the payer has the money back, or declines it. */
  resolve(id: number, body: Paystack.DisputeResolveBody, options?: CallOptions): Promise<Paystack.DisputeResolution> {
    return this.#data({ method: 'PUT', path: path`/dispute/${id}/resolve`, body, shape: envelope(row) }, options)
  }

  /** A link to a CSV file, good for 60 seconds. */
  export(query: Paystack.DisputeDownloadQuery = {}, options?: CallOptions): Promise<Paystack.TransactionExport> {
    const shape = envelope({ path: 'text', expiresAt: 'text' })
    return this.#data({ method: 'GET', path: path`/dispute/export`, query, shape }, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    const { data } = await this.#send<{ data: Data }>(call, options)
    return data
  }
}
