import { setTimeout as sleep } from 'node:timers/promises'
import { argument, functionCall } from '../../db/function-call.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Mode } from '../merchants/tenant.ts'

/**
 * Writes the deliveries of events that had too many for the commit of the events: some of each tenant in turn, each time in a
 * commit of its own, until nothing is left or the signal. Each commit is followed by a rest of its length, so that calls have
 * at least half of the database. Any number of servers may do this at once. Answers how many it looked at.
 */
export async function writeFanOuts({ db }: Context, signal?: AbortSignal): Promise<number> {
  let written = 0
  for (;;) {
    const before = written
    const tenants = await db.query<{ merchant_id: number; mode: Mode }>(
      sql`select distinct merchant_id, mode from fan_outs`,
    )
    for (const { merchant_id, mode } of tenants) {
      if (signal?.aborted) return written
      const startedAt = performance.now()
      const call = functionCall('write_deliveries', {
        p_merchant_id: argument('integer', merchant_id),
        p_mode: argument('text', mode),
      })
      const [row] = await db.query<{ count: number }>(sql`select ${call} as count`)
      written += row?.count ?? 0
      await sleep(performance.now() - startedAt, undefined, { signal }).catch(() => {})
    }
    if (written === before) return written
  }
}

/** Since when the oldest events wait for the rest of their deliveries. */
export function oldestFanOut(): Sql {
  return sql`
    select min(o.recorded_at)
    from (select distinct merchant_id, mode from fan_outs) t
    cross join lateral (
      select f.recorded_at from fan_outs f
      where f.merchant_id = t.merchant_id and f.mode = t.mode
      order by f.first_event_id
      limit 1
    ) o
  `
}
