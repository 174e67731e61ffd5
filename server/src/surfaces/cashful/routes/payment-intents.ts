import { type Static, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { noteChange } from '../../../domain/context.ts'
import type { Attempt } from '../../../domain/idempotency/attempt.ts'
import { doOnce } from '../../../domain/idempotency/once.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { type CardExpiry, isExpired } from '../../../domain/payments/instruments.ts'
import { listPaymentIntents } from '../../../domain/payments/payment-intent-lists.ts'
import { getPaymentIntent, type PaymentIntent } from '../../../domain/payments/payment-intent-records.ts'
import {
  type Confirmation,
  cancelPaymentIntent,
  confirmPaymentIntent,
  createPaymentIntent,
  keyedCreation,
} from '../../../domain/payments/payment-intents.ts'
import { requireProcessor } from '../../../domain/payments/payment-processor.ts'
import { tenantOf } from '../../http/authentication.ts'
import { keyScopeOf, markReplayed } from '../../http/idempotency.ts'
import { readEnd } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { metadataSchema } from '../../http/schemas.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { amountSchema, currencySchema, date, listOf, pageQuery, responses } from '../schemas.ts'
import { readPaymentMethodId } from './payment-methods.ts'

const tags = ['Payment Intents']

const statuses = [
  'initiation',
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'failed',
  'canceled',
]
const statusSchema = Type.Unsafe<string>({
  type: 'string',
  enum: statuses,
  description: 'A payment intent with the status failed can be confirmed again until it expires',
})
const nullableText = Type.Union([Type.String(), Type.Null()])

const exampleIntent = {
  id: 'pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  customerId: 'CUS_xnxdt6s1zg1f4nx',
  paymentMethodId: 'pm_ekk8t49ogj',
  amount: 5000,
  currency: 'ZAR',
  status: 'succeeded',
  mode: 'payment',
  description: 'Top-up',
  metadata: { orderId: 'order_456' },
  idempotencyKey: 'idem_abc123',
  expiresAt: '2025-01-16T10:30:00.000Z',
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:05.000Z',
}

const intentSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    customerId: nullableText,
    paymentMethodId: nullableText,
    amount: Type.Integer({ description: 'Minor units' }),
    currency: Type.String(),
    status: statusSchema,
    mode: Type.String(),
    description: Type.Optional(Type.String()),
    metadata: Type.Optional(metadataSchema),
    idempotencyKey: Type.String(),
    expiresAt: date,
    createdAt: date,
    updatedAt: date,
    deletedAt: Type.Optional(date),
  },
  { examples: [exampleIntent] },
)

/** For clients from 0.8.4 on. The members after the second one are for 0.9.0. */
const confirmationSchema = Type.Object(
  {
    paymentIntent: intentSchema,
    iveriParams: Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'Always empty' }),
    iVeri3dsEndpoint: Type.String({ description: 'Always empty: the sandbox never asks for 3-D Secure' }),
    sandboxMode: Type.Boolean(),
    status: Type.Optional(
      Type.Unsafe<'succeeded' | 'failed'>({
        type: 'string',
        enum: ['succeeded', 'failed'],
        description: 'Left out while the charge is processing',
      }),
    ),
    transactionId: Type.Optional(Type.String()),
    amount: Type.Integer(),
    currency: Type.String(),
    reason: Type.Optional(Type.String({ description: 'The reason why the charge failed' })),
  },
  {
    examples: [
      {
        paymentIntent: exampleIntent,
        iveriParams: {},
        iVeri3dsEndpoint: '',
        sandboxMode: true,
        status: 'succeeded',
        transactionId: 'txn_019aa8a1-7d2b-7c1e-9d3f-2f6f0c1b2a3d',
        amount: 5000,
        currency: 'ZAR',
      },
    ],
  },
)

const cardMember = (description: string) => Type.Optional(Type.String({ maxLength: 4000, description }))
const cipher = 'A ciphertext, which is charged as the test card that succeeds, or the number of a test card'

/** The first letters of its members' names changed with 0.8.4. */
const encryptedCardSchema = Type.Object({
  pAN: cardMember(cipher),
  PAN: cardMember('The same as pAN, in older clients'),
  expiryDate: cardMember('A ciphertext, or a month and a year such as 12/30, which must not be past'),
  ExpiryDate: cardMember('The same as expiryDate, in older clients'),
  cardSecurityCode: cardMember('Ignored'),
  CardSecurityCode: cardMember('Ignored'),
  cardholderName: cardMember('Ignored'),
  CardholderName: cardMember('Ignored'),
})

const confirmSchema = Type.Object(
  {
    evervaultEncryptedCard: Type.Optional(encryptedCardSchema),
    maskedPan: Type.Optional(Type.String({ maxLength: 40 })),
    tokenizeCard: Type.Optional(
      Type.Boolean({ description: 'Saves the card as a payment method of the customer after it has paid' }),
    ),
    firstName: Type.Optional(Type.String({ maxLength: 200 })),
    lastName: Type.Optional(Type.String({ maxLength: 200 })),
    phoneNumber: Type.Optional(Type.String({ maxLength: 40 })),
    paymentDescription: Type.Optional(Type.String({ maxLength: 500 })),
    merchantName: Type.Optional(Type.String({ maxLength: 200 })),
    metadata: Type.Optional(metadataSchema),
  },
  { examples: [{ evervaultEncryptedCard: { pAN: '4242424242424242' }, tokenizeCard: true }] },
)

const params = Type.Object({ id: Type.String({ examples: [exampleIntent.id] }) })

/** `/api/canary/payment-intents`: payments asked for from outside. */
export const paymentIntentRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/payment-intents',
    {
      scope: 'payments:write',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'createPaymentIntent',
        summary: 'Create a payment intent: money for a customer’s cash balance, or without a customer for the merchant',
        description:
          'With a payment method the payment intent is charged at once. If the charge is declined, the payment intent can be confirmed again.',
        tags,
        body: Type.Object(
          {
            merchantId: Type.Optional(Type.String()),
            customerId: Type.Optional(Type.String({ maxLength: 100 })),
            paymentMethodId: Type.Optional(Type.String({ maxLength: 100 })),
            amount: amountSchema,
            currency: currencySchema,
            mode: Type.Optional(
              Type.String({ maxLength: 40, description: 'Only the value payment', examples: ['payment'] }),
            ),
            description: Type.Optional(Type.String({ maxLength: 500 })),
            metadata: Type.Optional(metadataSchema),
            idempotencyKey: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: 255,
                description:
                  'Two calls with one key make one payment intent. Default: the Idempotency-Key header, else a new key',
              }),
            ),
            expiresAt: Type.Optional(
              Type.String({
                maxLength: 40,
                description:
                  'An instant, or a day, to the end of which it can be paid; at most a year from now; default 24 hours from now',
                examples: ['2027-01-15T10:30:00.000Z'],
              }),
            ),
          },
          { examples: [{ customerId: 'CUS_xnxdt6s1zg1f4nx', amount: 5000, currency: 'ZAR', mode: 'payment' }] },
        ),
        response: responses(201, intentSchema, 400, 402, 404, 409),
      },
    },
    async (request, attempt, reply) => {
      const tenant = tenantOf(request)
      const { merchantId, mode, customerId, paymentMethodId, expiresAt, ...input } = request.body
      checkMerchantId(tenant, merchantId)
      if (mode !== undefined && mode !== 'payment') {
        throw new ServiceError('invalid_request', `mode must be payment, the only one here, not "${mode}"`, 'mode')
      }
      const given = {
        ...input,
        customerCode: customerId,
        paymentMethodCode: paymentMethodId === undefined ? undefined : readPaymentMethodId(paymentMethodId),
        idempotencyKey: input.idempotencyKey ?? request.idempotent?.key,
        expiresAt: readEnd(tenant, expiresAt, 'expiresAt'),
      }
      const make = async (each: Attempt) =>
        renderIntent(tenant, await createPaymentIntent(context, tenant, given, each))
      const { idempotencyKey } = input
      if (idempotencyKey === undefined) return make(attempt)
      const keyed = keyedCreation(context, tenant, { ...given, idempotencyKey })
      const asked = { way: 'around work outside' as const, request: keyed }
      const { answer, replayed } = await doOnce(context, keyScopeOf(request), asked, make)
      markReplayed(reply, replayed)
      return answer
    },
  )

  routes.get(
    '/payment-intents',
    {
      scope: 'read',
      schema: {
        operationId: 'listPaymentIntents',
        summary: 'List payment intents, newest first',
        tags,
        querystring: Type.Object({
          merchantId: Type.Optional(Type.String()),
          ...pageQuery,
          status: Type.Optional(statusSchema),
        }),
        response: responses(200, listOf(intentSchema, exampleIntent), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const page = readPageRequest(request.query)
      const found = await listPaymentIntents(context, tenant, { status: request.query.status }, page)
      return renderPage(page, found, (intent) => renderIntent(tenant, intent))
    },
  )

  routes.get(
    '/payment-intents/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePaymentIntent',
        summary: 'Retrieve a payment intent',
        tags,
        params,
        response: responses(200, intentSchema, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return renderIntent(tenant, await getPaymentIntent(context, tenant, request.params.id))
    },
  )

  routes.post(
    '/payment-intents/:id/confirm',
    {
      scope: 'payments:write',
      once: 'around work outside',
      schema: {
        operationId: 'confirmPaymentIntent',
        summary: 'Confirm a payment intent with the given card, else its payment method, else the sandbox’s test card',
        description:
          'Without a body the answer is the payment intent, as clients up to 0.8.0 expect. With any member in the body the ' +
          'answer is about the confirmation, as clients from 0.8.4 on expect. A declined charge is answered with the status failed. ' +
          'A payment intent that is paid is never charged again.',
        tags,
        params,
        body: confirmSchema,
        response: responses(200, Type.Union([confirmationSchema, intentSchema]), 400, 402, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const confirmation = { ...readConfirmation(request.body, context.clock.now()), id: request.params.id }
      const intent = await confirmPaymentIntent(context, tenant, confirmation, attempt)
      if (Object.keys(request.body).length === 0) return renderIntent(tenant, intent)
      const { isSandbox } = await requireProcessor(context, tenant)
      return renderConfirmation(tenant, intent, isSandbox)
    },
  )

  routes.post(
    '/payment-intents/:id/cancel',
    {
      scope: 'payments:write',
      once: 'around work outside',
      schema: {
        operationId: 'cancelPaymentIntent',
        summary: 'Cancel a payment intent that has not succeeded',
        tags,
        params,
        response: responses(200, intentSchema, 400, 404, 409),
      },
    },
    async (request, attempt) => {
      const tenant = tenantOf(request)
      const { id } = request.params
      const { status: before } = await getPaymentIntent(context, tenant, id)
      const intent = await cancelPaymentIntent(context, tenant, id)
      if (intent.status !== before) {
        noteChange(attempt, { object: id, before: { status: before }, after: { status: intent.status } })
      }
      return renderIntent(tenant, intent)
    },
  )
}

function readConfirmation(body: Static<typeof confirmSchema>, now: Date): Confirmation {
  const card = body.evervaultEncryptedCard
  if (card === undefined) return {}
  const name = [body.firstName, body.lastName].filter((part) => part !== undefined && part !== '').join(' ')
  const ciphertext = card.pAN ?? card.PAN ?? ''
  const expiry = readExpiry(card.expiryDate ?? card.ExpiryDate, now)
  const instrument = { type: 'encrypted_card' as const, ciphertext, expiry, accountName: name || undefined }
  return { instrument, save: body.tokenizeCard }
}

/**
 * The month and year of an expiry in plain text: `12/30`, `12/2030`, `1230`. Undefined for a ciphertext, which only its
 * processor can read. Throws `invalid_request` for no month and for a card that has expired.
 */
function readExpiry(text: string | undefined, now: Date): CardExpiry | undefined {
  if (text === undefined || !/^[\d\s/-]{1,12}$/.test(text)) return undefined
  const [, month, year] = /^\s*(\d\d?)\s*[/-]?\s*(?:20)?(\d\d)\s*$/.exec(text) ?? []
  const expiry = { expiryMonth: Number(month), expiryYear: 2000 + Number(year) }
  const refuse = (fault: string) =>
    new ServiceError('invalid_request', `expiryDate ${fault}`, 'evervaultEncryptedCard.expiryDate')
  if (!(expiry.expiryMonth >= 1 && expiry.expiryMonth <= 12)) throw refuse('must be a month and a year such as 12/30')
  if (isExpired(expiry, now)) throw refuse('is in the past: the card has expired')
  return expiry
}

function renderIntent({ merchant }: Tenant, intent: PaymentIntent) {
  return {
    id: intent.id,
    merchantId: merchant.code,
    customerId: intent.customerCode,
    paymentMethodId: intent.paymentMethodCode === null ? null : `pm_${intent.paymentMethodCode}`,
    amount: Number(intent.amount),
    currency: intent.currency,
    status: intent.status,
    mode: 'payment',
    ...(intent.description === null ? {} : { description: intent.description }),
    ...(intent.metadata === null ? {} : { metadata: intent.metadata }),
    idempotencyKey: intent.idempotencyKey,
    expiresAt: intent.expiresAt.toISOString(),
    createdAt: intent.createdAt.toISOString(),
    updatedAt: intent.updatedAt.toISOString(),
  }
}

/** A card's bank is never asked for 3-D Secure here, so there is nothing to send a person to. */
function renderConfirmation(tenant: Tenant, intent: PaymentIntent, sandboxMode: boolean) {
  const { status, transactionId, failureReason } = intent
  return {
    paymentIntent: renderIntent(tenant, intent),
    iveriParams: {},
    iVeri3dsEndpoint: '',
    sandboxMode,
    ...(status === 'succeeded' || status === 'failed' ? { status } : {}),
    ...(transactionId === null ? {} : { transactionId: `txn_${transactionId}` }),
    amount: Number(intent.amount),
    currency: intent.currency,
    ...(status === 'failed' && failureReason !== null ? { reason: failureReason } : {}),
  }
}
