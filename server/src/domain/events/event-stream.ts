import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Context, perContext } from '../context.ts'
import { type Tenant, tenantKey } from '../merchants/tenant.ts'
import { type EventRow, getEvent, readEvent } from './event-lists.ts'
import type { RecordedEvent, WebhookStyle } from './events.ts'
import { type IdRow, maxRead, SharedLooks } from './shared-looks.ts'

/** The result of one look: the new events, and the position from which another stream would go on. */
export interface Look {
  /** In the order of their ids. */
  events: RecordedEvent[]
  /** The id of the tenant's newest event; 0 for a tenant without events. */
  position: bigint
}

/** An event may be committed after an event with a higher id. A stream waits this long for such an event. */
const lateMs = 30_000
/** A stream remembers at most this many of the merchant's newest events. */
const maxRemembered = maxRead - 1_000

interface Mark {
  id: bigint
  at: number
}

/**
 * Answers events of the tenant as they are committed, but only events that the style has a name for. The stream begins
 * now or at a position. Events of the thirty seconds before a position come again. The stream looks until the signal,
 * and a look that finds nothing is answered too. The streams of a merchant look together: the database is asked once,
 * however many streams there are. Throws `event_not_found` for a position that is no event of the tenant,
 * `no_longer_kept` for an event that was removed by its age, and `too_many_streams`.
 *
 * @param after an event's id; 0 stands before the first event
 */
export async function* followEvents(
  context: Context,
  tenant: Tenant,
  { style, after, signal }: { style: WebhookStyle; after: bigint | undefined; signal: AbortSignal },
): AsyncGenerator<Look> {
  const close = openStream(context, tenant)
  // A reader who leaves before the first look never ends this function.
  signal.addEventListener('abort', close, { once: true })
  try {
    yield* look(context, tenant, { style, after, signal })
  } finally {
    close()
  }
}

async function* look(
  context: Context,
  tenant: Tenant,
  { style, after, signal }: { style: WebhookStyle; after: bigint | undefined; signal: AbortSignal },
): AsyncGenerator<Look> {
  const shared = sharedLooksOf(context, tenant.merchant.id)
  let { floor, seen, position } =
    after === undefined ? await startNow(context, tenant) : await startAfter(context, tenant, after)
  let rows: IdRow[] | null = await shared.readIds(floor)
  while (rows !== null && !signal.aborted) {
    const known = new Set(seen.map(({ id }) => id))
    const fresh = rows.filter(({ id }) => !known.has(id))
    const own = fresh.filter(({ mode }) => mode === tenant.mode).map(({ id }) => id)
    const now = context.clock.now().getTime()
    if (fresh.length > 0) seen = [...seen, ...fresh.map(({ id }) => ({ id, at: now }))].sort(byId)
    position = highest([position, ...own])
    yield { events: own.length === 0 ? [] : await readTold(context, tenant, style, own), position }
    const isBehind: boolean = rows.length >= maxRead
    const settled = countSettled(seen, now)
    floor = seen[settled - 1]?.id ?? floor
    seen = seen.slice(settled)
    rows = isBehind ? await shared.readIds(floor) : await shared.next(floor, signal)
  }
}

/** A stream's first state. Events at or below the floor are not looked at any more. */
interface Start {
  floor: bigint
  seen: Mark[]
  position: bigint
}

/** Events that are there already count as seen. */
async function startNow(context: Context, tenant: Tenant): Promise<Start> {
  const now = context.clock.now().getTime()
  const { floor, recent } = await readRecent(context, tenant, null, now - lateMs)
  const seen = recent.map(({ id }) => ({ id, at: now })).sort(byId)
  const own = recent.filter(({ mode }) => mode === tenant.mode).map(({ id }) => id)
  return { floor, seen, position: own.length > 0 ? highest(own) : await readNewest(context, tenant) }
}

async function startAfter(context: Context, tenant: Tenant, after: bigint): Promise<Start> {
  if (after === 0n) return { floor: 0n, seen: [], position: 0n }
  const { createdAt } = await getEvent(context, tenant, after)
  const { floor } = await readRecent(context, tenant, after, createdAt.getTime() - lateMs)
  return { floor, seen: [{ id: after, at: context.clock.now().getTime() }], position: after }
}

/** The merchant's newest events, up to an id, that are dated after an instant; and the id just below them. */
async function readRecent({ db }: Context, { merchant }: Tenant, upTo: bigint | null, since: number) {
  const rows = await db.query<Pick<EventRow, 'id' | 'mode' | 'created_at'>>(sql`
    select id, mode, created_at from events
    where merchant_id = ${merchant.id} and id <= coalesce(${upTo}::bigint, 9223372036854775807)
    order by id desc
    limit ${maxRemembered}
  `)
  const settled = rows.findIndex(({ created_at }) => created_at.getTime() < since)
  const recent = settled === -1 ? rows : rows.slice(0, settled)
  const lowest = recent.at(-1)
  return { recent, floor: rows[settled]?.id ?? (lowest === undefined ? 0n : lowest.id - 1n) }
}

async function readNewest({ db }: Context, { merchant, mode }: Tenant): Promise<bigint> {
  const [row] = await db.query<{ id: bigint }>(sql`
    select id from events where merchant_id = ${merchant.id} and mode = ${mode} order by id desc limit 1
  `)
  return row?.id ?? 0n
}

/** Streams that see the same events at the same time read them once. */
async function readTold(
  context: Context,
  tenant: Tenant,
  style: WebhookStyle,
  ids: bigint[],
): Promise<RecordedEvent[]> {
  const { events } = sharedLooksOf(context, tenant.merchant.id)
  const name = `${style} ${ids.join()}`
  let read = events.get(name)
  if (read === undefined) {
    read = context.db
      .query<EventRow>(sql`
        select id, mode, type, data, created_at from events
        where merchant_id = ${tenant.merchant.id} and id = any(${ids}::bigint[]) and is_told(${style}, type, data)
        order by id
      `)
      .finally(() => events.delete(name))
    events.set(name, read)
  }
  return (await read).map((row) => readEvent(context, tenant, row))
}

const looksOf = perContext(() => new Map<number, SharedLooks>())

function sharedLooksOf(context: Context, merchantId: number): SharedLooks {
  const looks = looksOf(context)
  let shared = looks.get(merchantId)
  if (shared === undefined) {
    shared = new SharedLooks(context, merchantId, () => looks.delete(merchantId))
    looks.set(merchantId, shared)
  }
  return shared
}

const openStreamsOf = perContext(() => new Map<string, number>())

/** Counts a stream, and answers the function that ends the count. Throws `too_many_streams`. */
function openStream(context: Context, tenant: Tenant): () => void {
  const open = openStreamsOf(context)
  const name = tenantKey(tenant)
  const count = open.get(name) ?? 0
  const { streams } = context.limits
  if (count >= streams) {
    throw new ServiceError(
      'too_many_streams',
      `There are ${count} open streams already, the most that are allowed; close one first`,
    )
  }
  open.set(name, count + 1)
  let isOpen = true
  return () => {
    if (!isOpen) return
    isOpen = false
    const left = (open.get(name) ?? 1) - 1
    if (left === 0) open.delete(name)
    else open.set(name, left)
  }
}

/** How many of the lowest ids need not be remembered: no event below these ids is waited for. */
function countSettled(seen: readonly Mark[], now: number): number {
  const young = seen.findIndex(({ at }) => now - at < lateMs)
  return Math.max(young === -1 ? seen.length : young, seen.length - maxRemembered)
}

function byId(a: Mark, b: Mark): number {
  return a.id < b.id ? -1 : 1
}

function highest(ids: readonly bigint[]): bigint {
  return ids.reduce((a, b) => (a > b ? a : b))
}
