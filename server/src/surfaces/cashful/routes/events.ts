import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Context } from '../../../domain/context.ts'
import { eventTypes } from '../../../domain/events/events.ts'
import { recordMerchantEvent } from '../../../domain/events/merchant-events.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { type Delivery, type DeliveryStatus, listStandardDeliveries } from '../../../domain/webhooks/delivery-lists.ts'
import { endpointName, readDeliveryName } from '../../../domain/webhooks/ids.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readClosedPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { bothOf, checkFilteredMerchant, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { date, listOf, relatedEntityType, responses } from '../schemas.ts'
import { relatedEntity, renderEventData } from '../webhooks.ts'

const tags = ['Events']

const exampleEvent = {
  id: 'dlv_0b1f6a2e8d9c4b7fa3d5e6c8f9012b34',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  webhookEndpointId: 'we_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  type: 'purchase.succeeded',
  data: {
    id: 'purchase_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
    merchantId: 'mer_3k1f9x0c2v8b7n6',
    customerId: 'CUS_xnxdt6s1zg1f4nx',
    productId: 'airtime',
    amount: 50,
    currency: 'ZAR',
    status: 'completed',
  },
  status: 'delivered',
  attempts: 1,
  relatedEntityId: 'purchase_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  relatedEntityType: 'Purchase',
  lastAttemptAt: '2025-01-15T11:00:00.120Z',
  deliveredAt: '2025-01-15T11:00:00.180Z',
  createdAt: '2025-01-15T11:00:00.000Z',
  updatedAt: '2025-01-15T11:00:00.180Z',
}

const statusSchema = Type.Unsafe<DeliveryStatus>({ type: 'string', enum: ['pending', 'delivered', 'failed'] })

const eventSchema = Type.Object(
  {
    id: Type.String({ description: 'The id of this delivery: one event sent to one endpoint' }),
    merchantId: Type.String(),
    webhookEndpointId: Type.String(),
    type: Type.String(),
    data: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
    status: statusSchema,
    attempts: Type.Integer(),
    relatedEntityId: Type.Optional(Type.String()),
    relatedEntityType,
    lastAttemptAt: Type.Optional(date),
    nextRetryAt: Type.Optional(date),
    deliveredAt: Type.Optional(date),
    createdAt: date,
    updatedAt: date,
  },
  { examples: [exampleEvent] },
)

/** Without `pagination`, and without any other member: the Java client refuses both. */
const eventTypesSchema = Type.Object(
  {
    data: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), isActive: Type.Boolean() })),
  },
  { examples: [{ data: [{ id: 'purchase.succeeded', name: 'purchase.succeeded', isActive: true }] }] },
)

const instant = (description: string) =>
  Type.Optional(Type.String({ maxLength: 40, description, examples: ['2025-01-15T00:00:00.000Z'] }))

const filtered = ['ids', 'id', 'merchantId', 'type', 'status'] as const
const sorted = ['createdAt', 'id', 'merchantId'] as const

/** `/api/canary/events`: events sent to webhook endpoints, one item for each event and endpoint; and events of merchants. */
export const eventRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/events',
    {
      scope: 'read',
      schema: {
        operationId: 'listEvents',
        summary: 'List events sent to webhook endpoints, newest first',
        description: 'The total is exact up to 1,000, or up to the end of the page.',
        tags,
        querystring: Type.Object({
          merchantId: Type.Optional(Type.String()),
          type: Type.Optional(Type.String({ maxLength: 100, examples: ['purchase.succeeded'] })),
          status: Type.Optional(statusSchema),
          startDate: instant('Only events that happened at this instant or later'),
          endDate: instant('Only events that happened at this instant or earlier; a day without a time is included'),
          ...listQuery(filtered, sorted),
        }),
        response: responses(200, listOf(eventSchema, exampleEvent), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { merchantId, type, status, startDate, endDate } = request.query
      checkMerchantId(tenant, merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { direction } = readSort(request.query, sorted)
      const filter = {
        eventTypes: bothOf(type ? [type] : undefined, given.type),
        statuses: bothOf<string>(status ? [status] : undefined, given.status),
        ids: bothOf(given.ids, given.id)?.flatMap((id) => readDeliveryId(context, id)),
        ...readClosedPeriod(tenant, [startDate, endDate], ['startDate', 'endDate']),
      }
      const found = await largeRead(context, tenant, () =>
        listStandardDeliveries(context, tenant, filter, { ...page, direction }),
      )
      return renderPage(page, found, (each) => renderEvent(tenant, each))
    },
  )

  routes.post(
    '/events',
    {
      scope: 'developers',
      once: 'in a transaction',
      status: 201,
      // The .NET client parses any body that is there, and no client has a type for it.
      onSend: (_request, reply, payload, done) => {
        if (reply.statusCode !== 201) return done(null, payload)
        reply.removeHeader('content-type')
        done(null, null)
      },
      schema: {
        operationId: 'createEvent',
        summary: 'Record an event of your own, which is sent to your webhook endpoints',
        description:
          'The type is checkout.loaded, or a name that begins with custom. Other types are recorded by Mteja only. ' +
          'The answer has no body.',
        tags,
        body: Type.Object(
          {
            merchantId: Type.String({ description: 'The id of the key’s merchant' }),
            type: Type.String({ maxLength: 100, examples: ['checkout.loaded'] }),
            data: Type.Unsafe<Record<string, unknown>>({
              type: 'object',
              additionalProperties: true,
              description: 'At most 16 KiB of JSON',
            }),
            relatedEntityId: Type.Optional(Type.String({ maxLength: 200 })),
            relatedEntityType: Type.Optional(Type.String({ maxLength: 100 })),
          },
          {
            examples: [
              {
                merchantId: exampleEvent.merchantId,
                type: 'checkout.loaded',
                data: { sessionId: 'checkout_sess_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d' },
              },
            ],
          },
        ),
        response: responses(201, Type.Null(), 400, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { merchantId, ...event } = request.body
      checkMerchantId(tenant, merchantId)
      await recordMerchantEvent(tx, tenant, event)
      return null
    },
  )

  routes.get(
    '/events/types',
    {
      scope: 'read',
      schema: {
        operationId: 'listEventTypes',
        summary: 'List the types of all events',
        tags,
        response: responses(200, eventTypesSchema),
      },
    },
    async () => ({ data: [...eventTypes, 'checkout.loaded'].map((name) => ({ id: name, name, isActive: true })) }),
  )
}

/** Nothing for a text that is no delivery's id. */
function readDeliveryId(context: Context, id: string): bigint[] {
  try {
    return [readDeliveryName(context, id)]
  } catch (error) {
    if (error instanceof ServiceError) return []
    throw error
  }
}

function renderEvent({ merchant }: Tenant, delivery: Delivery) {
  const { event, lastAttemptAt, nextAttemptAt, deliveredAt } = delivery
  return {
    id: delivery.publicId,
    merchantId: merchant.code,
    webhookEndpointId: endpointName(delivery.endpointId),
    type: event.type,
    data: renderEventData(event),
    status: delivery.status,
    attempts: delivery.attemptCount,
    ...relatedEntity(event),
    ...(lastAttemptAt === null ? {} : { lastAttemptAt: lastAttemptAt.toISOString() }),
    ...(nextAttemptAt === null ? {} : { nextRetryAt: nextAttemptAt.toISOString() }),
    ...(deliveredAt === null ? {} : { deliveredAt: deliveredAt.toISOString() }),
    createdAt: delivery.createdAt.toISOString(),
    updatedAt: delivery.updatedAt.toISOString(),
  }
}
