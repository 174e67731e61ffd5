import { Type } from 'typebox'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { makePurchase, type Purchase } from '../../../domain/wallet/purchases.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { wholeNumber } from '../../http/schemas.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { amountSchema, currencySchema, responses } from '../schemas.ts'

const date = Type.String({ format: 'date-time' })

const purchaseSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    customerId: Type.String(),
    productId: Type.String(),
    amount: Type.Integer(),
    currency: Type.String(),
    status: Type.String(),
    customerBalanceBefore: Type.Integer(),
    customerBalanceAfter: Type.Integer(),
    createdAt: date,
    updatedAt: date,
  },
  {
    examples: [
      {
        id: 'purchase_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
        merchantId: 'mer_3k1f9x0c2v8b7n6',
        customerId: 'CUS_xnxdt6s1zg1f4nx',
        productId: 'airtime',
        amount: 50,
        currency: 'ZAR',
        status: 'completed',
        customerBalanceBefore: 5000,
        customerBalanceAfter: 4950,
        createdAt: '2025-01-15T11:00:00.000Z',
        updatedAt: '2025-01-15T11:00:00.000Z',
      },
    ],
  },
)

/** `/api/canary/purchases`: a customer spends their cash balance with the merchant. */
export const purchaseRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/purchases',
    {
      scope: 'money:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'createPurchase',
        summary: 'Make a purchase from a customer’s cash balance',
        tags: ['Purchases'],
        body: Type.Object(
          {
            merchantId: Type.Optional(Type.String()),
            customerId: Type.String({ maxLength: 100 }),
            productId: Type.String({ minLength: 1, maxLength: 200 }),
            amount: amountSchema,
            currency: currencySchema,
            quantity: Type.Optional(
              wholeNumber(1, 1e9, {
                description: 'Stored with the purchase; amount is the whole amount, whatever the quantity',
              }),
            ),
          },
          { examples: [{ customerId: 'CUS_xnxdt6s1zg1f4nx', productId: 'airtime', amount: 50, currency: 'ZAR' }] },
        ),
        response: responses(201, purchaseSchema, 400, 402, 404, 409),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const { merchantId, customerId, ...input } = request.body
      checkMerchantId(tenant, merchantId)
      const given = { customerCode: customerId, ...input }
      const purchase = await makePurchase(context, tenant, given, keyed)
      return { answer: renderPurchase(tenant, purchase), replayed: purchase.replayed }
    },
  )
}

function renderPurchase({ merchant }: Tenant, purchase: Purchase) {
  const createdAt = purchase.createdAt.toISOString()
  return {
    id: `purchase_${purchase.id}`,
    merchantId: merchant.code,
    customerId: purchase.customerCode,
    productId: purchase.productId,
    amount: Number(purchase.amount),
    currency: purchase.currency,
    status: 'completed',
    customerBalanceBefore: Number(purchase.balanceBefore),
    customerBalanceAfter: Number(purchase.balanceAfter),
    createdAt,
    updatedAt: createdAt,
  }
}
