import { Type } from 'typebox'
import { findWaiting } from '../../../domain/approvals/approval-records.ts'
import { changeApprovalSettings, getApprovalSettings, shown } from '../../../domain/approvals/approval-settings.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription } from '../../http/if-match.ts'
import type { RouteFile } from '../../http/routes.ts'
import { currencyCode, largestNumber, wholeNumber } from '../../http/schemas.ts'
import { responses } from '../schemas.ts'
import { refuseUnseen, settingsTime, withTime } from '../settings.ts'

const tags = ['Approvals']

const amountOver = {
  description: 'A larger amount waits for a second person, in minor units; null or left out for no limit',
  examples: [100_000],
}
const dailySumOver = {
  description:
    'What brings the sum that its asker has moved on the day without a second person over this waits; null or left out for no limit',
  examples: [500_000],
}
const answeredLimit = Type.Union([Type.Integer(), Type.Null()])
const isOn = Type.Boolean({ description: 'false: nothing waits, as in a company of one', examples: [true] })
const newDestinations = Type.Boolean({
  description: 'Whether a payout to a destination that was never paid waits; default false',
  examples: [true],
})

/** The settings as an approver sees them. */
export const approvalSettingsSchema = Type.Object({
  isOn,
  limits: Type.Array(
    Type.Object({
      currency: Type.String({ examples: ['ZAR'] }),
      amountOver: { ...answeredLimit, ...amountOver },
      dailySumOver: { ...answeredLimit, ...dailySumOver },
    }),
  ),
  newDestinations,
})

export type ShownSettings = ReturnType<typeof shown>

const answerSchema = Type.Object({
  ...approvalSettingsSchema.properties,
  ...settingsTime,
  waitingApprovalId: Type.Union([Type.String(), Type.Null()], {
    description: 'The approval of a change that waits for a second person; null for none',
  }),
})

/** `/v1/approval-settings`: what waits for a second person, in the mode of the key. */
export const approvalSettingsRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/approval-settings',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveApprovalSettings',
        summary: 'Show what waits for a second person',
        tags,
        response: responses(200, answerSchema, 401),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const settings = await getApprovalSettings(context, tenant)
      const waiting = await findWaiting(context, tenant, { kind: 'approval_settings' })
      const answer = { ...shown(settings), waitingApprovalId: waiting?.id ?? null }
      return withTime(context, tenant, 'approval_settings', answer)
    },
  )

  routes.patch(
    '/approval-settings',
    {
      scope: 'settings',
      once: 'in a transaction',
      schema: {
        operationId: 'updateApprovalSettings',
        summary: 'Say what waits for a second person',
        description:
          'A lower limit or a new one counts at once. A change that raises or removes a limit, or lets new destinations pass, waits for a second person itself, as a whole: the answer then has the settings as they still are, and the approval. ' +
          ifMatchDescription,
        tags,
        body: Type.Object({
          limits: Type.Optional(
            Type.Array(
              Type.Object({
                currency: currencyCode({ description: 'ISO 4217 code of a currency that the merchant holds' }),
                amountOver: Type.Optional(wholeNumber(0, largestNumber, amountOver)),
                dailySumOver: Type.Optional(wholeNumber(0, largestNumber, dailySumOver)),
              }),
              {
                maxItems: 200,
                description:
                  'A currency that is named has the limits that are given, and no other; other currencies stay',
              },
            ),
          ),
          newDestinations: Type.Optional(newDestinations),
        }),
        response: responses(200, answerSchema, 401, 409, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      await refuseUnseen(tx, tenant, 'approval_settings', request)
      const { settings, waiting } = await changeApprovalSettings(tx, tenant, request.body)
      const answer = { ...shown(settings), waitingApprovalId: waiting?.id ?? null }
      return withTime(tx, tenant, 'approval_settings', answer)
    },
  )
}
