import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { hastenMandatesOf } from '../../../domain/payments/mandate-activations.ts'
import { listAllMandates, type MandateFilter } from '../../../domain/payments/mandates.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { readPerPage } from '../pagination.ts'
import { activationChargesSchema, mandateMetaSchema, mandateSchema, responses, success } from '../schemas.ts'
import { renderMandate } from './customer-authorization.ts'

const tags = ['Direct debit']
const statuses = ['pending', 'active', 'revoked'] as const

/** `/directdebit`: the mandates of all customers. The mandates of one customer are in customer-authorization.ts. */
export const directDebitRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.get(
    '/directdebit/mandate-authorizations',
    {
      scope: 'read',
      schema: {
        operationId: 'direct_debit_mandate_authorizations',
        summary: 'List the mandates of all customers, newest first',
        tags,
        querystring: Type.Object({
          cursor: Type.Optional(Type.String({ description: 'The value of next in the previous page' })),
          status: Type.Optional(Type.String({ description: 'pending, active or revoked', examples: ['active'] })),
          per_page: Type.Optional(Type.String({ description: 'Default 50, at most 200', examples: ['50'] })),
          perPage: Type.Optional(Type.String({ description: 'The same as per_page' })),
        }),
        response: responses(
          200,
          success('Mandate authorizations retrieved successfully', Type.Array(mandateSchema), mandateMetaSchema),
          400,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { cursor, status } = request.query
      const perPage = readPerPage(request.query)
      const filter = { status: readStatus(status), olderThan: cursor ? readCursor(cursor) : undefined }
      const { items, hasOlder, total } = await listAllMandates(context, tenant, filter, perPage)
      const oldest = items.at(-1)
      return {
        status: true as const,
        message: 'Mandate authorizations retrieved successfully',
        data: items.map(({ mandate, customer }) => renderMandate(tenant, customer, mandate)),
        meta: {
          per_page: perPage,
          next: hasOlder && oldest ? writeCursor(oldest.mandate.id) : null,
          count: items.length,
          total,
        },
      }
    },
  )

  routes.put(
    '/directdebit/activation-charge',
    {
      scope: 'payments:write',
      once: 'in a transaction',
      schema: {
        operationId: 'direct_debit_activation_charge',
        summary: 'Try again to activate the pending mandates of customers',
        tags,
        body: activationChargesSchema,
        response: responses(200, success('Mandate is queued for retry'), 400, 404),
      },
    },
    async (request, tx) => {
      const ids = request.body.customer_ids.map(BigInt)
      await hastenMandatesOf(tx, tenantOf(request), ids)
      return { status: true as const, message: 'Mandate is queued for retry' }
    },
  )
}

function readStatus(text: string | undefined): MandateFilter['status'] {
  if (text === undefined || text.trim() === '') return undefined
  const status = statuses.find((each) => each === text)
  if (status !== undefined) return status
  throw new ServiceError('invalid_request', `"status" must be one of [${statuses.join(', ')}]`, 'status')
}

/** Here a cursor is base64 of a bare number. */
function writeCursor(id: bigint): string {
  return Buffer.from(String(id)).toString('base64')
}

function readCursor(cursor: string): bigint {
  const text = Buffer.from(cursor, 'base64').toString('latin1')
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  throw new ServiceError('invalid_request', '"cursor" must be next of an earlier page', 'cursor')
}
