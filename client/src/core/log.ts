import { isObject } from './shape.ts'

/** One thing that happened in a call. Holds no secret and no personal data; see `mask`. */
export interface LogEvent {
  type: 'request' | 'answer' | 'retry' | 'failure'
  /** Method and route, without the values in it: `GET /api/canary/customers/{}`. */
  operation: string
  /** 1 for the first time the request is sent. */
  attempt: number
  /** What was asked for, masked. */
  query?: unknown
  /** What was sent, masked. Answers are not shown. */
  body?: unknown
  idempotencyKey?: string | undefined
  status?: number
  requestId?: string | undefined
  /** The server gave the answer of an earlier request with the same idempotency key. */
  isReplayed?: boolean
  /** From sending the attempt to its whole answer. */
  durationMs?: number
  /** How long the client waits before it sends the request again. */
  pauseMs?: number
  /** The error's class and code; its message may repeat personal data, so it is left out. */
  error?: { name: string; code: string | undefined; status: number | undefined }
}

export type Logger = (event: LogEvent) => void

/** Texts that are shown: names of things and states. Every other text, and all of `metadata`, is masked. */
const shownTexts =
  /^(id|.*Id|.*_id|customer_code|currency|status|statusCode|error|type|kind|mode|domain|channel|risk_action|event|code|createdAt|updatedAt)$/
const shownNumbers = /^(id|.*_id|amount|limit|offset|perPage|page|pageCount|total|count|status|statusCode|after)$/

/** A copy that is fit for a log: what is not known to be harmless becomes `[masked]`. */
export function mask(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(item, name))
  if (isObject(value)) {
    if (name === 'metadata') return '[masked]'
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mask(member, key)]))
  }
  if (value === undefined || value === null || typeof value === 'boolean') return value
  if (typeof value !== 'string') return shownNumbers.test(name) ? value : '[masked]'
  // An id can be an e-mail where the API takes either.
  return shownTexts.test(name) && !value.includes('@') ? value : '[masked]'
}
