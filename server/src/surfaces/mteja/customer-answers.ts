import { Type } from 'typebox'
import { type CustomerField, customerFields } from '../../domain/customers/customer-lists.ts'
import { type Customer, type RiskAction, riskActions } from '../../domain/customers/customers.ts'
import { fullNameOf } from '../../domain/customers/names.ts'
import type { RiskChange } from '../../domain/customers/risk-actions.ts'
import type { PersonFile } from '../../domain/personal-data/person-file.ts'
import type { CurrencyBalance } from '../../domain/wallet/statements.ts'
import { doerSchema, renderDoer } from './doer.ts'
import { nextBeforeSchema } from './names.ts'
import { date, modeSchema, nullableText, pageQuery, periodQuery, timeZoneSchema } from './schemas.ts'

export const riskActionSchema = Type.Unsafe<RiskAction>({
  type: 'string',
  enum: [...riskActions],
  description: 'deny: the customer cannot send, spend or be paid',
  examples: ['deny'],
})

const currentBalanceSchema = Type.Object({
  currency: Type.String({ examples: ['ZAR'] }),
  posted: Type.Integer({ examples: [5000] }),
  held: Type.Integer({ examples: [1000] }),
  available: Type.Integer({ description: 'posted - held', examples: [4000] }),
  owed: Type.Integer({ description: 'The amount that the customer owes', examples: [0] }),
})

const listedCustomerSchema = Type.Object({
  id: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  name: Type.Union([Type.String(), Type.Null()], { examples: ['Ada Obi'] }),
  email: Type.Union([Type.String(), Type.Null()], { examples: ['ada@example.com'] }),
  phoneNumber: Type.Union([Type.String(), Type.Null()], {
    description: 'In E.164 where it can be read as a number, else as it was given',
    examples: ['+27821234567'],
  }),
  identified: Type.Boolean({ description: 'An identity check has succeeded' }),
  riskAction: riskActionSchema,
  metadata: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    examples: [{ plan: 'gold' }],
  }),
  balances: Type.Array(currentBalanceSchema, {
    description: 'In each currency that the customer ever had, the merchant’s first currency first',
  }),
  createdAt: date,
  updatedAt: date,
})

export const customerQuery = Type.Object({
  search: Type.Optional(
    Type.String({
      maxLength: 500,
      description:
        'Any part of the name, e-mail, phone (local or international) or a metadata value. One or two characters match the beginning of a word',
      examples: ['ada'],
    }),
  ),
  identified: Type.Optional(Type.Boolean({ examples: [true] })),
  riskAction: Type.Optional(riskActionSchema),
  hasMoney: Type.Optional(
    Type.Boolean({
      description: 'true: customers with a balance above 0 in any currency; false: customers without',
      examples: [true],
    }),
  ),
  ...periodQuery,
  sort: Type.Optional(
    Type.Unsafe<CustomerField>({
      type: 'string',
      enum: [...customerFields],
      description: 'Default createdAt',
      examples: ['createdAt'],
    }),
  ),
  order: Type.Optional(
    Type.Unsafe<'asc' | 'desc'>({
      type: 'string',
      enum: ['asc', 'desc'],
      description: 'Default desc',
      examples: ['desc'],
    }),
  ),
  ...pageQuery,
  before: Type.Optional(
    Type.String({
      maxLength: 100,
      description: 'Only customers who were created before this customer; for a list by createdAt, newest first',
      examples: ['CUS_xnxdt6s1zg1f4nx'],
    }),
  ),
})

export const customerListSchema = Type.Object({
  data: Type.Array(listedCustomerSchema),
  total: Type.Integer({ description: 'With `before`, of the customers before it', examples: [1] }),
  timeZone: timeZoneSchema,
  nextBefore: nextBeforeSchema,
})

export const customerSchema = Type.Object({
  ...listedCustomerSchema.properties,
  firstName: nullableText,
  lastName: nullableText,
  risk: Type.Union(
    [Type.Object({ riskAction: riskActionSchema, reason: nullableText, by: doerSchema, at: date }), Type.Null()],
    { description: 'Who has set the risk action last, and why; null if it was never set' },
  ),
})

const nullableMethod = Type.Union([Type.String(), Type.Null()], { examples: ['pm_ekk8t49ogj'] })

export const defaultMethodSchema = Type.Object({
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  paymentMethodId: nullableMethod,
  previousPaymentMethodId: nullableMethod,
})

type Balances = readonly CurrencyBalance[]

export function renderListed(customer: Customer, balances: Balances) {
  return {
    id: customer.code,
    name: fullNameOf(customer) || null,
    email: customer.email,
    phoneNumber: customer.phoneE164 ?? customer.phone,
    identified: customer.identified,
    riskAction: customer.riskAction,
    metadata: customer.metadata ?? {},
    balances: balances.map(renderBalance),
    createdAt: customer.createdAt.toISOString(),
    updatedAt: customer.updatedAt.toISOString(),
  }
}

export function renderCustomer(customer: Customer, balances: Balances, risk: RiskChange | null) {
  return {
    ...renderListed(customer, balances),
    firstName: customer.firstName,
    lastName: customer.lastName,
    risk: risk && { ...risk, by: renderDoer(risk.by), at: risk.at.toISOString() },
  }
}

export function renderBalance({ currency, posted, held, available, owed }: CurrencyBalance) {
  return {
    currency,
    posted: Number(posted),
    held: Number(held),
    available: Number(available),
    owed: Number(owed),
  }
}

export const balancesSchema = Type.Object({
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  at: Type.Union([date, Type.Null()], {
    description: 'The balances are those just before this instant; null for the balances as of now',
  }),
  timeZone: timeZoneSchema,
  balances: Type.Array(
    Type.Object({
      currency: Type.String({ examples: ['ZAR'] }),
      posted: Type.Integer({ examples: [5000] }),
      held: Type.Optional(Type.Integer({ description: 'Only in the balances as of now', examples: [1000] })),
      available: Type.Optional(
        Type.Integer({ description: 'posted - held; only in the balances as of now', examples: [4000] }),
      ),
      owed: Type.Optional(
        Type.Integer({
          description:
            'The amount that the customer owes, because money was taken back that they had spent. What comes in repays it first. Only in the balances as of now',
          examples: [0],
        }),
      ),
    }),
  ),
})

export const periodSchema = {
  from: Type.String({
    maxLength: 40,
    description: 'The first day or the first instant of the period. Days are those of the merchant’s time zone',
    examples: ['2026-01-01'],
  }),
  to: Type.String({
    maxLength: 40,
    description: 'The last day of the period, which is included, or the instant at which the period ends',
    examples: ['2026-01-31'],
  }),
}

export const statementLinkSchema = Type.Object(
  { url: Type.String({ description: 'Whoever has the address can read the statement' }), expiresAt: date },
  {
    examples: [
      {
        url: 'http://localhost:9000/statement/kT9wq0m3Yx7bD2',
        expiresAt: '2026-01-15T10:45:00.000Z',
      },
    ],
  },
)

export const erasureSchema = Type.Object({
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  startedAt: Type.String({ ...date, description: 'Since this time the customer is hidden everywhere' }),
  erasedAt: Type.Union([date, Type.Null()], {
    description: 'Since this time nothing personal is stored; null while the history is looked through',
  }),
})

const fileRow = Type.Record(Type.String(), Type.Unknown())
const fileRows = (description: string) => Type.Array(fileRow, { description })

export const personFileSchema = Type.Object({
  format: Type.Literal('mteja-customer', { examples: ['mteja-customer'] }),
  version: Type.Literal(1, {
    description: 'A version only gets new members; a change of another kind makes the next version',
    examples: [1],
  }),
  exportedAt: date,
  merchantId: Type.String({ examples: ['mer_3k1f9x0c2v8b7n6'] }),
  mode: modeSchema,
  customer: Type.Record(Type.String(), Type.Unknown(), {
    description: 'Code, e-mail, names, phone as given and in E.164, metadata, risk action, times',
    examples: [{ code: 'CUS_xnxdt6s1zg1f4nx', email: 'ada@example.com', firstName: 'Ada' }],
  }),
  balances: fileRows('One for each currency'),
  paymentMethods: fileRows('Saved instruments, masked, removed ones too'),
  mandates: fileRows('Permissions to debit a bank account'),
  identityChecks: fileRows('Outcomes, with masked details'),
  dedicatedAccounts: fileRows('Bank accounts that the customer has or had'),
  dedicatedAccountRequests: fileRows('Requests for such accounts'),
  entries: fileRows('The whole history of the cash in every currency, oldest first'),
  holds: fileRows('Oldest first'),
  payments: fileRows('Payments under a reference'),
  paymentIntents: fileRows('Payment intents that fill the cash'),
  checkoutSessions: fileRows('Hosted pages'),
  events: fileRows('Facts about the customer; of a transfer, those that the customer sent'),
  deliveries: fileRows('The deliveries of these events: endpoint and time'),
  riskChanges: fileRows('Each time that the customer was allowed or denied, with the reason'),
  trail: fileRows('Writes about the customer: what, when, from which surface. The merchant’s people are left out'),
})

/** One JSON object, written while the lists in it are read. */
export async function* personFileText(
  head: Record<string, unknown>,
  { customer, sections }: PersonFile,
): AsyncGenerator<string> {
  yield JSON.stringify({ format: 'mteja-customer', version: 1, ...head, customer }).slice(0, -1)
  for (const { name, pages } of sections) {
    yield `,\n${JSON.stringify(name)}:[`
    let separator = '\n'
    for await (const rows of pages()) {
      if (rows.length === 0) continue
      yield separator + rows.map((row) => JSON.stringify(row)).join(',\n')
      separator = ',\n'
    }
    yield ']'
  }
  yield '}\n'
}
