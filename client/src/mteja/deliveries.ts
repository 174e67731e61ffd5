import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const delivery = { id: 'text', endpointId: 'text', eventId: 'text', status: 'text', attemptCount: 'whole' } as const
const detailed = { ...delivery, attempts: [{ number: 'whole', request: { url: 'text', body: 'text' } }] } as const
const counted = { count: 'whole' } as const

/** `client.deliveries`: the events sent to each webhook endpoint, the endpoint's answers, and sending again. */
export class Deliveries {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first. */
  list(query: Mteja.ListDeliveriesQuery = {}, options?: CallOptions): List<Mteja.Delivery, MtejaStep<Mteja.Delivery>> {
    return listSteps(this.#send, path`/v1/deliveries`, query, delivery, options)
  }

  /** A delivery with each attempt: the request sent and the answer received. */
  retrieve(id: string, options?: CallOptions): Promise<Mteja.DetailedDelivery> {
    return this.#send({ method: 'GET', path: path`/v1/deliveries/${id}`, shape: detailed }, options)
  }

  /** Sends a delivery again at once, with a new round of retries. A delivered one can be sent again too. */
  resend(id: string, options?: CallOptions): Promise<Mteja.Delivery> {
    return this.#send({ method: 'POST', path: path`/v1/deliveries/${id}/resend`, shape: delivery }, options)
  }

  /**
   * Sends the deliveries that fit the filter again, up to 10,000. By default these are the failed ones. Answers their
   * number.
   */
  resendAll(filter: Mteja.ResendDeliveriesBody = {}, options?: CallOptions): Promise<{ count: number }> {
    return this.#send({ method: 'POST', path: path`/v1/deliveries/resend`, body: filter, shape: counted }, options)
  }

  /** The number of deliveries that `resendAll` would send again. */
  previewResend(filter: Mteja.PreviewResendQuery = {}, options?: CallOptions): Promise<{ count: number }> {
    return this.#send(
      { method: 'GET', path: path`/v1/deliveries/resend-preview`, query: filter, shape: counted },
      options,
    )
  }
}
