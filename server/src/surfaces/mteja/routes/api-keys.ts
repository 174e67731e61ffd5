import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from '../../../domain/merchants/api-keys.ts'
import { tenantOf } from '../../http/authentication.ts'
import { answerOnce } from '../../http/idempotency.ts'
import type { SurfaceContext } from '../../http/surface.ts'
import { apiKeySchema, listOf, newApiKeySchema, responses } from '../schemas.ts'

const tags = ['API keys']

/** `/v1/api-keys`: a merchant's own keys, of the mode of the key that asks. */
export const apiKeyRoutes: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, surface) => {
  const { context } = surface

  app.post(
    '/api-keys',
    {
      schema: {
        operationId: 'createApiKey',
        summary: 'Create a key; its secret is shown only once',
        tags,
        body: Type.Object({ name: Type.Optional(Type.String({ maxLength: 200, examples: ['checkout'] })) }),
        response: responses(201, newApiKeySchema, 400, 401),
      },
    },
    (request, reply) => {
      const { merchant, mode } = tenantOf(request)
      return answerOnce(context, request, reply, 201, async (tx) => {
        const { apiKey, secret } = await createApiKey(tx, merchant, { mode, name: request.body.name })
        return { ...renderApiKey(apiKey), secret }
      })
    },
  )

  app.get(
    '/api-keys',
    {
      schema: {
        operationId: 'listApiKeys',
        summary: 'List keys, including revoked keys, newest first',
        tags,
        response: responses(200, listOf(apiKeySchema), 401),
      },
    },
    async (request) => {
      const { merchant, mode } = tenantOf(request)
      return { data: (await listApiKeys(context, merchant, mode)).map(renderApiKey) }
    },
  )

  app.delete(
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
