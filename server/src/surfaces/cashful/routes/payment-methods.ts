import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { listAllPaymentMethods } from '../../../domain/payments/payment-method-lists.ts'
import {
  deactivatePaymentMethod,
  getPaymentMethod,
  type OwnedPaymentMethod,
} from '../../../domain/payments/payment-methods.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { bothOf, checkFilteredMerchant, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { date, listOf, responses } from '../schemas.ts'

const tags = ['Payment Methods']

const exampleMethod = {
  id: 'pm_ekk8t49ogj',
  customerId: 'CUS_xnxdt6s1zg1f4nx',
  type: 'card',
  provider: 'iveri',
  brand: 'visa',
  last4: '4081',
  expiryMonth: 12,
  expiryYear: 2030,
  isDefault: true,
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
}

/** Differs from the customer's list: has `provider` and `phoneNumber`, and no `deletedAt`. */
const paymentMethodSchema = Type.Object(
  {
    id: Type.String(),
    customerId: Type.String(),
    type: Type.String({ description: 'card, mobile_money, direct_debit or bank_transfer' }),
    provider: Type.String(),
    brand: Type.Optional(Type.String()),
    last4: Type.Optional(Type.String()),
    expiryMonth: Type.Integer({ description: '0 if the instrument does not expire' }),
    expiryYear: Type.Integer({ description: '0 if the instrument does not expire' }),
    phoneNumber: Type.Optional(Type.String()),
    isDefault: Type.Boolean(),
    createdAt: date,
    updatedAt: date,
  },
  { examples: [exampleMethod] },
)

const removedSchema = Type.Object(
  { id: Type.String(), deleted: Type.Boolean(), deletedAt: date },
  { examples: [{ id: 'pm_ekk8t49ogj', deleted: true, deletedAt: '2025-01-15T10:30:00.000Z' }] },
)

const params = Type.Object({ id: Type.String({ examples: ['pm_ekk8t49ogj'] }) })

const filtered = ['ids', 'id', 'merchantId', 'customerId', 'type'] as const
const sorted = ['createdAt', 'id', 'merchantId'] as const

/** `/api/canary/payment-methods`: saved payment methods, of one customer or of all. */
export const paymentMethodRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/payment-methods',
    {
      scope: 'read',
      schema: {
        operationId: 'listPaymentMethods',
        summary: 'List saved payment methods, newest first',
        tags,
        querystring: Type.Object({
          merchantId: Type.Optional(Type.String()),
          customerId: Type.Optional(
            Type.String({ description: 'Only this customer’s payment methods; default: all customers’' }),
          ),
          ...listQuery(filtered, sorted),
        }),
        response: responses(200, listOf(paymentMethodSchema, exampleMethod), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { direction } = readSort(request.query, sorted)
      const { customerId } = request.query
      const filter = {
        customerCodes: bothOf(customerId ? [customerId] : undefined, given.customerId),
        codes: bothOf(given.ids, given.id)?.map((id) => id.replace(/^pm_/, '')),
        types: given.type,
      }
      const found = await listAllPaymentMethods(context, tenant, filter, { ...page, direction })
      return renderPage(page, found, renderPaymentMethod)
    },
  )

  routes.get(
    '/payment-methods/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePaymentMethod',
        summary: 'Retrieve a saved payment method',
        tags,
        params,
        response: responses(200, paymentMethodSchema, 404),
      },
    },
    async (request) => {
      const code = readPaymentMethodId(request.params.id)
      return renderPaymentMethod(await getPaymentMethod(context, tenantOf(request), code))
    },
  )

  routes.delete(
    '/payment-methods/:id',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'deletePaymentMethod',
        summary: 'Remove a saved payment method: it can no longer be charged',
        tags,
        params,
        response: responses(200, removedSchema, 404),
      },
    },
    async (request, tx) => {
      const { id } = request.params
      const deletedAt = await deactivatePaymentMethod(tx, tenantOf(request), readPaymentMethodId(id))
      return { id, deleted: true, deletedAt: deletedAt.toISOString() }
    },
  )
}

/** The code in an id such as `pm_ekk8t49ogj`. Throws `payment_method_not_found`. */
export function readPaymentMethodId(id: string): string {
  if (id.startsWith('pm_')) return id.slice(3)
  throw new ServiceError('payment_method_not_found', `There is no payment method "${id}"`)
}

function renderPaymentMethod(method: OwnedPaymentMethod) {
  return {
    id: `pm_${method.code}`,
    customerId: method.customerCode,
    type: method.type,
    provider: method.provider,
    ...(method.brand === null ? {} : { brand: method.brand }),
    ...(method.last4 === null ? {} : { last4: method.last4 }),
    // Always numbers, because the Flutter client cannot read a payment method without them.
    expiryMonth: method.expiryMonth ?? 0,
    expiryYear: method.expiryYear ?? 0,
    ...(method.phone === null ? {} : { phoneNumber: method.phone }),
    isDefault: method.isDefault,
    createdAt: method.createdAt.toISOString(),
    updatedAt: method.updatedAt.toISOString(),
  }
}
