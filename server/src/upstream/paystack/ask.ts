import { parseLossless, replaceUnstorable } from '../../base/lossless-json.ts'
import { UpstreamError, type UpstreamFailure } from '../../base/upstream-error.ts'
import type { PaystackAccount } from './account.ts'

/** A request to the account. */
export interface Question {
  /** Its name in logs and metrics, such as `verify_transaction`. */
  operation: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With a slash at its beginning, without a query. */
  path: string
  /** A member that is undefined is not sent. */
  query?: Record<string, string | number | undefined>
  body?: object
  /** How long an answer is waited for; default 30 s. */
  timeoutMs?: number
}

/** An answer in Paystack's envelope. Numbers that JavaScript would change are kept, and every text can be stored: see `base/lossless-json.ts`. */
export interface Answer {
  status: number
  body: { status?: unknown; message?: unknown; code?: unknown; data?: unknown; meta?: unknown }
  /** How long the account asks to be left alone, in milliseconds; null where it does not say. */
  retryAfterMs: number | null
}

/** Throws `UpstreamError` where no JSON object comes back in time. A refusal is an answer. */
export type Ask = (question: Question) => Promise<Answer>

/** Told of each call: the operation, its outcome, and how long it took in milliseconds. */
export type Observe = (operation: string, outcome: UpstreamFailure | 'answered', durationMs: number) => void

const defaultTimeoutMs = 30_000

/** Asks the account, and observes each call. */
export function createAsk(account: PaystackAccount, observe: Observe = () => {}): Ask {
  return async (question) => {
    const { operation } = question
    const startedAt = performance.now()
    const answer = await send(account, question).catch((cause: unknown) => unreachable(operation, cause))
    const failed = answer instanceof UpstreamError
    observe(operation, failed ? answer.outcome : outcomeOf(answer.status), performance.now() - startedAt)
    if (failed) throw answer
    return answer
  }
}

async function send(account: PaystackAccount, question: Question): Promise<Answer | UpstreamError> {
  const { operation, method, path, query = {}, body, timeoutMs = account.timeoutMs ?? defaultTimeoutMs } = question
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  const { status, headers, text } = await account
    .fetch(`${account.baseUrl}${path}${search}`, {
      method,
      headers: {
        authorization: `Bearer ${account.secretKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A redirect would carry the key to wherever it leads.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    .then(async (answer) => ({ status: answer.status, headers: answer.headers, text: await answer.text() }))
  const object = readObject(text)
  if (object === null) return unusable(operation, status)
  const reset = headers.get('x-ratelimit-reset') ?? headers.get('retry-after')
  return { status, body: object, retryAfterMs: readReset(reset) }
}

/** Null for a text that is no JSON object. */
function readObject(text: string): Answer['body'] | null {
  try {
    const value: unknown = parseLossless(replaceUnstorable(text))
    return typeof value === 'object' && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** The header counts seconds, also with a fraction. */
function readReset(seconds: string | null): number | null {
  if (seconds === null || !/^\d{1,6}(\.\d+)?$/.test(seconds)) return null
  return Math.ceil(Number(seconds) * 1000)
}

/** The failure that `fetch` throws: the time is over, no connection came about, or a connection broke. */
function unreachable(operation: string, cause: unknown): UpstreamError {
  return new UpstreamError(operation, failureOf(cause), null, { cause })
}

function failureOf(thrown: unknown): UpstreamFailure {
  if ((thrown as Error | undefined)?.name === 'TimeoutError') return 'timed_out'
  return neverConnected((thrown as Error | undefined)?.cause) ? 'not_connected' : 'unreachable'
}

/** What the system and `fetch` call a connection that never came about. */
const connectFailures = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** Several addresses of one name fail together, each by an error of its own. */
function neverConnected(cause: unknown): boolean {
  const { code, syscall, errors } = (cause ?? {}) as { code?: unknown; syscall?: unknown; errors?: unknown }
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(neverConnected)
  return syscall === 'connect' || (typeof code === 'string' && connectFailures.has(code))
}

/** The failure of an answer that lacks what it must have. */
export function unusable(operation: string, status: number, options?: ErrorOptions): UpstreamError {
  const outcome = outcomeOf(status)
  return new UpstreamError(operation, outcome === 'answered' ? 'malformed' : outcome, status, options)
}

function outcomeOf(status: number): 'answered' | 'refused' | 'failed' {
  if (status < 300) return 'answered'
  return status >= 400 && status < 500 ? 'refused' : 'failed'
}
