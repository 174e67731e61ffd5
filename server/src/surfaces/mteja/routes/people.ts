import { Type } from 'typebox'
import { refuseChangeOfMightier, revokeKeysOfPerson } from '../../../domain/merchants/api-keys.ts'
import {
  createPerson,
  getPerson,
  listPeople,
  markPersonEnded,
  type Person,
  updatePerson,
} from '../../../domain/merchants/people.ts'
import { callerOf, tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { date, pageQuery, pageSchema, responses } from '../schemas.ts'

const tags = ['People']
const params = Type.Object({
  id: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
})
const name = Type.String({ maxLength: 200, examples: ['Amina Yusuf'] })
const email = Type.String({ format: 'email', maxLength: 254, examples: ['amina@example.com'] })

const personSchema = Type.Object({
  id: Type.String({ examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'] }),
  name,
  email: Type.String({ examples: ['amina@example.com'] }),
  createdAt: date,
  updatedAt: date,
  endedAt: Type.Union([date, Type.Null()], { description: 'Since this time the person has no key' }),
})

/** `/v1/people`: the people whose keys these are, of the mode of the key that asks. */
export const personRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/people',
    {
      scope: 'developers',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createPerson',
        summary: 'Create a person, to whom keys can then belong',
        tags,
        body: Type.Object({ name, email }),
        response: responses(201, personSchema, 401, 403, 409),
      },
    },
    async (request, tx) => renderPerson(await createPerson(tx, tenantOf(request), request.body)),
  )

  routes.get(
    '/people',
    {
      scope: 'read',
      schema: {
        operationId: 'listPeople',
        summary: 'List people, newest first, with those who have ended',
        tags,
        querystring: Type.Object(pageQuery),
        response: responses(200, pageSchema(personSchema), 401),
      },
    },
    async (request) => {
      const { limit = 50, offset = 0 } = request.query
      const { items, total } = await listPeople(context, tenantOf(request), { limit, offset })
      return { data: items.map(renderPerson), total }
    },
  )

  routes.get(
    '/people/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrievePerson',
        summary: 'Retrieve a person',
        tags,
        params,
        response: responses(200, personSchema, 401, 404),
      },
    },
    async (request) => renderPerson(await getPerson(context, tenantOf(request), request.params.id)),
  )

  routes.patch(
    '/people/:id',
    {
      scope: 'developers',
      once: 'in a transaction',
      schema: {
        operationId: 'updatePerson',
        summary: 'Change the name or the e-mail of a person',
        description: 'To change another person, a key needs every scope that the person’s keys have.',
        tags,
        params,
        body: Type.Object({ name: Type.Optional(name), email: Type.Optional(email) }),
        response: responses(200, personSchema, 401, 403, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      await refuseChangeOfMightier(tx, tenant, request.params.id, callerOf(request))
      return renderPerson(await updatePerson(tx, tenant, request.params.id, request.body))
    },
  )

  routes.post(
    '/people/:id/end',
    {
      scope: 'developers',
      once: 'in a transaction',
      whenClosed: 'allowed',
      schema: {
        operationId: 'endPerson',
        summary: 'End a person: all keys of the person are revoked, and no new key can belong to the person',
        description: 'To end another person, a key needs every scope that the person’s keys have.',
        tags,
        params,
        response: responses(
          200,
          Type.Object({
            ...personSchema.properties,
            revokedKeys: Type.Integer({ description: 'How many keys were revoked', examples: [2] }),
          }),
          401,
          403,
          404,
        ),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      await refuseChangeOfMightier(tx, tenant, request.params.id, callerOf(request))
      const person = await markPersonEnded(tx, tenant, request.params.id)
      return { ...renderPerson(person), revokedKeys: await revokeKeysOfPerson(tx, tenant, person.id) }
    },
  )
}

function renderPerson(person: Person) {
  return {
    id: person.id,
    name: person.name,
    email: person.email,
    createdAt: person.createdAt.toISOString(),
    updatedAt: person.updatedAt.toISOString(),
    endedAt: person.endedAt?.toISOString() ?? null,
  }
}
