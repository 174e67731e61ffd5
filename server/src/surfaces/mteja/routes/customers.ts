import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Context, TxContext } from '../../../domain/context.ts'
import { listCustomers } from '../../../domain/customers/customer-lists.ts'
import { type Customer, getCustomer, lockCustomer } from '../../../domain/customers/customers.ts'
import { getLastRiskChange, setRiskAction } from '../../../domain/customers/risk-actions.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { setDefaultPaymentMethod } from '../../../domain/payments/payment-methods.ts'
import { type Erasure, eraseCustomer, getErasure } from '../../../domain/personal-data/erasure.ts'
import { openPersonFile } from '../../../domain/personal-data/person-file.ts'
import { listBalances, listBalancesOf } from '../../../domain/wallet/statements.ts'
import { tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription, readSeenAt } from '../../http/if-match.ts'
import { readPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText } from '../../http/schemas.ts'
import { sendText } from '../../http/send-text.ts'
import {
  customerListSchema,
  customerQuery,
  customerSchema,
  defaultMethodSchema,
  erasureSchema,
  personFileSchema,
  personFileText,
  renderCustomer,
  renderListed,
  riskActionSchema,
} from '../customer-answers.ts'
import { customerIdSchema, responses } from '../schemas.ts'
import { streams } from '../streams.ts'

const tags = ['Customers']
const params = Type.Object({ id: customerIdSchema })

/**
 * `/v1/customers/:id`: a customer's balances now and at an instant, statements of a period, everything that is stored of the
 * customer as one file, and its erasure.
 */
export const customerRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/customers',
    {
      scope: 'read',
      schema: {
        operationId: 'listCustomers',
        summary:
          'List customers with their balances, newest first or by a field, by search, identification, risk and money',
        description:
          'All conditions hold together. With a search or a filter `total` is exact up to 1,000 customers; beyond that it is a ' +
          'lower bound. A list by another field than `createdAt` can be read up to offset 10,000, and with a search or a filter ' +
          'it can have up to 10,000 customers. A program that reads everything follows `nextBefore`.',
        tags,
        querystring: customerQuery,
        response: responses(200, customerListSchema, 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { search, identified, riskAction, hasMoney, from, to, before, ...asked } = request.query
      const { sort = 'createdAt', order = 'desc', limit = 50, offset = 0 } = asked
      const isNewestFirst = sort === 'createdAt' && order === 'desc'
      if (before !== undefined && !isNewestFirst) {
        const message = 'before works in a list by createdAt, newest first; use offset'
        throw new ServiceError('invalid_request', message, 'before')
      }
      const filter = {
        ...readPeriod(tenant, [from, to]),
        search: search?.trim() || undefined,
        ...{ identified, riskAction, hasMoney, before },
      }
      const page = { limit, offset, sort: { by: sort, direction: order } }
      const { items, total } = await listCustomers(context, tenant, filter, page)
      const balances = await listBalancesOf(context, tenant, items)
      return {
        data: items.map((customer) => renderListed(customer, balances.get(customer.id) ?? [])),
        total,
        timeZone: tenant.merchant.timeZone,
        nextBefore: isNewestFirst && total > offset + items.length ? (items.at(-1)?.code ?? null) : null,
      }
    },
  )

  routes.get(
    '/customers/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveCustomer',
        summary: 'Retrieve a customer with their balances, and the reason of their risk action',
        tags,
        params,
        response: responses(200, customerSchema, 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return describe(context, tenant, await getCustomer(context, tenant, request.params.id))
    },
  )

  routes.post(
    '/customers/:id/risk-action',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'setRiskAction',
        summary: 'Allow or deny a customer, or neither, with a reason',
        description:
          'The reason is shown with the customer and in the audit. It is removed with the person. ' +
          ifMatchDescription,
        tags,
        params,
        body: Type.Object({
          riskAction: riskActionSchema,
          reason: Type.Optional(freeText(500, { examples: ['Card reported stolen'] })),
        }),
        response: responses(200, customerSchema, 401, 404, 409, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const wanted = { ...request.body, seenAt: readSeenAt(request) }
      return describe(tx, tenant, await setRiskAction(tx, tenant, { code: request.params.id }, wanted))
    },
  )

  routes.put(
    '/customers/:id/default-payment-method',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'setDefaultPaymentMethod',
        summary: 'Choose the default payment method of a customer',
        description:
          'A default that is removed leaves the customer without one: no other takes its place by itself, save the next payment ' +
          'method that is saved.',
        tags,
        params,
        body: Type.Object({
          paymentMethodId: Type.String({
            maxLength: 100,
            description: 'A payment method of this customer',
            examples: ['pm_ekk8t49ogj'],
          }),
        }),
        response: responses(200, defaultMethodSchema, 401, 404, 409),
      },
    },
    async (request, tx) =>
      chooseDefault(tx, tenantOf(request), request.params.id, request.body.paymentMethodId.replace(/^pm_/, '')),
  )

  routes.delete(
    '/customers/:id/default-payment-method',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'removeDefaultPaymentMethod',
        summary: 'Leave a customer without a default payment method; the payment method itself stays',
        tags,
        params,
        response: responses(200, defaultMethodSchema, 401, 404),
      },
    },
    async (request, tx) => chooseDefault(tx, tenantOf(request), request.params.id, null),
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
      return sendText(reply, 'application/json; charset=utf-8', personFileText(head, file))
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

async function describe(context: Context, tenant: Tenant, customer: Customer) {
  const [balances, risk] = [
    await listBalances(context, tenant, customer),
    await getLastRiskChange(context, tenant, customer),
  ]
  return renderCustomer(customer, balances, risk)
}

async function chooseDefault(tx: TxContext, tenant: Tenant, customerCode: string, code: string | null) {
  const customer = await lockCustomer(tx, tenant, { code: customerCode })
  const previous = await setDefaultPaymentMethod(tx, tenant, customer, code)
  return {
    customerId: customer.code,
    paymentMethodId: code && `pm_${code}`,
    previousPaymentMethodId: previous && `pm_${previous}`,
  }
}
