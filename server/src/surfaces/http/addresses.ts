import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { isStorable } from './body.ts'

/**
 * A path with a NUL, half a surrogate or an empty part names nothing: 404. A query with one of them is an error, on
 * routes that read a query and document a 400.
 */
export function refuseUnstorableAddresses(app: FastifyInstance): void {
  app.addHook('preValidation', (request, _reply, done) => {
    const params = Object.values(request.params as Record<string, string>)
    if (params.some((part) => part === '' || !isStorable(part))) {
      throw new ServiceError('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}`)
    }
    const { schema, attachValidation } = request.routeOptions
    if (schema?.querystring === undefined || attachValidation) return done()
    for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
      if (![name, value].flat().every((text) => isStorable(String(text)))) {
        throw new ServiceError('invalid_request', 'The query has a NUL character or half a surrogate pair')
      }
    }
    done()
  })
}
