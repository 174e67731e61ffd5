import { Type } from 'typebox'
import {
  changePayoutSettings,
  getPayoutSettings,
  type PayoutSettings,
} from '../../../domain/payouts/payout-settings.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription } from '../../http/if-match.ts'
import type { RouteFile } from '../../http/routes.ts'
import { wholeNumber } from '../../http/schemas.ts'
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
const coolDownHours = wholeNumber(0, 720, {
  description:
    'For so long after its recipient was made a payout waits, in hours: it is pending, with the stateCode cooling_down. Default 0',
  examples: [24],
})
const identifiedOnly = Type.Boolean({
  description: 'Whether payouts of customers who are not identified are refused; default false',
  examples: [false],
})
const nameDifferences = Type.Unsafe<PayoutSettings['nameDifferences']>({
  type: 'string',
  enum: ['shown', 'approval'],
  description:
    'What becomes of a payout to a bank account whose bank does not confirm the name of the payee. shown: nothing, the difference is shown; this is the default. approval: it waits for a second person',
  examples: ['shown'],
})
const settingsSchema = Type.Object({
  feesBorneBy,
  defaultRecipient,
  coolDownHours,
  identifiedOnly,
  nameDifferences,
  ...settingsTime,
})

/** `/v1/payout-settings`: what the merchant wants of payouts in this mode. */
export const payoutSettingsRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/payout-settings',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePayoutSettings',
        summary: 'Show who bears the fees of payouts, their usual recipient, and what is refused or waits',
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
        summary: 'Change the settings of payouts: fees, the usual recipient, and what is refused or waits',
        description: ifMatchDescription,
        tags,
        body: Type.Object({
          feesBorneBy: Type.Optional(feesBorneBy),
          defaultRecipient: Type.Optional(defaultRecipient),
          coolDownHours: Type.Optional(coolDownHours),
          identifiedOnly: Type.Optional(identifiedOnly),
          nameDifferences: Type.Optional(nameDifferences),
        }),
        response: responses(200, settingsSchema, 401, 404, 412),
      },
    },
    async (request, tx) => {
      const { defaultRecipient: named, ...others } = request.body
      const change = { ...others, defaultRecipient: named === 'none' ? null : named }
      const tenant = tenantOf(request)
      await refuseUnseen(tx, tenant, 'payout_settings', request)
      return withTime(tx, tenant, 'payout_settings', render(await changePayoutSettings(tx, tenant, change)))
    },
  )
}

function render({ defaultRecipient, ...settings }: PayoutSettings) {
  return { ...settings, defaultRecipient: defaultRecipient ?? 'none' }
}
