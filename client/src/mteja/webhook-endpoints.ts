import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listPages, type MtejaPage } from './api.ts'

const endpoint = { id: 'text', style: 'text', url: 'text', events: ['text'], enabled: 'flag' } as const
const newEndpoint = { ...endpoint, 'secret?': 'text' } as const

/** `client.webhookEndpoints`: addresses to which events are sent, in Paystack's style or by Standard Webhooks. */
export class WebhookEndpoints {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Creates an endpoint. `secret` is shown only in this answer. Paystack's style has one endpoint for each mode, signed
   * with this client's API key.
   */
  create(body: Mteja.CreateWebhookEndpointBody, options?: CallOptions): Promise<Mteja.NewWebhookEndpoint> {
    return this.#send({ method: 'POST', path: path`/v1/webhook-endpoints`, body, shape: newEndpoint }, options)
  }

  /** Endpoints of both styles, newest first. */
  list(
    query: Mteja.ListWebhookEndpointsQuery = {},
    options?: CallOptions,
  ): List<Mteja.WebhookEndpoint, MtejaPage<Mteja.WebhookEndpoint>> {
    return listPages(this.#send, path`/v1/webhook-endpoints`, query, endpoint, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.WebhookEndpoint> {
    return this.#send({ method: 'GET', path: path`/v1/webhook-endpoints/${id}`, shape: endpoint }, options)
  }

  /** Changes an endpoint. An endpoint that is enabled again gets the events from then on. */
  update(id: string, body: Mteja.UpdateWebhookEndpointBody, options?: CallOptions): Promise<Mteja.WebhookEndpoint> {
    return this.#send({ method: 'PATCH', path: path`/v1/webhook-endpoints/${id}`, body, shape: endpoint }, options)
  }

  /** For `overlapHours`, default 24, webhooks are signed with the previous secret as well. */
  rotateSecret(
    id: string,
    body: Mteja.RotateWebhookSecretBody = {},
    options?: CallOptions,
  ): Promise<Mteja.NewWebhookEndpoint> {
    const at = path`/v1/webhook-endpoints/${id}/rotate-secret`
    return this.#send({ method: 'POST', path: at, body, shape: newEndpoint }, options)
  }

  /** Deletes an endpoint. No more events are sent to it. */
  delete(id: string, options?: CallOptions): Promise<Mteja.DeletedWebhookEndpoint> {
    const shape = { id: 'text', deleted: 'true', deletedAt: 'text' } as const
    return this.#send({ method: 'DELETE', path: path`/v1/webhook-endpoints/${id}`, shape }, options)
  }
}
