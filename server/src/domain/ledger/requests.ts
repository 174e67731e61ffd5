import { ServiceError } from '../../base/errors.ts'
import { lowestUuidV7, timeOfUuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type EventRow, maxWalked, readEvent, withinPeriod } from '../events/event-lists.ts'
import type { RecordedEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import { listTrail, type TrailEntry } from '../trail/trail.ts'

/** What a request did. */
export interface DoneRequest {
  /** Its writes and its movements of money, newest first. */
  deeds: TrailEntry[]
  /** The facts that were recorded with them, oldest first. */
  events: RecordedEvent[]
}

/** Facts are recorded in the commit of the change, and dated by the same clock. */
const eventSlackMs = 2000
const mostDeeds = 100

/**
 * What a request did, by its id. An id that the server made begins with its time, so it is found however old it is. A caller's
 * own id is looked for among the newest 5,000 movements, unless `at` says about when it came. Throws `request_not_found`, also
 * for a request that changed nothing, and `too_many_reads`.
 */
export async function getRequest(
  context: Context,
  tenant: Tenant,
  requestId: string,
  at: Date | undefined,
): Promise<DoneRequest> {
  const deeds = await largeRead(context, tenant, () => findDeeds(context, tenant, requestId, at))
  if (deeds.length === 0) {
    const message = `Nothing is known that the request "${requestId}" has changed; a read and a refused call change nothing`
    throw new ServiceError('request_not_found', message)
  }
  return { deeds, events: await listEventsOf(context, tenant, deeds) }
}

/** A request lasts at most so long, also one that waits for the answer of somebody outside. */
const longestMs = 120_000
/** Ids of one moment are made one after the other. */
const slackMs = 1000

async function findDeeds(
  context: Context,
  { merchant, mode }: Tenant,
  requestId: string,
  at: Date | undefined,
): Promise<TrailEntry[]> {
  const find = async (idsFrom?: Date, idsUntil?: Date) => {
    const filter = { requestId, idsFrom: idsFrom && lowestUuidV7(idsFrom) }
    const step = { limit: mostDeeds, before: idsUntil && lowestUuidV7(idsUntil) }
    return (await listTrail(context, { merchantId: merchant.id, mode }, filter, step)).entries
  }
  const moved = (time: Date, ms: number) => new Date(time.getTime() + ms)
  const begun = timeOfUuidV7(requestId)
  if (at !== undefined) return find(moved(at, -longestMs), moved(at, longestMs))
  const made = begun === null ? [] : await find(moved(begun, -slackMs), moved(begun, longestMs))
  return made.length > 0 ? made : find()
}

/** The events of about the same time that name one of the things: each movement, and each thing that was changed. */
async function listEventsOf(context: Context, tenant: Tenant, deeds: readonly TrailEntry[]): Promise<RecordedEvent[]> {
  const names = deeds.flatMap(({ object }) => object ?? [])
  const times = deeds.map((deed) => deed.at.getTime())
  const from = new Date(Math.min(...times) - eventSlackMs)
  const until = new Date(Math.max(...times) + eventSlackMs)
  const rows = await context.db.query<EventRow>(sql`
    select e.*
    from (
      select k.id, k.mode, k.type, k.data, k.created_at from events k
      where k.merchant_id = ${tenant.merchant.id} ${withinPeriod(sql`'events'`, tenant, { from, until })}
        and k.created_at between ${from} and ${until}
      limit ${maxWalked}
    ) e
    where e.mode = ${tenant.mode}
      and exists (select from unnest(${names}::text[]) as n (name) where strpos(e.data::text, n.name) > 0)
    order by e.id
    limit ${mostDeeds}
  `)
  return rows.map((row) => readEvent(context, tenant, row))
}
