import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { refuseUnstorableAddresses, refuseUnstorablePath } from '../http/addresses.ts'
import { readBodies } from '../http/body.ts'
import { html } from '../http/html.ts'
import { limitKeylessBodies } from '../http/keyless-bodies.ts'
import { sendPage, writePage } from '../http/page.ts'
import { type Problem, problemOf } from '../http/problem.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'

export interface Pages {
  /** The first part of the pages' addresses, such as `/pay`. */
  prefix: `/${string}`
  title: string
  /** Finds the page of an address, before a body is read. Throws its refusal. Undefined for pages without forms. */
  find?: (code: string) => Promise<unknown>
  /** Tells a problem to a person. */
  sentenceFor(problem: Problem, method: string): string
}

/** The secret part of a page's address. */
export function codeOf({ params }: FastifyRequest): string {
  return Object.values(params as Record<string, string>)[0] as string
}

/** Far more than any form of a page has. */
const maxFormKib = 16

/** Reads forms as browsers send them, and answers each problem with a page. */
export function servePages(app: FastifyInstance, { envelopes, keylessTimeoutMs }: SurfaceContext, pages: Pages): void {
  const { prefix, title, find, sentenceFor } = pages
  readBodies(app, 'json-or-urlencoded')
  if (find !== undefined) {
    limitKeylessBodies(app, {
      maxKib: maxFormKib,
      timeoutMs: keylessTimeoutMs,
      lookUp(request) {
        refuseUnstorablePath(request)
        return find(codeOf(request))
      },
    })
  }
  refuseUnstorableAddresses(app)
  envelopes.push({
    prefix,
    renderUnreadable: (_status, message) => ({ message }),
    sendUnknown: (reply) => {
      const body = html`<h1>${title}</h1><p>${sentenceFor(problemOf(new ServiceError('not_found', '')), 'GET')}</p>`
      return sendPage(reply.status(404), { title, body })
    },
    renderPage: (_status, message) => writePage({ title, body: html`<h1>${title}</h1><p>${message}</p>` }),
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (!problem.expected) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    const status = statusByCode[problem.code]
    const isGone = status === 404
    const again = isGone ? '' : html`<p><a class="button second" href="${request.url}">Look again</a></p>`
    const body = html`<h1>${title}</h1><p>${sentenceFor(problem, request.method)}</p>${again}`
    return sendPage(reply.status(status), { title, body })
  })
}
