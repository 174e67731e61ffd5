import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { type Customer, findCustomer } from '../../../domain/customers/customers.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { hastenMandate } from '../../../domain/payments/mandate-activations.ts'
import {
  getMandate,
  listMandates,
  type Mandate,
  type NewMandate,
  requestMandateByEmail,
  requestMandateById,
} from '../../../domain/payments/mandates.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { readCallbackUrl } from '../callback-url.ts'
import {
  activationChargeSchema,
  authorizationRequestSchema,
  initializeAuthorizationSchema,
  initializeDirectDebitSchema,
  mandateMetaSchema,
  mandateSchema,
  responses,
  success,
  verifiedAuthorizationSchema,
} from '../schemas.ts'

const tags = ['Direct debit']
const idParams = Type.Object({ id: Type.String({ description: 'The customer’s numeric id', examples: ['314159265'] }) })

/** `/customer/authorization` and `/customer/:id/…direct-debit…`: mandates from initialize to active. */
export const authorizationRoutes: RouteFile = (routes, surface) => {
  const { context, publicUrl } = surface

  routes.post(
    '/customer/authorization/initialize',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'customer_initialize_authorization',
        summary: 'Ask a customer for a direct debit mandate',
        tags,
        body: initializeAuthorizationSchema,
        response: responses(200, success('Authorization initialized', authorizationRequestSchema), 400, 403),
      },
    },
    async (request, tx) => {
      const { email, callback_url, account, address } = request.body
      const wanted = newMandate(callback_url, account, address)
      return initialized(await requestMandateByEmail(tx, tenantOf(request), email, wanted))
    },
  )

  routes.get(
    '/customer/authorization/verify/:reference',
    {
      scope: 'read',
      schema: {
        operationId: 'customer_verify_authorization',
        summary: 'Verify an authorization request: get its outcome',
        tags,
        params: Type.Object({ reference: Type.String({ examples: ['ekk8t49ogj1x0c2'] }) }),
        response: responses(200, success('Authorization retrieved successfully', verifiedAuthorizationSchema), 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const mandate = await getMandate(context, tenant, request.params.reference)
      if (mandate.paymentMethod === null) {
        throw new ServiceError('mandate_not_found', 'The customer has not agreed to the request')
      }
      const customer = await findCustomer(context, tenant, { id: mandate.customerId })
      return {
        status: true as const,
        message: 'Authorization retrieved successfully',
        data: {
          authorization_code: `AUTH_${mandate.paymentMethod.code}`,
          channel: 'direct_debit',
          bank: mandate.paymentMethod.bank,
          active: mandate.paymentMethod.active,
          customer: { code: customer.code, email: customer.email },
        },
      }
    },
  )

  routes.post(
    '/customer/:id/initialize-direct-debit',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'customer_initialize_direct_debit',
        summary: 'Ask a known customer to link a bank account',
        tags,
        params: idParams,
        body: initializeDirectDebitSchema,
        response: responses(200, success('Authorization initialized', authorizationRequestSchema), 400, 403, 404),
      },
    },
    async (request, tx) => {
      const { account, address } = request.body
      const id = readId(request.params.id)
      return initialized(await requestMandateById(tx, tenantOf(request), id, newMandate(undefined, account, address)))
    },
  )

  routes.put(
    '/customer/:id/directdebit-activation-charge',
    {
      scope: 'payments:write',
      once: 'in a transaction',
      schema: {
        operationId: 'customer_direct_debit_activation_charge',
        summary: 'Try again to activate a pending mandate',
        tags,
        params: idParams,
        body: activationChargeSchema,
        response: responses(200, success('Mandate is queued for retry'), 400, 404),
      },
    },
    async (request, tx) => {
      const id = readId(request.params.id)
      const paymentMethodId = BigInt(request.body.authorization_id)
      await hastenMandate(tx, tenantOf(request), { customerId: id, paymentMethodId })
      return { status: true as const, message: 'Mandate is queued for retry' }
    },
  )

  routes.get(
    '/customer/:id/directdebit-mandate-authorizations',
    {
      scope: 'read',
      schema: {
        operationId: 'customer_mandate_authorizations',
        summary: 'List a customer’s mandates, newest first',
        tags,
        params: idParams,
        response: responses(
          200,
          success('Mandate authorizations retrieved successfully', Type.Array(mandateSchema), mandateMetaSchema),
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { customer, mandates } = await listMandates(context, tenant, readId(request.params.id))
      return {
        status: true as const,
        message: 'Mandate authorizations retrieved successfully',
        data: mandates.map((mandate) => renderMandate(tenant, customer, mandate)),
        meta: {
          per_page: 50,
          next: null,
          count: mandates.length,
          total: mandates.length,
        },
      }
    },
  )

  function initialized({ accessCode, reference }: Mandate) {
    const data = { redirect_url: `${publicUrl()}/authorize/${accessCode}`, access_code: accessCode, reference }
    return { status: true as const, message: 'Authorization initialized', data }
  }
}

function readId(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  throw new ServiceError('customer_not_found', `There is no customer "${text}"`)
}

function newMandate(
  callbackUrl: string | undefined,
  account: { number: string; bank_code: string } | undefined,
  address: { street: string; city: string; state: string } | undefined,
): NewMandate {
  return {
    callbackUrl: readCallbackUrl(callbackUrl) ?? null,
    account: account === undefined ? null : { number: account.number, bankCode: account.bank_code },
    address: address ?? null,
  }
}

export function renderMandate({ merchant }: Tenant, customer: Customer, mandate: Mandate) {
  return {
    id: Number(mandate.id),
    status: mandate.status,
    mandate_id: Number(mandate.id),
    authorization_id: Number(mandate.paymentMethod?.id ?? 0),
    authorization_code: `AUTH_${mandate.paymentMethod?.code ?? ''}`,
    integration_id: merchant.id,
    account_number: mandate.accountNumber,
    bank_code: mandate.bankCode,
    bank_name: mandate.paymentMethod?.bank ?? null,
    customer: {
      id: Number(customer.id),
      customer_code: customer.code,
      email: customer.email,
      first_name: customer.firstName,
      last_name: customer.lastName,
    },
    authorized_at: mandate.authorizedAt?.toISOString() ?? null,
  }
}
