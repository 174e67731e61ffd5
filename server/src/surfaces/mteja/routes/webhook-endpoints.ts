import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  getWebhookEndpoint,
  listWebhookEndpoints,
  rotateWebhookSecret,
  setPaystackWebhook,
  updateWebhookEndpoint,
  type WebhookEndpoint,
} from '../../../domain/webhooks/endpoints.ts'
import { endpointName, readEndpointName } from '../../../domain/webhooks/ids.ts'
import { readSubscription, renderSubscription } from '../../../domain/webhooks/subscriptions.ts'
import { readBearer, tenantOf } from '../../http/authentication.ts'
import { ifMatchDescription, readSeenAt } from '../../http/if-match.ts'
import type { RouteFile } from '../../http/routes.ts'
import { metadataSchema } from '../../http/schemas.ts'
import { date, nullableText, pageQuery, pageSchema, responses } from '../schemas.ts'

const tags = ['Webhook endpoints']
const id = 'we_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'
const params = Type.Object({ id: Type.String({ examples: [id] }) })
const nullableDate = Type.Union([date, Type.Null()])
const defaultOverlapHours = 24
const hourMs = 60 * 60 * 1000

const styleSchema = Type.Unsafe<'standard' | 'paystack'>({
  type: 'string',
  enum: ['standard', 'paystack'],
  examples: ['standard'],
})

const url = Type.String({
  maxLength: 2000,
  description: 'An https address; in test mode also an http address, or an address of this machine',
  examples: ['https://shop.example.com/hooks'],
})

const events = Type.Array(Type.String({ maxLength: 100 }), {
  minItems: 1,
  maxItems: 100,
  description: 'The names of the events to send, or ["*"] for all events, which is the default',
  examples: [['identity.succeeded', 'identity.failed']],
})

const webhookEndpointSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  style: styleSchema,
  url,
  events: Type.Array(Type.String(), { examples: [['*']] }),
  enabled: Type.Boolean(),
  disabledAt: nullableDate,
  disabledReason: nullableText,
  failingSince: Type.Union([date, Type.Null()], {
    description: 'The time since which the endpoint has acknowledged nothing',
  }),
  previousSecretExpiresAt: Type.Union([date, Type.Null()], {
    description: 'The time until which deliveries are also signed with the previous secret',
  }),
  metadata: Type.Union([metadataSchema, Type.Null()]),
  createdAt: date,
  updatedAt: date,
})

const newEndpointSchema = Type.Object({
  ...webhookEndpointSchema.properties,
  secret: Type.Union([Type.String(), Type.Null()], {
    description: 'Shown only once; null in Paystack’s style, which signs with the API key',
    examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  }),
})

/** `/v1/webhook-endpoints`: addresses to which events are sent, in either style. */
export const webhookEndpointRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/webhook-endpoints',
    {
      scope: 'developers',
      once: 'in a transaction',
      repeatedTo: 'its key',
      status: 201,
      schema: {
        operationId: 'createWebhookEndpoint',
        summary: 'Add an address to which events are sent, or set the address in Paystack’s style',
        description:
          'In Paystack’s style there is one address for each mode. Another call replaces it. Its webhooks are signed with ' +
          'the secret API key of this request, as Paystack does.',
        tags,
        body: Type.Object({
          url,
          style: Type.Optional(styleSchema),
          events: Type.Optional(events),
          metadata: Type.Optional(metadataSchema),
        }),
        response: responses(201, newEndpointSchema, 401, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { url, style = 'standard', events = ['*'], metadata } = request.body
      const eventTypes = readSubscription(events) ?? undefined
      if (style === 'paystack' && (eventTypes !== undefined || metadata !== undefined)) {
        const field = metadata === undefined ? 'events' : 'metadata'
        throw new ServiceError('invalid_request', `${field} cannot be chosen in Paystack’s style`, field)
      }
      // Receivers know the key. A token cannot reach this route.
      const secretKey = style === 'paystack' ? readBearer(request) : null
      if (secretKey !== null) {
        return { ...renderEndpoint(await setPaystackWebhook(tx, tenant, url, secretKey)), secret: null }
      }
      const { endpoint, secret } = await createWebhookEndpoint(tx, tenant, { url, eventTypes, metadata })
      return { ...renderEndpoint(endpoint), secret }
    },
  )

  routes.get(
    '/webhook-endpoints',
    {
      scope: 'read',
      schema: {
        operationId: 'listWebhookEndpoints',
        summary: 'List webhook endpoints of both styles, newest first',
        tags,
        querystring: Type.Object(pageQuery),
        response: responses(200, pageSchema(webhookEndpointSchema), 401),
      },
    },
    async (request) => {
      const { limit = 50, offset = 0 } = request.query
      const { items, total } = await listWebhookEndpoints(context, tenantOf(request), {}, { limit, offset })
      return { data: items.map(renderEndpoint), total }
    },
  )

  routes.get(
    '/webhook-endpoints/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveWebhookEndpoint',
        summary: 'Retrieve a webhook endpoint',
        tags,
        params,
        response: responses(200, webhookEndpointSchema, 401, 404),
      },
    },
    async (request) =>
      renderEndpoint(await getWebhookEndpoint(context, tenantOf(request), readEndpointName(request.params.id))),
  )

  routes.patch(
    '/webhook-endpoints/:id',
    {
      scope: 'developers',
      once: 'in a transaction',
      schema: {
        operationId: 'updateWebhookEndpoint',
        summary: 'Update a webhook endpoint: its address, its events, or whether it is enabled',
        description:
          'An endpoint that is enabled again receives the events that happen from that time on. Missed events can be sent again. ' +
          ifMatchDescription,
        tags,
        params,
        body: Type.Object({
          url: Type.Optional(url),
          events: Type.Optional(events),
          enabled: Type.Optional(Type.Boolean({ examples: [true] })),
        }),
        response: responses(200, webhookEndpointSchema, 401, 404, 409, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const id = readEndpointName(request.params.id)
      const { events, ...change } = request.body
      const eventTypes = events === undefined ? undefined : readSubscription(events)
      return renderEndpoint(
        await updateWebhookEndpoint(tx, tenant, id, { ...change, eventTypes, seenAt: readSeenAt(request) }),
      )
    },
  )

  routes.post(
    '/webhook-endpoints/:id/rotate-secret',
    {
      scope: 'developers',
      once: 'in a transaction',
      repeatedTo: 'its key',
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'Rotate the secret: sign with a new secret, and for some hours with the previous secret as well',
        tags,
        params,
        body: Type.Object({
          overlapHours: Type.Optional(
            Type.Number({ minimum: 0, maximum: 168, description: 'Default 24', examples: [24] }),
          ),
        }),
        response: responses(200, newEndpointSchema, 401, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const id = readEndpointName(request.params.id)
      const { overlapHours = defaultOverlapHours } = request.body
      const { endpoint, secret } = await rotateWebhookSecret(tx, tenant, id, Math.round(overlapHours * hourMs))
      return { ...renderEndpoint(endpoint), secret }
    },
  )

  routes.delete(
    '/webhook-endpoints/:id',
    {
      scope: 'developers',
      once: 'in a transaction',
      whenClosed: 'allowed',
      schema: {
        operationId: 'deleteWebhookEndpoint',
        summary: 'Remove a webhook endpoint: it receives no more events',
        tags,
        params,
        response: responses(
          200,
          Type.Object({ id: Type.String({ examples: [id] }), deleted: Type.Literal(true), deletedAt: date }),
          401,
          404,
        ),
      },
    },
    async (request, tx) => {
      const { id } = request.params
      const deletedAt = await deleteWebhookEndpoint(tx, tenantOf(request), readEndpointName(id))
      return { id, deleted: true as const, deletedAt: deletedAt.toISOString() }
    },
  )
}

function renderEndpoint(endpoint: WebhookEndpoint) {
  return {
    id: endpointName(endpoint.id),
    style: endpoint.style,
    url: endpoint.url,
    events: renderSubscription(endpoint.eventTypes),
    enabled: endpoint.disabledAt === null,
    disabledAt: endpoint.disabledAt?.toISOString() ?? null,
    disabledReason: endpoint.disabledReason,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    previousSecretExpiresAt: endpoint.previousSecretExpiresAt?.toISOString() ?? null,
    metadata: endpoint.metadata,
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  }
}
