import { isObject } from './shape.ts'

/** One event of a call. It holds no secret and no personal data, see `mask`. */
export interface LogEvent {
  type: 'request' | 'answer' | 'retry' | 'failure'
  /** Method and route, without values: `GET /api/canary/customers/{}`. */
  operation: string
  /** 1 for the first attempt. */
  attempt: number
  /** The query sent, masked. */
  query?: unknown
  /** The body sent, masked. Answers are not shown. */
  body?: unknown
  idempotencyKey?: string | undefined
  status?: number
  requestId?: string | undefined
  /** The server answered with the stored answer to an earlier request with the same idempotency key. */
  isReplayed?: boolean
  /** The time from sending the attempt to its whole answer. */
  durationMs?: number
  /** The time until the request is sent again. */
  pauseMs?: number
  /** The error's class and code. Its message is left out, because it may repeat personal data. */
  error?: { name: string; code: string | undefined; status: number | undefined }
}

export type Logger = (event: LogEvent) => void

/** Names of texts that are shown: names of things and states. Every other text, and all of `metadata`, is masked. */
const shownTexts =
  /^(id|.*Id|.*_id|customer_code|currency|status|statusCode|error|type|kind|mode|domain|channel|risk_action|event|code|createdAt|updatedAt)$/
const shownNumbers = /^(id|.*_id|amount|limit|offset|perPage|page|pageCount|total|count|status|statusCode|after)$/

/** A copy that is fit for a log. Every value that is not known to be harmless becomes `[masked]`. */
export function mask(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(item, name))
  if (isObject(value)) {
    if (name === 'metadata') return '[masked]'
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mask(member, key)]))
  }
  if (value === undefined || value === null || typeof value === 'boolean') return value
  if (typeof value !== 'string') return shownNumbers.test(name) ? value : '[masked]'
  // An id can be an e-mail where the API accepts either.
  return shownTexts.test(name) && !value.includes('@') ? value : '[masked]'
}
