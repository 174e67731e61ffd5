import type { FastifyError } from 'fastify'
import { type ErrorCode, QueueFullError, ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { escapeInvisible } from '../../base/visible-text.ts'
import { describeViolations, type Violation } from './validation.ts'

/** Any reason that ends a request, in the terms that every surface's table uses. */
export interface Problem {
  code: ErrorCode
  message: string
  field: string | undefined
  /** The faults of the request's members, if the problem is in them. */
  violations: Violation[]
  /**
   * False for a fault of the server. Such a fault is logged, and answered without details. An outage is no such fault: the
   * failure log reports it once, and not for each request.
   */
  expected: boolean
}

/** Reads an error from anywhere: the domain, the validator, the HTTP server, the database or a bug. */
export function problemOf(error: unknown): Problem {
  const problem = readProblem(error)
  return { ...problem, message: escapeInvisible(problem.message) }
}

function readProblem(error: unknown): Problem {
  if (error instanceof ServiceError) return problem(error.code, error.message, { field: error.field })
  const { validation, validationContext, statusCode, code } = error as Partial<FastifyError>
  if (validation) {
    const { violations, more } = describeViolations(validation, validationContext)
    const told = violations.map((each) => sentence(each, validationContext))
    const message = [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
    return problem('invalid_request', message, { field: violations[0]?.field, violations })
  }
  if (error instanceof QueueFullError) return problem('busy', 'Too many requests are waiting; try again in a moment')
  if ((error as Error | undefined)?.name === 'DatabaseUnavailableError') {
    return problem('busy', 'The database cannot be reached; try again in a moment')
  }
  if ((error as Error | undefined)?.name === 'DatabaseBusyError') {
    return problem('busy', `${(error as Error).message}; try again in a moment`)
  }
  if (error instanceof UpstreamError) {
    return problem('busy', 'A service that this call needs did not answer as it should; try again in a moment')
  }
  // Another request has deleted the customer between the look and the write.
  if (code === 'MT005') return problem('customer_not_found', 'The customer was deleted')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return problem('too_large', 'The body is larger than 1 MiB')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return problem('invalid_request', (error as Error).message)
  }
  return { ...problem('internal', 'Something went wrong on our side; nothing was changed'), expected: false }
}

function problem(
  code: ErrorCode,
  message: string,
  more: { field?: string | undefined; violations?: Violation[] } = {},
) {
  return { code, message, field: more.field, violations: more.violations ?? [], expected: true }
}

/** `email must be a valid email, not "x"` */
export function sentence({ field, shown = field, expected, given }: Violation, context?: string): string {
  const where = context === 'querystring' || context === 'params' ? `${shown} in the address` : shown
  return escapeInvisible(`${where} ${expected}${given === undefined ? '' : `, not ${given}`}`)
}
