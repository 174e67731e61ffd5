import { type Static, Type } from 'typebox'
import type { TxContext } from '../../../domain/context.ts'
import {
  type ApiKey,
  createApiKey,
  getApiKey,
  listApiKeys,
  replaceApiKey,
  revokeApiKey,
} from '../../../domain/merchants/api-keys.ts'
import { grantOf } from '../../../domain/merchants/scopes.ts'
import type { Merchant, Mode } from '../../../domain/merchants/tenant.ts'
import { deleteWebhookEndpoint, listEndpointsTouchedBy } from '../../../domain/webhooks/endpoints.ts'
import { endpointName, readEndpointName } from '../../../domain/webhooks/ids.ts'
import { callerOf, tenantOf } from '../../http/authentication.ts'
import { readEnd } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { wholeNumber } from '../../http/schemas.ts'
import { apiKeySchema, newApiKeySchema, newKeyBody, pageQuery, pageSchema, responses } from '../schemas.ts'

const tags = ['API keys']
const params = Type.Object({
  id: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
})

export const revocationQuery = Type.Object({
  keepMade: Type.Optional(Type.Boolean({ description: 'Keep the keys that the key made; default false' })),
  withReplacements: Type.Optional(
    Type.Boolean({ description: 'Revoke the replacements of the key as well, as after a leak; default false' }),
  ),
  deleteEndpoints: Type.Optional(
    Type.Boolean({
      description: 'Delete the webhook endpoints that the key, or a key that it made, has made; default false',
    }),
  ),
})

const touchedEndpointSchema = Type.Object({
  id: Type.String({ examples: ['we_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
  style: Type.Unsafe<'standard' | 'paystack'>({
    type: 'string',
    enum: ['standard', 'paystack'],
    examples: ['standard'],
  }),
  url: Type.String({ examples: ['https://shop.example.com/hooks'] }),
  made: Type.Boolean({ description: 'false: one of the keys changed it or gave it a new secret' }),
  deleted: Type.Boolean({ description: 'It was deleted by this call' }),
})

export const revokedKeySchema = Type.Object({
  ...apiKeySchema.properties,
  alsoRevoked: Type.Integer({ description: 'How many keys were revoked with it', examples: [0] }),
  replacedBy: Type.Array(Type.String(), {
    description: 'The replacements of the key that are still accepted. `withReplacements=true` revokes them',
    examples: [['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d']],
  }),
  endpoints: Type.Array(touchedEndpointSchema, {
    description:
      'The webhook endpoints that the key, or a key that it made, has made or changed. They stay, unless deleted',
  }),
})

const replacedKeySchema = Type.Object({
  ...newApiKeySchema.properties,
  replaced: Type.Object(apiKeySchema.properties, { description: 'The old key, which is refused from `expiresAt` on' }),
})

/** `/v1/api-keys`: a merchant's own keys, of the mode of the key that asks. */
export const apiKeyRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/api-keys',
    {
      scope: 'developers',
      once: 'in a transaction',
      repeatedTo: 'its key',
      status: 201,
      schema: {
        operationId: 'createApiKey',
        summary: 'Create a key; its secret is shown only once',
        description:
          'A key gives no scope that it lacks, and no later end than its own. Without a role and without scopes the new key ' +
          'is an owner’s. A key of another person needs every scope that the person’s keys have.',
        tags,
        body: Type.Object(newKeyBody),
        response: responses(201, newApiKeySchema, 401, 403, 404),
      },
    },
    async (request, tx) => {
      const { tenant, apiKeyId, scopes: maker } = callerOf(request)
      const { name, personId, expiresAt, ...asked } = request.body
      const { apiKey, secret } = await createApiKey(tx, tenant.merchant, {
        mode: tenant.mode,
        name,
        grant: grantOf(asked, maker),
        personId,
        expiresAt: readEnd(tenant, expiresAt, 'expiresAt'),
        createdBy: apiKeyId,
      })
      return { ...renderApiKey(apiKey), secret }
    },
  )

  routes.get(
    '/api-keys',
    {
      scope: 'read',
      schema: {
        operationId: 'listApiKeys',
        summary: 'List keys, including revoked keys, newest first',
        tags,
        querystring: Type.Object(pageQuery),
        response: responses(200, pageSchema(apiKeySchema), 401),
      },
    },
    async (request) => {
      const { merchant, mode } = tenantOf(request)
      const { limit = 50, offset = 0 } = request.query
      const { items, total } = await listApiKeys(context, merchant, { limit, offset, mode })
      return { data: items.map(renderApiKey), total }
    },
  )

  routes.get(
    '/api-keys/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveApiKey',
        summary: 'Retrieve a key, without its secret',
        tags,
        params,
        response: responses(200, apiKeySchema, 401, 404),
      },
    },
    async (request) => {
      const { merchant, mode } = tenantOf(request)
      return renderApiKey(await getApiKey(context, merchant, request.params.id, mode))
    },
  )

  routes.post(
    '/api-keys/:id/replace',
    {
      scope: 'developers',
      once: 'in a transaction',
      repeatedTo: 'its key',
      status: 201,
      schema: {
        operationId: 'replaceApiKey',
        summary: 'Replace a key: the new one can do the same, and the old one is refused after an overlap',
        description:
          'The new key has the mode, person, name, end, and role or scopes of the old one. Both are accepted during the overlap. ' +
          'A key replaces no key that has a scope it lacks. `expiresAt` names a sooner end.',
        tags,
        params,
        body: Type.Object({
          overlapHours: Type.Optional(wholeNumber(0, 720, { description: 'Default 24; 0 ends the old key at once' })),
          expiresAt: newKeyBody.expiresAt,
        }),
        response: responses(201, replacedKeySchema, 401, 403, 404, 409),
      },
    },
    async (request, tx) => {
      const { tenant, apiKeyId, scopes: maker } = callerOf(request)
      const { overlapHours = 24, expiresAt } = request.body
      const { apiKey, secret, replaced } = await replaceApiKey(tx, tenant.merchant, request.params.id, {
        mode: tenant.mode,
        overlapMs: overlapHours * 60 * 60 * 1000,
        expiresAt: readEnd(tenant, expiresAt, 'expiresAt'),
        createdBy: apiKeyId,
        maker,
      })
      return { ...renderApiKey(apiKey), secret, replaced: renderApiKey(replaced) }
    },
  )

  routes.delete(
    '/api-keys/:id',
    {
      scope: 'developers',
      once: 'in a transaction',
      whenClosed: 'allowed',
      schema: {
        operationId: 'revokeApiKey',
        summary: 'Revoke a key: it is refused from the next request on, and so is everything that it made',
        description:
          'The tokens made from the key are refused as well, and the keys that it made, those that they made, and so on. With ' +
          '`keepMade=true` these keys stay. `alsoRevoked` counts them. A replacement of the key stays, unless ' +
          '`withReplacements=true`; `replacedBy` names it. `endpoints` has the webhook ' +
          'endpoints that these keys made or changed, and `deleteEndpoints=true` deletes those that they made.',
        tags,
        params,
        querystring: revocationQuery,
        response: responses(200, revokedKeySchema, 401, 404),
      },
    },
    async (request, tx) => {
      const { merchant, mode } = tenantOf(request)
      return revokeWithEndpoints(tx, merchant, request.params.id, { mode, ...request.query })
    },
  )
}

/** Revokes a key, and names the webhook endpoints that may still send events to a former holder of the key. */
export async function revokeWithEndpoints(
  tx: TxContext,
  merchant: Merchant,
  id: string,
  { deleteEndpoints = false, ...query }: Static<typeof revocationQuery> & { mode?: Mode },
) {
  const { apiKey, alsoRevoked, replacedBy, family } = await revokeApiKey(tx, merchant, id, query)
  const tenant = { merchant, mode: apiKey.mode }
  const touched = await listEndpointsTouchedBy(tx, tenant, family)
  const endpoints = touched.map(({ isMade, ...endpoint }) => ({
    ...endpoint,
    id: endpointName(endpoint.id),
    made: isMade,
    deleted: isMade && deleteEndpoints,
  }))
  for (const each of endpoints) {
    if (each.deleted) await deleteWebhookEndpoint(tx, tenant, readEndpointName(each.id))
  }
  return { ...renderApiKey(apiKey), alsoRevoked: alsoRevoked.length, replacedBy, endpoints }
}

export function renderApiKey(key: ApiKey) {
  return {
    id: key.id,
    mode: key.mode,
    name: key.name,
    hint: key.hint,
    role: key.role,
    scopes: [...key.scopes],
    personId: key.personId,
    createdBy: key.createdBy,
    replaces: key.replaces,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  }
}
