import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'

/** `client.transfers`: many at once. For one, use the Cashful client's. */
export class Transfers {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Up to 1,000 in one commit, each answered for itself: a refused one does not touch the others and throws nothing. */
  batch(transfers: Mteja.MakeTransfersBody['transfers'], options?: CallOptions): Promise<Mteja.TransferOutcomes> {
    const body = { transfers: transfers.map(withAmount) }
    const shape = { completed: 'whole', refused: 'whole', outcomes: [{ status: 'text' }] } as const
    return this.#send({ method: 'POST', path: path`/v1/transfers/batch`, body, shape }, options)
  }
}
