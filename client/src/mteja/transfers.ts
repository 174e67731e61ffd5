import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'

/** `client.transfers`: many transfers at once. For one transfer, use the Cashful client. */
export class Transfers {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Up to 1,000 transfers in one commit, each with its own answer. A refused transfer does not stop the others and
   * throws nothing.
   */
  batch(transfers: Mteja.MakeTransfersBody['transfers'], options?: CallOptions): Promise<Mteja.TransferOutcomes> {
    const body = { transfers: transfers.map(withAmount) }
    const shape = { completed: 'whole', refused: 'whole', outcomes: [{ status: 'text' }] } as const
    return this.#send({ method: 'POST', path: path`/v1/transfers/batch`, body, shape }, options)
  }
}
