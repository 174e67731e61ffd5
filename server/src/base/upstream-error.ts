/** What came of a call to somebody else's service, beside an answer that can be used. */
export type UpstreamFailure =
  /** A status from 400 to 499. */
  | 'refused'
  /** Any other status that is no success. */
  | 'failed'
  | 'timed_out'
  /** No connection, or one that broke. */
  | 'unreachable'
  /** An answer that cannot be read, or that lacks what was asked for. */
  | 'malformed'
  /** Nobody is configured to be asked. */
  | 'not_configured'

/**
 * Somebody else's service could not be asked, or gave no usable answer. The same call may be made again later. Every other
 * error of such a call is a bug of ours. The message holds no value of a customer, nor words of the service.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  /** The call, for instance `identify_customer`. */
  readonly operation: string
  readonly outcome: UpstreamFailure
  /** The status of the answer; null where there was none. */
  readonly status: number | null

  constructor(operation: string, outcome: UpstreamFailure, status: number | null = null, options?: ErrorOptions) {
    super(`${operation}: ${outcome}${status === null ? '' : ` with status ${status}`}`, options)
    this.operation = operation
    this.outcome = outcome
    this.status = status
  }
}
