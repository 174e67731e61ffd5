import { Type } from 'typebox'
import type { Context } from '../../../domain/context.ts'
import { findFormerCustomer } from '../../../domain/customers/customers.ts'
import { readEventType } from '../../../domain/events/events.ts'
import { findRemoval } from '../../../domain/events/removals.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import {
  type Delivery,
  type DeliveryAttempt,
  type DeliveryFilter,
  type DeliveryStatus,
  getDelivery,
  getDeliveryAttempts,
  listDeliveries,
} from '../../../domain/webhooks/delivery-lists.ts'
import { deliveryName, endpointName, readDeliveryName, readEndpointName } from '../../../domain/webhooks/ids.ts'
import { countResendable, maxResent, resendDeliveries, resendDelivery } from '../../../domain/webhooks/resend.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { date, nullableText, periodQuery, responses, timeZoneSchema } from '../schemas.ts'
import { customerCodeOf, removedUntilSchema, stepOf, stepQuery } from './events.ts'

const tags = ['Deliveries']
const id = 'dlv_0b1f6a2e8d9c4b7fa3d5e6c8f9012b34'
const endpointId = 'we_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'
const params = Type.Object({ id: Type.String({ examples: [id] }) })
const nullableDate = Type.Union([date, Type.Null()])
const headers = Type.Record(Type.String(), Type.String(), { examples: [{ 'content-type': 'application/json' }] })

const statusSchema = Type.Unsafe<DeliveryStatus>({
  type: 'string',
  enum: ['pending', 'delivered', 'failed'],
  examples: ['failed'],
})

const deliverySchema = Type.Object({
  id: Type.String({ examples: [id] }),
  endpointId: Type.String({ examples: [endpointId] }),
  eventId: Type.String({ examples: ['evt_5f0c1b2a3d9b4e7f8a6c1e7d2b9d3f2f'] }),
  eventType: Type.String({ examples: ['identity.failed'] }),
  customerId: nullableText,
  status: statusSchema,
  attemptCount: Type.Integer({ examples: [3] }),
  nextAttemptAt: Type.Union([date, Type.Null()], {
    description: 'Null if the delivery is settled or under way, or waits for an earlier delivery of the same customer',
  }),
  lastAttemptAt: nullableDate,
  deliveredAt: nullableDate,
  failureReason: nullableText,
  createdAt: date,
  updatedAt: date,
})

const attemptSchema = Type.Object({
  number: Type.Integer({ examples: [1] }),
  startedAt: date,
  durationMs: Type.Integer({ examples: [42] }),
  request: Type.Object({ url: Type.String(), headers, body: Type.String() }),
  response: Type.Union([
    Type.Object({
      status: Type.Integer({ examples: [500] }),
      headers,
      body: Type.String({ description: 'The beginning of the body' }),
    }),
    Type.Null(),
  ]),
  error: Type.Union([Type.String(), Type.Null()], { description: 'The reason why there was no response' }),
})

const detailedSchema = Type.Object({
  ...deliverySchema.properties,
  attempts: Type.Array(attemptSchema, { description: 'The last hundred attempts, oldest first' }),
})

const filterMembers = {
  endpointId: Type.Optional(Type.String({ maxLength: 100, examples: [endpointId] })),
  status: Type.Optional(statusSchema),
  eventType: Type.Optional(Type.String({ maxLength: 100, examples: ['identity.failed'] })),
  customerId: Type.Optional(Type.String({ maxLength: 100, examples: ['CUS_xnxdt6s1zg1f4nx'] })),
  ...periodQuery,
}

type GivenFilter = {
  endpointId?: string
  status?: DeliveryStatus
  eventType?: string
  customerId?: string
  from?: string
  to?: string
}

const countSchema = Type.Object({ count: Type.Integer({ examples: [12] }) })

/** `/v1/deliveries`: the events sent to each endpoint, the endpoint's answers, and sending again. */
export const deliveryRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.get(
    '/deliveries',
    {
      scope: 'read',
      schema: {
        operationId: 'listDeliveries',
        summary: 'List deliveries, newest first',
        tags,
        querystring: Type.Object({ ...filterMembers, ...stepQuery(id) }),
        response: responses(
          200,
          Type.Object({
            data: Type.Array(deliverySchema),
            timeZone: timeZoneSchema,
            removedUntil: removedUntilSchema,
            nextBefore: nextSchema,
          }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const filter = await readFilter(context, tenant, request.query)
      const step = stepOf(request.query, (name) => readDeliveryName(context, name))
      const list = () => listDeliveries(context, tenant, filter, step)
      const isFiltered = Object.values(filter).some((each) => each !== undefined)
      const { items, next } = await (isFiltered ? largeRead(context, tenant, list) : list())
      const nextBefore = next === null ? null : deliveryName(context, next)
      const removal = await findRemoval(context, tenant, 'deliveries')
      return {
        data: items.map(renderDelivery),
        timeZone: tenant.merchant.timeZone,
        removedUntil: removal?.lastCreatedAt.toISOString() ?? null,
        nextBefore,
      }
    },
  )

  routes.get(
    '/deliveries/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveDelivery',
        summary: 'Retrieve a delivery with its attempts',
        tags,
        params,
        response: responses(200, detailedSchema, 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const id = readDeliveryName(context, request.params.id)
      const delivery = await getDelivery(context, tenant, id)
      const { body, attempts } = await getDeliveryAttempts(context, tenant, id)
      return { ...renderDelivery(delivery), attempts: attempts.map((each) => renderAttempt(each, body ?? '')) }
    },
  )

  routes.get(
    '/deliveries/resend-preview',
    {
      scope: 'read',
      schema: {
        operationId: 'previewResend',
        summary: 'Count the deliveries that a resend with this filter would send',
        tags,
        querystring: Type.Object(filterMembers),
        response: responses(200, Type.Object({ ...countSchema.properties, timeZone: timeZoneSchema }), 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const filter = await readFilter(context, tenant, request.query)
      const count = await largeRead(context, tenant, () => countResendable(context, tenant, filter))
      return { count, timeZone: tenant.merchant.timeZone }
    },
  )

  routes.post(
    '/deliveries/resend',
    {
      scope: 'developers',
      once: 'in a transaction',
      schema: {
        operationId: 'resendDeliveries',
        summary: 'Send the deliveries that match the filter again, by default the failed ones',
        description: `They are sent at once, with a new series of attempts. More than ${maxResent} deliveries are refused.`,
        tags,
        body: Type.Object(filterMembers),
        response: responses(200, countSchema, 401, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const filter = await readFilter(tx, tenant, request.body)
      return { count: await resendDeliveries(tx, tenant, filter) }
    },
  )

  routes.post(
    '/deliveries/:id/resend',
    {
      scope: 'developers',
      once: 'in a transaction',
      schema: {
        operationId: 'resendDelivery',
        summary: 'Send a delivery again, also if it was delivered before',
        tags,
        params,
        response: responses(200, deliverySchema, 401, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const id = readDeliveryName(context, request.params.id)
      await resendDelivery(tx, tenant, id)
      return renderDelivery(await getDelivery(tx, tenant, id))
    },
  )
}

const nextSchema = Type.Union([Type.String(), Type.Null()], {
  description:
    'To get the next page, send this value as `before`. There may be more items even if `data` has fewer than `limit`; null at the end',
})

async function readFilter(context: Context, tenant: Tenant, given: GivenFilter): Promise<DeliveryFilter> {
  const { endpointId, status, eventType, customerId, from, to } = given
  return {
    endpointId: endpointId === undefined ? undefined : readEndpointName(endpointId),
    status,
    eventType: eventType === undefined ? undefined : readEventType('eventType', eventType),
    customer: customerId === undefined ? undefined : await findFormerCustomer(context, tenant, customerId),
    ...readPeriod(tenant, [from, to]),
  }
}

function renderDelivery(delivery: Delivery) {
  return {
    id: delivery.publicId,
    endpointId: endpointName(delivery.endpointId),
    eventId: delivery.event.publicId,
    eventType: delivery.event.type,
    customerId: customerCodeOf(delivery.event),
    status: delivery.status,
    attemptCount: delivery.attemptCount,
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    lastAttemptAt: delivery.lastAttemptAt?.toISOString() ?? null,
    deliveredAt: delivery.deliveredAt?.toISOString() ?? null,
    failureReason: delivery.failureReason,
    createdAt: delivery.createdAt.toISOString(),
    updatedAt: delivery.updatedAt.toISOString(),
  }
}

/** Every attempt of a delivery sent the same body. */
function renderAttempt(attempt: DeliveryAttempt, body: string) {
  return {
    number: attempt.number,
    startedAt: attempt.startedAt.toISOString(),
    durationMs: attempt.durationMs,
    request: { url: attempt.url, headers: attempt.requestHeaders, body },
    response: attempt.answer,
    error: attempt.error,
  }
}
