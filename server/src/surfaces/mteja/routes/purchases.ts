import { Type } from 'typebox'
import { findFormerCustomer } from '../../../domain/customers/customers.ts'
import { type WalkedEntry, walkEntries } from '../../../domain/ledger/entry-walks.ts'
import { heldCurrency } from '../../../domain/merchants/merchants.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { currencyCode } from '../../http/schemas.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { customerIdSchema, date, periodQuery, responses, timeZoneSchema } from '../schemas.ts'

const id = '019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e'

const purchaseSchema = Type.Object({
  id: Type.String({ description: 'The id of its ledger transaction', examples: [id] }),
  customerId: Type.Union([Type.String(), Type.Null()], { examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  productId: Type.Union([Type.String(), Type.Null()], { examples: ['airtime'] }),
  quantity: Type.Union([Type.Integer(), Type.Null()]),
  amount: Type.Integer({ description: 'Of the whole purchase, whatever the quantity', examples: [50] }),
  refundedAmount: Type.Integer({ description: 'The sum of its refunds and reversals', examples: [0] }),
  currency: Type.String({ examples: ['ZAR'] }),
  createdAt: date,
})

/** `/v1/purchases`: what customers have bought from their cash. */
export const purchaseRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/purchases',
    {
      scope: 'read',
      schema: {
        operationId: 'listPurchases',
        summary: 'List purchases, newest first: all, those of a customer, in a currency, in a period',
        description:
          'A page may have few purchases, or none, before the end: it looks at 5,000 movements at most. Go on while `nextBefore` ' +
          'is not null.',
        tags: ['Purchases'],
        querystring: Type.Object({
          customerId: Type.Optional(customerIdSchema),
          currency: Type.Optional(currencyCode({ description: 'Default every currency' })),
          ...periodQuery,
          ...idStepQuery(id),
        }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(purchaseSchema), timeZone: timeZoneSchema, nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { customerId, currency, from, to, ...query } = request.query
      const filter = {
        ...{ kind: 'purchase' as const, ...readPeriod(tenant, [from, to]) },
        currency: currency === undefined ? undefined : heldCurrency(tenant.merchant, currency),
        of:
          customerId === undefined
            ? { account: 'merchant_balance' as const }
            : { customer: await findFormerCustomer(context, tenant, customerId) },
      }
      const { entries, next } = await walkEntries(context, tenant, filter, readIdStep(query))
      return {
        data: entries.map((entry) => renderPurchase(entry, customerId)),
        timeZone: tenant.merchant.timeZone,
        nextBefore: next,
      }
    },
  )
}

/** The entry is the merchant's, or with `customerId` that customer's. */
function renderPurchase({ details, ...entry }: WalkedEntry, customerId: string | undefined) {
  const amount = Number(entry.amount)
  return {
    id: entry.transactionId,
    customerId: customerId ?? entry.otherCustomer,
    productId: typeof details.productId === 'string' ? details.productId : null,
    quantity: typeof details.quantity === 'number' ? details.quantity : null,
    amount: Math.abs(amount),
    refundedAmount: Number(entry.givenBack),
    currency: entry.currency,
    createdAt: entry.createdAt.toISOString(),
  }
}
