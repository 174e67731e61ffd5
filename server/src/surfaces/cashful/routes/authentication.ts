import { Type } from 'typebox'
import { callerOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'

const tags = ['Authentication']

const keySchema = Type.Object({
  kid: Type.String(),
  kty: Type.String(),
  alg: Type.String(),
  use: Type.Optional(Type.String()),
  crv: Type.Optional(Type.String()),
  x: Type.Optional(Type.String()),
})

/** `/api/canary/authentication`: JWTs made from a secret key, and the keys that verify them. */
export const authenticationRoutes: RouteFile = (routes, { tokens }) => {
  routes.get(
    '/authentication/token',
    {
      scope: 'read',
      schema: {
        operationId: 'getToken',
        summary: 'Get a JWT for the bearer, valid for 15 minutes',
        tags,
        response: responses(200, Type.Object({ token: Type.String() }, { examples: [{ token: 'eyJhbGciOi…' }] })),
      },
    },
    async (request) => ({ token: await tokens.issue(callerOf(request)) }),
  )

  routes.get(
    '/authentication/jwks',
    {
      scope: 'public',
      schema: {
        operationId: 'getJwks',
        summary: 'Get the public keys that verify Mteja’s JWTs',
        tags,
        security: [],
        response: {
          200: Type.Object(
            { keys: Type.Array(keySchema) },
            {
              examples: [
                {
                  keys: [
                    { kid: '4f7k2m9x0c1v8b3n5a6q', kty: 'OKP', alg: 'EdDSA', use: 'sig', crv: 'Ed25519', x: '11qYAY…' },
                  ],
                },
              ],
            },
          ),
        },
      },
    },
    async () => ({
      keys: (await tokens.publicKeys()).map((key) => ({
        ...key,
        kid: key.kid ?? '',
        alg: key.alg ?? '',
        kty: key.kty ?? '',
      })),
    }),
  )
}
