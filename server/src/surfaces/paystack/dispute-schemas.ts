import { Type } from 'typebox'
import { freeText } from '../http/schemas.ts'
import { amountSchema, givenAmountSchema } from './amounts.ts'

const date = Type.String({ examples: ['2026-01-15T10:30:00.000Z'] })
const nullableDate = Type.Union([date, Type.Null()])
const nullableText = Type.Union([Type.String(), Type.Null()])
const never = Type.Null({ description: 'Always null' })
const empty = Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'Always empty here' })

export const updatedDisputeSchema = Type.Object({
  refund_amount: givenAmountSchema,
  uploaded_filename: Type.Optional(Type.String({ maxLength: 255, examples: ['receipt.pdf'] })),
})

export const resolvedDisputeSchema = Type.Object({
  resolution: Type.Unsafe<'merchant-accepted' | 'declined'>({
    type: 'string',
    enum: ['merchant-accepted', 'declined'],
    examples: ['merchant-accepted'],
  }),
  message: freeText(500, { examples: ['Merchant accepted'] }),
  refund_amount: givenAmountSchema,
  uploaded_filename: Type.String({ maxLength: 255, examples: ['receipt.pdf'] }),
  evidence: Type.Optional(Type.Unknown({ description: 'Has no effect: the evidence of the dispute counts' })),
})

const evidenceMembers = {
  customer_email: Type.String({ maxLength: 254, examples: ['zero@example.com'] }),
  customer_name: Type.String({ maxLength: 200, examples: ['Zero Sum'] }),
  customer_phone: Type.String({ maxLength: 40, examples: ['08023456789'] }),
  service_details: freeText(2000, { examples: ['A wallet top-up, which was spent the same day'] }),
}

export const newEvidenceSchema = Type.Object({
  ...evidenceMembers,
  delivery_address: Type.Optional(freeText(500, { examples: ['3a, Ladoke Akintola street, Ikeja'] })),
  delivery_date: Type.Optional(Type.String({ maxLength: 40, examples: ['2026-01-15'] })),
})

export const evidenceSchema = Type.Object({
  ...evidenceMembers,
  delivery_address: nullableText,
  delivery_date: nullableText,
  dispute: Type.Integer({ examples: [17] }),
  id: Type.Integer({ examples: [21] }),
  createdAt: date,
  updatedAt: date,
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

const disputedTransaction = Type.Object({
  id: Type.Integer({ examples: [314159270] }),
  domain: Type.String({ examples: ['test'] }),
  status: Type.String({ examples: ['success'] }),
  reference: Type.String({ examples: ['order-17'] }),
  amount: amountSchema(),
  message: never,
  gateway_response: Type.String(),
  paid_at: nullableDate,
  created_at: date,
  channel: nullableText,
  currency: Type.String({ examples: ['NGN'] }),
  ip_address: never,
  metadata: Type.String({ description: 'Always empty: fetch the transaction' }),
  log: never,
  fees: amountSchema(),
  fees_split: never,
  authorization: empty,
  customer: Type.Object({ international_format_phone: never }),
  plan: empty,
  subaccount: empty,
  split: empty,
  order_id: never,
  paidAt: nullableDate,
  requested_amount: amountSchema(),
  pos_transaction_data: never,
})

const step = { status: Type.String(), by: Type.String(), createdAt: date }
const message = { sender: Type.String(), body: Type.String(), createdAt: date }

const members = {
  id: Type.Integer({ examples: [17] }),
  refund_amount: amountSchema(),
  currency: Type.String({ examples: ['NGN'] }),
  status: Type.String({
    description: 'awaiting-merchant-feedback, awaiting-bank-feedback, pending or resolved',
    examples: ['awaiting-merchant-feedback'],
  }),
  resolution: Type.Union([Type.String(), Type.Null()], { description: 'merchant-accepted, auto-accepted or declined' }),
  domain: Type.String({ examples: ['test'] }),
  transaction: disputedTransaction,
  transaction_reference: never,
  category: Type.String({ examples: ['chargeback'] }),
  customer: payer,
  bin: nullableText,
  last4: nullableText,
  dueAt: nullableDate,
  resolvedAt: nullableDate,
  evidence: Type.Union([evidenceSchema, Type.Null()]),
  attachments: Type.String({ description: 'The names of files, as the JSON of a list', examples: ['[]'] }),
  note: never,
  history: Type.Array(Type.Object(step)),
  messages: Type.Array(Type.Object(message)),
  created_at: date,
  updated_at: date,
  createdAt: date,
  updatedAt: date,
}

export const disputeSchema = Type.Object(members)

const numbered = { id: Type.Integer(), dispute: Type.Integer() }

export const disputeOfTransactionSchema = Type.Object({
  ...members,
  merchant_transaction_reference: Type.String({ examples: ['order-17'] }),
  integration: Type.Integer({ examples: [100001] }),
  created_by: never,
  history: Type.Array(Type.Object({ ...numbered, ...step })),
  messages: Type.Array(Type.Object({ ...numbered, ...message })),
})

export const resolutionSchema = Type.Object({
  ...members,
  message: Type.Object({
    dispute: Type.Integer(),
    sender: Type.String(),
    body: Type.String(),
    id: Type.Integer(),
    createdAt: date,
    updatedAt: date,
  }),
})

export const uploadSchema = Type.Object({
  signedUrl: Type.String({ examples: ['https://s3.example.com/files/receipt.pdf?signature=m3Tq'] }),
  fileName: Type.String({ examples: ['receipt.pdf'] }),
})
