import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'

export const processorAccount = { direction: 'text', processor: 'text', state: 'text' } as const

export const sending = { paused: 'flag' } as const

/** `client.processors`: who takes the merchant's money from payers and sends it to banks, in the mode of the key. */
export class Processors {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** The processor of each direction, its state and its last error. */
  list(options?: CallOptions): Promise<Mteja.ListProcessorsResult> {
    return this.#send({ method: 'GET', path: path`/v1/processors`, shape: { data: [processorAccount] } }, options)
  }

  /** Chooses the processor of a direction. `ifMatch` is the `chosenAt` that was read. */
  set(
    direction: Mteja.ProcessorAccount['direction'],
    body: Mteja.SetProcessorBody,
    options?: CallOptions,
  ): Promise<Mteja.ProcessorAccount> {
    const at = path`/v1/processors/${direction}`
    return this.#send({ method: 'PUT', path: at, body, shape: processorAccount }, options)
  }

  /** Pauses all sending, or lets it go on: payouts, refunds, charges and webhooks. */
  setSending(body: Mteja.SetSendingBody, options?: CallOptions): Promise<Mteja.SetSendingResult> {
    return this.#send({ method: 'PUT', path: path`/v1/sending`, body, shape: sending }, options)
  }
}
