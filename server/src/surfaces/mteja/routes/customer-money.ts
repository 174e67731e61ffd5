import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Context } from '../../../domain/context.ts'
import { type Customer, findFormerCustomer, getCustomer } from '../../../domain/customers/customers.ts'
import { type WalkedEntry, walkEntries } from '../../../domain/ledger/entry-walks.ts'
import { heldCurrency } from '../../../domain/merchants/merchants.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { type TransactionKind, transactionKinds } from '../../../domain/trail/trail.ts'
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
import { currencyCode, largestNumber, wholeNumber } from '../../http/schemas.ts'
import { sendText } from '../../http/send-text.ts'
import { balancesSchema, periodSchema, renderBalance, statementLinkSchema } from '../customer-answers.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import {
  currencySchema,
  customerIdSchema,
  date,
  nullableText,
  periodQuery,
  responses,
  timeZoneSchema,
  transactionKindWords,
} from '../schemas.ts'
import { statementPage } from '../statement.ts'
import { csvOf, renderEntry, renderStatement, statementSchema } from '../statement-answers.ts'

const tags = ['Customers']
const params = Type.Object({ id: customerIdSchema })
const entriesPerRead = 1000
const id = '019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e'

const entrySchema = Type.Object({
  transactionId: Type.String({ examples: [id] }),
  kind: Type.String({ description: transactionKindWords, examples: ['transfer'] }),
  amount: Type.Integer({ description: 'A negative amount went out', examples: [-250] }),
  currency: Type.String({ examples: ['ZAR'] }),
  balanceAfter: Type.Integer({ examples: [4750] }),
  description: nullableText,
  otherCustomerId: Type.Union([Type.String(), Type.Null()], {
    description: 'The customer on the other side; null where the other side is no customer',
    examples: ['CUS_xnxdt6s1zg1f4nx'],
  }),
  refundedAmount: Type.Integer({
    description: 'The sum of the refunds and reversals of the transaction',
    examples: [0],
  }),
  createdAt: date,
})

/** `/v1/customers/:id/…`: a customer's balances now and at an instant, the history, and statements of a period. */
export const customerMoneyRoutes: RouteFile = (routes, { context, publicUrl }) => {
  routes.get(
    '/customers/:id/entries',
    {
      scope: 'read',
      schema: {
        operationId: 'listEntries',
        summary:
          'List what moved on a customer’s cash, newest first: all, of a kind, in or out, in a currency, in a period',
        description:
          'Also of a customer who was deleted. With a kind or a direction a page may have few entries, or none, before the end: it looks at ' +
          '5,000 entries at most. Go on while `nextBefore` is not null.',
        tags,
        params,
        querystring: Type.Object({
          kind: Type.Optional(
            Type.Unsafe<TransactionKind>({ type: 'string', enum: [...transactionKinds], examples: ['transfer'] }),
          ),
          direction: Type.Optional(
            Type.Unsafe<'in' | 'out'>({
              type: 'string',
              enum: ['in', 'out'],
              description: 'in: the amount is above 0',
              examples: ['in'],
            }),
          ),
          currency: Type.Optional(currencyCode({ description: 'Default every currency' })),
          ...periodQuery,
          ...idStepQuery(id),
        }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(entrySchema), timeZone: timeZoneSchema, nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { kind, direction, currency, from, to, ...query } = request.query
      const of = { customer: await findFormerCustomer(context, tenant, request.params.id) }
      const filter = {
        ...{ of, kind, direction, ...readPeriod(tenant, [from, to]) },
        currency: currency === undefined ? undefined : heldCurrency(tenant.merchant, currency),
      }
      const { entries, next } = await walkEntries(context, tenant, filter, readIdStep(query))
      return { data: entries.map(renderWalked), timeZone: tenant.merchant.timeZone, nextBefore: next }
    },
  )

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
}

function renderWalked(entry: WalkedEntry) {
  return {
    transactionId: entry.transactionId,
    kind: entry.kind,
    amount: Number(entry.amount),
    currency: entry.currency,
    balanceAfter: Number(entry.balanceAfter),
    description: entry.description,
    otherCustomerId: entry.otherCustomer,
    refundedAmount: Number(entry.givenBack),
    createdAt: entry.createdAt.toISOString(),
  }
}

async function balancesNow(context: Context, tenant: Tenant, customer: Customer) {
  const balances = await listBalances(context, tenant, customer)
  return balances.map(renderBalance)
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
