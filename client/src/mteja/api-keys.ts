import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listPages, type MtejaPage } from './api.ts'

export const apiKey = { id: 'text', mode: 'text', hint: 'text' } as const
export const revokedApiKey = {
  ...apiKey,
  alsoRevoked: 'whole',
  replacedBy: ['text'],
  endpoints: [{ id: 'text', url: 'text' }],
} as const
export const newApiKey = { ...apiKey, secret: 'text' } as const

/** `client.apiKeys`: the merchant's own keys, of the mode of the client's key. */
export class ApiKeys {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Creates a key. `secret` is shown only in this answer. */
  create(body: Mteja.CreateApiKeyBody = {}, options?: CallOptions): Promise<Mteja.NewApiKey> {
    return this.#send({ method: 'POST', path: path`/v1/api-keys`, body, shape: newApiKey }, options)
  }

  /** Newest first, with revoked keys. */
  list(query: Mteja.ListApiKeysQuery = {}, options?: CallOptions): List<Mteja.ApiKey, MtejaPage<Mteja.ApiKey>> {
    return listPages(this.#send, path`/v1/api-keys`, query, apiKey, options)
  }

  /** A key without its secret. */
  retrieve(id: string, options?: CallOptions): Promise<Mteja.ApiKey> {
    return this.#send({ method: 'GET', path: path`/v1/api-keys/${id}`, shape: apiKey }, options)
  }

  /** Makes a key that can do the same and ends no later. The old key is refused after the overlap, by default 24 hours. */
  replace(id: string, body: Mteja.ReplaceApiKeyBody = {}, options?: CallOptions): Promise<Mteja.ReplaceApiKeyResult> {
    const shape = { ...newApiKey, replaced: apiKey } as const
    return this.#send({ method: 'POST', path: path`/v1/api-keys/${id}/replace`, body, shape }, options)
  }

  /**
   * Revokes a key, which is refused from the next request on, and the keys that it made, unless `keepMade` is true. Its
   * replacements stay, unless `withReplacements` is true.
   */
  revoke(id: string, query: Mteja.RevokeApiKeyQuery = {}, options?: CallOptions): Promise<Mteja.RevokedApiKey> {
    return this.#send({ method: 'DELETE', path: path`/v1/api-keys/${id}`, query, shape: revokedApiKey }, options)
  }
}
