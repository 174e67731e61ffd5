import { ConnectionError, type ErrorContext, TimeoutError } from './errors.ts'
import type { ClientOptions } from './options.ts'
import { longestTimerMs } from './retry.ts'

/** A request that can be sent any number of times. */
export interface Attempt {
  /** Method and route, without values. */
  operation: string
  isWrite: boolean
  idempotencyKey: string | undefined
  /** 1 for the first attempt. */
  number: number
  /** An earlier attempt may have done the write. */
  wasInDoubt: boolean
}

/** The whole answer to one attempt. */
export interface Answer {
  status: number
  headers: Headers
  text: string
  /** A success that is read while it arrives, in place of the text. */
  stream?: ReadableStream<Uint8Array> | null
}

/** The facts that an error has about the attempt it ended. */
export function contextOf(attempt: Attempt, status?: number, wasSent = true): ErrorContext {
  const { operation, idempotencyKey, number } = attempt
  return { operation, idempotencyKey, attempts: number, status, isOutcomeUnknown: isInDoubt(attempt, status, wasSent) }
}

function isInDoubt({ isWrite, wasInDoubt }: Attempt, status: number | undefined, wasSent: boolean): boolean {
  if (!isWrite) return false
  if (status === undefined) return wasSent || wasInDoubt
  // This attempt was refused before the write was looked at.
  if (status === 401 || status === 403 || status === 429) return wasInDoubt
  return status < 300 || status === 408 || status >= 500
}

/**
 * Sends one request and reads the whole answer. With `isStream`, a successful answer is returned as soon as its headers
 * arrive. Throws TimeoutError after `limitMs`, ConnectionError when the answer does not arrive whole, and the signal's
 * reason once the signal is aborted.
 */
export async function exchange(
  fetch: NonNullable<ClientOptions['fetch']>,
  request: { url: string; init: RequestInit; isStream: boolean },
  limits: { limitMs: number; signal: AbortSignal | undefined },
  attempt: Attempt,
): Promise<Answer> {
  const { limitMs, signal } = limits
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, Math.min(limitMs, longestTimerMs))
  signal?.addEventListener('abort', abort, { once: true })
  let isOpen = false
  try {
    const response = await fetch(request.url, { ...request.init, signal: controller.signal })
    isOpen = request.isStream && response.ok
    if (isOpen) return { status: response.status, headers: response.headers, text: '', stream: response.body }
    return { status: response.status, headers: response.headers, text: await response.text() }
  } catch (cause) {
    signal?.throwIfAborted()
    if (controller.signal.aborted) {
      const message = `${attempt.operation} was not answered within ${limitMs} ms`
      throw new TimeoutError(message, { ...contextOf(attempt), cause })
    }
    const wasSent = !isNeverSent(cause)
    const message = `${attempt.operation} ${wasSent ? 'was not answered whole' : 'could not be sent'}: ${reasonOf(cause)}`
    throw new ConnectionError(message, { ...contextOf(attempt, undefined, wasSent), cause }, wasSent)
  } finally {
    clearTimeout(timer)
    // The caller reads on, and may still abort.
    if (!isOpen) signal?.removeEventListener('abort', abort)
  }
}

/**
 * Codes of failures to reach the server at all, in Node and Bun. Browsers and Deno do not report them, so there a
 * request may have been sent.
 */
const neverSent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused)$/

function isNeverSent(error: unknown): boolean {
  const { code, errors } = causeOf(error) as { code?: unknown; errors?: unknown[] }
  // For a name with several addresses, the error has one error for each address.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isNeverSent)
  return neverSent.test(String(code))
}

/** `fetch` wraps the reason of a failure in a TypeError that says nothing. */
function causeOf(error: unknown): object {
  const { cause } = error as { cause?: unknown }
  return Object((cause instanceof Error ? cause : error) ?? {})
}

function reasonOf(error: unknown): string {
  const { code, message } = causeOf(error) as { code?: string; message?: string }
  return message || code || String(error)
}
