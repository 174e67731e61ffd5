import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import type { Documents } from '../operations/docs.ts'
import type { Dialect } from './open-surface.ts'

/** Publishes the OpenAPI 3.1 document of a surface, made from the schemas that validate: `/docs/<name>.json`. */
export async function describeSurface(
  app: FastifyInstance,
  documents: Documents,
  surface: Pick<Dialect, 'name' | 'title' | 'description'>,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: surface.title, version: '1', description: surface.description },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  })
  documents.set(surface.name, () => app.swagger())
}
