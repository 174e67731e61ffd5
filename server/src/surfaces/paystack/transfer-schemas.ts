import { Type } from 'typebox'
import { freeText, metadataSchema } from '../http/schemas.ts'
import { amountSchema, givenAmountSchema } from './amounts.ts'

const date = Type.String({ examples: ['2026-01-15T10:30:00.000Z'] })
const nullableText = Type.Union([Type.String(), Type.Null()])
const never = Type.Null({ description: 'Always null' })
const blank = (maxLength: number, example: string) => Type.Optional(Type.String({ maxLength, examples: [example] }))

const recipientMembers = {
  type: Type.String({
    maxLength: 40,
    description:
      'nuban, ghipss, kepss or basa for a bank account; mobile_money or mobile_money_business; authorization',
    examples: ['nuban'],
  }),
  name: freeText(200, { description: 'The payee', examples: ['Tolu Robert'] }),
  account_number: blank(40, '0100000010'),
  bank_code: Type.Optional(
    Type.String({ maxLength: 20, description: 'The code of the bank, or of the operator', examples: ['058'] }),
  ),
  currency: Type.Optional(
    Type.String({ maxLength: 10, description: 'Default that of the type, else the merchant’s', examples: ['NGN'] }),
  ),
  description: Type.Optional(freeText(500, { examples: ['Driver'] })),
  email: blank(254, 'zero@example.com'),
  authorization_code: blank(100, 'AUTH_ekk8t49ogj'),
  metadata: Type.Optional(metadataSchema),
}

export const newRecipientSchema = Type.Object(recipientMembers)

/** Each line is judged by itself, also one from which a member is missing. */
export const newRecipientsSchema = Type.Object({
  batch: Type.Array(Type.Partial(newRecipientSchema), { minItems: 1, maxItems: 1000 }),
})

export const changedRecipientSchema = Type.Object({
  name: Type.Optional(freeText(200, { examples: ['Tolu Robert'] })),
  email: blank(254, 'zero@example.com'),
})

export const recipientSchema = Type.Object({
  active: Type.Boolean(),
  createdAt: date,
  currency: Type.String({ examples: ['NGN'] }),
  description: nullableText,
  domain: Type.String({ examples: ['test'] }),
  email: nullableText,
  id: Type.Integer({ examples: [314159290] }),
  integration: Type.Integer({ examples: [100001] }),
  metadata: Type.Union([metadataSchema, Type.Null()]),
  name: nullableText,
  recipient_code: Type.String({ examples: ['RCP_m7ljkv8leesep7p'] }),
  type: Type.String({ examples: ['nuban'] }),
  updatedAt: date,
  is_deleted: Type.Boolean({ description: 'Always false: a recipient that was deleted is not active' }),
  isDeleted: Type.Boolean(),
  details: Type.Object({
    authorization_code: never,
    account_number: nullableText,
    account_name: nullableText,
    bank_code: Type.String({ examples: ['058'] }),
    bank_name: nullableText,
  }),
})

export const addedRecipientsSchema = Type.Object({
  success: Type.Array(recipientSchema),
  errors: Type.Array(
    Type.Object({
      message: Type.String({ examples: ['Account number is invalid'] }),
      records: Type.Array(
        Type.Object({
          type: nullableText,
          name: nullableText,
          description: nullableText,
          account_number: nullableText,
          bank_code: nullableText,
          currency: nullableText,
          email: nullableText,
        }),
      ),
    }),
  ),
})

const source = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'balance for the merchant’s money, or the code of a customer for the money of their wallet',
  examples: ['balance'],
})

const lineMembers = {
  amount: givenAmountSchema,
  recipient: Type.String({ minLength: 1, maxLength: 100, examples: ['RCP_m7ljkv8leesep7p'] }),
  reference: Type.Optional(
    Type.String({
      maxLength: 100,
      description: 'Of A–Z, a–z, 0–9, - and _; unique for ever. Default a new one',
      examples: ['wages-2026-11-zero'],
    }),
  ),
  reason: Type.Optional(freeText(100, { description: 'Shown to the payee', examples: ['Bonus for the week'] })),
}

const currency = Type.Optional(
  Type.String({ maxLength: 10, description: 'Default that of the recipient', examples: ['NGN'] }),
)

export const newTransferSchema = Type.Object({
  source,
  ...lineMembers,
  currency,
  account_reference: Type.Optional(Type.Unknown({ description: 'Refused: it is not served here' })),
})

export const newTransfersSchema = Type.Object({
  source,
  currency,
  transfers: Type.Array(Type.Object(lineMembers), { minItems: 1, maxItems: 1000 }),
})

const basics = {
  domain: Type.String({ examples: ['test'] }),
  amount: amountSchema(),
  currency: Type.String({ examples: ['NGN'] }),
  reference: Type.String({ examples: ['wages-2026-11-zero'] }),
  source: Type.String({ examples: ['balance'] }),
  source_details: never,
  reason: nullableText,
  status: Type.String({
    description: 'pending, otp, received, success, failed, reversed, abandoned, blocked or rejected',
    examples: ['success'],
  }),
  failures: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()], {
    description: 'Why it failed or came back',
  }),
  transfer_code: Type.String({ examples: ['TRF_v5tip3zx8nna9o78'] }),
  titan_code: never,
  transferred_at: Type.Union([date, Type.Null()]),
  id: Type.Integer({ examples: [314159300] }),
  integration: Type.Integer({ examples: [100001] }),
  request: Type.Integer({ examples: [314159300] }),
  createdAt: date,
  updatedAt: date,
}

/** A new transfer has the number of its recipient. */
export const madeTransferSchema = Type.Object({
  ...basics,
  transfersessionid: Type.Array(Type.Unknown(), { description: 'Always empty' }),
  transfertrials: Type.Array(Type.Unknown(), { description: 'Always empty' }),
  recipient: Type.Integer({ examples: [314159290] }),
})

export const transferSchema = Type.Object({
  ...basics,
  recipient: recipientSchema,
  session: Type.Object({ provider: never, id: never }),
  fee_charged: amountSchema('Hundredths of the currency; 0 while it is not known'),
  fees_breakdown: never,
  gateway_response: nullableText,
})

export const queuedTransferSchema = Type.Object({
  reference: Type.String({ examples: ['wages-2026-11-zero'] }),
  recipient: Type.String({ examples: ['RCP_m7ljkv8leesep7p'] }),
  amount: Type.Union([amountSchema(), Type.Null()], { description: 'Null where none was given that can be told' }),
  transfer_code: nullableText,
  currency: nullableText,
  status: Type.String({
    description: 'That of the transfer; failed for a line that was refused',
    examples: ['success'],
  }),
  message: Type.Optional(Type.String({ description: 'Why the line was refused; nothing was made of it' })),
})

export const finalizedSchema = Type.Object({
  transfer_code: Type.String({ minLength: 1, maxLength: 100, examples: ['TRF_v5tip3zx8nna9o78'] }),
  otp: Type.String({ minLength: 1, maxLength: 20, examples: ['123456'] }),
})

export const resentSchema = Type.Object({
  transfer_code: Type.String({ minLength: 1, maxLength: 100, examples: ['TRF_v5tip3zx8nna9o78'] }),
  reason: Type.Optional(
    Type.String({ maxLength: 40, description: 'resend_otp, transfer or disable_otp', examples: ['resend_otp'] }),
  ),
})

export const otpSchema = Type.Object({ otp: Type.String({ minLength: 1, maxLength: 20, examples: ['123456'] }) })
