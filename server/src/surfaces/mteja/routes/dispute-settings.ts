import { Type } from 'typebox'
import {
  changeDisputeSettings,
  type DisputeSettings,
  getDisputeSettings,
} from '../../../domain/payments/dispute-settings.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription } from '../../http/if-match.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'
import { refuseUnseen, settingsTime, withTime } from '../settings.ts'

const tags = ['Disputes']

const members = {
  borneBy: Type.Unsafe<DisputeSettings['borneBy']>({
    type: 'string',
    enum: ['customer', 'merchant'],
    description: 'Who bears money that payers take back from a customer’s balance; default customer',
    examples: ['customer'],
  }),
  holdsAmount: Type.Boolean({
    description: 'Whether an open dispute reserves what is available of its amount; default false',
    examples: [true],
  }),
}
const settingsSchema = Type.Object({ ...members, ...settingsTime })

/** `/v1/dispute-settings`: what the merchant wants of disputes in this mode. */
export const disputeSettingsRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/dispute-settings',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveDisputeSettings',
        summary: 'Show who bears disputes, and whether an open dispute reserves its amount',
        tags,
        response: responses(200, settingsSchema, 401),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return withTime(context, tenant, 'dispute_settings', await getDisputeSettings(context, tenant))
    },
  )

  routes.patch(
    '/dispute-settings',
    {
      scope: 'settings',
      once: 'in a transaction',
      schema: {
        operationId: 'updateDisputeSettings',
        summary: 'Say who bears disputes, and whether an open dispute reserves its amount',
        description:
          'Who bears a dispute is decided when it is lost. Whether it reserves its amount is decided when it begins. ' +
          ifMatchDescription,
        tags,
        body: Type.Object({
          borneBy: Type.Optional(members.borneBy),
          holdsAmount: Type.Optional(members.holdsAmount),
        }),
        response: responses(200, settingsSchema, 401, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      await refuseUnseen(tx, tenant, 'dispute_settings', request)
      return withTime(tx, tenant, 'dispute_settings', await changeDisputeSettings(tx, tenant, request.body))
    },
  )
}
