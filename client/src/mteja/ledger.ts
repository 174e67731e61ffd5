import { ConnectionError } from '../core/errors.ts'
import { jsonLines, linesOf } from '../core/lines.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'

/** `client.ledger`: the books of all merchants, for the operator of the service. */
export class Ledger {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Derives every balance, number and hold from the entries again, while the server continues to work. Answers the
   * result, however long that takes. Throws ConnectionError when the answer breaks off.
   *
   * @param onProgress is called with the progress, each time some more has been read
   */
  async verify(
    onProgress?: (progress: Mteja.VerificationProgress) => void,
    options?: CallOptions,
  ): Promise<Mteja.VerificationResult> {
    const at = path`/v1/ledger/verification`
    const call = { method: 'GET', path: at, shape: jsonLines, isStream: true } as const
    const stream = await this.#send<ReadableStream<Uint8Array>>(call, options)
    const cutShort = (cause?: unknown): never => {
      options?.signal?.throwIfAborted()
      const operation = `GET ${at.route}`
      throw new ConnectionError(`${operation} ended before its end`, { operation, attempts: 1, cause }, true)
    }
    for await (const text of linesOf(stream, cutShort)) {
      const line = JSON.parse(text) as Mteja.VerificationLine
      if ('result' in line) return line.result
      onProgress?.(line.progress)
    }
    return cutShort()
  }

  /**
   * Every entry of one merchant or of all, as JSON lines (`Mteja.LedgerEntry`) or as CSV. The text is given while it
   * arrives, and no faster than it is read, because it may be longer than fits in memory.
   */
  export(query: Mteja.ExportEntriesQuery = {}, options?: CallOptions): Promise<ReadableStream<Uint8Array>> {
    const shape = query.format === 'csv' ? 'text/csv' : jsonLines
    return this.#send({ method: 'GET', path: path`/v1/ledger/entries`, query, shape, isStream: true }, options)
  }
}
