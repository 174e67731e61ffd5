import { Type } from 'typebox'
import {
  changePayoutSettings,
  getPayoutSettings,
  type PayoutSettings,
} from '../../../domain/payouts/payout-settings.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription } from '../../http/if-match.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'
import { refuseUnseen, settingsTime, withTime } from '../settings.ts'

const tags = ['Payouts']

const feesBorneBy = Type.Unsafe<PayoutSettings['feesBorneBy']>({
  type: 'string',
  enum: ['owner', 'merchant'],
  description:
    'Who bears the fees of the processor; default merchant. owner: whoever owns the balance that the payout leaves. The expected fee is then reserved, too',
  examples: ['owner'],
})
const defaultRecipient = Type.String({
  maxLength: 100,
  description: 'The id of the recipient of payouts on /api/canary/payouts that name none; none for nobody',
  examples: ['RCP_m7ljkv8leesep7p'],
})
const settingsSchema = Type.Object({ feesBorneBy, defaultRecipient, ...settingsTime })

/** `/v1/payout-settings`: what the merchant wants of payouts in this mode. */
export const payoutSettingsRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/payout-settings',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePayoutSettings',
        summary: 'Show who bears the fees of payouts, and their usual recipient',
        tags,
        response: responses(200, settingsSchema, 401),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return withTime(context, tenant, 'payout_settings', render(await getPayoutSettings(context, tenant)))
    },
  )

  routes.patch(
    '/payout-settings',
    {
      scope: 'settings',
      once: 'in a transaction',
      schema: {
        operationId: 'updatePayoutSettings',
        summary: 'Say who bears the fees of payouts that are made from now on, and their usual recipient',
        description: ifMatchDescription,
        tags,
        body: Type.Object({
          feesBorneBy: Type.Optional(feesBorneBy),
          defaultRecipient: Type.Optional(defaultRecipient),
        }),
        response: responses(200, settingsSchema, 401, 404, 412),
      },
    },
    async (request, tx) => {
      const { feesBorneBy, defaultRecipient: named } = request.body
      const change = { feesBorneBy, defaultRecipient: named === 'none' ? null : named }
      const tenant = tenantOf(request)
      await refuseUnseen(tx, tenant, 'payout_settings', request)
      return withTime(tx, tenant, 'payout_settings', render(await changePayoutSettings(tx, tenant, change)))
    },
  )
}

function render({ defaultRecipient, ...settings }: PayoutSettings) {
  return { ...settings, defaultRecipient: defaultRecipient ?? 'none' }
}
