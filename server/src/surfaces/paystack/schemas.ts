import { type TSchema, Type } from 'typebox'
import { metadataSchema } from '../http/schemas.ts'
import { amountSchema } from './amounts.ts'
import { callbackUrlSchema } from './callback-url.ts'
import { ownAccountSchema } from './dedicated-account-schemas.ts'

/** The shapes of the Paystack surface. Each is the union of Paystack's samples, which every client accepts. */
const date = Type.String({ examples: ['2026-01-15T10:30:00.000Z'] })
const nullableText = Type.Union([Type.String(), Type.Null()])
const nullableMetadata = Type.Union([metadataSchema, Type.Null()])
const nothingYet = Type.Array(Type.Unknown(), { description: 'Always empty' })

export const errorSchema = Type.Object(
  {
    status: Type.Literal(false),
    message: Type.String(),
    meta: Type.Object({ nextStep: Type.String() }),
    type: Type.String({ description: 'validation_error, api_error or processor_error' }),
    code: Type.String(),
    errorCodeMappingNotFound: Type.Optional(Type.Boolean()),
  },
  {
    $id: 'PaystackError',
    examples: [
      {
        status: false,
        message: 'Customer code/email specified is invalid',
        meta: { nextStep: "Ensure that the value(s) you're passing are valid." },
        type: 'validation_error',
        code: 'invalid_params',
      },
    ],
  },
)

/** `responses(200, body, 400, 404)`: the success, and the refusals in the surface's envelope. Every route has 401. */
export function responses(status: number, body: TSchema, ...errors: number[]): Record<number, TSchema> {
  const refusals = [401, ...errors].map((code) => [code, Type.Ref('PaystackError')] as const)
  return { [status]: body, ...Object.fromEntries(refusals) }
}

/** `{"status": true, "message": "…", "data": …, "meta": …}` */
export function success(message: string, data?: TSchema, meta?: TSchema): TSchema {
  return Type.Object({
    status: Type.Literal(true),
    message: Type.String({ examples: [message] }),
    ...(data === undefined ? {} : { data }),
    ...(meta === undefined ? {} : { meta }),
  })
}

const authorizationSchema = Type.Object({
  authorization_code: Type.String({ examples: ['AUTH_ekk8t49ogj'] }),
  bin: nullableText,
  last4: nullableText,
  exp_month: nullableText,
  exp_year: nullableText,
  channel: Type.String({ examples: ['card'] }),
  card_type: nullableText,
  bank: nullableText,
  country_code: nullableText,
  brand: nullableText,
  reusable: Type.Boolean(),
  signature: nullableText,
  account_name: nullableText,
})

const identity = {
  id: Type.Integer({ examples: [314159265] }),
  customer_code: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  email: Type.Union([Type.String(), Type.Null()], { examples: ['zero@example.com'] }),
  first_name: nullableText,
  last_name: nullableText,
  phone: nullableText,
  metadata: nullableMetadata,
  integration: Type.Integer({ examples: [100001] }),
  domain: Type.String({ examples: ['test'] }),
  risk_action: Type.String({ examples: ['default'] }),
  createdAt: date,
  updatedAt: date,
}

const identification = Type.Object({ country: Type.String(), type: Type.String(), value: Type.String() })

const relations = {
  identified: Type.Boolean(),
  identifications: Type.Union([Type.Array(identification), Type.Null()]),
  transactions: nothingYet,
  subscriptions: nothingYet,
  authorizations: Type.Array(authorizationSchema),
}

export const customerRowSchema = Type.Object(identity)

export const customerSchema = Type.Object({ ...identity, ...relations })

export const fetchedCustomerSchema = Type.Object({
  ...identity,
  ...relations,
  created_at: date,
  updated_at: date,
  total_transactions: Type.Integer(),
  total_transaction_value: Type.Array(Type.Object({ currency: Type.String(), amount: amountSchema() })),
  dedicated_account: Type.Union([ownAccountSchema, Type.Null()]),
  dedicated_accounts: Type.Array(ownAccountSchema),
})

export const pageMetaSchema = Type.Object({
  total: Type.Integer(),
  skipped: Type.Integer(),
  perPage: Type.Integer(),
  page: Type.Integer(),
  pageCount: Type.Integer(),
})

export const listMetaSchema = Type.Union([
  pageMetaSchema,
  Type.Object({ next: nullableText, previous: nullableText, perPage: Type.Integer() }),
])

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))

/** Clients of the official packages send metadata as JSON text. `strict` mode refuses the text, as Paystack does. */
const givenMetadata = Type.Unsafe<Record<string, unknown> | string>({
  ...metadataSchema,
  type: ['object', 'string'],
  description: 'A JSON object up to 16 KiB. Its JSON text is accepted too, unless the server is set to strict',
})

export const createCustomerSchema = Type.Object(
  {
    email: Type.String({ format: 'email', maxLength: 254 }),
    first_name: text(200),
    last_name: text(200),
    phone: text(40),
    metadata: Type.Optional(givenMetadata),
  },
  { examples: [{ email: 'zero@example.com', first_name: 'Zero', last_name: 'Sum', phone: '+2348123456789' }] },
)

export const updateCustomerSchema = Type.Object(
  { first_name: text(200), last_name: text(200), phone: text(40), metadata: Type.Optional(givenMetadata) },
  { examples: [{ first_name: 'Bojack' }] },
)

const credential = (example: string) => Type.String({ minLength: 1, maxLength: 200, examples: [example] })

export const identificationSchema = Type.Object({
  first_name: credential('Uchenna'),
  last_name: credential('Okoro'),
  type: Type.Unsafe<string>({ type: 'string', enum: ['bank_account'], examples: ['bank_account'] }),
  country: Type.String({ pattern: '^[A-Za-z]{2}$', examples: ['NG'] }),
  bvn: credential('222222222221'),
  bank_code: credential('007'),
  account_number: credential('0111111111'),
  middle_name: text(200),
  value: text(200),
})

export const riskActionSchema = Type.Object({
  customer: Type.String({ minLength: 1, maxLength: 254, examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  risk_action: Type.Optional(
    Type.Unsafe<'default' | 'allow' | 'deny'>({
      type: 'string',
      enum: ['default', 'allow', 'deny'],
      examples: ['deny'],
    }),
  ),
})

const account = Type.Object({
  number: Type.String({ pattern: '^\\d{6,20}$', examples: ['0123456789'] }),
  bank_code: Type.String({ minLength: 1, maxLength: 20, examples: ['058'] }),
})
const address = Type.Object({
  street: Type.String({ minLength: 1, maxLength: 200, examples: ['1 Long Street'] }),
  city: Type.String({ minLength: 1, maxLength: 200, examples: ['Lagos'] }),
  state: Type.String({ minLength: 1, maxLength: 200, examples: ['Lagos'] }),
})

export const initializeAuthorizationSchema = Type.Object({
  email: Type.String({ format: 'email', maxLength: 254, examples: ['zero@example.com'] }),
  channel: Type.Unsafe<string>({ type: 'string', enum: ['direct_debit', 'direct-debit'], examples: ['direct_debit'] }),
  callback_url: callbackUrlSchema('Address to which the page redirects after approval', 'https://example.com/done'),
  account: Type.Optional(account),
  address: Type.Optional(address),
})

export const initializeDirectDebitSchema = Type.Object({ account, address })

export const activationChargeSchema = Type.Object({
  authorization_id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [314159267] }),
})

export const activationChargesSchema = Type.Object({
  customer_ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    minItems: 1,
    maxItems: 100,
    examples: [[314159265]],
  }),
})

export const authorizationRequestSchema = Type.Object({
  redirect_url: Type.String(),
  access_code: Type.String(),
  reference: Type.String(),
})

export const verifiedAuthorizationSchema = Type.Object({
  authorization_code: Type.String(),
  channel: Type.String(),
  bank: nullableText,
  active: Type.Boolean(),
  customer: Type.Object({ code: Type.String(), email: nullableText }),
})

export const mandateSchema = Type.Object({
  id: Type.Integer(),
  status: Type.String({ description: 'pending, active or revoked' }),
  mandate_id: Type.Integer(),
  authorization_id: Type.Integer(),
  authorization_code: Type.String(),
  integration_id: Type.Integer(),
  account_number: nullableText,
  bank_code: nullableText,
  bank_name: nullableText,
  customer: Type.Object({
    id: Type.Integer(),
    customer_code: Type.String(),
    email: nullableText,
    first_name: nullableText,
    last_name: nullableText,
  }),
  authorized_at: Type.Union([Type.String(), Type.Null()]),
})

export const mandateMetaSchema = Type.Object({
  per_page: Type.Integer(),
  next: nullableText,
  count: Type.Integer(),
  total: Type.Integer(),
})
