import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Context } from '../../../domain/context.ts'
import { findFormerCustomer } from '../../../domain/customers/customers.ts'
import { getEvent, listEvents, type Step } from '../../../domain/events/event-lists.ts'
import { followEvents, type Look } from '../../../domain/events/event-stream.ts'
import { type RecordedEvent, readEventType, type WebhookStyle } from '../../../domain/events/events.ts'
import { eventName, readEventName } from '../../../domain/events/ids.ts'
import { findRemoval } from '../../../domain/events/removals.ts'
import { lookEveryMs } from '../../../domain/events/shared-looks.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readPeriod } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { wholeNumber } from '../../http/schemas.ts'
import { sendText } from '../../http/send-text.ts'
import type { SurfaceContext } from '../../http/surface.ts'
import { date, limitSchema, periodQuery, responses, timeZoneSchema } from '../schemas.ts'
import { jsonLines, streams } from '../streams.ts'

const tags = ['Events']
const id = 'evt_5f0c1b2a3d9b4e7f8a6c1e7d2b9d3f2f'
const params = Type.Object({ id: Type.String({ examples: [id] }) })
const anyObject = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })

const eventMembers = {
  id: Type.String({ description: 'The same as the header `webhook-id`', examples: [id] }),
  type: Type.String({ examples: ['transfer.completed'] }),
  customerId: Type.Union([Type.String(), Type.Null()], { description: 'For a transfer, the sender' }),
  createdAt: date,
}

const eventSchema = Type.Object({
  ...eventMembers,
  data: Type.Unsafe<Record<string, unknown>>({
    ...anyObject,
    description: 'The same as `data` of a webhook in the standard style',
    examples: [{ id: 'transfer_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', amount: 250, currency: 'ZAR' }],
  }),
})

/** A line of the stream. */
const streamLineSchema = Type.Union([
  Type.Object({
    ...eventMembers,
    name: Type.String({ description: 'The name of the event in this style', examples: ['transfer.completed'] }),
    body: Type.Unsafe<Record<string, unknown>>({
      ...anyObject,
      description: 'The body that a webhook of this style would have',
    }),
  }),
  Type.Object({
    position: Type.String({
      description: 'No event has happened since this position; to continue, send it as `after`',
      examples: [id],
    }),
  }),
])

const afterWords = 'after must be the id of an event, evt_…, or a position that the stream has sent'

/** A silent connection looks the same as a lost one, so that a reader may leave it soon. By the wall: a look may have to wait. */
const positionEveryMs = 3_000
const looksPerSecond = 1000 / lookEveryMs

/** Beside the items of a list whose oldest items are removed. */
export const removedUntilSchema = Type.Union([date, Type.Null()], {
  description: 'Items up to this time were removed, because they are kept for a limited time; null where none was',
})

/** The query of lists that are walked from the newest item to the oldest. */
export function stepQuery(example: string) {
  return {
    limit: limitSchema,
    before: Type.Optional(
      Type.String({ maxLength: 100, description: 'Only items that are older than this one', examples: [example] }),
    ),
  }
}

export function stepOf(
  { limit = 50, before }: { limit?: number; before?: string },
  readName: (name: string) => bigint,
): Step<bigint> {
  const words = 'before must be the nextBefore of an earlier page'
  return { limit, before: before === undefined ? undefined : readPlace(before, readName, 'before', words) }
}

/** Reads a place in a list. A name that is none is the parameter's fault, and not a thing that was not found. */
function readPlace(name: string, readName: (name: string) => bigint, field: string, words: string): bigint {
  try {
    return readName(name)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    throw new ServiceError('invalid_request', `${words}, not ${JSON.stringify(name)}`, field)
  }
}

/** Throws `event_not_found` for another merchant's event, and for the name of an event that does not exist. */
function readPosition(context: Context, name: string): bigint {
  if (name.startsWith('evt_')) return readEventName(context, name)
  return readPlace(name, (position) => readEventName(context, position), 'after', afterWords)
}

export function customerCodeOf({ data }: Pick<RecordedEvent, 'data'>): string | null {
  const code = data.customer?.code
  return typeof code === 'string' ? code : null
}

/** `/v1/events`: past events, and a stream of new ones. */
export const eventRoutes: RouteFile = (routes, surface) => {
  const { context, renderWebhook } = surface

  const renderEvent = (event: RecordedEvent) => {
    const { data } = renderWebhook.standard(event) as { data: Record<string, unknown> }
    return { ...describeEvent(event), data }
  }

  const closing = new AbortController()
  routes.addHook('preClose', (done) => {
    closing.abort()
    done()
  })

  routes.get(
    '/events',
    {
      scope: 'read',
      schema: {
        operationId: 'listEvents',
        summary: 'List events, newest first',
        tags,
        querystring: Type.Object({
          type: Type.Optional(Type.String({ maxLength: 100, examples: ['transfer.completed'] })),
          customerId: Type.Optional(Type.String({ maxLength: 100, examples: ['CUS_xnxdt6s1zg1f4nx'] })),
          ...periodQuery,
          ...stepQuery(id),
        }),
        response: responses(
          200,
          Type.Object({
            data: Type.Array(eventSchema),
            timeZone: timeZoneSchema,
            removedUntil: removedUntilSchema,
            nextBefore: Type.Union([Type.String(), Type.Null()], {
              description:
                'To get the next page, send this value as `before`. There may be more items even if `data` has fewer than `limit`; null at the end',
            }),
          }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { type, customerId, from, to } = request.query
      const filter = {
        type: type === undefined ? undefined : readEventType('type', type),
        customer: customerId === undefined ? undefined : await findFormerCustomer(context, tenant, customerId),
        ...readPeriod(tenant, [from, to]),
      }
      const step = stepOf(request.query, (name) => readEventName(context, name))
      const list = () => listEvents(context, tenant, filter, step)
      // A filter that few events fit looks at many.
      const isFiltered = Object.values(filter).some((each) => each !== undefined)
      const { items, next } = await (isFiltered ? largeRead(context, tenant, list) : list())
      const nextBefore = next === null ? null : eventName(context, next)
      const removal = await findRemoval(context, tenant, 'events')
      return {
        data: items.map(renderEvent),
        timeZone: tenant.merchant.timeZone,
        removedUntil: removal?.lastCreatedAt.toISOString() ?? null,
        nextBefore,
      }
    },
  )

  routes.get(
    '/events/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveEvent',
        summary: 'Retrieve an event',
        tags,
        params,
        response: responses(200, eventSchema, 401, 404),
      },
    },
    async (request) =>
      renderEvent(await getEvent(context, tenantOf(request), readEventName(context, request.params.id))),
  )

  routes.get(
    '/events/stream',
    {
      scope: 'read',
      schema: {
        operationId: 'streamEvents',
        summary: 'Stream events as they happen, as JSON lines, until you disconnect',
        description:
          'The stream begins now, or after an event or a position. Events from the thirty seconds before that position are ' +
          'repeated, because an event can be committed after another event with a higher id. Recognise repeats by their id.',
        tags,
        querystring: Type.Object({
          style: Type.Optional(
            Type.Unsafe<WebhookStyle>({ type: 'string', enum: ['standard', 'paystack'], examples: ['standard'] }),
          ),
          after: Type.Optional(Type.String({ maxLength: 100, examples: [id] })),
          seconds: Type.Optional(
            wholeNumber(0, 86_400, {
              description:
                'The stream ends after this number of seconds; 0 sends only the events that are there. Default: it does not end',
              examples: [60],
            }),
          ),
        }),
        response: streams({ [jsonLines]: streamLineSchema }, 401, 404),
      },
    },
    async (request, reply) => {
      const { style = 'standard', after, seconds: asked = Number.POSITIVE_INFINITY } = request.query
      // An answer to HEAD has no lines, so there is nothing to wait for.
      const seconds = request.method === 'HEAD' ? 0 : asked
      const left = new AbortController()
      const end = () => left.abort()
      reply.raw.once('close', end)
      const looks = followEvents(context, tenantOf(request), {
        style,
        after: after === undefined ? undefined : readPosition(context, after),
        signal: AbortSignal.any([closing.signal, left.signal]),
      })
      // The first look may refuse, and the refusal still needs its own status.
      const first = await looks.next()
      return sendText(
        reply,
        jsonLines,
        streamLines(surface, first, looks, { style, maxLooks: 1 + seconds * looksPerSecond }),
        end,
      )
    },
  )
}

async function* streamLines(
  { context, renderWebhook }: SurfaceContext,
  first: IteratorResult<Look>,
  looks: AsyncGenerator<Look>,
  { style, maxLooks }: { style: WebhookStyle; maxLooks: number },
): AsyncGenerator<string> {
  const lineOf = (event: RecordedEvent) => {
    const body = renderWebhook[style](event) as { event?: string; type?: string }
    const { id, type, customerId, createdAt } = describeEvent(event)
    return `${JSON.stringify({ id, type, customerId, createdAt, name: body.event ?? body.type, body })}\n`
  }
  let spokenAt = Number.NEGATIVE_INFINITY
  let step = first
  try {
    for (let count = 1; !step.done; count++) {
      const { events, position } = step.value
      const isQuiet = performance.now() - spokenAt >= positionEveryMs
      if (events.length > 0 || isQuiet) spokenAt = performance.now()
      if (events.length > 0) yield events.map(lineOf).join('')
      else if (isQuiet || count >= maxLooks) {
        yield `${JSON.stringify({ position: eventName(context, position) })}\n`
      }
      if (count >= maxLooks) return
      step = await looks.next()
    }
  } finally {
    await looks.return(undefined)
  }
}

function describeEvent(event: RecordedEvent) {
  return {
    id: event.publicId,
    type: event.type,
    customerId: customerCodeOf(event),
    createdAt: event.createdAt.toISOString(),
  }
}
