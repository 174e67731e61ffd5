import type { FastifyInstance, FastifySchema } from 'fastify'
import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import { sentence } from './problem.ts'
import { describeUnknown, notBlank } from './validation.ts'

/**
 * Makes every route of a surface refuse members and parameters that its schema does not have, at every depth, and texts that
 * are blank. A member is refused whatever its value, null too. A caller who misspells a member, or whose variable is empty,
 * would otherwise be answered as if the member had been read. Call it after `readBodies`.
 */
export function refuseUnknownMembers(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.schema = closeRequest(route.schema ?? {})
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const { schema } = request.routeOptions
    if (!request.is404 && schema?.body === undefined) {
      const [name] = Object.keys((request.body ?? {}) as object)
      if (name !== undefined) {
        const violation = describeUnknown([], name, [])
        throw new ServiceError('invalid_request', sentence(violation), violation.field)
      }
    }
    done()
  })
}

/** A route without a schema of its query takes no parameter. */
function closeRequest(schema: FastifySchema): FastifySchema {
  const { querystring = Type.Object({}), body } = schema
  return { ...schema, querystring: closed(querystring), ...(body === undefined ? {} : { body: closed(body) }) }
}

/**
 * The schema without room for other members and for blank texts. An object that says itself what else it may have stays as
 * it is, and so does a free text.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.entries(schema).map(([name, value]) => [name, name === 'examples' ? value : closed(value)])
  const open = 'properties' in schema && !('additionalProperties' in schema)
  return {
    ...Object.fromEntries(members),
    ...(open ? { additionalProperties: false } : {}),
    ...(mayBeBlank(schema) ? { pattern: notBlank } : {}),
  }
}

/** A text with a pattern, a format or a list of values of its own is never blank. */
function mayBeBlank(schema: object): boolean {
  const { type, 'x-reads': reads } = schema as { type?: unknown; 'x-reads'?: unknown }
  const hasRule = ['pattern', 'format', 'enum', 'const'].some((keyword) => keyword in schema)
  return [type].flat().includes('string') && reads !== 'free text' && !hasRule
}
