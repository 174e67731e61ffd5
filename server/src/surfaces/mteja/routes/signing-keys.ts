import { Type } from 'typebox'
import type { RouteFile } from '../../http/routes.ts'
import { responses } from '../schemas.ts'

const tags = ['Operator']

/** `/v1/signing-keys`: for the operator only, see operator.ts. */
export const signingKeyRoutes: RouteFile = (routes, { tokens }) => {
  routes.post(
    '/signing-keys/rotate',
    {
      scope: 'operator',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'rotateSigningKey',
        summary: 'Rotate the signing key: sign JWTs with a new key; JWTs already issued stay valid until they expire',
        tags,
        response: responses(201, Type.Object({ kid: Type.String({ examples: ['4f7k2m9x0c1v8b3n5a6q'] }) }), 401, 404),
      },
    },
    async (_request, tx) => ({ kid: await tokens.rotate(tx) }),
  )
}
