import { Type } from 'typebox'
import type { PaymentMetadata } from '../../domain/payments/payment-records.ts'
import { currencyCode, metadataSchema } from '../http/schemas.ts'
import { amountSchema, givenAmountSchema } from './amounts.ts'
import { callbackUrlSchema } from './callback-url.ts'
import { unservedSchema } from './unserved.ts'

/** The shapes of transactions and charges. */
const nullable = (example: string) => Type.Union([Type.String(), Type.Null()], { examples: [example] })
const nullableText = Type.Union([Type.String(), Type.Null()])
const never = Type.Unknown({ description: 'Always null here' })
const neverText = Type.Union([Type.String(), Type.Null()], { description: 'Always null here' })
const empty = Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'Always empty here' })
const date = Type.String({ examples: ['2026-01-15T10:30:00.000Z'] })

const ofTransfer = Type.Optional(
  Type.Union([Type.String(), Type.Null()], { description: 'Only for money sent to a dedicated account' }),
)

const authorizationSchema = Type.Object(
  {
    authorization_code: nullable('AUTH_ekk8t49ogj'),
    bin: nullable('408408'),
    last4: nullable('4081'),
    exp_month: nullable('12'),
    exp_year: nullable('2030'),
    channel: nullable('card'),
    card_type: nullable('visa '),
    bank: nullable('TEST BANK'),
    country_code: nullable('NG'),
    brand: nullable('visa'),
    reusable: Type.Boolean({ examples: [true] }),
    signature: nullable('SIG_yEXu7dLBeqG0kU7g95Ke'),
    account_name: nullableText,
    receiver_bank_account_number: nullableText,
    receiver_bank: nullableText,
    sender_bank: ofTransfer,
    sender_bank_account_number: ofTransfer,
    sender_country: ofTransfer,
    sender_name: ofTransfer,
    narration: ofTransfer,
  },
  { description: 'The instrument that paid; every member is null until it is paid' },
)

const payerSchema = Type.Object({
  id: Type.Integer({ examples: [314159265] }),
  first_name: nullableText,
  last_name: nullableText,
  email: nullable('zero@example.com'),
  customer_code: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  phone: nullableText,
  metadata: Type.Union([metadataSchema, Type.Null()]),
  risk_action: Type.String({ examples: ['default'] }),
  international_format_phone: nullableText,
})

const steps = {
  start_time: Type.Integer({ description: 'Seconds since 1970' }),
  time_spent: Type.Integer({ description: 'Seconds' }),
  attempts: Type.Integer(),
  errors: Type.Integer(),
  success: Type.Boolean(),
  mobile: Type.Boolean(),
  input: Type.Array(Type.Unknown(), { description: 'Always empty' }),
  history: Type.Array(Type.Object({ type: Type.String(), message: Type.String(), time: Type.Integer() })),
}

const logSchema = Type.Union([Type.Object(steps), Type.Null()])

const basics = {
  id: Type.Integer({ examples: [314159270] }),
  domain: Type.String({ examples: ['test'] }),
  status: Type.String({
    description:
      'abandoned (also while a PIN is asked for), ongoing (while anything else of the payer is), pending, processing, success, failed, reversal-pending or reversed',
    examples: ['success'],
  }),
  reference: Type.String({ examples: ['order-17'] }),
  amount: amountSchema(),
  message: nullableText,
  gateway_response: Type.String({ examples: ['Successful'] }),
  paid_at: Type.Union([date, Type.Null()]),
  created_at: date,
  channel: nullable('card'),
  currency: Type.String({ examples: ['NGN'] }),
  ip_address: neverText,
  log: logSchema,
  fees: Type.Union([amountSchema('Hundredths'), Type.Null()], {
    description:
      'What the account at the processor has kept of the amount, after the transaction is paid; 0 in the sandbox, and while it is not known',
  }),
  authorization: authorizationSchema,
  customer: payerSchema,
  paidAt: Type.Union([date, Type.Null()]),
  createdAt: date,
  transaction_date: date,
}

const more = {
  fees_split: never,
  split: empty,
  order_id: neverText,
  requested_amount: amountSchema(),
  pos_transaction_data: never,
  fees_breakdown: never,
  connect: never,
  subaccount: empty,
}

const metadata = (ofNone: string) =>
  Type.Unknown({
    description: `The metadata as it was sent: an object if it was an object, ${ofNone} if there was none`,
  })

/** Metadata comes before the plan, as in the answers of the former release: a repeated request gets the same bytes. */
const wholeWith = (ofNone: string) => ({
  ...basics,
  ...more,
  receipt_number: neverText,
  metadata: metadata(ofNone),
  plan: never,
  source: never,
  plan_object: empty,
  helpdesk_link: neverText,
})

/** A transaction that is verified, and the answer to a charge of a saved authorization. */
export const verifiedSchema = Type.Object(wholeWith('""'))

/** A transaction that is fetched, and the answer to a charge. */
export const transactionSchema = Type.Object(wholeWith('null'))

/** A charge whose state is asked for. */
const checkedChargeSchema = Type.Object({ ...wholeWith('null'), redirect_url: neverText })

export const transactionRowSchema = Type.Object({
  ...basics,
  ...more,
  metadata: metadata('null'),
  plan: empty,
  source: Type.Object({
    source: Type.String({ examples: ['merchant_api'] }),
    type: Type.String({ examples: ['api'] }),
    identifier: neverText,
    entry_point: Type.String({ examples: ['transaction_initialize'] }),
  }),
})

export const transactionMetaSchema = Type.Union([
  Type.Object({
    total: Type.Integer(),
    total_volume: amountSchema('Hundredths; the sum of all transactions that succeeded, on all pages'),
    skipped: Type.Integer(),
    perPage: Type.Integer(),
    page: Type.Integer(),
    pageCount: Type.Integer(),
  }),
  Type.Object({ next: nullableText, previous: nullableText, perPage: Type.Integer() }),
])

const volumes = Type.Array(Type.Object({ currency: Type.String(), amount: amountSchema() }))

export const transactionTotalsSchema = Type.Object({
  total_transactions: Type.Integer({ description: 'The number of transactions that succeeded' }),
  total_volume: amountSchema('Hundredths; the sum over all currencies'),
  total_volume_by_currency: volumes,
  pending_transfers: amountSchema('Always 0: no money is paid out here'),
  pending_transfers_by_currency: volumes,
})

export const timelineSchema = Type.Object(steps)

export const exportSchema = Type.Object({
  path: Type.String({
    examples: ['http://127.0.0.1:9000/transaction/export/transactions_1768473000000.csv?link=m3Tq…'],
  }),
  expiresAt: Type.String({ description: 'UTC', examples: ['2026-01-15 10:31:00'] }),
})

export const openedTransactionSchema = Type.Object({
  authorization_url: Type.String({ examples: ['http://127.0.0.1:9000/pay/x7hq2v0r9c1mz3k'] }),
  access_code: Type.String({ examples: ['x7hq2v0r9c1mz3k'] }),
  reference: Type.String({ examples: ['order-17'] }),
})

/** The members with which every request for a payment begins. */
const asked = {
  email: Type.String({ format: 'email', maxLength: 254, examples: ['zero@example.com'] }),
  amount: givenAmountSchema,
  currency: Type.Optional(currencyCode({ description: 'Default: the merchant’s first currency' })),
  reference: Type.Optional(
    Type.String({
      maxLength: 100,
      description: 'Letters, digits and any of "-._="; default: a new reference',
      examples: ['order-17'],
    }),
  ),
  metadata: Type.Optional(
    Type.Unsafe<PaymentMetadata>({
      ...metadataSchema,
      type: ['object', 'array', 'string'],
      description:
        'A JSON object or list, or its JSON text, up to 16 KiB. With purpose "wallet_topup" the money fills the customer’s balance, otherwise it pays the merchant',
      examples: [{ purpose: 'wallet_topup' }],
    }),
  ),
  ...unservedSchema,
}

export const initializeTransactionSchema = Type.Object({
  ...asked,
  callback_url: callbackUrlSchema(
    'Address to which the page redirects after payment, with trxref and reference added',
    'https://shop.example/done',
  ),
  channels: Type.Optional(
    Type.Array(Type.String({ maxLength: 40 }), {
      maxItems: 20,
      description: 'The channels that the page offers; it supports card and mobile_money',
      examples: [['card']],
    }),
  ),
})

export const chargeAuthorizationSchema = Type.Object({
  ...asked,
  authorization_code: Type.String({ minLength: 1, maxLength: 100, examples: ['AUTH_ekk8t49ogj'] }),
  queue: Type.Optional(Type.Unknown({ description: 'Accepted; the charge is made at once all the same' })),
})

const digits = (description: string, example: string) =>
  Type.String({ minLength: 1, maxLength: 30, description, examples: [example] })

/** Instruments of Paystack's that nothing here can charge. */
export const otherInstruments = ['qr', 'capitec_pay'] as const

const notCharged = Type.Optional(Type.Unknown({ description: 'Refused: it cannot be charged here' }))

const pinSchema = Type.String({ pattern: '^\\d{4}$', description: 'Four digits', examples: ['1111'] })
const birthdaySchema = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  description: 'A day, as YYYY-MM-DD',
  examples: ['2007-04-15'],
})

export const chargeRequestSchema = Type.Object({
  ...asked,
  bank: Type.Optional(
    Type.Object(
      {
        code: Type.String({ pattern: '^\\d{2,6}$', examples: ['057'] }),
        account_number: Type.Optional(Type.String({ pattern: '^\\d{6,20}$', examples: ['0000000000'] })),
        phone: Type.Optional(Type.String({ minLength: 1, maxLength: 40, examples: ['+2348100000000'] })),
        token: Type.Optional(Type.String({ minLength: 1, maxLength: 20, examples: ['123456'] })),
      },
      { description: 'A bank account by code and account_number; Kuda (50211) by code, phone and token' },
    ),
  ),
  bank_transfer: Type.Optional(
    Type.Object(
      {
        account_expires_at: Type.Optional(
          Type.String({
            maxLength: 40,
            description: 'An instant, 15 minutes to 8 hours from now; default: 8 hours from now',
            examples: ['2026-01-15T18:30:00Z'],
          }),
        ),
      },
      { description: 'An account that waits for one transfer of the payer' },
    ),
  ),
  ussd: Type.Optional(
    Type.Object({ type: Type.String({ maxLength: 10, description: '737, 919, 822 or 966', examples: ['737'] }) }),
  ),
  eft: Type.Optional(
    Type.Object({ provider: Type.String({ maxLength: 40, description: 'ozow', examples: ['ozow'] }) }),
  ),
  qr: notCharged,
  capitec_pay: notCharged,
  pin: Type.Optional(pinSchema),
  birthday: Type.Optional(birthdaySchema),
  device_id: Type.Optional(Type.Unknown({ description: 'Accepted, and not used' })),
  card: Type.Optional(
    Type.Object({
      number: digits('A test card', '4084084084084081'),
      cvv: Type.String({ pattern: '^\\d{3,4}$', examples: ['408'] }),
      expiry_month: digits('1 to 12', '12'),
      expiry_year: digits('Two or four digits', '2030'),
    }),
  ),
  mobile_money: Type.Optional(
    Type.Object({
      phone: Type.Optional(digits('Required, except for a till', '0551234987')),
      account: Type.Optional(
        Type.String({
          pattern: '^\\d{4,12}$',
          description: 'The till of a shop, for the provider mptill',
          examples: ['1234567'],
        }),
      ),
      provider: Type.Optional(Type.String({ maxLength: 40, examples: ['mtn'] })),
    }),
  ),
  authorization_code: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
})

const ofStep = { reference: Type.String({ maxLength: 100, examples: ['order-17'] }) }

export const submitPinSchema = Type.Object({ pin: pinSchema, ...ofStep })

export const submitOtpSchema = Type.Object({
  otp: Type.String({ pattern: '^[A-Za-z0-9]{1,20}$', description: 'Letters and digits', examples: ['123456'] }),
  ...ofStep,
})

export const submitPhoneSchema = Type.Object({
  phone: Type.String({ minLength: 1, maxLength: 40, examples: ['08012345678'] }),
  ...ofStep,
})

export const submitBirthdaySchema = Type.Object({ birthday: birthdaySchema, ...ofStep })

const partOfAddress = (example: string) => Type.String({ minLength: 1, maxLength: 200, examples: [example] })

export const submitAddressSchema = Type.Object({
  address: partOfAddress('140 N 2ND ST'),
  city: partOfAddress('Stroudsburg'),
  state: partOfAddress('PA'),
  zip_code: Type.Optional(Type.String({ minLength: 1, maxLength: 20, examples: ['18360'] })),
  zipcode: Type.Optional(Type.String({ minLength: 1, maxLength: 20, description: 'The same as zip_code' })),
  ...ofStep,
})

/** No transaction has one of them: a transaction that a former release answered, with fewer members, is never taken for a step. */
const stepStatuses = [
  'send_pin',
  'send_otp',
  'send_phone',
  'send_birthday',
  'send_address',
  'open_url',
  'pay_offline',
  'pending_bank_transfer',
] as const

/** A charge that waits for its payer. */
const chargeStepSchema = Type.Object(
  {
    reference: Type.String({ examples: ['order-17'] }),
    status: Type.Unsafe<(typeof stepStatuses)[number]>({
      type: 'string',
      enum: [...stepStatuses],
      examples: ['send_otp'],
    }),
    display_text: Type.Optional(
      Type.String({
        description: 'A sentence for the payer',
        examples: ['Please enter OTP (none will be sent to your phone)'],
      }),
    ),
    country_code: Type.Optional(Type.String({ description: 'With send_address' })),
    url: Type.Optional(Type.String({ description: 'With open_url: the page on which the payer agrees' })),
    ussd_code: Type.Optional(Type.String({ description: 'With pay_offline: the code that the payer dials' })),
    account_number: Type.Optional(Type.String({ description: 'The till or the account that the payer pays to' })),
    account_reference: Type.Optional(Type.Integer({ description: 'The text that the payer gives at the till' })),
    account_name: Type.Optional(Type.String()),
    bank: Type.Optional(
      Type.Object({ slug: nullableText, name: Type.String(), id: Type.Union([Type.Integer(), Type.Null()]) }),
    ),
    account_expires_at: Type.Optional(nullableText),
  },
  { description: 'The next step of the payer' },
)

export const chargeSchema = Type.Union([transactionSchema, chargeStepSchema])

export const polledChargeSchema = Type.Union([checkedChargeSchema, chargeStepSchema])
