import { Type } from 'typebox'
import { freeText, largestNumber } from '../http/schemas.ts'
import { amountSchema, givenAmountSchema } from './amounts.ts'
import { pageMetaSchema } from './schemas.ts'

const date = Type.String({ examples: ['2026-01-15T10:30:00.000Z'] })
const nullableDate = Type.Union([date, Type.Null()])
const nullableText = Type.Union([Type.String(), Type.Null()])
const never = Type.Null({ description: 'Always null' })
const empty = Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'Always empty here' })

export const newRefundSchema = Type.Object({
  transaction: Type.Unsafe<string>({
    type: ['string', 'integer'],
    'x-reads': 'name',
    maxLength: 200,
    minimum: 0,
    maximum: largestNumber,
    description: 'The reference of the transaction, or its id as a number or a text',
    examples: ['order-17'],
  }),
  amount: Type.Optional(givenAmountSchema),
  currency: Type.Optional(Type.String({ maxLength: 10, description: 'That of the transaction', examples: ['NGN'] })),
  customer_note: Type.Optional(freeText(500, { examples: ['Sorry for the delay'] })),
  merchant_note: Type.Optional(freeText(500, { examples: ['Out of stock'] })),
})

export const retriedRefundSchema = Type.Object({
  refund_account_details: Type.Object({
    currency: Type.String({ maxLength: 10, description: 'That of the transaction', examples: ['NGN'] }),
    account_number: Type.String({ maxLength: 50, examples: ['0123456789'] }),
    bank_id: Type.String({ pattern: '^[0-9]{1,18}$', description: 'The id of the bank in GET /bank', examples: ['9'] }),
  }),
})

const basics = {
  id: Type.Integer({ examples: [17] }),
  integration: Type.Integer({ examples: [100001] }),
  domain: Type.String({ examples: ['test'] }),
  currency: Type.String({ examples: ['NGN'] }),
  amount: amountSchema(),
  status: Type.String({
    description: 'pending, processing, needs-attention, processed or failed',
    examples: ['pending'],
  }),
  reason: Type.String({ description: 'The status in capitals', examples: ['PENDING'] }),
  customer_note: Type.String({ examples: ['Refund for transaction order-17'] }),
  merchant_note: Type.String({ examples: ['Refund for transaction order-17 by api'] }),
  deducted_amount: amountSchema('Hundredths of the currency that are no longer available here'),
  channel: nullableText,
  refunded_by: nullableText,
  initiated_by: nullableText,
  session_id: never,
  expected_at: date,
  createdAt: date,
  updatedAt: date,
}

const refundedTransaction = Type.Object({
  id: Type.Integer({ examples: [314159270] }),
  domain: Type.String({ examples: ['test'] }),
  reference: Type.String({ examples: ['order-17'] }),
  amount: amountSchema(),
  requested_amount: amountSchema(),
  paid_at: nullableDate,
  paidAt: nullableDate,
  channel: nullableText,
  currency: Type.String({ examples: ['NGN'] }),
  authorization: Type.Object({ exp_month: never, exp_year: never, account_name: never }),
  customer: Type.Object({ international_format_phone: nullableText }),
  plan: empty,
  subaccount: Type.Object({ currency: never }),
  split: empty,
  order_id: never,
  pos_transaction_data: never,
  source: never,
  fees_breakdown: never,
})

/** The answer to a new refund: the refund as it was made. */
export const madeRefundSchema = Type.Object({
  ...basics,
  transaction: refundedTransaction,
  fully_deducted: Type.Boolean(),
  customer: never,
})

const payer = Type.Union([
  Type.Object({
    id: Type.Integer(),
    first_name: nullableText,
    last_name: nullableText,
    email: nullableText,
    customer_code: Type.String(),
    phone: nullableText,
    metadata: Type.Unknown(),
    risk_action: Type.String(),
    international_format_phone: nullableText,
  }),
  Type.Null(),
])

export const refundRowSchema = Type.Object({
  ...basics,
  transaction: Type.Integer({ examples: [314159270] }),
  transaction_reference: Type.String({ examples: ['order-17'] }),
  transaction_amount: amountSchema(),
  fully_deducted: Type.Integer({ description: '1 or 0' }),
  refund_type: Type.String({ description: 'full or partial', examples: ['full'] }),
  refund_channel: never,
  refunded_at: nullableDate,
  collect_account_number: Type.Boolean({ description: 'It waits for a bank account of the payer' }),
  bank_reference: nullableText,
  dispute: never,
  settlement: never,
  customer: payer,
  created_at: date,
  updated_at: date,
})

export const refundMetaSchema = Type.Object({
  ...pageMetaSchema.properties,
  totalRetriable: Type.Integer({ description: 'How many of them wait for a bank account of the payer' }),
  partialAmountLeft: Type.Union([amountSchema(), Type.Null()], {
    description: 'The rest of the filtered transaction that can still be refunded; null without a transaction',
  }),
})
