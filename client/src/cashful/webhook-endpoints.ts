import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Cashful } from '../generated/types.ts'
import { type CashfulPage, listPages } from './api.ts'

const endpoint = { id: 'text', url: 'text', events: ['text'], active: 'flag' } as const

/** `secret` signs the endpoint's webhooks. Mteja shows it only in this answer; Cashful documents no secret. */
export type CreatedWebhookEndpoint = Cashful.WebhookEndpoint & { secret?: string }

/** `client.webhookEndpoints`: addresses to which events are sent. */
export class WebhookEndpoints {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  create(body: Cashful.CreateWebhookEndpointBody, options?: CallOptions): Promise<CreatedWebhookEndpoint> {
    const header = { name: 'webhook-secret', member: 'secret' }
    const at = path`/api/canary/webhook-endpoints`
    return this.#send({ method: 'POST', path: at, body, shape: endpoint, header }, options)
  }

  list(
    query: Cashful.ListWebhookEndpointsQuery = {},
    options?: CallOptions,
  ): List<Cashful.WebhookEndpoint, CashfulPage<Cashful.WebhookEndpoint>> {
    return listPages(this.#send, path`/api/canary/webhook-endpoints`, query, endpoint, options)
  }

  /** Deletes an endpoint. No more events are sent to it. */
  delete(id: string, options?: CallOptions): Promise<Cashful.DeletedWebhookEndpoint> {
    const shape = { id: 'text', deleted: 'true' } as const
    return this.#send({ method: 'DELETE', path: path`/api/canary/webhook-endpoints/${id}`, shape }, options)
  }
}
