import { type TSchema, Type } from 'typebox'
import { currencyCode, metadataSchema } from '../http/schemas.ts'

/**
 * The shapes of the Cashful surface. All of them follow the rules of its strictest clients: an answer has exactly these
 * members, every required member is present, and an optional member without a value is left out instead of null.
 */
export const date = Type.String({ format: 'date-time', examples: ['2025-01-15T10:30:00.000Z'] })

/** In the spelling of Cashful's clients up to 0.8.4. Those of 0.9 show `payout`, and none checks it. */
export const relatedEntityType = Type.Optional(
  Type.String({
    description: 'The kind of that entity, such as Payout, Purchase or PaymentIntent',
    examples: ['Payout'],
  }),
)

export const errorSchema = Type.Object(
  { statusCode: Type.Integer(), message: Type.Array(Type.String()), error: Type.String() },
  {
    $id: 'CashfulError',
    examples: [{ statusCode: 404, message: ['There is no customer "CUS_x"'], error: 'Not Found' }],
  },
)

/** `responses(201, body, 400, 409)`: the success, and the refusals in the surface's envelope. Every route has 401. */
export function responses(status: number, body: TSchema, ...errors: number[]): Record<number, TSchema> {
  const refusals = [401, ...errors].map((code) => [code, Type.Ref('CashfulError')] as const)
  return { [status]: body, ...Object.fromEntries(refusals) }
}

const exampleCustomer = {
  id: 'CUS_xnxdt6s1zg1f4nx',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  phoneNumber: '+27821234567',
  email: 'john.doe@example.com',
  name: 'John Doe',
  metadata: { source: 'web' },
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
}

export const customerSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    phoneNumber: Type.String({ description: 'Empty for a customer without a phone number' }),
    email: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    metadata: metadataSchema,
    createdAt: date,
    updatedAt: date,
    deletedAt: Type.Optional(date),
  },
  { examples: [exampleCustomer] },
)

export const balanceSchema = Type.Object(
  {
    id: Type.String(),
    customerId: Type.String(),
    merchantId: Type.String(),
    amount: Type.Integer({ description: 'Minor units: available + pending' }),
    currency: Type.String(),
    available: Type.Integer({ description: 'Minor units that can be spent' }),
    pending: Type.Integer({ description: 'Minor units reserved by holds' }),
    createdAt: date,
    updatedAt: date,
    deletedAt: Type.Optional(date),
  },
  {
    examples: [
      {
        id: 'bal_314159265',
        customerId: 'CUS_xnxdt6s1zg1f4nx',
        merchantId: 'mer_3k1f9x0c2v8b7n6',
        amount: 5000,
        currency: 'ZAR',
        available: 5000,
        pending: 0,
        createdAt: '2025-01-15T10:30:00.000Z',
        updatedAt: '2025-01-15T10:30:00.000Z',
      },
    ],
  },
)

export const transactionSchema = Type.Object({
  id: Type.String(),
  customerId: Type.String(),
  merchantId: Type.String(),
  type: Type.String({
    description:
      'credit, purchase, transfer_in, transfer_out, refund or hold_capture; ' +
      'and chargeback, adjustment, fee, receivable or repayment, which are of Mteja',
  }),
  amount: Type.Integer({ description: 'Minor units: a positive amount came in, a negative amount went out' }),
  currency: Type.String(),
  description: Type.Optional(Type.String()),
  relatedEntityId: Type.Optional(Type.String()),
  relatedEntityType,
  balanceAfter: Type.Integer({ description: 'Minor units' }),
  createdAt: date,
  updatedAt: date,
  deletedAt: Type.Optional(date),
})

const paymentMethodSchema = Type.Object({
  id: Type.String(),
  customerId: Type.String(),
  type: Type.String({ description: 'card, mobile_money, direct_debit or bank_transfer' }),
  brand: Type.Optional(Type.String()),
  last4: Type.Optional(Type.String()),
  expiryMonth: Type.Integer({ description: '0 if the instrument does not expire' }),
  expiryYear: Type.Integer({ description: '0 if the instrument does not expire' }),
  isDefault: Type.Boolean(),
  createdAt: date,
  updatedAt: date,
  deletedAt: Type.Optional(date),
})

/** A page of a list, with one item as its example. */
export function listOf<Item extends TSchema>(item: Item, example: Record<string, unknown>) {
  return Type.Object(
    {
      data: Type.Array(item),
      pagination: Type.Object({
        limit: Type.Integer(),
        offset: Type.Integer(),
        total: Type.Integer(),
        hasMore: Type.Boolean(),
      }),
    },
    { examples: [{ data: [example], pagination: { limit: 50, offset: 0, total: 1, hasMore: false } }] },
  )
}

export const customerListSchema = listOf(customerSchema, exampleCustomer)

export const transactionListSchema = listOf(transactionSchema, {
  id: 'txn_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  customerId: 'CUS_xnxdt6s1zg1f4nx',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  type: 'credit',
  amount: 5000,
  currency: 'ZAR',
  description: 'Sandbox pay-in',
  relatedEntityId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  relatedEntityType: 'PayIn',
  balanceAfter: 5000,
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
})

export const paymentMethodListSchema = listOf(paymentMethodSchema, {
  id: 'pm_ekk8t49ogj',
  customerId: 'CUS_xnxdt6s1zg1f4nx',
  type: 'card',
  brand: 'visa',
  last4: '4081',
  expiryMonth: 12,
  expiryYear: 2030,
  isDefault: true,
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
})

const email = Type.String({ format: 'email', maxLength: 254 })
const name = Type.String({ maxLength: 200 })

export const createCustomerSchema = Type.Object(
  {
    merchantId: Type.Optional(Type.String({ description: 'The id of the key’s merchant; may be left out' })),
    phoneNumber: Type.Optional(
      Type.String({
        maxLength: 40,
        description: 'International, or local to the merchant’s country; may be left out where there is an email',
      }),
    ),
    email: Type.Optional(email),
    name: Type.Optional(name),
    metadata: Type.Optional(metadataSchema),
  },
  {
    examples: [
      { phoneNumber: '+27821234567', email: 'john.doe@example.com', name: 'John Doe', metadata: { source: 'web' } },
    ],
  },
)

export const updateCustomerSchema = Type.Object(
  {
    email: Type.Optional(email),
    name: Type.Optional(name),
    metadata: Type.Optional(
      Type.Unsafe<Record<string, unknown>>({
        ...metadataSchema,
        description: 'Merged into the stored metadata member by member; a member that is null is removed',
      }),
    ),
  },
  { examples: [{ name: 'Jane Doe', metadata: {} }] },
)

const exampleIds = ['CUS_xnxdt6s1zg1f4nx', 'CUS_c6wqvwmvwopw4ms']

const bulkIds = Type.Array(Type.String({ maxLength: 100 }), { minItems: 1, maxItems: 100, description: '1 to 100 ids' })

export const updateCustomersSchema = Type.Object(
  { ids: bulkIds, data: updateCustomerSchema },
  { examples: [{ ids: exampleIds, data: { metadata: { tier: 'gold' } } }] },
)

export const deleteCustomersSchema = Type.Object({ ids: bulkIds }, { examples: [{ ids: exampleIds }] })

export const bulkAnswerSchema = Type.Object(
  { ids: Type.Array(Type.String()), count: Type.Integer() },
  { examples: [{ ids: exampleIds, count: 2 }] },
)

/** A number or a text, because the Kotlin client sends decimals as text. */
export const amountSchema = Type.Unsafe<number | string>({
  type: ['number', 'string'],
  'x-unit': 'minor units',
  description: 'Whole minor units, 1 to 2^53 - 1',
  examples: [5000],
})

export const currencySchema = currencyCode({ description: 'ISO 4217 code of a currency that the merchant holds' })

/** Of balances and histories, which show the default currency or every currency otherwise. */
export const currencyQuery = Type.Optional(
  Type.String({ maxLength: 10, description: 'ISO 4217 code of a currency that the merchant holds', examples: ['ZAR'] }),
)

export const pageQuery = {
  limit: Type.Optional(Type.Number({ minimum: 1, description: 'Default 50, at most 100', examples: [50] })),
  offset: Type.Optional(Type.Number({ minimum: 0, description: 'Default 0', examples: [0] })),
}

export const idParams = Type.Object({ id: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }) })
