import { Type } from 'typebox'
import { lookAtDatabase } from '../../../domain/context.ts'
import type { RouteFile } from '../../http/routes.ts'

const component = Type.Object({ status: Type.String(), message: Type.Optional(Type.String()) })
const components = Type.Record(Type.String(), component)
const healthSchema = Type.Object(
  { status: Type.String(), info: components, error: components, details: components },
  {
    examples: [
      {
        status: 'ok',
        info: { 'cashful-api': { status: 'up' }, database: { status: 'up' } },
        error: {},
        details: { 'cashful-api': { status: 'up' }, database: { status: 'up' } },
      },
    ],
  },
)

const messages = {
  unreachable: 'The database cannot be reached',
  full: 'The database has no space left',
}

/** `/api/canary/health`: 200 while the database answers, otherwise 503, and 503 from the moment at which the server closes. */
export const healthRoutes: RouteFile = (routes, { context, isDraining }) => {
  routes.get(
    '/health',
    {
      scope: 'public',
      schema: {
        operationId: 'health',
        summary: 'Check whether the service can work',
        tags: ['Health'],
        security: [],
        response: { 200: healthSchema, 503: healthSchema },
      },
    },
    async (_request, reply) => {
      if (isDraining()) {
        const error = { 'cashful-api': { status: 'down', message: 'The server is closing' } }
        reply.status(503)
        return { status: 'error', info: {}, error, details: error }
      }
      const api = { 'cashful-api': { status: 'up' } }
      const state = await lookAtDatabase(context)
      if (state === 'ready') {
        const info = { ...api, database: { status: 'up' } }
        return { status: 'ok', info, error: {}, details: info }
      }
      const error = { database: { status: 'down', message: messages[state] } }
      reply.status(503)
      return { status: 'error', info: api, error, details: { ...api, ...error } }
    },
  )
}
