import { Type } from 'typebox'
import {
  changePayoutSettings,
  getPayoutSettings,
  type PayoutSettings,
} from '../../../domain/payouts/payout-settings.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'

const tags = ['Payouts']

const feesBorneBy = Type.Unsafe<PayoutSettings['feesBorneBy']>({
  type: 'string',
  enum: ['owner', 'merchant'],
  description:
    'Who bears the fees of the processor; default merchant. owner: whoever owns the balance that the payout leaves. The expected fee is then reserved, too',
  examples: ['owner'],
})
const settingsSchema = Type.Object({ feesBorneBy })

/** `/v1/payout-settings`: what the merchant wants of payouts in this mode. */
export const payoutSettingsRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/payout-settings',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePayoutSettings',
        summary: 'Show who bears the fees of payouts',
        tags,
        response: responses(200, settingsSchema, 401),
      },
    },
    async (request) => getPayoutSettings(context, tenantOf(request)),
  )

  routes.patch(
    '/payout-settings',
    {
      scope: 'settings',
      once: 'in a transaction',
      schema: {
        operationId: 'updatePayoutSettings',
        summary: 'Say who bears the fees of payouts that are made from now on',
        tags,
        body: Type.Object({ feesBorneBy: Type.Optional(feesBorneBy) }),
        response: responses(200, settingsSchema, 401),
      },
    },
    async (request, tx) => changePayoutSettings(tx, tenantOf(request), request.body),
  )
}
