import type { Merchant } from '../../../domain/merchants/tenant.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'
import { auditQuery, auditSchema, sendAudit } from './audit.ts'

/** In the place of a merchant where the operator has changed the service as a whole. */
const nobody: Merchant = {
  id: 0,
  code: '',
  name: '',
  country: 'ZZ',
  timeZone: 'UTC',
  currencies: ['USD'],
  createdAt: new Date(0),
  closedAt: null,
}

/** `/v1/operator`: for the operator only, see operator.ts. */
export const operatorRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/operator/audit',
    {
      scope: 'operator',
      schema: {
        operationId: 'listOperatorAudit',
        summary: 'List the operator’s writes about the service as a whole, newest first',
        description: 'The writes about a merchant are in the list of the merchant. Days are those of UTC.',
        tags: ['Operator'],
        querystring: auditQuery,
        response: responses(200, auditSchema, 401, 404),
      },
    },
    async (request, reply) => sendAudit(context, { merchant: nobody, mode: null }, request.query, reply) as never,
  )
}
