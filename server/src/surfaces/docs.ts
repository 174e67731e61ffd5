import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { ServiceError } from '../errors.ts'

/** The OpenAPI documents by surface: each surface puts its own here, made from the schemas that validate. */
export type Documents = Map<'cashful' | 'paystack' | 'mteja', () => object>

const titles = { cashful: 'Cashful', paystack: 'Paystack', mteja: 'Mteja' } as const

/** `/docs`: the API reference of all surfaces, from files of this package alone, so that it works offline. */
export const docsPages: FastifyPluginAsync<{ documents: Documents }> = async (app, { documents }) => {
  for (const name of Object.keys(titles) as (keyof typeof titles)[]) {
    app.get(`/docs/${name}.json`, { schema: { hide: true } }, async () => {
      const document = documents.get(name)
      if (document === undefined) throw new ServiceError('not_found', `There is no document "${name}"`)
      return document()
    })
  }
  // The page will not be registered without a document of its own; its routes are all hidden.
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Mteja', version: '1' } } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'",
    theme: { title: 'Mteja API reference' },
    uiConfig: {
      urls: Object.entries(titles).map(([name, title]) => ({ url: `/docs/${name}.json`, name: title })),
      docExpansion: 'list',
      persistAuthorization: true,
      tryItOutEnabled: true,
      validatorUrl: null,
    } as never,
  })
}
