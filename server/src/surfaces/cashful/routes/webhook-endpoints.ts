import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  getWebhookEndpoint,
  listWebhookEndpoints,
  type WebhookEndpoint,
} from '../../../domain/webhooks/endpoints.ts'
import { endpointName, readEndpointName } from '../../../domain/webhooks/ids.ts'
import { readSubscription, renderSubscription } from '../../../domain/webhooks/subscriptions.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { metadataSchema } from '../../http/schemas.ts'
import { bothOf, checkFilteredMerchant, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { date, listOf, responses } from '../schemas.ts'

const tags = ['Webhook Endpoints']
const id = 'we_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'
const params = Type.Object({ id: Type.String({ examples: [id] }) })

const exampleEndpoint = {
  id,
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  url: 'https://shop.example.com/hooks',
  events: ['purchase.succeeded', 'transfer.completed'],
  active: true,
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
}

const endpointSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    url: Type.String(),
    events: Type.Array(Type.String()),
    active: Type.Boolean({
      description: 'false after the endpoint was disabled, by hand or because its deliveries failed for a long time',
    }),
    metadata: Type.Optional(metadataSchema),
    createdAt: date,
    updatedAt: date,
  },
  { examples: [exampleEndpoint] },
)

const removedSchema = Type.Object(
  { id: Type.String(), deleted: Type.Boolean(), deletedAt: date },
  { examples: [{ id, deleted: true, deletedAt: '2025-01-15T10:30:00.000Z' }] },
)

/**
 * The header with the secret that signs deliveries. The secret is shown only in this answer. Cashful documents no
 * member for it, and its strictest client refuses undocumented members.
 */
const secretHeader = 'webhook-secret'

const filtered = ['ids', 'id', 'merchantId', 'url', 'active'] as const
const sorted = ['createdAt', 'updatedAt', 'url', 'id', 'merchantId'] as const

/** `/api/canary/webhook-endpoints`: addresses to which events are sent, by the Standard Webhooks convention. */
export const webhookEndpointRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/webhook-endpoints',
    {
      scope: 'developers',
      once: 'in a transaction',
      repeatedTo: 'its key',
      status: 201,
      // The remembered answer contains the secret. The body sent has no member for it.
      preSerialization: (_request, reply, payload, done) => {
        const { secret, ...body } = payload as { secret?: string }
        if (secret !== undefined) reply.header(secretHeader, secret)
        done(null, body)
      },
      schema: {
        operationId: 'createWebhookEndpoint',
        summary: 'Add an address to which events are sent',
        description: `The secret that signs deliveries is in the answer’s header \`${secretHeader}\`. It is shown only once.`,
        tags,
        body: Type.Object(
          {
            merchantId: Type.Optional(Type.String()),
            url: Type.String({
              maxLength: 2000,
              description: 'An https address; in test mode also an http address, or an address of this machine',
            }),
            events: Type.Array(Type.String({ maxLength: 100 }), {
              minItems: 1,
              maxItems: 100,
              description: 'The names of the events to send, or ["*"] for all events',
            }),
            metadata: Type.Optional(metadataSchema),
          },
          {
            examples: [{ url: 'https://shop.example.com/hooks', events: ['purchase.succeeded', 'transfer.completed'] }],
          },
        ),
        response: responses(201, endpointSchema, 400, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { merchantId, url, events, metadata } = request.body
      checkMerchantId(tenant, merchantId)
      const eventTypes = readSubscription(events) ?? undefined
      const { endpoint, secret } = await createWebhookEndpoint(tx, tenant, { url, eventTypes, metadata })
      return { ...renderEndpoint(tenant, endpoint), secret }
    },
  )

  routes.get(
    '/webhook-endpoints',
    {
      scope: 'read',
      schema: {
        operationId: 'listWebhookEndpoints',
        summary: 'List webhook endpoints, newest first',
        tags,
        querystring: Type.Object({ merchantId: Type.Optional(Type.String()), ...listQuery(filtered, sorted) }),
        response: responses(200, listOf(endpointSchema, exampleEndpoint), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { by, direction } = readSort(request.query, sorted)
      const filter = {
        style: 'standard' as const,
        ids: bothOf(given.ids, given.id)?.map((id) => id.replace(/^we_/, '')),
        urls: given.url,
        active: given.active?.map((text) => text === 'true'),
      }
      // All endpoints of a list are of one merchant.
      const sort = { by: by === 'merchantId' ? 'createdAt' : by, direction } as const
      const found = await listWebhookEndpoints(context, tenant, filter, { ...page, sort })
      return renderPage(page, found, (each) => renderEndpoint(tenant, each))
    },
  )

  routes.delete(
    '/webhook-endpoints/:id',
    {
      scope: 'developers',
      once: 'in a transaction',
      schema: {
        operationId: 'deleteWebhookEndpoint',
        summary: 'Remove a webhook endpoint: it receives no more events',
        tags,
        params,
        response: responses(200, removedSchema, 404),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { id } = request.params
      const endpoint = await getWebhookEndpoint(tx, tenant, readEndpointName(id))
      if (endpoint.style !== 'standard') {
        throw new ServiceError('webhook_endpoint_not_found', `There is no webhook endpoint "${id}"`)
      }
      const deletedAt = await deleteWebhookEndpoint(tx, tenant, endpoint.id)
      return { id, deleted: true, deletedAt: deletedAt.toISOString() }
    },
  )
}

function renderEndpoint({ merchant }: Tenant, endpoint: WebhookEndpoint) {
  return {
    id: endpointName(endpoint.id),
    merchantId: merchant.code,
    url: endpoint.url,
    events: renderSubscription(endpoint.eventTypes),
    active: endpoint.disabledAt === null,
    ...(endpoint.metadata === null ? {} : { metadata: endpoint.metadata }),
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  }
}
