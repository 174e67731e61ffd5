import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { listAccountsOf } from '../../../domain/banking/dedicated-accounts.ts'
import type { Context } from '../../../domain/context.ts'
import { listCustomers, walkCustomers } from '../../../domain/customers/customer-lists.ts'
import {
  type Customer,
  type CustomerReference,
  createCustomer,
  findCustomer,
  updateCustomer,
} from '../../../domain/customers/customers.ts'
import { setRiskAction } from '../../../domain/customers/risk-actions.ts'
import { listIdentifications, requestIdentityCheck } from '../../../domain/identity/identity.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { summarizePaid } from '../../../domain/payments/payment-lists.ts'
import { listPaymentMethods } from '../../../domain/payments/payment-method-lists.ts'
import { deactivatePaymentMethod } from '../../../domain/payments/payment-methods.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription, readSeenAt } from '../../http/if-match.ts'
import type { RouteFile } from '../../http/routes.ts'
import { describeViolation } from '../../http/validation.ts'
import { readMetadata } from '../metadata.ts'
import {
  cursorQuery,
  pageMeta,
  pageQuery,
  readCursor,
  readPageNumber,
  readPerPage,
  wantsCursor,
  writeCursor,
} from '../pagination.ts'
import { readPeriod } from '../queries.ts'
import { renderAssignedAccount, renderCustomer, renderCustomerRow, renderFetchedCustomer } from '../render.ts'
import {
  createCustomerSchema,
  customerRowSchema,
  customerSchema,
  fetchedCustomerSchema,
  identificationSchema,
  listMetaSchema,
  responses,
  riskActionSchema,
  success,
  updateCustomerSchema,
} from '../schemas.ts'

const tags = ['Customer']
const referenceParams = Type.Object({
  email_or_code: Type.String({ description: 'E-mail, customer code or id', examples: ['CUS_xnxdt6s1zg1f4nx'] }),
})
const deactivateSchema = Type.Object(
  {
    authorization_code: Type.Optional(Type.String({ maxLength: 100, examples: ['AUTH_ekk8t49ogj'] })),
    authorizaion_code: Type.Optional(
      Type.String({
        maxLength: 100,
        deprecated: true,
        description: 'The same member, as a published client misspells it',
      }),
    ),
  },
  { anyOf: [{ required: ['authorization_code'] }, { required: ['authorizaion_code'] }] },
)

/** `/customer`: Paystack's customers, except direct debit, which is in customer-authorization.ts. */
export const customerRoutes: RouteFile = (routes, surface) => {
  const { context, paystackMetadata } = surface

  routes.post(
    '/customer',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'customer_create',
        summary: 'Create a customer, or get the customer who has the e-mail',
        tags,
        body: createCustomerSchema,
        response: responses(200, success('Customer created', customerSchema), 400),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { email, first_name, last_name, phone, metadata } = request.body
      const given = {
        email,
        firstName: first_name ?? null,
        lastName: last_name ?? null,
        phone: phone ?? null,
        metadata: readMetadata(metadata, paystackMetadata) ?? {},
      }
      const { customer } = await createCustomer(tx, tenant, given)
      return { status: true as const, message: 'Customer created', data: await related(tx, tenant, customer) }
    },
  )

  routes.get(
    '/customer',
    {
      scope: 'read',
      schema: {
        operationId: 'customer_list',
        summary: 'List customers, newest first, by page or by cursor',
        tags,
        querystring: Type.Object({
          ...pageQuery,
          from: Type.Optional(
            Type.String({
              description:
                'Only items created on this day or later, by the merchant’s clocks, or at this instant or later',
              examples: ['2024-01-01'],
            }),
          ),
          to: Type.Optional(
            Type.String({
              description:
                'Only items created on this day or earlier, by the merchant’s clocks, or at this instant or earlier',
              examples: ['2024-12-31'],
            }),
          ),
          ...cursorQuery,
        }),
        response: responses(200, success('Customers retrieved', Type.Array(customerRowSchema), listMetaSchema), 400),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { data, meta } = wantsCursor(request.query)
        ? await listByCursor(tenant, request.query)
        : await listByPage(tenant, request.query)
      return { status: true as const, message: 'Customers retrieved', data, meta }
    },
  )

  routes.post(
    '/customer/set_risk_action',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'customer_risk_action',
        summary: 'Set a customer’s risk action: allow, deny or default',
        tags,
        body: riskActionSchema,
        response: responses(200, success('Customer updated', customerSchema), 400, 404),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { customer: reference, risk_action = 'default' } = request.body
      const customer = await setRiskAction(tx, tenant, readReference(reference), { riskAction: risk_action })
      return { status: true as const, message: 'Customer updated', data: await related(tx, tenant, customer) }
    },
  )

  // The current path, and the path that most published clients still use.
  for (const path of ['/customer/authorization/deactivate', '/customer/deactivate_authorization']) {
    routes.post(
      path,
      {
        scope: 'customers:write',
        once: 'in a transaction',
        schema: {
          operationId: path.endsWith('deactivate')
            ? 'customer_deactivate_authorization'
            : 'customer_deactivate_authorization_old',
          summary: 'Remove a saved payment method',
          tags,
          body: deactivateSchema,
          response: responses(200, success('Authorization has been deactivated'), 400, 404),
        },
      },
      async (request, tx) => {
        const code = request.body.authorization_code ?? request.body.authorizaion_code ?? ''
        await deactivatePaymentMethod(tx, tenantOf(request), code.replace(/^AUTH_/, ''))
        return { status: true as const, message: 'Authorization has been deactivated' }
      },
    )
  }

  routes.get(
    '/customer/:email_or_code',
    {
      scope: 'read',
      schema: {
        operationId: 'customer_fetch',
        summary: 'Fetch a customer by e-mail, code or id',
        tags,
        params: referenceParams,
        response: responses(200, success('Customer retrieved', fetchedCustomerSchema), 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const customer = await findCustomer(context, tenant, readReference(request.params.email_or_code))
      const paid = await summarizePaid(context, tenant, customer.id)
      const accounts = await listAccountsOf(context, tenant, customer)
      const assigned = accounts.map((account) => renderAssignedAccount(tenant, account))
      const data = renderFetchedCustomer(await related(context, tenant, customer), paid, assigned)
      return { status: true as const, message: 'Customer retrieved', data }
    },
  )

  routes.put(
    '/customer/:email_or_code',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'customer_update',
        summary: 'Update a customer; fields that are omitted or null keep their value',
        description: ifMatchDescription,
        tags,
        params: referenceParams,
        body: updateCustomerSchema,
        response: responses(200, success('Customer updated', customerSchema), 400, 404, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { first_name, last_name, phone, metadata } = request.body
      const given = readMetadata(metadata, paystackMetadata)
      const changes = { firstName: first_name, lastName: last_name, phone, metadata: given && (() => given) }
      const seenAt = readSeenAt(request)
      const reference = readReference(request.params.email_or_code)
      const customer = await updateCustomer(tx, tenant, reference, { ...changes, seenAt })
      return { status: true as const, message: 'Customer updated', data: await related(tx, tenant, customer) }
    },
  )

  routes.post(
    '/customer/:email_or_code/identification',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      status: 202,
      schemaErrorFormatter: ([error]) => {
        const field = error === undefined ? 'body' : describeViolation(error).field
        return new ServiceError('invalid_request', `Please enter a valid \`${field}\``, field)
      },
      schema: {
        operationId: 'customer_validate',
        summary: 'Identify a customer; the outcome comes later',
        tags,
        params: referenceParams,
        body: identificationSchema,
        response: responses(202, success('Customer Identification in progress'), 400, 403, 404),
      },
    },
    async (request, tx) => {
      const body = request.body
      const details = {
        type: body.type,
        country: body.country.toUpperCase(),
        firstName: body.first_name,
        lastName: body.last_name,
        middleName: body.middle_name ?? null,
        bvn: body.bvn,
        bankCode: body.bank_code,
        accountNumber: body.account_number,
        value: body.value ?? null,
      }
      await requestIdentityCheck(tx, tenantOf(request), readReference(request.params.email_or_code), details)
      return { status: true as const, message: 'Customer Identification in progress' }
    },
  )

  async function related(context: Context, tenant: Tenant, customer: Customer) {
    const { items } = await listPaymentMethods(context, tenant, customer)
    const identifications = customer.identified ? await listIdentifications(context, tenant, customer) : null
    return renderCustomer(tenant, customer, items, identifications)
  }

  async function listByPage(tenant: Tenant, query: Parameters<typeof readPageNumber>[0]) {
    const page = readPageNumber(query)
    const perPage = readPerPage(query)
    const window = readPeriod(tenant, query)
    const { items, total } = await listCustomers(context, tenant, window, {
      limit: perPage,
      offset: (page - 1) * perPage,
    })
    return { data: items.map((each) => renderCustomerRow(tenant, each)), meta: pageMeta(page, perPage, total) }
  }

  async function listByCursor(tenant: Tenant, query: Parameters<typeof readPageNumber>[0]) {
    const perPage = readPerPage(query)
    const window = readPeriod(tenant, query)
    const { items, hasNewer, hasOlder } = await walkCustomers(context, tenant, window, {
      limit: perPage,
      ...(query.next ? { olderThan: readCursor('customer', query.next, 'next') } : {}),
      ...(query.previous && !query.next ? { newerThan: readCursor('customer', query.previous, 'previous') } : {}),
    })
    const newest = items.at(0)
    const oldest = items.at(-1)
    return {
      data: items.map((each) => renderCustomerRow(tenant, each)),
      meta: {
        next: hasOlder && oldest ? writeCursor('customer', oldest.id) : null,
        previous: hasNewer && newest ? writeCursor('customer', newest.id) : null,
        perPage,
      },
    }
  }
}

/** An e-mail has an @, an id has only digits, and any other text is a code. */
export function readReference(text: string): CustomerReference {
  if (text.includes('@')) return { email: text }
  if (/^\d{1,18}$/.test(text)) return { id: BigInt(text) }
  return { code: text }
}
