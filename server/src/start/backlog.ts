import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '../db/sql.ts'
import type { FreeContext } from '../domain/context.ts'
import { countDueDeliveries } from '../domain/webhooks/claims.ts'
import { workers } from './background.ts'

/** Longer than this `/metrics` does not wait for the database. */
const patienceMs = 2_000
/** So many due deliveries are counted. */
const countedDeliveries = 10_000

const dated = workers.flatMap(({ task, oldestDue }) => (oldestDue === undefined ? [] : [{ task, oldestDue }]))

/**
 * Prepares gauges of what only the database knows: how long due work has waited, how large everything is. The answered
 * function asks once and sets them, and answers in two seconds whatever the database does. What is not known is not shown.
 */
export function createBacklog(context: FreeContext): () => Promise<void> {
  const { meter } = context
  const up = meter.gauge('mteja_database_up', {})
  const gauges = {
    size: meter.gauge('mteja_database_size_bytes', {}),
    maintained: meter.gauge('mteja_database_last_maintenance_timestamp_seconds', {}),
    deliveries: meter.gauge('mteja_webhook_deliveries_due', {}),
  }
  const ages = dated.map(({ task }) => meter.gauge('mteja_background_oldest_due_age_seconds', { task }))
  let asking: Promise<void> | undefined

  function forget(): void {
    for (const gauge of [...Object.values(gauges), ...ages]) gauge.set(null)
    up.set(0)
  }

  async function ask(): Promise<void> {
    try {
      const now = context.clock.now()
      const { oldest, size, maintained, deliveries } = await readBacklog(context, now)
      gauges.size.set(Number(size))
      gauges.maintained.set(maintained === null ? null : maintained.getTime() / 1000)
      gauges.deliveries.set(Number(deliveries))
      for (const [place, since] of oldest.entries()) {
        ages[place]?.set(since === null ? 0 : Math.max(0, now.getTime() - since.getTime()) / 1000)
      }
      up.set(1)
      context.failures.worked('asking the database for metrics')
    } catch (error) {
      forget()
      context.failures.failed('asking the database for metrics', { err: error })
    }
  }

  return async () => {
    // A question that hangs is not asked again beside itself.
    asking ??= ask().finally(() => {
      asking = undefined
    })
    const waiting = new AbortController()
    const inTime = await Promise.race([
      asking.then(() => true),
      sleep(patienceMs, false, { signal: waiting.signal }).catch(() => false),
    ])
    waiting.abort()
    if (!inTime) forget()
  }
}

interface Backlog {
  /** For each of `dated`: since when the oldest has been due, also where that is yet to come. */
  oldest: (Date | null)[]
  size: bigint
  maintained: Date | null
  deliveries: bigint
}

/** In a transaction only for its settings: index look-ups whatever the planner knows, and no longer than anybody waits. */
function readBacklog(context: FreeContext, now: Date): Promise<Backlog> {
  return context.db.transaction(async (tx) => {
    await tx.query(
      sql`select set_config('statement_timeout', ${String(patienceMs)}, true), set_config('enable_seqscan', 'off', true)`,
    )
    const oldest: Backlog['oldest'] = []
    for (const { oldestDue } of dated) {
      const [row] = await tx.query<{ since: Date | null }>(sql`select (${oldestDue(now)}) as since`)
      oldest.push(row?.since ?? null)
    }
    const [row] = await tx.query<Omit<Backlog, 'oldest'>>(sql`
      select
        pg_database_size(current_database()) as size,
        (${countDueDeliveries(now, countedDeliveries)}) as deliveries,
        (
          select max(greatest(last_vacuum, last_autovacuum, last_analyze, last_autoanalyze))
          from pg_stat_all_tables where schemaname = 'public'
        ) as maintained
    `)
    return { oldest, ...(row as Omit<Backlog, 'oldest'>) }
  })
}
