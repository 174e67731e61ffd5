import { Type } from 'typebox'
import { getRequest } from '../../../domain/ledger/requests.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readInstant } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { date, responses, timeZoneSchema } from '../schemas.ts'
import { auditEntrySchema, renderAuditEntry } from './audit.ts'
import { customerCodeOf } from './events.ts'

const id = '019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e'

const eventSchema = Type.Object({
  id: Type.String({ examples: ['evt_5f0c1b2a3d9b4e7f8a6c1e7d2b9d3f2f'] }),
  type: Type.String({ examples: ['transfer.completed'] }),
  customerId: Type.Union([Type.String(), Type.Null()]),
  createdAt: date,
})

/** `/v1/requests`: what a request did, by the id that its answer had. */
export const requestRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/requests/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveRequest',
        summary: 'See what a request did: its writes, its movements of money and its events',
        description:
          'The id is the `x-request-id` of the answer. One that the server made is found however old it is. A caller’s own id is ' +
          'looked for among the newest 5,000 movements, or with `at` within two minutes of that time.',
        tags: ['Audit'],
        params: Type.Object({ id: Type.String({ maxLength: 100, examples: [id] }) }),
        querystring: Type.Object({
          at: Type.Optional(
            Type.String({
              maxLength: 40,
              description: 'About when the request came',
              examples: ['2026-01-15T10:30:00.000Z'],
            }),
          ),
        }),
        response: responses(
          200,
          Type.Object({
            requestId: Type.String({ examples: [id] }),
            writes: Type.Array(auditEntrySchema, {
              description:
                'Newest first; a movement of money has its kind as action and its ledger transaction as object',
            }),
            timeZone: timeZoneSchema,
            events: Type.Array(eventSchema, { description: 'Recorded with the writes, oldest first' }),
          }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { id } = request.params
      const { deeds, events } = await getRequest(context, tenant, id, readInstant(tenant, request.query.at, 'at'))
      return {
        requestId: id,
        timeZone: tenant.merchant.timeZone,
        writes: deeds.map(renderAuditEntry),
        events: events.map((event) => ({
          id: event.publicId,
          type: event.type,
          customerId: customerCodeOf(event),
          createdAt: event.createdAt.toISOString(),
        })),
      }
    },
  )
}
