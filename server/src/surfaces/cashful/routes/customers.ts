import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { refuseInvisible } from '../../../base/visible-text.ts'
import { deleteCustomers } from '../../../domain/customers/customer-deletion.ts'
import { type CustomerFilter, customerFields, listCustomers } from '../../../domain/customers/customer-lists.ts'
import { updateCustomers } from '../../../domain/customers/customer-updates.ts'
import {
  type Customer,
  type CustomerChanges,
  createCustomer,
  emailTaken,
  getCustomer,
  updateCustomer,
} from '../../../domain/customers/customers.ts'
import { type Metadata, mergeMetadata } from '../../../domain/customers/metadata.ts'
import { fullNameOf, splitName } from '../../../domain/customers/names.ts'
import { parseLocalPhoneNumber, parsePhoneNumber } from '../../../domain/customers/phone-numbers.ts'
import { type Balance, getBalance } from '../../../domain/ledger/balances.ts'
import { listEntries } from '../../../domain/ledger/entries.ts'
import { heldCurrency } from '../../../domain/merchants/merchants.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { listPaymentMethods } from '../../../domain/payments/payment-method-lists.ts'
import type { PaymentMethod } from '../../../domain/payments/payment-methods.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription, readSeenAt } from '../../http/if-match.ts'
import { readMoment } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { bothOf, checkFilteredMerchant, type Filter, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { renderTransaction } from '../render-transaction.ts'
import {
  balanceSchema,
  bulkAnswerSchema,
  createCustomerSchema,
  currencyQuery,
  customerListSchema,
  customerSchema,
  deleteCustomersSchema,
  idParams,
  pageQuery,
  paymentMethodListSchema,
  responses,
  transactionListSchema,
  updateCustomerSchema,
  updateCustomersSchema,
} from '../schemas.ts'

const tags = ['Customers']

const filtered = ['ids', 'merchantId', 'q', ...customerFields] as const
const sorted = ['merchantId', ...customerFields] as const

/** `/api/canary/customers`: Cashful's nine customer operations. */
export const customerRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/customers',
    {
      scope: 'customers:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'createCustomer',
        summary: 'Create a customer and their cash balance at 0',
        tags,
        body: createCustomerSchema,
        response: responses(201, customerSchema, 400, 409),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const { merchantId, phoneNumber, email, name, metadata } = request.body
      if (merchantId !== undefined && merchantId !== tenant.merchant.code) {
        const message = `merchantId must be the merchant of the key, ${tenant.merchant.code}, or be left out`
        throw new ServiceError('invalid_request', message, 'merchantId')
      }
      const given = {
        email: email ?? null,
        ...splitName(name ?? ''),
        phone: readPhone(tenant, { phoneNumber, email }),
        metadata: metadata ?? {},
      }
      const { customer, created, replayed } = await createCustomer(context, tenant, given, keyed)
      if (!created) throw emailTaken(email, { replayed })
      return { answer: renderCustomer(tenant, customer), replayed }
    },
  )

  routes.get(
    '/customers',
    {
      scope: 'read',
      schema: {
        operationId: 'listCustomers',
        summary: 'List customers, newest first or by a field',
        tags,
        querystring: Type.Object({
          merchantId: Type.Optional(Type.String()),
          ...listQuery(filtered, sorted),
          email: Type.Optional(Type.String({ description: 'The whole e-mail, in any case' })),
          search: Type.Optional(
            Type.String({
              description:
                'Any part of the name, e-mail, phone (local or international) or a metadata value. One or two characters match the beginning of a word. `total` is exact up to 1,000 matches; beyond that it is a lower bound',
            }),
          ),
        }),
        response: responses(200, customerListSchema, 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { merchantId, email, search } = request.query
      checkMerchantId(tenant, merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { by, direction } = readSort(request.query, sorted)
      const filter = {
        email: email?.trim() || undefined,
        search: [search, ...(given.q ?? [])].map((text) => text?.trim() ?? '').filter((text) => text !== ''),
        equal: readEqual(tenant, given),
        within: readTimes(tenant, given),
      }
      // All customers of a list are of one merchant.
      const sort = { by: by === 'merchantId' ? 'createdAt' : by, direction } as const
      const found = await listCustomers(context, tenant, filter, { ...page, sort })
      return renderPage(page, found, (customer) => renderCustomer(tenant, customer))
    },
  )

  routes.get(
    '/customers/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveCustomer',
        summary: 'Retrieve a customer',
        tags,
        params: idParams,
        response: responses(200, customerSchema, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return renderCustomer(tenant, await getCustomer(context, tenant, request.params.id))
    },
  )

  routes.patch(
    '/customers/:id',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'updateCustomer',
        summary: 'Update a customer; omitted fields keep their value',
        description: ifMatchDescription,
        tags,
        params: idParams,
        body: updateCustomerSchema,
        response: responses(200, customerSchema, 400, 404, 409, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const changes = { ...readChanges(request.body), seenAt: readSeenAt(request) }
      return renderCustomer(tenant, await updateCustomer(tx, tenant, { code: request.params.id }, changes))
    },
  )

  routes.patch(
    '/customers/bulk',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'updateCustomersBulk',
        summary: 'Make the same changes to several customers, all or none',
        description: 'The answer names the customers who were changed. Ids that nobody has are left out.',
        tags,
        body: updateCustomersSchema,
        response: responses(200, bulkAnswerSchema, 400, 404, 409),
      },
    },
    async (request, tx) => {
      const { ids, data } = request.body
      refuseOtherMembers(data)
      return renderBulk(await updateCustomers(tx, tenantOf(request), ids, readChanges(data)))
    },
  )

  routes.delete(
    '/customers/bulk',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'deleteCustomersBulk',
        summary: 'Delete several customers, all or none',
        description:
          'A deleted customer is found by nothing and keeps their history. Customers with a balance, a hold, a payment under ' +
          'way or a dedicated account are refused with 409. The answer names the customers who were deleted now.',
        tags,
        body: deleteCustomersSchema,
        response: responses(200, bulkAnswerSchema, 400, 404, 409),
      },
    },
    async (request, tx) => renderBulk(await deleteCustomers(tx, tenantOf(request), request.body.ids)),
  )

  routes.get(
    '/customers/:id/balance',
    {
      scope: 'read',
      schema: {
        operationId: 'getCustomerBalance',
        summary: 'Retrieve a customer’s current cash balance, in the merchant’s default currency or in another',
        tags,
        params: idParams,
        querystring: Type.Object({ currency: currencyQuery }),
        response: responses(200, balanceSchema, 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const currency = heldCurrency(tenant.merchant, request.query.currency || undefined)
      return renderBalance(tenant, await getBalance(context, tenant, request.params.id, currency))
    },
  )

  routes.get(
    '/customers/:id/transactions',
    {
      scope: 'read',
      // This operation documents no 400, so a limit that is no number counts as not given.
      attachValidation: true,
      schema: {
        operationId: 'listCustomerTransactions',
        summary: 'List a customer’s transactions in every currency, newest first',
        tags,
        params: idParams,
        querystring: Type.Object({ ...pageQuery, currency: currencyQuery }),
        response: responses(200, transactionListSchema, 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { currency } = request.query as { currency?: unknown }
      // Nothing has validated the query.
      const customer = {
        code: idOf(request),
        currency: currency ? heldCurrency(tenant.merchant, String(currency)) : undefined,
      }
      const page = readPageRequest(request.query)
      const found = await listEntries(context, tenant, customer, page)
      return renderPage(page, found, (entry) => renderTransaction(tenant, idOf(request), entry))
    },
  )

  routes.get(
    '/customers/:id/payment-methods',
    {
      scope: 'read',
      // This operation documents no 400 either.
      attachValidation: true,
      schema: {
        operationId: 'listCustomerPaymentMethods',
        summary: 'List a customer’s saved payment methods, newest first',
        tags,
        params: idParams,
        querystring: Type.Object(pageQuery),
        response: responses(200, paymentMethodListSchema, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const customer = await getCustomer(context, tenant, idOf(request))
      const page = readPageRequest(request.query)
      const found = await listPaymentMethods(context, tenant, customer, page)
      return renderPage(page, found, (method) => renderPaymentMethod(customer, method))
    },
  )
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id
}

/** The conditions of a filter on the customers' own members. Texts that are no phone number match no customer. */
function readEqual(tenant: Tenant, given: Filter<(typeof filtered)[number]>): CustomerFilter['equal'] {
  const { ids, id, phoneNumber, name, email } = given
  const equal = {
    id: bothOf(ids, id),
    name,
    email,
    phoneNumber: phoneNumber?.map((text) => parsePhoneNumber(text, tenant.merchant.country)?.e164 ?? text),
  }
  return Object.fromEntries(Object.entries(equal).filter(([, values]) => values !== undefined))
}

/** The times of a filter. A day is the whole day of the merchant. */
function readTimes(tenant: Tenant, given: Filter<(typeof filtered)[number]>): CustomerFilter['within'] {
  const times = (['createdAt', 'updatedAt'] as const).flatMap((member) => {
    const periods = given[member]?.map((text) => readMoment(tenant, text, `filter.${member}`))
    return periods === undefined ? [] : [[member, periods] as const]
  })
  return Object.fromEntries(times)
}

function readChanges({ email, name, metadata }: Static<typeof updateCustomerSchema>): CustomerChanges {
  return {
    email,
    fullName: name,
    metadata: metadata && ((current: Metadata) => mergeMetadata(current, metadata)),
  }
}

/** A change of another member would be lost for every customer of the call. */
function refuseOtherMembers(data: object): void {
  const other = Object.keys(data).find((name) => !(name in updateCustomerSchema.properties))
  if (other === undefined) return
  const known = Object.keys(updateCustomerSchema.properties).join(', ')
  throw new ServiceError('invalid_request', `data can have ${known}; ${other} cannot be changed`, `data.${other}`)
}

function renderBulk(ids: string[]) {
  return { ids, count: ids.length }
}

/** Throws `invalid_request` for a text that cannot be a phone number, and for neither a number nor an e-mail. */
function readPhone(
  tenant: Tenant,
  { phoneNumber: text, email }: { phoneNumber: string | undefined; email: string | undefined },
) {
  if (!text?.trim()) {
    if (email !== undefined) return null
    throw new ServiceError('invalid_request', 'phoneNumber is required, or else an email', 'phoneNumber')
  }
  refuseInvisible(text, 'phoneNumber')
  const number = parseLocalPhoneNumber(text, tenant.merchant.country)
  if (number !== null) return number
  const message = `phoneNumber must be a phone number such as +27821234567, or local to ${tenant.merchant.country}, not ${JSON.stringify(text)}`
  throw new ServiceError('invalid_request', message, 'phoneNumber')
}

function renderCustomer({ merchant }: Tenant, customer: Customer) {
  const name = fullNameOf(customer)
  return {
    id: customer.code,
    merchantId: merchant.code,
    phoneNumber: customer.phoneE164 ?? customer.phone ?? '',
    ...(customer.email === null ? {} : { email: customer.email }),
    ...(name === '' ? {} : { name }),
    metadata: customer.metadata ?? {},
    createdAt: customer.createdAt.toISOString(),
    updatedAt: customer.updatedAt.toISOString(),
  }
}

function renderBalance({ merchant }: Tenant, balance: Balance) {
  return {
    id: balance.accountId === null ? `bal_${balance.customerCode}_${balance.currency}` : `bal_${balance.accountId}`,
    customerId: balance.customerCode,
    merchantId: merchant.code,
    amount: Number(balance.posted),
    currency: balance.currency,
    available: Number(balance.available),
    pending: Number(balance.held),
    createdAt: balance.createdAt.toISOString(),
    updatedAt: balance.updatedAt.toISOString(),
  }
}

function renderPaymentMethod(customer: Customer, method: PaymentMethod) {
  return {
    id: `pm_${method.code}`,
    customerId: customer.code,
    type: method.type,
    ...(method.brand === null ? {} : { brand: method.brand }),
    ...(method.last4 === null ? {} : { last4: method.last4 }),
    // Always numbers, because the Flutter client cannot read a payment method without them.
    expiryMonth: method.expiryMonth ?? 0,
    expiryYear: method.expiryYear ?? 0,
    isDefault: method.isDefault,
    createdAt: method.createdAt.toISOString(),
    updatedAt: method.updatedAt.toISOString(),
  }
}
