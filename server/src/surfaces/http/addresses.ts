import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { isStorable } from './body.ts'

/**
 * A slash after a list is an empty id: the address of no item, and not of the list. For a surface whose clients ask
 * for an item by `<list>/<id>` and make the address from any id, also from an empty one. Every other path may end in a
 * slash.
 */
export function refuseEmptyIds(app: FastifyInstance): void {
  const lists = new Set<string>()
  app.addHook('onRoute', ({ method, url }) => {
    const [, list] = /^(.+)\/:[^/]+$/.exec(url) ?? []
    if (list !== undefined) for (const each of [method].flat()) lists.add(`${each} ${list}`)
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const [asked] = /^[^?]*\/(?=\?|$)/.exec(request.originalUrl) ?? []
    if (asked !== undefined && lists.has(`${request.method} ${request.routeOptions.url}`)) {
      throw new ServiceError('not_found', `There is nothing at ${request.method} ${asked}`)
    }
    done()
  })
}

/** Throws `not_found` for a path that names nothing, because it could not be the name of anything. */
export function refuseUnstorablePath({ method, url, params }: FastifyRequest): void {
  const parts = Object.values(params as Record<string, string>)
  if (parts.every((part) => part !== '' && isStorable(part))) return
  throw new ServiceError('not_found', `There is nothing at ${method} ${url.split('?')[0]}`)
}

/**
 * A path with a NUL, half a surrogate or an empty part names nothing: 404. A query with one of them is an error, on
 * routes that read a query and document a 400.
 */
export function refuseUnstorableAddresses(app: FastifyInstance): void {
  app.addHook('preValidation', (request, _reply, done) => {
    refuseUnstorablePath(request)
    const query = Object.entries(request.query as Record<string, unknown>)
    if (query.flat(2).every((text) => isStorable(String(text)))) return done()
    const { schema, attachValidation } = request.routeOptions
    if (schema?.querystring === undefined || attachValidation) return done()
    throw new ServiceError('invalid_request', 'The query has a NUL character or half a surrogate pair')
  })
}
