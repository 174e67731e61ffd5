import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Context } from '../../../domain/context.ts'
import { type Customer, getCustomer } from '../../../domain/customers/customers.ts'
import { heldCurrency } from '../../../domain/merchants/merchants.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { type Erasure, eraseCustomer, getErasure } from '../../../domain/personal-data/erasure.ts'
import { openPersonFile, type PersonFile } from '../../../domain/personal-data/person-file.ts'
import { createStatementLink } from '../../../domain/wallet/statement-links.ts'
import {
  listBalances,
  listBalancesAt,
  openStatement,
  readAllEntries,
  readStatementEntries,
} from '../../../domain/wallet/statements.ts'
import { callerOf, tenantOf } from '../../http/authentication.ts'
import { readEnd, readPeriod } from '../../http/instants.ts'
import { guardPage, pageType } from '../../http/page.ts'
import type { RouteFile } from '../../http/routes.ts'
import { largestNumber, wholeNumber } from '../../http/schemas.ts'
import { sendText } from '../../http/send-text.ts'
import { currencySchema, customerIdSchema, date, modeSchema, responses, timeZoneSchema } from '../schemas.ts'
import { statementPage } from '../statement.ts'
import { csvOf, renderEntry, renderStatement, statementSchema } from '../statement-answers.ts'
import { streams } from '../streams.ts'

const tags = ['Customers']
const params = Type.Object({ id: customerIdSchema })
const entriesPerRead = 1000

const balancesSchema = Type.Object({
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

const periodSchema = {
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

const statementLinkSchema = Type.Object(
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

const erasureSchema = Type.Object({
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  startedAt: Type.String({ ...date, description: 'Since this time the customer is hidden everywhere' }),
  erasedAt: Type.Union([date, Type.Null()], {
    description: 'Since this time nothing personal is stored; null while the history is looked through',
  }),
})

const fileRow = Type.Record(Type.String(), Type.Unknown())
const fileRows = (description: string) => Type.Array(fileRow, { description })

const personFileSchema = Type.Object({
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
  trail: fileRows('Writes about the customer: what, when, from which surface. The merchant’s people are left out'),
})

/**
 * `/v1/customers/:id`: a customer's balances now and at an instant, statements of a period, everything that is stored of the
 * customer as one file, and its erasure.
 */
export const customerRoutes: RouteFile = (routes, { context, publicUrl }) => {
  routes.get(
    '/customers/:id/balances',
    {
      scope: 'read',
      schema: {
        operationId: 'listBalances',
        summary: 'Get a customer’s balances in every currency, now or at a past instant',
        tags,
        params,
        querystring: Type.Object({
          at: Type.Optional(
            Type.String({
              maxLength: 40,
              description:
                'The balances just before this instant, as at the end of a statement: a day without a time means its end, by the merchant’s clocks',
              examples: ['2026-01-15T10:30:00.000Z'],
            }),
          ),
        }),
        response: responses(200, balancesSchema, 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const at = readEnd(tenant, request.query.at, 'at')
      const customer = await getCustomer(context, tenant, request.params.id)
      const found =
        at === undefined
          ? await balancesNow(context, tenant, customer)
          : await balancesAt(context, tenant, customer, at)
      const { timeZone } = tenant.merchant
      return { customerId: customer.code, at: at?.toISOString() ?? null, timeZone, balances: found }
    },
  )

  routes.get(
    '/customers/:id/statement',
    {
      scope: 'read',
      schema: {
        operationId: 'getStatement',
        summary:
          'Get the statement of a period: opening balance, entries and closing balance, as JSON, CSV or a page to print',
        tags,
        params,
        querystring: Type.Object({
          ...periodSchema,
          currency: Type.Optional(currencySchema),
          format: Type.Optional(
            Type.Unsafe<'json' | 'csv' | 'html'>({ type: 'string', enum: ['json', 'csv', 'html'], examples: ['json'] }),
          ),
          after: Type.Optional(
            wholeNumber(0, largestNumber, { description: 'JSON only: the number of the last entry already read' }),
          ),
        }),
        response: responses(200, statementSchema, 401, 404),
      },
    },
    async (request, reply) => {
      const tenant = tenantOf(request)
      const customer = await getCustomer(context, tenant, request.params.id)
      const { from, to, currency, format = 'json', after = 0 } = request.query
      const statement = await openStatement(context, tenant, customer, {
        currency: heldCurrency(tenant.merchant, currency),
        ...readWholePeriod(tenant, from, to),
      })
      if (format !== 'json') {
        const entries = readAllEntries(context, tenant, statement)
        if (format === 'html') {
          const page = statementPage({ tenant, customer, statement, entries, madeAt: context.clock.now() })
          return sendText(guardPage(reply), pageType, page)
        }
        reply.header('content-disposition', 'attachment; filename="statement.csv"')
        return sendText(reply, 'text/csv; charset=utf-8', csvOf(tenant, statement, entries))
      }
      const first = BigInt(after) > statement.after ? BigInt(after) : statement.after
      const entries = await readStatementEntries(context, tenant, statement, { after: first, limit: entriesPerRead })
      const last = entries.at(-1)?.number
      return {
        customerId: customer.code,
        ...renderStatement(tenant, statement),
        entries: entries.map(renderEntry),
        nextAfter: last === undefined || last === statement.last ? null : Number(last),
      }
    },
  )

  routes.post(
    '/customers/:id/statement-links',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createStatementLink',
        summary: 'Make a link that opens a statement in a browser, without a key, for 15 minutes',
        tags,
        params,
        body: Type.Object({ ...periodSchema, currency: Type.Optional(currencySchema) }),
        response: responses(201, statementLinkSchema, 401, 404, 409),
      },
    },
    async (request, tx) => {
      const holder = callerOf(request)
      const { from, to, currency } = request.body
      const customer = await getCustomer(tx, holder.tenant, request.params.id)
      const period = {
        currency: heldCurrency(holder.tenant.merchant, currency),
        ...readWholePeriod(holder.tenant, from, to),
      }
      const { token, expiresAt } = createStatementLink(tx, holder, customer, period)
      return { url: `${publicUrl()}/statement/${token}`, expiresAt: expiresAt.toISOString() }
    },
  )

  routes.get(
    '/customers/:id/export',
    {
      scope: 'read',
      schema: {
        operationId: 'exportCustomer',
        summary: 'Get everything that is stored of a customer as one JSON file, sent while it is made',
        description:
          'Also of a customer who was deleted. Instruments, account numbers and identity details are masked. The lists are ' +
          'read one after the other, so a change during the export may be in one list and not in another.',
        tags,
        params,
        response: streams({ 'application/json': personFileSchema }, 401, 404),
      },
    },
    async (request, reply) => {
      const tenant = tenantOf(request)
      const file = await openPersonFile(context, tenant, request.params.id)
      const head = {
        exportedAt: context.clock.now().toISOString(),
        merchantId: tenant.merchant.code,
        mode: tenant.mode,
      }
      reply.header('content-disposition', `attachment; filename="${file.customer.code}.json"`)
      return sendText(reply, 'application/json; charset=utf-8', jsonOf(head, file))
    },
  )

  routes.post(
    '/customers/:id/erase',
    {
      scope: 'settings',
      once: 'in a transaction',
      whenClosed: 'allowed',
      status: 202,
      schema: {
        operationId: 'eraseCustomer',
        summary: 'Erase a customer: remove everything personal, for good; the books stay under the customer’s code',
        description:
          'From the answer on the customer is hidden everywhere. The history is looked through in the background, and ' +
          '`erasedAt` says when this was complete. Refused while money, holds, payments under way, dedicated accounts, ' +
          'mandates or the time for disputes remain. A customer who was deleted can be erased. It cannot be undone.',
        tags,
        params,
        response: responses(202, erasureSchema, 401, 403, 404, 409),
      },
    },
    async (request, tx) => renderErasure(await eraseCustomer(tx, tenantOf(request), request.params.id)),
  )

  routes.get(
    '/customers/:id/erasure',
    {
      scope: 'read',
      schema: {
        operationId: 'getErasure',
        summary: 'See whether the erasure of a customer is complete',
        tags,
        params,
        response: responses(200, erasureSchema, 401, 404),
      },
    },
    async (request) => renderErasure(await getErasure(context, tenantOf(request), request.params.id)),
  )
}

function renderErasure({ customerCode, startedAt, erasedAt }: Erasure) {
  return {
    customerId: customerCode,
    startedAt: startedAt.toISOString(),
    erasedAt: erasedAt?.toISOString() ?? null,
  }
}

/** One JSON object, written while the lists in it are read. */
async function* jsonOf(head: Record<string, unknown>, { customer, sections }: PersonFile): AsyncGenerator<string> {
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

async function balancesNow(context: Context, tenant: Tenant, customer: Customer) {
  const balances = await listBalances(context, tenant, customer)
  return balances.map(({ currency, posted, held, available, owed }) => ({
    currency,
    posted: Number(posted),
    held: Number(held),
    available: Number(available),
    owed: Number(owed),
  }))
}

async function balancesAt(context: Context, tenant: Tenant, customer: Customer, at: Date) {
  const balances = await listBalancesAt(context, tenant, customer, at)
  return balances.map(({ currency, posted }) => ({ currency, posted: Number(posted) }))
}

function readWholePeriod(tenant: Tenant, fromText: string, toText: string): { from: Date; until: Date } {
  const { from, until } = readPeriod(tenant, [fromText, toText])
  if (from === undefined) throw new ServiceError('invalid_request', 'from is required', 'from')
  if (until === undefined) throw new ServiceError('invalid_request', 'to is required', 'to')
  if (from < until) return { from, until }
  const message = `from must be before to, but ${JSON.stringify(fromText)} is not before ${JSON.stringify(toText)}`
  throw new ServiceError('invalid_request', message, 'from')
}
