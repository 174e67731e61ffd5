import type { Logger } from './log.ts'

/** Settings of a whole client or of one call. The call's own settings win. */
export interface RequestOptions {
  /** Sent with every request. They replace the client's own headers of the same name. */
  headers?: Record<string, string>
  /** Retries after the first attempt. Default 6, within `deadlineMs`. */
  maxRetries?: number
  /** The longest time for one attempt and the reading of its body, in milliseconds. Default 15,000. */
  timeoutMs?: number
  /** The longest time for a call with all its attempts and pauses, in milliseconds. Default 45,000. */
  deadlineMs?: number
  /**
   * The first pause is a random time up to this one. Each next pause is up to twice the last limit. In milliseconds,
   * default 500.
   */
  backoffMs?: number
  /** Called with each event, with secrets and personal data masked. Its own errors are dropped. */
  logger?: Logger
}

export interface ClientOptions extends RequestOptions {
  /**
   * The address of the server without the API's own path: `http://localhost:9000`. Default the vendor's live service.
   */
  baseUrl?: string
  /** Used in place of the global `fetch`: for a proxy, an agent or a test. */
  fetch?: (input: string, init: RequestInit) => Promise<Response>
  /**
   * Whether the server does a write once for its `Idempotency-Key`. Only then are keys sent, and writes without an
   * answer retried. Default: no for the vendors' own hosts, yes for any other host, which is assumed to be a Mteja
   * server. Set it to `false` when `baseUrl` is your own gateway in front of a vendor.
   */
  idempotency?: boolean
}

export interface CallOptions extends RequestOptions {
  /** Aborts the call, also between attempts. The call then rejects with the signal's reason. */
  signal?: AbortSignal
  /**
   * Your own key for the write, for a write that several processes may send but that must be done once. A repeat with
   * the same key and values gets the first answer. Default: a new random key for each call. Your own key is sent to
   * every server.
   */
  idempotencyKey?: string
  /**
   * The `updatedAt` that you have read, for a change of that thing. If it was changed meanwhile, the change is refused with a
   * ConflictError. Only where the API says that it takes `If-Match`; elsewhere it is not looked at.
   */
  ifMatch?: string | undefined
}

/** A secret, or a function that is called before each attempt, for tokens that expire. */
export type Credential = string | (() => string | Promise<string>)
