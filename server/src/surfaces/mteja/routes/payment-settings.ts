import { Type } from 'typebox'
import { feeBearers } from '../../../domain/ledger/processor-fees.ts'
import {
  changePaymentSettings,
  getPaymentSettings,
  type PaymentSettings,
  purposes,
} from '../../../domain/payments/payment-settings.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription } from '../../http/if-match.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'
import { refuseUnseen, settingsTime, withTime } from '../settings.ts'

const tags = ['Payment settings']

const members = {
  knownCustomers: Type.Unsafe<PaymentSettings['knownCustomers']>({
    type: 'string',
    enum: [...purposes],
    description:
      'What a payment is for if its metadata names no purpose and its payer was a customer before: payment pays the ' +
      'merchant, wallet_topup fills the customer’s balance; default payment',
    examples: ['wallet_topup'],
  }),
  feesBorneBy: Type.Unsafe<PaymentSettings['feesBorneBy']>({
    type: 'string',
    enum: [...feeBearers],
    description:
      'Who bears what the account at the processor keeps of payments; default merchant. merchant: processor_fees. ' +
      'merchant_balance: the merchant’s balance. owner: whoever owns the balance that the payment fills',
    examples: ['owner'],
  }),
}

export const paymentSettingsSchema = Type.Object({ ...members, ...settingsTime })

/** A change of settings: a member that is left out stays. */
export const paymentSettingsChange = {
  knownCustomers: Type.Optional(members.knownCustomers),
  feesBorneBy: Type.Optional(members.feesBorneBy),
}

/** `/v1/payment-settings`: what the merchant wants of payments, in the mode of the key. */
export const paymentSettingsRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/payment-settings',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePaymentSettings',
        summary: 'Show what payments without a purpose are for, and who bears fees',
        tags,
        response: responses(200, paymentSettingsSchema, 401),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return withTime(context, tenant, 'payment_settings', await getPaymentSettings(context, tenant))
    },
  )

  routes.patch(
    '/payment-settings',
    {
      scope: 'settings',
      once: 'in a transaction',
      schema: {
        operationId: 'updatePaymentSettings',
        summary: 'Say what payments without a purpose are for, and who bears fees',
        description: `The settings count for payments that begin from now on. ${ifMatchDescription}`,
        tags,
        body: Type.Object(paymentSettingsChange),
        response: responses(200, paymentSettingsSchema, 401, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      await refuseUnseen(tx, tenant, 'payment_settings', request)
      return withTime(tx, tenant, 'payment_settings', await changePaymentSettings(tx, tenant, request.body))
    },
  )
}
