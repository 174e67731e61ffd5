import { Type } from 'typebox'
import { findFormerCustomer } from '../../../domain/customers/customers.ts'
import { captureHold, getHold, type Hold, listHolds, placeHold, releaseHold } from '../../../domain/wallet/holds.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readEnd } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText } from '../../http/schemas.ts'
import {
  amountSchema,
  currencySchema,
  customerIdSchema,
  date,
  nullableText,
  pageQuery,
  pageSchema,
  responses,
} from '../schemas.ts'

const tags = ['Holds']
const holdId = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'
const params = Type.Object({ id: Type.String({ examples: [holdId] }) })

const holdSchema = Type.Object({
  id: Type.String({ examples: [holdId] }),
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  amount: Type.Integer({ description: 'The amount reserved when the hold was placed', examples: [1000] }),
  captured: Type.Integer({ examples: [400] }),
  remaining: Type.Integer({ description: 'The amount that is still reserved', examples: [600] }),
  currency: Type.String({ examples: ['ZAR'] }),
  status: Type.String({ description: 'placed, captured, released or expired', examples: ['placed'] }),
  description: nullableText,
  expiresAt: Type.Union([date, Type.Null()]),
  createdAt: date,
  updatedAt: date,
})

const captureSchema = Type.Object({
  id: Type.String({ description: 'The id of the ledger transaction', examples: [holdId] }),
  holdId: Type.String({ examples: [holdId] }),
  customerId: Type.String({ examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  amount: Type.Integer({ examples: [400] }),
  currency: Type.String({ examples: ['ZAR'] }),
  balanceAfter: Type.Integer({ description: 'The customer’s posted balance after the capture', examples: [4600] }),
  createdAt: date,
})

/** `/v1/holds`: reserve a customer's cash, capture it in one or several parts, or release it. */
export const holdRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/holds',
    {
      scope: 'money:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'placeHold',
        summary: 'Place a hold: reserve an amount of a customer’s cash balance',
        tags,
        body: Type.Object({
          customerId: customerIdSchema,
          amount: amountSchema,
          currency: Type.Optional(currencySchema),
          description: Type.Optional(freeText(500, { examples: ['Ride'] })),
          expiresAt: Type.Optional(
            Type.String({
              maxLength: 40,
              description:
                'An instant, or a day, which the hold lasts to the end of; at most a year from now. Without it the hold does not expire',
              examples: ['2027-01-15T10:30:00.000Z'],
            }),
          ),
        }),
        response: responses(201, holdSchema, 401, 402, 403, 404, 409),
      },
    },
    async (request, keyed) => {
      const { customerId, expiresAt, ...input } = request.body
      const tenant = tenantOf(request)
      const given = { customerCode: customerId, expiresAt: readEnd(tenant, expiresAt, 'expiresAt'), ...input }
      const hold = await placeHold(context, tenant, given, keyed)
      return { answer: renderHold(hold), replayed: hold.replayed }
    },
  )

  routes.get(
    '/holds',
    {
      scope: 'read',
      schema: {
        operationId: 'listHolds',
        summary: 'List a customer’s holds, newest first',
        tags,
        querystring: Type.Object({ customerId: customerIdSchema, ...pageQuery }),
        response: responses(200, pageSchema(holdSchema), 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { customerId, limit = 50, offset = 0 } = request.query
      const customer = await findFormerCustomer(context, tenant, customerId)
      const { items, total } = await listHolds(context, tenant, customer, { limit, offset })
      return { data: items.map(renderHold), total }
    },
  )

  routes.get(
    '/holds/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveHold',
        summary: 'Retrieve a hold',
        tags,
        params,
        response: responses(200, holdSchema, 401, 404),
      },
    },
    async (request) => renderHold(await getHold(context, tenantOf(request), request.params.id)),
  )

  routes.post(
    '/holds/:id/capture',
    {
      scope: 'money:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'captureHold',
        summary: 'Capture a hold, in part or all that is left of it',
        tags,
        params,
        body: Type.Object({
          amount: Type.Optional(amountSchema),
          final: Type.Optional(
            Type.Boolean({ description: 'true releases the rest of the hold; default false', examples: [true] }),
          ),
        }),
        response: responses(201, captureSchema, 401, 403, 404, 409),
      },
    },
    async (request, keyed) => {
      const { amount, final = false } = request.body
      const given = { holdId: request.params.id, amount, isFinal: final }
      const capture = await captureHold(context, tenantOf(request), given, keyed)
      return {
        answer: {
          id: capture.id,
          holdId: capture.holdId,
          customerId: capture.customerCode,
          amount: Number(capture.amount),
          currency: capture.currency,
          balanceAfter: Number(capture.balanceAfter),
          createdAt: capture.createdAt.toISOString(),
        },
        replayed: capture.replayed,
      }
    },
  )

  routes.post(
    '/holds/:id/release',
    {
      scope: 'money:write',
      once: 'in the posting',
      schema: {
        operationId: 'releaseHold',
        summary: 'Release the rest of a hold',
        tags,
        params,
        response: responses(
          200,
          Type.Object({ id: Type.String({ examples: [holdId] }), status: Type.Literal('released'), releasedAt: date }),
          401,
          404,
          409,
        ),
      },
    },
    async (request, keyed) => {
      const { id } = request.params
      const released = await releaseHold(context, tenantOf(request), id, keyed)
      return {
        answer: { id: released.holdId, status: 'released' as const, releasedAt: released.releasedAt.toISOString() },
        replayed: released.replayed,
      }
    },
  )
}

function renderHold(hold: Hold) {
  return {
    id: hold.id,
    customerId: hold.customerCode,
    amount: Number(hold.amount),
    captured: Number(hold.captured),
    remaining: Number(hold.remaining),
    currency: hold.currency,
    status: hold.status,
    description: hold.description,
    expiresAt: hold.expiresAt?.toISOString() ?? null,
    createdAt: hold.createdAt.toISOString(),
    updatedAt: hold.updatedAt.toISOString(),
  }
}
