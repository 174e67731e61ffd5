import { ConnectionError, type MtejaError, RateLimitError, ServerError, TimeoutError } from './errors.ts'

/** Timers of a longer time fire at once. */
export const longestTimerMs = 2 ** 31 - 1

/** The most a single pause grows to by itself, in milliseconds; a server may ask for more. */
const longestPauseMs = 8000

/**
 * Whether sending the request again may help and can do no harm. What certainly was not done is always sent again: a
 * refused connection, a 429. What may have been done only where `isRepeatable`: a read, or a write whose key the server
 * honours.
 */
export function isWorthRepeating(error: MtejaError, isRepeatable: boolean): boolean {
  if (error instanceof RateLimitError) return true
  if (error instanceof ConnectionError) return isRepeatable || !error.wasSent
  if (error instanceof ServerError) return isRepeatable && error.status !== 501
  return isRepeatable && error instanceof TimeoutError
}

/**
 * Exponential back-off with full jitter: a random time up to `backoffMs`, twice that, four times … in milliseconds, on
 * top of what the server asked for, so that callers it refused together do not come back together.
 *
 * @param attempt 0 before the first repeat
 */
export function pauseBefore(attempt: number, backoffMs: number, retryAfterMs = 0, random = Math.random): number {
  return retryAfterMs + random() * Math.min(longestPauseMs, backoffMs * 2 ** attempt)
}

/**
 * `Retry-After` in seconds or as a date, else Paystack's `x-ratelimit-reset` in seconds (fractions too), as milliseconds
 * from now. Undefined for neither and for nonsense.
 */
export function readRetryAfter(headers: Headers, now = Date.now()): number | undefined {
  const text = headers.get('retry-after') ?? headers.get('x-ratelimit-reset')
  if (text === null || text.trim() === '') return undefined
  const seconds = Number(text)
  const ms = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
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
