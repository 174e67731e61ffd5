import type { Logger } from './log.ts'

/** What a whole client or one call can set; the call's own settings win. */
export interface RequestOptions {
  /** Sent with every request, over the client's own headers of the same name. */
  headers?: Record<string, string>
  /** Repeats after the first attempt; default 6, within `deadlineMs`. */
  maxRetries?: number
  /** The longest one attempt may take, its body read, in milliseconds; default 15,000. */
  timeoutMs?: number
  /** The longest a call may take with all its attempts and pauses, in milliseconds; default 45,000. */
  deadlineMs?: number
  /** The first pause is a random time up to this, the next ones up to twice the last; in milliseconds, default 500. */
  backoffMs?: number
  /** Told what happens, with secrets and personal data masked. What it throws is dropped. */
  logger?: Logger
}

export interface ClientOptions extends RequestOptions {
  /** Where the server is, without the API's own path: `http://localhost:9000`. Default the vendor's live service. */
  baseUrl?: string
  /** Used in place of the global `fetch`: for a proxy, an agent or a test. */
  fetch?: (input: string, init: RequestInit) => Promise<Response>
  /**
   * Whether the server does a write once for its `Idempotency-Key`. Only then are keys sent, and writes repeated whose
   * answer did not arrive. Default: no for the vendors' own hosts, yes for any other, which is taken for a Mteja. Set it to
   * `false` when `baseUrl` is a gateway of yours in front of a vendor.
   */
  idempotency?: boolean
}

export interface CallOptions extends RequestOptions {
  /** Aborts the call, between attempts too; it then rejects with the signal's reason. */
  signal?: AbortSignal
  /**
   * The write's own key, for one that must be done once across processes: a repeat with the same key and the same values
   * is given the first answer. Default a new random one per call. Sent whatever the server.
   */
  idempotencyKey?: string
}

/** A secret, or a function that gives it before each attempt: for tokens that expire. */
export type Credential = string | (() => string | Promise<string>)
