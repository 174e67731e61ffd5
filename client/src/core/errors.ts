/** What is known of the request that an error ended. */
export interface ErrorContext {
  /** Method and route, without the values in it: `POST /api/canary/transfers`. */
  operation: string
  /** How often the request was sent. */
  attempts: number
  /** The HTTP status; undefined where no answer arrived. */
  status?: number | undefined
  /** The API's own code for the refusal, where it has one: Paystack's `code`, Mteja's `error.code`; Cashful has none. */
  code?: string | undefined
  /** The server's name for this request: what its support asks for. */
  requestId?: string | undefined
  /** The answer as it came: the parsed JSON, or the text that was no JSON. May hold personal data. */
  body?: unknown
  /** The key the write was sent with. Calling again with it cannot do the write twice. */
  idempotencyKey?: string | undefined
  /** A write that may have been done although this error says nothing of it: look before doing it again. */
  isOutcomeUnknown?: boolean
  /** How long the server asked to wait, in milliseconds. */
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** A member of the request that the server refused. */
export interface FieldProblem {
  field: string
  message: string
}

/** The base of every error a call ends with; `message` is the server's own text where it sent one. */
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

/** 403: the key is good, but may not do this. */
export class PermissionError extends MtejaError {
  override readonly name = 'PermissionError'
}

/** 400, 413, 422: the request itself was refused; sending it again will not help. */
export class ValidationError extends MtejaError {
  override readonly name = 'ValidationError'
  /** The members at fault, as far as the server's answer names them. */
  readonly fields: readonly FieldProblem[]

  constructor(message: string, context: ErrorContext, fields: readonly FieldProblem[] = []) {
    super(message, context)
    this.fields = fields
  }
}

/** 404: the API says there is no such thing. A 404 in other words is an UnexpectedResponseError: a wrong address. */
export class NotFoundError extends MtejaError {
  override readonly name = 'NotFoundError'
}

/** 409: it contradicts what is there, such as an e-mail that is taken or a hold that is no longer open. */
export class ConflictError extends MtejaError {
  override readonly name = 'ConflictError'
}

/** 402: the payment was refused. */
export class PaymentRefusedError extends MtejaError {
  override readonly name: string = 'PaymentRefusedError'
}

/** 402 for want of money: the balance does not cover the amount. */
export class InsufficientFundsError extends PaymentRefusedError {
  override readonly name = 'InsufficientFundsError'
}

/** 429, after all retries. `retryAfterMs` is what the server asked for. */
export class RateLimitError extends MtejaError {
  override readonly name = 'RateLimitError'
}

/** 5xx or 408, after all retries. */
export class ServerError extends MtejaError {
  override readonly name = 'ServerError'
}

/** No whole answer arrived: the server is not there, or the connection broke. */
export class ConnectionError extends MtejaError {
  override readonly name = 'ConnectionError'
  /** False where the request certainly never reached the server. */
  readonly wasSent: boolean

  constructor(message: string, context: ErrorContext, wasSent: boolean) {
    super(message, context)
    this.wasSent = wasSent
  }
}

/** The answer did not arrive in `timeoutMs`, or all attempts together not in `deadlineMs`. */
export class TimeoutError extends MtejaError {
  override readonly name = 'TimeoutError'
}

/** Something answered, but not as the API promises: another program, a proxy's page, or an API that has changed. */
export class UnexpectedResponseError extends MtejaError {
  override readonly name = 'UnexpectedResponseError'
}

/** A webhook that was not signed with any of the secrets, or not recently enough. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError'
}
