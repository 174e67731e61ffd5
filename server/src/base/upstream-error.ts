/**
 * The failures of a call to another party's service. The metrics, the log and the outcomes of background work have the same
 * words, which docs/operating.md explains. The status stands beside the word.
 */
export type UpstreamFailure =
  /** A status from 400 to 499. */
  | 'refused'
  /** Any other status that is no success. */
  | 'failed'
  | 'timed_out'
  /** No connection came about: nothing was sent. */
  | 'not_connected'
  /** Nothing was sent, because the sending of the tenant is paused. */
  | 'paused'
  /** A connection that broke: the request may have arrived. */
  | 'unreachable'
  /** An answer that cannot be read, or lacks a required part. */
  | 'malformed'
  /** No service is configured. */
  | 'not_configured'

/**
 * Another party's service could not be called, or gave no usable answer. The same call may be made again later. Every
 * other error of such a call is a bug of this service. The message has no value of a customer and no text of the other
 * service.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  /** The request, by the name that it has in metrics and in the log: `identify_customer`. */
  readonly operation: string
  readonly outcome: UpstreamFailure
  /** The status of the answer. Null without an answer. */
  readonly status: number | null
  /** How long the other service asks to be left alone, in milliseconds; null where it does not say. */
  readonly retryAfterMs: number | null

  constructor(
    operation: string,
    outcome: UpstreamFailure,
    status: number | null = null,
    { retryAfterMs = null, ...options }: ErrorOptions & { retryAfterMs?: number | null } = {},
  ) {
    super(`${operation}: ${outcome}${status === null ? '' : ` with status ${status}`}`, options)
    this.operation = operation
    this.outcome = outcome
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}
