/** Facts about the request that an error ended. */
export interface ErrorContext {
  /** Method and route, without values: `POST /api/canary/transfers`. */
  operation: string
  /** The number of times the request was sent. */
  attempts: number
  /** The HTTP status. Undefined when no answer arrived. */
  status?: number | undefined
  /** The API's own code for the refusal: Paystack's `code` or Mteja's `error.code`. Cashful has no codes. */
  code?: string | undefined
  /** The server's id of this request, for questions to its support. */
  requestId?: string | undefined
  /** The answer as received: the parsed JSON, or the text when it was no JSON. May hold personal data. */
  body?: unknown
  /** The key the write was sent with. Calling again with this key cannot do the write twice. */
  idempotencyKey?: string | undefined
  /** Whether the write may have been done. If so, check before you do it again. */
  isOutcomeUnknown?: boolean
  /** The pause that the server asked for, in milliseconds. */
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** A member of the request that the server refused. */
export interface FieldProblem {
  field: string
  message: string
}

/** The base class of every error that ends a call. `message` is the server's own text, if it sent one. */
export class MtejaError extends Error {
  override readonly name: string = 'MtejaError'
  readonly operation: string
  readonly attempts: number
  readonly status: number | undefined
  readonly code: string | undefined
  readonly requestId: string | undefined
  readonly body: unknown
  readonly idempotencyKey: string | undefined
  readonly isOutcomeUnknown: boolean
  readonly retryAfterMs: number | undefined

  constructor(message: string, context: ErrorContext) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.operation = context.operation
    this.attempts = context.attempts
    this.status = context.status
    this.code = context.code
    this.requestId = context.requestId
    this.body = context.body
    this.idempotencyKey = context.idempotencyKey
    this.isOutcomeUnknown = context.isOutcomeUnknown ?? false
    this.retryAfterMs = context.retryAfterMs
  }
}

/** 401: the key or token is missing, wrong, revoked or expired. */
export class AuthenticationError extends MtejaError {
  override readonly name = 'AuthenticationError'
}

/** 403: the key is valid, but may not do this. */
export class PermissionError extends MtejaError {
  override readonly name = 'PermissionError'
}

/** 400, 413, 422: the request itself was refused. Sending it again does not help. */
export class ValidationError extends MtejaError {
  override readonly name = 'ValidationError'
  /** The members at fault that the server's answer names. */
  readonly fields: readonly FieldProblem[]

  constructor(message: string, context: ErrorContext, fields: readonly FieldProblem[] = []) {
    super(message, context)
    this.fields = fields
  }
}

/**
 * 404: the API answers that the thing does not exist. A 404 of another form is an UnexpectedResponseError, because the
 * address is wrong.
 */
export class NotFoundError extends MtejaError {
  override readonly name = 'NotFoundError'
}

/**
 * 409, 412: the request contradicts the current state. The e-mail is taken, for instance, or the thing was changed after you have
 * read it (`ifMatch`).
 */
export class ConflictError extends MtejaError {
  override readonly name = 'ConflictError'
}

/** 402: the payment was refused. */
export class PaymentRefusedError extends MtejaError {
  override readonly name: string = 'PaymentRefusedError'
}

/** 402 for lack of money: the balance does not cover the amount. */
export class InsufficientFundsError extends PaymentRefusedError {
  override readonly name = 'InsufficientFundsError'
}

/** 429, after all retries. `retryAfterMs` is the pause that the server asked for. */
export class RateLimitError extends MtejaError {
  override readonly name = 'RateLimitError'
}

/** 5xx or 408, after all retries. */
export class ServerError extends MtejaError {
  override readonly name = 'ServerError'
}

/** No whole answer arrived. The server cannot be reached, or the connection broke. */
export class ConnectionError extends MtejaError {
  override readonly name = 'ConnectionError'
  /** False when the request certainly never reached the server. */
  readonly wasSent: boolean

  constructor(message: string, context: ErrorContext, wasSent: boolean) {
    super(message, context)
    this.wasSent = wasSent
  }
}

/** The answer did not arrive within `timeoutMs`, or all attempts together took longer than `deadlineMs`. */
export class TimeoutError extends MtejaError {
  override readonly name = 'TimeoutError'
}

/** The answer is not of the promised form. Another program, a proxy's page, or a changed API can be the reason. */
export class UnexpectedResponseError extends MtejaError {
  override readonly name = 'UnexpectedResponseError'
}

/** The webhook was not signed with any of the secrets, or not recently enough. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError'
}
