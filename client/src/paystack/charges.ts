import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { chargeShape } from './transactions.ts'

/** `client.charges`: charges a card or a mobile money number from its typed details. */
export class Charges {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Resolves for a declined charge too: check `status`. */
  async create(body: Paystack.ChargeCreateBody, options?: CallOptions): Promise<Paystack.Transaction> {
    const call = { method: 'POST', path: path`/charge`, body, shape: chargeShape } as const
    return (await this.#send<{ data: Paystack.Transaction }>(call, options)).data
  }

  /** The status of a charge that was pending. */
  async check(reference: string, options?: CallOptions): Promise<Paystack.Charge> {
    const call = { method: 'GET', path: path`/charge/${reference}`, shape: chargeShape } as const
    return (await this.#send<{ data: Paystack.Charge }>(call, options)).data
  }
}
