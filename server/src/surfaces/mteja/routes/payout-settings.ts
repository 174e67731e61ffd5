import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { type Approval, findWaiting } from '../../../domain/approvals/approval-records.ts'
import type { ApprovalUrl } from '../../../domain/payouts/payout-processor.ts'
import {
  changePayoutSettings,
  getPayoutSettings,
  type PayoutSettings,
} from '../../../domain/payouts/payout-settings.ts'
import { readWebhookUrl } from '../../../domain/webhooks/endpoints.ts'
import type { SenderChoice } from '../../../domain/webhooks/sender.ts'
import { callerOf, readBearer, tenantOf } from '../../http/authentication.ts'
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
const approvalUrl = Type.String({
  maxLength: 2000,
  description:
    'The address that is asked before a payout is sent: 200 approves, 400 refuses, everything else blocks it. none for none, which is the default. What it is asked is signed with the key that has set it',
  examples: ['https://duka.example/payouts/approve'],
})
/** The settings as an approver sees them. */
export const payoutSettingsSchema = Type.Object({
  feesBorneBy,
  defaultRecipient,
  coolDownHours,
  identifiedOnly,
  nameDifferences,
  approvalUrl,
})
const answerSchema = Type.Object({
  ...payoutSettingsSchema.properties,
  ...settingsTime,
  waitingApprovalId: Type.Union([Type.String(), Type.Null()], {
    description: 'The approval of a change that waits for a second person; null for none',
  }),
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
        response: responses(200, answerSchema, 401),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const settings = await getPayoutSettings(context, tenant)
      const waiting = await findWaiting(context, tenant, { kind: 'payout_settings' })
      return withTime(context, tenant, 'payout_settings', render(settings, waiting))
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
        description:
          'Where anything waits for a second person, a change that lets more pass than before waits, too, as a whole: fewer hours, another approvalUrl or none, identifiedOnly false, nameDifferences shown. The answer then has the settings as they still are, and the approval. ' +
          ifMatchDescription,
        tags,
        body: Type.Object({
          feesBorneBy: Type.Optional(feesBorneBy),
          defaultRecipient: Type.Optional(defaultRecipient),
          coolDownHours: Type.Optional(coolDownHours),
          identifiedOnly: Type.Optional(identifiedOnly),
          nameDifferences: Type.Optional(nameDifferences),
          approvalUrl: Type.Optional(approvalUrl),
        }),
        response: responses(200, answerSchema, 401, 404, 409, 412),
      },
    },
    async (request, tx) => {
      const { defaultRecipient: named, approvalUrl: url, ...others } = request.body
      const tenant = tenantOf(request)
      const change = {
        ...others,
        defaultRecipient: named === 'none' ? null : named,
        approvalUrl: url === undefined ? undefined : readApprovalUrl(tx, request, url),
      }
      await refuseUnseen(tx, tenant, 'payout_settings', request)
      const { settings, waiting } = await changePayoutSettings(tx, tenant, change)
      return withTime(tx, tenant, 'payout_settings', render(settings, waiting))
    },
  )
}

/** Null for none. Throws `invalid_request` for an address that is not sent to, and for a caller without a key. */
function readApprovalUrl(context: SenderChoice, request: FastifyRequest, url: string): ApprovalUrl | null {
  if (url === 'none') return null
  const { mode } = tenantOf(request)
  const read = readWebhookUrl(context, url, mode, 'approvalUrl')
  if (callerOf(request).credential === 'token') {
    const message = 'approvalUrl is set with an API key, which signs what it is asked, and not with a token'
    throw new ServiceError('invalid_request', message, 'approvalUrl')
  }
  return { url: read, secret: readBearer(request) }
}

function render(settings: PayoutSettings, waiting: Approval | null) {
  return { ...renderPayoutSettings(settings), waitingApprovalId: waiting?.id ?? null }
}

export function renderPayoutSettings({ defaultRecipient, approvalUrl, ...settings }: PayoutSettings) {
  return { ...settings, defaultRecipient: defaultRecipient ?? 'none', approvalUrl: approvalUrl ?? 'none' }
}
