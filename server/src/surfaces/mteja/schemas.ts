import { type TSchema, Type } from 'typebox'
import { accountKinds } from '../../domain/ledger/accounts.ts'
import { type Role, roles, type Scope, scopes } from '../../domain/merchants/scopes.ts'
import { transactionKinds } from '../../domain/trail/trail.ts'
import { currencyCode, wholeNumber } from '../http/schemas.ts'

/** The shapes of Mteja's own surface. Times are ISO 8601 in UTC. Amounts are whole numbers of minor units. */
export const date = Type.String({ format: 'date-time', examples: ['2026-01-15T10:30:00.000Z'] })
export const nullableText = Type.Union([Type.String(), Type.Null()])

export const timeZoneSchema = Type.String({
  description: 'The merchant’s time zone, by which days are counted: an IANA name',
  examples: ['Africa/Lagos'],
})

export const errorSchema = Type.Object(
  { error: Type.Object({ code: Type.String(), message: Type.String(), field: Type.Optional(Type.String()) }) },
  { $id: 'MtejaError', examples: [{ error: { code: 'customer_not_found', message: 'There is no customer "CUS_x"' } }] },
)

/**
 * `responses(201, body, 401, 404)`: the success, and the refusals in the surface's envelope. Every route has 400, because
 * every route refuses members and parameters that it does not know.
 */
export function responses(status: number, body: TSchema, ...errors: number[]): Record<number, TSchema> {
  return { [status]: body, ...Object.fromEntries([400, ...errors].map((code) => [code, Type.Ref('MtejaError')])) }
}

/** `pay_in, purchase, … or repayment` */
export const transactionKindWords = inWords(transactionKinds)
export const accountKindWords = `${inWords(accountKinds)}. outside is the rest of the world`

function inWords(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

export const modeSchema = Type.Unsafe<'test' | 'live'>({ type: 'string', enum: ['test', 'live'], examples: ['test'] })

const roleSchema = Type.Unsafe<Role>({
  type: 'string',
  enum: [...roles],
  description: 'A bundle of scopes',
  examples: ['support'],
})
const scopeSchema = Type.Unsafe<Scope>({ type: 'string', enum: [...scopes], examples: ['read'] })

export const apiKeySchema = Type.Object({
  id: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
  mode: modeSchema,
  name: nullableText,
  hint: Type.String({ description: 'The key’s last four characters', examples: ['x9Kq'] }),
  // Remembered answers of before have no more members than these, createdAt and revokedAt.
  role: Type.Optional(
    Type.Union([roleSchema, Type.Null()], { description: 'Null for a key with a list of scopes of its own' }),
  ),
  scopes: Type.Optional(Type.Array(scopeSchema, { description: 'What the key may do' })),
  personId: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: 'The person whose key it is; null for a program’s' }),
  ),
  createdBy: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: 'The id of the key that made it; null for the operator' }),
  ),
  replaces: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: 'The id of the key whose place it takes' }),
  ),
  createdAt: date,
  expiresAt: Type.Optional(
    Type.Union([date, Type.Null()], { description: 'From this time on the key is refused; null for never' }),
  ),
  lastUsedAt: Type.Optional(Type.Union([date, Type.Null()], { description: 'The hour of the last use' })),
  revokedAt: Type.Union([date, Type.Null()]),
})

/** What a new key may say about itself, besides its mode. */
export const newKeyBody = {
  name: Type.Optional(Type.String({ maxLength: 200, examples: ['checkout'] })),
  role: Type.Optional(roleSchema),
  scopes: Type.Optional(
    Type.Array(scopeSchema, {
      minItems: 1,
      maxItems: scopes.length,
      description: 'In place of a role; without either the key is an owner’s',
    }),
  ),
  personId: Type.Optional(
    Type.String({ maxLength: 100, description: 'The person whose key it is; without it the key is a program’s' }),
  ),
  expiresAt: Type.Optional(
    Type.String({
      maxLength: 40,
      description: 'The instant from which on the key is refused, or its last day',
      examples: ['2030-01-31T10:30:00Z'],
    }),
  ),
}

export const newApiKeySchema = Type.Object({
  ...apiKeySchema.properties,
  secret: Type.String({ description: 'The key itself, shown only once', examples: ['sk_test_4Tt…'] }),
})

export const merchantSchema = Type.Object({
  id: Type.String({ description: 'The merchantId on Cashful’s API', examples: ['mer_3k1f9x0c2v8b7n6'] }),
  integration: Type.Integer({ description: 'The integration on Paystack’s API', examples: [100001] }),
  name: Type.String({ examples: ['Duka'] }),
  country: Type.String({ examples: ['ZA'] }),
  currencies: Type.Array(Type.String(), { examples: [['ZAR', 'NGN']] }),
  // Remembered answers of before have none.
  timeZone: Type.Optional(timeZoneSchema),
  createdAt: date,
  // Not in the stored answer of a merchant that a server of the release before created.
  closedAt: Type.Optional(
    Type.Union([date, Type.Null()], { description: 'Since this time the merchant can only be read' }),
  ),
})

export const customerIdSchema = Type.String({ maxLength: 100, examples: ['CUS_xnxdt6s1zg1f4nx'] })

export const amountSchema = Type.Number({
  'x-unit': 'minor units',
  description: 'Whole minor units, 1 to 2^53 - 1',
  examples: [1000],
})

export const currencySchema = currencyCode({
  description: 'ISO 4217 code of a currency that the merchant holds; default the merchant’s first currency',
})

export const limitSchema = Type.Optional(wholeNumber(1, 100, { description: 'Default 50', examples: [50] }))

export const pageQuery = {
  limit: limitSchema,
  offset: Type.Optional(wholeNumber(0, 1e12, { description: 'Default 0', examples: [0] })),
}

/** A period whose ends may be open. */
export const periodQuery = {
  from: Type.Optional(
    Type.String({
      maxLength: 40,
      description: 'The first day or the first instant. Days are those of the merchant’s time zone',
      examples: ['2026-01-15'],
    }),
  ),
  to: Type.Optional(
    Type.String({
      maxLength: 40,
      description: 'The last day, which is included, or the instant at which the period ends',
      examples: ['2026-01-31'],
    }),
  ),
}

export function pageSchema<Item extends TSchema>(item: Item) {
  return Type.Object({ data: Type.Array(item), total: Type.Integer({ examples: [1] }) })
}

export function listOf<Item extends TSchema>(item: Item) {
  return Type.Object({ data: Type.Array(item) })
}
