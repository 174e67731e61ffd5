import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { markReplayed } from './idempotency.ts'
import { type Problem, problemOf } from './problem.ts'

/**
 * Answers every error and every unknown address in the surface's own envelope, which `render` makes. A fault of the
 * server is logged, without the request's content.
 */
export function sendProblems(
  app: FastifyInstance,
  render: (problem: Problem) => { statusCode: number; body: unknown },
): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = withAdvice(problemOf(error), request.url)
    if (!problem.expected) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    const { statusCode, body } = render(problem)
    if (error instanceof ServiceError) markReplayed(reply, error.replayed)
    // A refusal for too many requests brings the time until the next request is taken.
    if ((statusCode === 429 || problem.code === 'busy') && !reply.hasHeader('retry-after'))
      reply.header('retry-after', '1')
    // Serialized here, because an error may come before the route's response schemas are known.
    return reply.status(statusCode).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
  })
  app.setNotFoundHandler((request) => {
    throw nothingAt(request)
  })
}

/** The refusal of an address that names nothing. */
export function nothingAt({ method, url }: FastifyRequest): ServiceError {
  return new ServiceError('not_found', `There is nothing at ${method} ${url.split('?')[0]}`)
}

/** A plus sign in an address is a blank, which people who send the offset of a time often do not know. */
function withAdvice(problem: Problem, url: string): Problem {
  if (problem.code !== 'invalid_request' || problem.field === undefined) return problem
  const parameters = url.slice(url.indexOf('?') + 1).split('&')
  const isLost = parameters.some((each) => each.startsWith(`${problem.field}=`) && /\d\+\d\d(:|%3A)?\d\d$/i.test(each))
  return isLost ? { ...problem, message: `${problem.message}; a plus sign in an address is written %2B` } : problem
}
