import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type EventRow, getEvent, readEvent } from './event-lists.ts'
import type { RecordedEvent, WebhookStyle } from './events.ts'

/** The result of one look: the new events, and the position from which another stream would go on. */
export interface Look {
  /** In the order of their ids. */
  events: RecordedEvent[]
  /** The id of the tenant's newest event; 0 for a tenant without events. */
  position: bigint
}

/** How often the stream looks for new events. */
export const lookEveryMs = 250

/** An event may be committed after an event with a higher id. A stream waits this long for such an event. */
const lateMs = 30_000
/** A stream remembers at most this many of the merchant's newest events. */
const maxRemembered = 10_000
/** How many events one look reads, beside the remembered events. */
const readAtOnce = 1_000

interface Mark {
  id: bigint
  at: number
}

/**
 * Answers events of the tenant as they are committed, but only events that the style has a name for. The stream begins
 * now or at a position. Events of the thirty seconds before a position come again. The stream looks until the signal,
 * and a look that finds nothing is answered too. Throws `event_not_found` for a position that is no event of the
 * tenant.
 *
 * @param after an event's id; 0 stands before the first event
 */
export async function* followEvents(
  context: Context,
  tenant: Tenant,
  { style, after, signal }: { style: WebhookStyle; after: bigint | undefined; signal: AbortSignal },
): AsyncGenerator<Look> {
  let { floor, seen, position } =
    after === undefined ? await startNow(context, tenant) : await startAfter(context, tenant, after)
  while (!signal.aborted) {
    const rows = await readIds(context, tenant, floor)
    const known = new Set(seen.map(({ id }) => id))
    const fresh = rows.filter(({ id }) => !known.has(id))
    const own = fresh.filter(({ mode }) => mode === tenant.mode).map(({ id }) => id)
    const now = context.clock.now().getTime()
    if (fresh.length > 0) seen = [...seen, ...fresh.map(({ id }) => ({ id, at: now }))].sort(byId)
    position = highest([position, ...own])
    yield { events: own.length === 0 ? [] : await readTold(context, tenant, style, own), position }
    const settled = countSettled(seen, now)
    floor = seen[settled - 1]?.id ?? floor
    seen = seen.slice(settled)
    if (rows.length < maxRemembered + readAtOnce) await sleep(lookEveryMs, undefined, { signal }).catch(() => {})
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

/** Reads the ids of both modes, because the floor must rise past events of the other mode too. */
function readIds({ db }: Context, { merchant }: Tenant, floor: bigint) {
  return db.query<Pick<EventRow, 'id' | 'mode'>>(sql`
    select id, mode from events
    where merchant_id = ${merchant.id} and id > ${floor}
    order by id
    limit ${maxRemembered + readAtOnce}
  `)
}

async function readTold(context: Context, tenant: Tenant, style: WebhookStyle, ids: bigint[]) {
  const rows = await context.db.query<EventRow>(sql`
    select id, mode, type, data, created_at from events
    where merchant_id = ${tenant.merchant.id} and id = any(${ids}::bigint[]) and is_told(${style}, type, data)
    order by id
  `)
  return rows.map((row) => readEvent(context, tenant, row))
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
