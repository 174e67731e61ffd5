import { type ReadProblem, readAnswer, requestIdOf } from './answer.ts'
import { type Attempt, exchange } from './attempt.ts'
import { MtejaError } from './errors.ts'
import { type LogEvent, type Logger, mask } from './log.ts'
import type { CallOptions, ClientOptions, Credential } from './options.ts'
import { type Path, queryText } from './path.ts'
import { isWorthRepeating, pauseBefore, sleep } from './retry.ts'
import type { MediaType, Shape, Unread } from './shape.ts'

/** One operation with its values. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: Path
  query?: object | undefined
  body?: object | undefined
  /** The form of the answer: JSON of a shape, text of a media type, which is given unchanged, or nothing to read. */
  shape: Shape | MediaType | Unread
  /** The text is given while it arrives, however long it is. The time limits apply only until it begins. */
  isStream?: boolean
  /** A header that becomes a member of the answer, if the answer has it. */
  header?: { name: string; member: string }
  /** A write that every server does once, because its body holds a key. */
  isOnce?: boolean
}

/** Sends a call until it is answered or given up. The result's type is the caller's claim, which the shape checks. */
export type Send = <Result>(call: Call, options?: CallOptions) => Promise<Result>

/** The differences between one API and another. */
export interface Api {
  /** The address of the vendor's live service. */
  baseUrl: string
  /** The domain of hosts that do not honour idempotency keys. Undefined if all hosts do. */
  vendorDomain: string | undefined
  readProblem: ReadProblem
}

const defaults = { maxRetries: 6, timeoutMs: 15_000, deadlineMs: 45_000, backoffMs: 500 }

/** A server, and the API that it speaks. */
interface Target {
  api: Api
  /** Without a slash at its end. */
  baseUrl: string
  honoursKeys: boolean
  fetch: NonNullable<ClientOptions['fetch']>
  credential: Credential
  options: ClientOptions
}

/** Throws TypeError for an invalid base URL. */
export function createSend(api: Api, credential: Credential, options: ClientOptions): Send {
  const url = new URL(options.baseUrl ?? api.baseUrl)
  const target: Target = {
    api,
    baseUrl: url.href.replace(/\/+$/, ''),
    honoursKeys: options.idempotency ?? !isWithin(url.hostname, api.vendorDomain),
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    credential,
    options,
  }
  return async (call, callOptions = {}) => {
    const request = writeRequest(target, call, callOptions)
    return (await repeat(request, (attempt) => sendOnce(target, call, request, attempt))) as never
  }
}

type Request = ReturnType<typeof writeRequest>

/** Written once, so that a retry sends the same bytes. */
function writeRequest({ baseUrl, honoursKeys, options }: Target, call: Call, callOptions: CallOptions) {
  const settings = { ...defaults, ...given(options), ...given(callOptions) }
  const isWrite = call.method !== 'GET'
  const operation = `${call.method} ${call.path.route}`
  const idempotencyKey = callOptions.idempotencyKey ?? (isWrite && honoursKeys ? newKey() : undefined)
  return {
    settings,
    operation,
    isWrite,
    idempotencyKey,
    isRepeatable: !isWrite || honoursKeys || call.isOnce === true,
    url: `${baseUrl}${call.path.text}${queryText(call.query)}`,
    body: call.body === undefined ? null : JSON.stringify(call.body, writeBigInt),
    headers: {
      ...options.headers,
      ...(callOptions.ifMatch === undefined ? {} : { 'if-match': `"${callOptions.ifMatch}"` }),
      ...callOptions.headers,
    },
    signal: callOptions.signal,
    deadline: performance.now() + settings.deadlineMs,
    log: createLog(settings.logger, { operation, idempotencyKey }),
  }
}

/** Sends until an attempt is answered, or fails in a way that a retry cannot help or could harm. */
async function repeat(request: Request, sendOnce: (attempt: Attempt) => Promise<unknown>): Promise<unknown> {
  const { operation, isWrite, idempotencyKey, isRepeatable, settings, deadline, signal, log } = request
  let wasInDoubt = false
  for (let number = 1; ; number += 1) {
    try {
      return await sendOnce({ operation, isWrite, idempotencyKey, number, wasInDoubt })
    } catch (error) {
      if (!(error instanceof MtejaError)) throw error
      const { name, code, status } = error
      const pauseMs = pauseBefore(number - 1, settings.backoffMs, error.retryAfterMs)
      const isLast = number > settings.maxRetries || performance.now() + pauseMs >= deadline
      const about = { attempt: number, error: { name, code, status } }
      if (isLast || !isWorthRepeating(error, isRepeatable)) {
        log({ type: 'failure', ...about })
        throw error
      }
      log({ type: 'retry', ...about, pauseMs })
      await sleep(pauseMs, signal)
      wasInDoubt = error.isOutcomeUnknown
    }
  }
}

async function sendOnce(target: Target, call: Call, request: Request, attempt: Attempt): Promise<unknown> {
  const { settings, url, body, signal, deadline, log } = request
  const headers = await writeHeaders(target, request)
  signal?.throwIfAborted()
  if (settings.logger) {
    log({ type: 'request', attempt: attempt.number, query: mask(call.query), body: mask(call.body) })
  }
  const startedAt = performance.now()
  const limitMs = Math.max(1, Math.min(settings.timeoutMs, deadline - startedAt))
  const init = { method: call.method, headers, body, redirect: 'manual' as const }
  const answer = await exchange(
    target.fetch,
    { url, init, isStream: call.isStream === true },
    { limitMs, signal },
    attempt,
  )
  log({
    type: 'answer',
    attempt: attempt.number,
    status: answer.status,
    requestId: requestIdOf(answer.headers),
    isReplayed: answer.headers.get('idempotent-replayed') === 'true',
    durationMs: Math.round(performance.now() - startedAt),
  })
  const result = readAnswer(answer, call.shape, target.api.readProblem, attempt)
  const value = call.header === undefined ? null : answer.headers.get(call.header.name)
  return value === null ? result : { ...(result as object), [call.header?.member as string]: value }
}

/** The caller's headers replace ours. */
async function writeHeaders({ credential }: Target, { headers, body, idempotencyKey }: Request): Promise<Headers> {
  const written = new Headers(headers)
  const add = (name: string, value: string) => written.has(name) || written.set(name, value)
  add('accept', 'application/json')
  add('authorization', `Bearer ${typeof credential === 'string' ? credential : await credential()}`)
  if (body !== null) add('content-type', 'application/json')
  if (idempotencyKey !== undefined) add('idempotency-key', idempotencyKey)
  return written
}

function createLog(logger: Logger | undefined, about: Pick<LogEvent, 'operation' | 'idempotencyKey'>) {
  return (event: Omit<LogEvent, 'operation'>) => {
    try {
      logger?.({ ...about, ...event })
    } catch {
      // A logger that throws must not make a successful write look failed.
    }
  }
}

/** The options without undefined members, so that they do not hide a default. */
function given<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
}

/** A new idempotency key of 128 random bits. `randomUUID` exists only in secure contexts. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function writeBigInt(_name: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  if (Number.isSafeInteger(Number(value))) return Number(value)
  throw new RangeError(`${value} is more than 2^53 - 1, which JSON numbers cannot carry exactly`)
}

function isWithin(host: string, domain: string | undefined): boolean {
  return domain !== undefined && (host === domain || host.endsWith(`.${domain}`))
}
