import { Type } from 'typebox'
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from '../../../domain/merchants/api-keys.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { apiKeySchema, newApiKeySchema, pageQuery, pageSchema, responses } from '../schemas.ts'

const tags = ['API keys']

/** `/v1/api-keys`: a merchant's own keys, of the mode of the key that asks. */
export const apiKeyRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/api-keys',
    {
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createApiKey',
        summary: 'Create a key; its secret is shown only once',
        tags,
        body: Type.Object({ name: Type.Optional(Type.String({ maxLength: 200, examples: ['checkout'] })) }),
        response: responses(201, newApiKeySchema, 401),
      },
    },
    async (request, tx) => {
      const { merchant, mode } = tenantOf(request)
      const { apiKey, secret } = await createApiKey(tx, merchant, { mode, name: request.body.name })
      return { ...renderApiKey(apiKey), secret }
    },
  )

  routes.get(
    '/api-keys',
    {
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

  routes.delete(
    '/api-keys/:id',
    {
      schema: {
        operationId: 'revokeApiKey',
        summary: 'Revoke a key: it is refused from the next request on',
        tags,
        params: Type.Object({ id: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }) }),
        response: responses(200, apiKeySchema, 401, 404),
      },
    },
    async (request) => {
      const { merchant, mode } = tenantOf(request)
      return renderApiKey(await revokeApiKey(context, merchant, request.params.id, mode))
    },
  )
}

export function renderApiKey(key: ApiKey) {
  return {
    id: key.id,
    mode: key.mode,
    name: key.name,
    hint: key.hint,
    createdAt: key.createdAt.toISOString(),
    revokedAt: key.revokedAt?.toISOString() ?? null,
  }
}
