import { setTimeout as sleep } from 'node:timers/promises'
import { argument, functionCall } from '../../db/function-call.ts'
import { sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import { forgetOldKeys } from '../idempotency/once.ts'
import { removeOldDetails } from '../identity/old-details.ts'

/** For how many days of real time each kind of row is kept. Undefined for ever. */
export interface Retention {
  readonly deliveries: number | undefined
  readonly events: number | undefined
  readonly answeredKeys: number | undefined
  readonly identityDetails: number | undefined
  /** Network addresses of callers in the trail, from the end of their month. */
  readonly addresses: number | undefined
}

/** The part of the context that this room adds. */
export interface RetentionChoice {
  readonly retention: Retention
}

export const keepForever: Retention = {
  deliveries: undefined,
  events: undefined,
  answeredKeys: undefined,
  identityDetails: undefined,
  addresses: undefined,
}

export const defaultRetention: Retention = {
  deliveries: 90,
  events: 400,
  answeredKeys: 30,
  identityDetails: 90,
  addresses: 365,
}

/** How many rows one commit removes. On the embedded engine this takes some milliseconds, in which no call is answered. */
const removedAtOnce = 200
/** The rest after a commit, as a multiple of the time that the commit took: at most a fifth of a database is busy with this. */
const restFactor = 4
const leastRestMs = 5

type Removing = FreeContext & RetentionChoice

/**
 * Removes rows that are older than their kind is kept, in small commits with rests between them, until nothing is left or
 * the signal. Any number of servers may do this at once. Answers the number of rows, attempts of deliveries not counted.
 */
export async function removeOld(context: Removing, signal: AbortSignal): Promise<number> {
  const { deliveries, events, answeredKeys, identityDetails, addresses } = context.retention
  let removed = 0
  if (answeredKeys !== undefined) {
    removed += await inSteps(signal, (limit) => forgetOldKeys(context, { days: answeredKeys, limit }))
  }
  if (identityDetails !== undefined) {
    removed += await inSteps(signal, (limit) => removeOldDetails(context, { days: identityDetails, limit }))
  }
  // The operator acts for no merchant.
  removed += await removeOf(context, signal, { name: 'forget_addresses', merchantId: 0, days: addresses })
  if ([deliveries, events, addresses].every((days) => days === undefined)) return removed
  for await (const merchantId of walkMerchants(context, signal)) {
    // An event is removed once nothing tells of it any more, so deliveries come first.
    removed += await removeOf(context, signal, { name: 'forget_old_deliveries', merchantId, days: deliveries })
    removed += await removeOf(context, signal, { name: 'forget_old_events', merchantId, days: events })
    removed += await removeOf(context, signal, { name: 'forget_addresses', merchantId, days: addresses })
  }
  return removed
}

/** One merchant at a time, so that a statement touches one tenant. */
async function* walkMerchants({ db }: FreeContext, signal: AbortSignal): AsyncGenerator<number> {
  let last = 0
  while (!signal.aborted) {
    const rows = await db.query<{ id: number }>(sql`select id from merchants where id > ${last} order by id limit 100`)
    for (const { id } of rows) yield id
    const next = rows.at(-1)?.id
    if (next === undefined) return
    last = next
  }
}

function removeOf(
  { db }: FreeContext,
  signal: AbortSignal,
  { name, merchantId, days }: { name: string; merchantId: number; days: number | undefined },
): Promise<number> | number {
  if (days === undefined) return 0
  return inSteps(signal, async (limit) => {
    const call = functionCall(name, {
      p_merchant_id: argument('integer', merchantId),
      p_days: argument('integer', days),
      p_limit: argument('integer', limit),
    })
    const [row] = await db.query<{ removed: bigint }>(sql`select ${call} as removed`)
    return Number(row?.removed ?? 0)
  })
}

/** Repeats a step, with a rest after each, until it finds nothing more, or the signal. Answers the sum. */
export async function inSteps(signal: AbortSignal, step: (limit: number) => Promise<number>): Promise<number> {
  let sum = 0
  while (!signal.aborted) {
    const startedAt = performance.now()
    const removed = await step(removedAtOnce)
    sum += removed
    const restMs = Math.max(leastRestMs, restFactor * (performance.now() - startedAt))
    await sleep(restMs, undefined, { signal }).catch(() => {})
    if (removed === 0) return sum
  }
  return sum
}
