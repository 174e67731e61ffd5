import { Type } from 'typebox'
import { metadataSchema } from '../http/schemas.ts'
import { unservedSchema } from './unserved.ts'

/** The shapes of dedicated accounts. They differ from call to call. */
const nullableText = Type.Union([Type.String(), Type.Null()])
const date = Type.String({ examples: ['2026-01-15T10:30:00.000Z'] })

const bank = Type.Object({
  name: Type.String({ examples: ['Test Bank'] }),
  id: Type.Integer({ examples: [20] }),
  slug: Type.String({ examples: ['test-bank'] }),
})

const assignment = {
  integration: Type.Integer({ examples: [100001] }),
  assignee_id: Type.Integer({ examples: [314159265] }),
  assignee_type: Type.String({ examples: ['Customer'] }),
  account_type: Type.String({ examples: ['PAY-WITH-TRANSFER-RECURRING'] }),
}

const customer = Type.Object({
  id: Type.Integer({ examples: [314159265] }),
  first_name: nullableText,
  last_name: nullableText,
  email: nullableText,
  customer_code: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  phone: nullableText,
  metadata: Type.Union([metadataSchema, Type.Null()]),
  risk_action: Type.String({ examples: ['default'] }),
  international_format_phone: nullableText,
})

/** Set only in accounts of a former release, which stored it. */
const splitConfig = Type.Object({
  split_code: Type.Optional(Type.String({ examples: ['SPL_e7jnRLtzla'] })),
  subaccount: Type.Optional(Type.String({ examples: ['ACCT_xxxxxxxxxx'] })),
})
const listedSplit = Type.Object({
  split_code: Type.Union([Type.String(), Type.Null()]),
  subaccount: Type.Union([Type.String(), Type.Null()]),
})

const account = {
  id: Type.Integer({ examples: [253] }),
  bank,
  account_name: Type.String({ examples: ['DUKA/ZERO SUM'] }),
  account_number: Type.String({ examples: ['9123456789'] }),
  assigned: Type.Boolean(),
  active: Type.Boolean(),
  currency: Type.String({ examples: ['NGN'] }),
  metadata: Type.Union([metadataSchema, Type.Null()]),
  created_at: date,
  updated_at: date,
}

/** A dedicated account inside its customer. */
export const ownAccountSchema = Type.Object({
  id: account.id,
  bank,
  account_name: account.account_name,
  account_number: account.account_number,
  created_at: date,
  updated_at: date,
  currency: account.currency,
  active: Type.Boolean(),
  assigned: Type.Boolean(),
  assignment: Type.Object(assignment),
})

/** The answer when an account is created, changed or removed. */
export const accountSchema = Type.Object({
  ...account,
  split_config: Type.Optional(splitConfig),
  assignment: Type.Object({
    ...assignment,
    expired: Type.Boolean(),
    assigned_at: date,
    expired_at: nullableText,
  }),
  customer: Type.Optional(customer),
})

export const accountRowSchema = Type.Object({ ...account, customer, split_config: listedSplit })

/** The answer when one account is fetched. Its split is JSON text. */
export const fetchedAccountSchema = Type.Object({ ...account, customer, split_config: nullableText })

export const providerSchema = Type.Object({
  provider_slug: Type.String({ examples: ['test-bank'] }),
  bank_id: Type.Integer({ examples: [20] }),
  bank_name: Type.String({ examples: ['Test Bank'] }),
  id: Type.Integer({ examples: [1] }),
})

/** A customer by code or by number, because clients send either. */
const customerReference = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  maxLength: 254,
  description: 'Customer code, e-mail or id',
  examples: ['CUS_xnxdt6s1zg1f4nx'],
})
const text = (maxLength: number, example: string) => Type.Optional(Type.String({ maxLength, examples: [example] }))
const needed = (maxLength: number, example: string) => Type.String({ minLength: 1, maxLength, examples: [example] })
const splits = { subaccount: unservedSchema.subaccount, split_code: unservedSchema.split_code }

export const createAccountSchema = Type.Object({
  customer: customerReference,
  preferred_bank: text(100, 'test-bank'),
  ...splits,
  first_name: text(200, 'Zero'),
  last_name: text(200, 'Sum'),
  phone: text(40, '+2348123456789'),
})

export const assignAccountSchema = Type.Object({
  email: Type.String({ format: 'email', maxLength: 254, examples: ['zero@example.com'] }),
  first_name: needed(200, 'Zero'),
  middle_name: text(200, 'Null'),
  last_name: needed(200, 'Sum'),
  phone: needed(40, '+2348123456789'),
  preferred_bank: needed(100, 'test-bank'),
  country: Type.Unsafe<'NG' | 'GH'>({ type: 'string', enum: ['NG', 'GH'], examples: ['NG'] }),
  account_number: text(40, '0111111111'),
  bvn: text(40, '222222222221'),
  bank_code: text(20, '007'),
  ...splits,
})

export const splitSchema = Type.Object(splits)

export const removeSplitSchema = Type.Object({ account_number: needed(20, '9123456789') })
