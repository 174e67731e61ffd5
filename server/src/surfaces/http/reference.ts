import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** The OpenAPI documents by the surface's name. They are made from the schemas that validate. */
export type Documents = Map<string, () => object>

/** The head of a surface's API reference. */
export interface Reference {
  /** Part of the address of the document: `/docs/<name>.json`. */
  readonly name: string
  readonly title: string
  readonly description: string
  /** A header in which the credential may be sent instead of in `Authorization`. */
  readonly apiKeyHeader?: string
}

/** Publishes the OpenAPI 3.1 document of a surface at `/docs/<name>.json`, made from the schemas that validate. */
export async function describeSurface(app: FastifyInstance, documents: Documents, surface: Reference): Promise<void> {
  const header = surface.apiKeyHeader
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: surface.title, version: '1', description: surface.description },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          ...(header === undefined ? {} : { apiKey: { type: 'apiKey', in: 'header', name: header } }),
        },
      },
      security: [{ bearer: [] }, ...(header === undefined ? [] : [{ apiKey: [] }])],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  })
  documents.set(surface.name, () => app.swagger())
}
