import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { listSteps, type MtejaStep } from './api.ts'
import { changeOf } from './settings.ts'

const shape = { id: 'text', reference: 'text', amount: 'whole', currency: 'text', state: 'text' } as const
const settings = { feesBorneBy: 'text' } as const

/** `client.payouts`: money to bank accounts and mobile wallets. */
export class Payouts {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Reserves the money; the payout is sent soon afterwards. The same reference with the same content answers the first payout.
   * Throws ConflictError for a reference of another content.
   */
  create(body: Mteja.CreatePayoutBody, options?: CallOptions): Promise<Mteja.Payout> {
    return this.#send({ method: 'POST', path: path`/v1/payouts`, body: withAmount(body), shape }, options)
  }

  /** Up to 1,000, each with its own answer: a payout, or the reason why none was made. */
  createMany(payouts: Mteja.CreatePayoutsBody['payouts'], options?: CallOptions): Promise<Mteja.PayoutOutcomes> {
    const body = { payouts: payouts.map(withAmount) }
    const answer = { made: 'whole', refused: 'whole', outcomes: [{ status: 'text' }] } as const
    return this.#send({ method: 'POST', path: path`/v1/payouts/batch`, body, shape: answer }, options)
  }

  /** Newest first: all, or those in a state, of a customer, in a currency or of a period. */
  list(query: Mteja.ListPayoutsQuery = {}, options?: CallOptions): List<Mteja.Payout, MtejaStep<Mteja.Payout>> {
    return listSteps(this.#send, path`/v1/payouts`, query, shape, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Payout> {
    return this.#send({ method: 'GET', path: path`/v1/payouts/${id}`, shape }, options)
  }

  /** Throws ConflictError for a payout that is being sent. */
  cancel(id: string, options?: CallOptions): Promise<Mteja.Payout> {
    return this.#send({ method: 'POST', path: path`/v1/payouts/${id}/cancel`, shape }, options)
  }

  /** Approves it, or its settlement by hand, as another person than the asker: see `approvals.approve`. */
  approve(id: string, options?: CallOptions): Promise<Mteja.Payout> {
    return this.#send({ method: 'POST', path: path`/v1/payouts/${id}/approve`, shape }, options)
  }

  /** Denies it, or its settlement by hand: see `approvals.deny`. Its money is released a moment later. */
  deny(id: string, body: Mteja.DenyPayoutBody = {}, options?: CallOptions): Promise<Mteja.Payout> {
    return this.#send({ method: 'POST', path: path`/v1/payouts/${id}/deny`, body, shape }, options)
  }

  /** Says how a payout has ended that a person pays out, or whose account cannot say it, or contradicts itself. */
  settle(id: string, body: Mteja.SettlePayoutBody, options?: CallOptions): Promise<Mteja.Payout> {
    return this.#send({ method: 'POST', path: path`/v1/payouts/${id}/settle`, body, shape }, options)
  }

  /** Who bears the fees of the processor. */
  retrieveSettings(options?: CallOptions): Promise<Mteja.PayoutSettings> {
    return this.#send({ method: 'GET', path: path`/v1/payout-settings`, shape: settings }, options)
  }

  /** Settings as they were read can be sent back, with changes. Throws ConflictError if somebody has changed them meanwhile. */
  updateSettings(
    body: Mteja.UpdatePayoutSettingsBody | Mteja.PayoutSettings,
    options?: CallOptions,
  ): Promise<Mteja.PayoutSettings> {
    const [change, condition] = changeOf(body, options)
    return this.#send({ method: 'PATCH', path: path`/v1/payout-settings`, body: change, shape: settings }, condition)
  }
}
