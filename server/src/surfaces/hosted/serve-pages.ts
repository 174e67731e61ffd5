import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuseUnstorableAddresses } from '../http/addresses.ts'
import { readBodies } from '../http/body.ts'
import { html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import { type Problem, problemOf } from '../http/problem.ts'
import { statusByCode } from '../mteja/errors.ts'

/** Reads forms as browsers send them, and answers each problem with a page. `sentenceFor` tells it to a person. */
export function servePages(
  app: FastifyInstance,
  { title, sentenceFor }: { title: string; sentenceFor(problem: Problem, request: FastifyRequest): string },
): void {
  readBodies(app, 'json-or-urlencoded')
  refuseUnstorableAddresses(app)
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (!problem.expected) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    const status = statusByCode[problem.code]
    const isGone = status === 404
    const again = isGone ? '' : html`<p><a class="button second" href="${request.url}">Look again</a></p>`
    const body = html`<h1>${title}</h1><p>${sentenceFor(problem, request)}</p>${again}`
    return sendPage(reply.status(status), { title, body })
  })
}
