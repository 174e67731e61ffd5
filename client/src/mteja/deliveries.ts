import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const delivery = { id: 'text', endpointId: 'text', eventId: 'text', status: 'text', attemptCount: 'whole' } as const
const detailed = { ...delivery, attempts: [{ number: 'whole', request: { url: 'text', body: 'text' } }] } as const
const counted = { count: 'whole' } as const

/** `client.deliveries`: what each webhook endpoint was told, what it answered, and telling it again. */
export class Deliveries {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first. */
  list(query: Mteja.ListDeliveriesQuery = {}, options?: CallOptions): List<Mteja.Delivery, MtejaStep<Mteja.Delivery>> {
    return listSteps(this.#send, path`/v1/deliveries`, query, delivery, options)
  }

  /** With each attempt: what was sent, and what came back. */
  retrieve(id: string, options?: CallOptions): Promise<Mteja.DetailedDelivery> {
    return this.#send({ method: 'GET', path: path`/v1/deliveries/${id}`, shape: detailed }, options)
  }

  /** At once, and with a new round of tries; one that was delivered too. */
  resend(id: string, options?: CallOptions): Promise<Mteja.Delivery> {
    return this.#send({ method: 'POST', path: path`/v1/deliveries/${id}/resend`, shape: delivery }, options)
  }

  /** What fits the filter, by default what has failed, up to 10,000. Answers how many. */
  resendAll(filter: Mteja.ResendDeliveriesBody = {}, options?: CallOptions): Promise<{ count: number }> {
    return this.#send({ method: 'POST', path: path`/v1/deliveries/resend`, body: filter, shape: counted }, options)
  }

  /** How many `resendAll` would send. */
  previewResend(filter: Mteja.PreviewResendQuery = {}, options?: CallOptions): Promise<{ count: number }> {
    return this.#send(
      { method: 'GET', path: path`/v1/deliveries/resend-preview`, query: filter, shape: counted },
      options,
    )
  }
}
