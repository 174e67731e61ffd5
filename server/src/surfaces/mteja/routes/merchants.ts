import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { createApiKey, listApiKeys, revokeApiKey } from '../../../domain/merchants/api-keys.ts'
import { createMerchant, getMerchant, listMerchants } from '../../../domain/merchants/merchants.ts'
import type { Merchant } from '../../../domain/merchants/tenant.ts'
import { answerOnce } from '../../http/idempotency.ts'
import type { SurfaceContext } from '../../http/surface.ts'
import { apiKeySchema, listOf, merchantSchema, modeSchema, newApiKeySchema, responses } from '../schemas.ts'
import { renderApiKey } from './api-keys.ts'

const tags = ['Operator']
const merchantParams = Type.Object({ id: Type.String({ examples: ['mer_3k1f9x0c2v8b7n6'] }) })

/** `/v1/merchants` and `/v1/signing-keys`: the operator's; see operator.ts for who that is. */
export const merchantRoutes: FastifyPluginAsyncTypebox<SurfaceContext> = async (app, context) => {
  const { service, tokens } = context

  app.post(
    '/merchants',
    {
      schema: {
        operationId: 'createMerchant',
        summary: 'Create a merchant, without any key',
        tags,
        body: Type.Object({
          name: Type.String({ maxLength: 200, examples: ['Duka'] }),
          country: Type.Optional(Type.String({ description: 'ISO 3166 alpha-2; default ZA', examples: ['NG'] })),
          currencies: Type.Optional(
            Type.Array(Type.String(), {
              maxItems: 60,
              description: 'ISO 4217, the default one first; default ZAR',
              examples: [['NGN', 'USD']],
            }),
          ),
        }),
        response: responses(201, merchantSchema, 400, 401, 404),
      },
    },
    (request, reply) =>
      answerOnce(context, request, reply, 201, async ({ service }) =>
        renderMerchant(await createMerchant(service, request.body)),
      ),
  )

  app.get(
    '/merchants',
    {
      schema: {
        operationId: 'listMerchants',
        summary: 'List merchants, oldest first',
        tags,
        response: responses(200, listOf(merchantSchema), 401, 404),
      },
    },
    async () => ({ data: (await listMerchants(service)).map(renderMerchant) }),
  )

  app.post(
    '/merchants/:id/api-keys',
    {
      schema: {
        operationId: 'createMerchantApiKey',
        summary: 'Make a key of either mode; its secret is shown this once',
        tags,
        params: merchantParams,
        body: Type.Object({
          mode: Type.Optional(modeSchema),
          name: Type.Optional(Type.String({ maxLength: 200, examples: ['checkout'] })),
        }),
        response: responses(201, newApiKeySchema, 400, 401, 404),
      },
    },
    (request, reply) =>
      answerOnce(context, request, reply, 201, async ({ service }) => {
        const merchant = await getMerchant(service, request.params.id)
        const { mode = 'test', name } = request.body
        const { apiKey, secret } = await createApiKey(service, merchant, { mode, name })
        return { ...renderApiKey(apiKey), secret }
      }),
  )

  app.get(
    '/merchants/:id/api-keys',
    {
      schema: {
        operationId: 'listMerchantApiKeys',
        summary: 'List a merchant’s keys of both modes, newest first',
        tags,
        params: merchantParams,
        response: responses(200, listOf(apiKeySchema), 401, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(service, request.params.id)
      return { data: (await listApiKeys(service, merchant)).map(renderApiKey) }
    },
  )

  app.delete(
    '/merchants/:id/api-keys/:keyId',
    {
      schema: {
        operationId: 'revokeMerchantApiKey',
        summary: 'Revoke a key of a merchant',
        tags,
        params: Type.Object({ ...merchantParams.properties, keyId: Type.String() }),
        response: responses(200, apiKeySchema, 401, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(service, request.params.id)
      return renderApiKey(await revokeApiKey(service, merchant, request.params.keyId))
    },
  )

  app.post(
    '/signing-keys/rotate',
    {
      schema: {
        operationId: 'rotateSigningKey',
        summary: 'Sign JWTs with a new key; those already issued stay good until they expire',
        tags,
        response: responses(201, Type.Object({ kid: Type.String({ examples: ['4f7k2m9x0c1v8b3n5a6q'] }) }), 401, 404),
      },
    },
    (request, reply) =>
      answerOnce(context, request, reply, 201, async ({ service }) => ({ kid: await tokens.rotate(service) })),
  )
}

function renderMerchant(merchant: Merchant) {
  return {
    id: merchant.code,
    integration: merchant.id,
    name: merchant.name,
    country: merchant.country,
    currencies: [...merchant.currencies],
    createdAt: merchant.createdAt.toISOString(),
  }
}
