import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { merchantSchema, responses } from '../schemas.ts'
import { renderMerchant } from './merchants.ts'

/** `/v1/merchant`: the merchant of the key. The operator changes it, see merchants.ts: a test key must not touch live mode. */
export const ownMerchantRoutes: RouteFile = (routes) => {
  routes.get(
    '/merchant',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveOwnMerchant',
        summary: 'Retrieve the merchant of the key',
        tags: ['Merchant'],
        response: responses(200, merchantSchema, 401),
      },
    },
    async (request) => renderMerchant(tenantOf(request).merchant),
  )
}
