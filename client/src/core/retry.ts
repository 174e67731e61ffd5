import { ConnectionError, type MtejaError, RateLimitError, ServerError, TimeoutError } from './errors.ts'

/** A timer for a longer time fires at once. */
export const longestTimerMs = 2 ** 31 - 1

/** The longest pause without a request by the server, in milliseconds. A server may ask for more. */
const longestPauseMs = 8000

/**
 * Whether sending the request again may help and can do no harm. A request that certainly was not done is always sent
 * again: after a refused connection, or a 429. A request that may have been done is sent again only when
 * `isRepeatable`: a read, or a write whose key the server honours.
 */
export function isWorthRepeating(error: MtejaError, isRepeatable: boolean): boolean {
  if (error instanceof RateLimitError) return true
  if (error instanceof ConnectionError) return isRepeatable || !error.wasSent
  if (error instanceof ServerError) return isRepeatable && error.status !== 501
  return isRepeatable && error instanceof TimeoutError
}

/**
 * Exponential back-off with full jitter: a random time up to `backoffMs`, then twice that, four times … in
 * milliseconds. The pause that the server asked for is added, so that callers refused together do not come back
 * together.
 *
 * @param attempt 0 before the first retry
 */
export function pauseBefore(attempt: number, backoffMs: number, retryAfterMs = 0, random = Math.random): number {
  return retryAfterMs + random() * Math.min(longestPauseMs, backoffMs * 2 ** attempt)
}

/**
 * `Retry-After` in seconds or as a date, otherwise Paystack's `x-ratelimit-reset` in seconds or fractions of a second.
 * Answers milliseconds from now. Undefined without either header, and for values that cannot be read.
 */
export function readRetryAfter(headers: Headers, now = Date.now()): number | undefined {
  const text = headers.get('retry-after') ?? headers.get('x-ratelimit-reset')
  if (text === null || text.trim() === '') return undefined
  const seconds = Number(text)
  const ms = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** Waits. Throws the signal's reason as soon as the signal is aborted. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      },
      Math.min(ms, longestTimerMs),
    )
    signal?.addEventListener('abort', stop, { once: true })
  })
}
