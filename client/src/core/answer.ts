import { type Answer, type Attempt, contextOf } from './attempt.ts'
import {
  AuthenticationError,
  ConflictError,
  type ErrorContext,
  type FieldProblem,
  InsufficientFundsError,
  type MtejaError,
  NotFoundError,
  PaymentRefusedError,
  PermissionError,
  RateLimitError,
  ServerError,
  UnexpectedResponseError,
  ValidationError,
} from './errors.ts'
import { readRetryAfter } from './retry.ts'
import { isMediaType, type MediaType, mismatch, type Shape, type Unread } from './shape.ts'

/** A refusal in an API's own words. */
export interface Problem {
  message: string
  code?: string | undefined
  fields: FieldProblem[]
}

/** Reads an API's error envelope. Undefined for any other body. */
export type ReadProblem = (body: unknown) => Problem | undefined

/** The server's id of a request. */
export function requestIdOf(headers: Headers): string | undefined {
  return headers.get('x-request-id') ?? headers.get('x-paystack-request-id') ?? undefined
}

/** Answers the promised result, or throws an error for any other answer. */
export function readAnswer(
  answer: Answer,
  shape: Shape | MediaType | Unread,
  readProblem: ReadProblem,
  attempt: Attempt,
): unknown {
  const { status, headers, text, stream = text } = answer
  const isSuccess = status >= 200 && status < 300
  if (isSuccess && isMediaType(shape) && headers.get('content-type')?.startsWith(shape)) return stream
  if (isSuccess && shape === 'unread') return undefined
  const body = parse(text)
  const context = {
    ...contextOf(attempt, status),
    requestId: requestIdOf(headers),
    retryAfterMs: readRetryAfter(headers),
    body: body ?? text,
  }
  if (status >= 400) throw refusalOf(answer, readProblem(body), context)
  if (!isSuccess) throw unexpected(answer, 'redirects are not followed; is the base URL right?', context)
  if (isMediaType(shape)) throw unexpected(answer, `the answer is no ${shape}`, context)
  if (body === undefined) throw unexpected(answer, 'the answer is no JSON', context)
  const fault = shape === 'unread' ? undefined : mismatch(body, shape)
  // Paystack can refuse with a 200 that has `status: false`.
  if (fault !== undefined)
    throw unexpected(answer, [fault, readProblem(body)?.message].filter(Boolean).join(': '), context)
  return body
}

/** The error class for a refusal. */
function refusalOf(answer: Answer, problem: Problem | undefined, context: ErrorContext): MtejaError {
  const { status } = answer
  const message = problem?.message ?? `${context.operation} answered ${status}`
  const known = { ...context, code: problem?.code }
  // Gateways and proxies send these five statuses with bodies of their own.
  if (status === 401) return new AuthenticationError(message, known)
  if (status === 403) return new PermissionError(message, known)
  if (status === 429) return new RateLimitError(message, known)
  if (status >= 500 || status === 408) return new ServerError(message, known)
  if (problem === undefined) return unexpected(answer, 'not in the words of the API; is the base URL right?', context)
  if (status === 402)
    return new (isForWantOfMoney(problem) ? InsufficientFundsError : PaymentRefusedError)(message, known)
  if (status === 404) return new NotFoundError(message, known)
  if (status === 409 || status === 412) return new ConflictError(message, known)
  return new ValidationError(message, known, problem.fields)
}

/** Mteja has a code for lack of money. Cashful has only a message. */
function isForWantOfMoney({ code, message }: Problem): boolean {
  return code === undefined ? /insufficient|does not cover/i.test(message) : code === 'insufficient_funds'
}

function unexpected({ status, headers }: Answer, fault: string, context: ErrorContext): UnexpectedResponseError {
  const type = headers.get('content-type') ?? 'no content type'
  return new UnexpectedResponseError(`${context.operation} answered ${status} (${type}): ${fault}`, context)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
