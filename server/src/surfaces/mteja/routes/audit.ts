import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { csvText } from '../../../base/csv.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { listTrail, type TrailEntry } from '../../../domain/trail/trail.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { sendText } from '../../http/send-text.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { date, modeSchema, nullableText, periodQuery, responses, timeZoneSchema } from '../schemas.ts'

const id = '019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e'

export const auditEntrySchema = Type.Object({
  id: Type.String({ examples: [id] }),
  mode: Type.Union([modeSchema, Type.Null()], { description: 'Null for a write about both modes' }),
  at: date,
  action: Type.String({
    description: 'The operation, as the API reference names it; for a movement of money its kind',
    examples: ['customer_risk_action'],
  }),
  object: Type.Union([Type.String(), Type.Null()], {
    description: 'The id or code of the thing that the write is about',
    examples: ['CUS_xnxdt6s1zg1f4nx'],
  }),
  by: doerSchema,
  address: Type.Union([Type.String(), Type.Null()], {
    description:
      'From where: the network address of the call. Null for the command line and for the service itself, and once it is no longer kept',
    examples: ['196.25.1.7'],
  }),
  requestId: nullableText,
  before: Type.Any({ description: 'The changed members before; null where nothing was changed' }),
  after: Type.Any({ description: 'The changed members after; for a movement its amount and currency' }),
})

export const auditSchema = Type.Object({
  data: Type.Array(auditEntrySchema),
  timeZone: timeZoneSchema,
  nextBefore: nextBeforeSchema,
})

export const auditQuery = Type.Object({
  by: Type.Optional(
    Type.String({
      maxLength: 255,
      description:
        'The id of a key or of a person; the `sub` of an outside issuer’s tokens; a network address; or key, token, operator',
      examples: [id],
    }),
  ),
  action: Type.Optional(Type.String({ maxLength: 100, examples: ['transfer'] })),
  object: Type.Optional(Type.String({ maxLength: 200, examples: ['CUS_xnxdt6s1zg1f4nx'] })),
  requestId: Type.Optional(
    Type.String({ maxLength: 100, description: 'The `x-request-id` of an answer', examples: [id] }),
  ),
  ...periodQuery,
  ...idStepQuery(id),
  format: Type.Optional(
    Type.Unsafe<'json' | 'csv'>({
      type: 'string',
      enum: ['json', 'csv'],
      description: 'Default json; csv has the whole list',
    }),
  ),
})

type Query = {
  by?: string
  action?: string
  object?: string
  requestId?: string
  from?: string
  to?: string
  limit?: number
  before?: string
  format?: 'json' | 'csv'
}

/** `/v1/audit`: who did what, when, from where, before and after. */
export const auditRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/audit',
    {
      scope: 'read',
      schema: {
        operationId: 'listAudit',
        summary: 'List all writes, newest first: who did what, from where, with which request',
        description:
          'A page may have few entries, or none, before the end: it looks at 5,000 movements at most. Go on while `nextBefore` ' +
          'is not null.',
        tags: ['Audit'],
        querystring: auditQuery,
        response: responses(200, auditSchema, 401),
      },
    },
    async (request, reply) => sendAudit(context, tenantOf(request), request.query, reply) as never,
  )
}

type Context = Parameters<typeof listTrail>[0]
type Whose = { merchant: Tenant['merchant']; mode: Tenant['mode'] | null }

/** Sends the writes of a merchant, in one mode or, with null, in both. */
export async function sendAudit(
  context: Context,
  whose: Whose,
  { format = 'json', ...asked }: Query,
  reply: FastifyReply,
) {
  const tenant = { merchant: whose.merchant, mode: whose.mode ?? 'live' }
  const { by, action, object, requestId, from, to, ...step } = asked
  const filter = { by, action, object, requestId, ...readPeriod(tenant, [from, to]) }
  const scope = { merchantId: whose.merchant.id, mode: whose.mode }
  const read = (page: { limit: number; before: string | undefined }) =>
    largeRead(context, tenant, () => listTrail(context, scope, filter, page))
  const first = readIdStep(step)
  if (format === 'csv') {
    reply.header('content-disposition', 'attachment; filename="audit.csv"')
    return sendText(reply, 'text/csv; charset=utf-8', csvOf(read, first.before))
  }
  const { entries, next } = await read(first)
  return { data: entries.map(renderAuditEntry), timeZone: whose.merchant.timeZone, nextBefore: next }
}

const columns = [
  'at',
  'mode',
  'action',
  'object',
  'kind',
  'apiKeyId',
  'key',
  'person',
  'surface',
  'requestId',
  'before',
  'after',
  'issuer',
  'subject',
  'address',
]

/** Few, so that the calls of others come in between. */
const entriesPerRead = 250

/** The whole list, read in pages while it is sent. */
async function* csvOf(
  read: (page: { limit: number; before: string | undefined }) => ReturnType<typeof listTrail>,
  before: string | undefined,
): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`
  for (let next: string | null | undefined = before; next !== null; ) {
    const page: Awaited<ReturnType<typeof listTrail>> = await read({ limit: entriesPerRead, before: next })
    yield page.entries.map(csvLine).join('')
    next = page.next
  }
}

function csvLine({ at, mode, action, object, by, address, requestId, before, after }: TrailEntry): string {
  const json = (value: unknown) => (value === null ? '' : JSON.stringify(value))
  const { kind, apiKeyId, name, personName, surface, issuer, subject } = by
  const cells = [at.toISOString(), mode, action, object, kind, apiKeyId, name, personName, surface, requestId]
  return `${[...cells, json(before), json(after), issuer, subject, address].map((cell) => csvText(cell ?? '')).join(',')}\r\n`
}

export function renderAuditEntry({ at, by, ...entry }: TrailEntry) {
  return { ...entry, at: at.toISOString(), by: renderDoer(by) }
}
