import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { RouteFile } from '../../http/routes.ts'
import { countryRequired } from '../errors.ts'
import { textOf } from '../queries.ts'
import { responses, success } from '../schemas.ts'
import { statesByCountry } from '../states.ts'

const stateSchema = Type.Object({
  name: Type.String({ examples: ['British Columbia'] }),
  slug: Type.String({ examples: ['british-columbia'] }),
  abbreviation: Type.String({ examples: ['BC'] }),
})

/** `/address_verification`: the states that the holder of a card may live in. */
export const addressVerificationRoutes: RouteFile = (routes) => {
  routes.get(
    '/address_verification/states',
    {
      scope: 'read',
      schema: {
        operationId: 'miscellaneous_avs',
        summary: 'List the states of a country whose cards are verified by address: CA or US',
        description: 'The list of any other country is empty.',
        tags: ['Miscellaneous'],
        querystring: Type.Object({
          country: Type.Optional(Type.String({ description: 'ISO 3166 alpha-2', examples: ['CA'] })),
        }),
        response: responses(200, success('States retrieved', Type.Array(stateSchema)), 400, 422),
      },
    },
    async (request) => {
      const country = textOf(request.query.country)?.toUpperCase()
      if (country === undefined) throw new ServiceError('invalid_request', countryRequired, 'country')
      const data = Object.hasOwn(statesByCountry, country) ? (statesByCountry[country] ?? []) : []
      return { status: true as const, message: 'States retrieved', data }
    },
  )
}
