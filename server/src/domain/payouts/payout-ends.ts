import type { ServiceError } from '../../base/errors.ts'
import { limitsOf } from '../../db/batch-limits.ts'
import { type Batched, createBatcher } from '../../db/batcher.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Context, perContext } from '../context.ts'
import { doBatchNoting, type LedgerCommand, type Receipt } from '../ledger/commands.ts'
import { type Tenant, tenantKey } from '../merchants/tenant.ts'
import { tellPayout } from './payout-events.ts'
import type { Verdict } from './payout-records.ts'

/** The end of a payout that has a verdict. */
export interface PayoutEnding {
  /** As whom its money is moved or released. */
  poster: Tenant
  id: string
  verdict: Verdict
  /** The fees first. The last command is the one whose success changes the row. */
  commands: LedgerCommand[]
  /** When it is asked about once more; null for never. */
  dueAt: Date | null
}

/** What became of the commands of an end, in their order. */
type Outcomes = (Receipt | ServiceError)[]

/**
 * Group commit, as of payouts that are made: the ends of one tenant that wait together share a commit, each judged by itself. One
 * by one they would stand in the tenant's line before everybody who moves money.
 */
const queueOf = perContext(
  (context): Batched<PayoutEnding, Outcomes> =>
    createBatcher(
      context.db,
      (lane, ends) => repeatAfterCollision(['idempotency_keys_pkey'], () => makeEnds(context, lane, ends)),
      ({ poster, verdict }) => `${tenantKey(poster)}/${verdict}`,
      { ...limitsOf(context.meter, 'payout_ends'), keyOf: ({ id }) => id },
    ),
)

/** Moves or releases the money of a payout and ends it in the same commit, once. Its hold can be spent once: `hold_not_open`. */
export function makeEnd(context: Context, end: PayoutEnding): Promise<Outcomes> {
  return queueOf(context)(end)
}

async function makeEnds(context: Context, lane: Queryable, ends: PayoutEnding[]): Promise<Outcomes[]> {
  const { poster, verdict } = ends[0] as PayoutEnding
  const now = context.clock.now()
  const calls = ends.flatMap(({ poster: tenant, commands }) => commands.map((command) => ({ tenant, command })))
  const lasts: number[] = []
  for (const { commands } of ends) lasts.push((lasts.at(-1) ?? 0) + commands.length)
  const firsts = ends.map(({ commands }, i) => (lasts[i] as number) - commands.length + 1)
  const noting = sql`
    ended as materialized (
      select
        w.id, w.due_at,
        -- By the commands before the last one: the fees.
        (
          select coalesce(sum(d.amount), 0)::bigint from done d
          where d.ordinal >= w.first and d.ordinal < w.last and d.refusal is null
        ) as booked
      from unnest(
        ${ends.map(({ id }) => id)}::uuid[], ${firsts}::integer[], ${lasts}::integer[],
        ${ends.map(({ dueAt }) => dueAt)}::timestamptz[]
      ) as w (id, first, last, due_at)
      join done_now n on n.ordinal = w.last
    ),
    noted as (
      update payouts p set
        state = ${verdict}, attention = null, attention_reason = null, unknown_since = null, attempts = 0,
        movement_id = ${verdict === 'paid' ? sql`p.id` : sql`null`},
        booked_fee = case when ${verdict === 'paid'} or p.fee is not null then e.booked end,
        -- A fee that was refused is booked by the next look.
        due_at = case when p.fee <> e.booked then ${now}::timestamptz else e.due_at end,
        ended_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
      from ended e
      where p.merchant_id = ${poster.merchant.id} and p.id = e.id and p.verdict is not null and p.ended_at is null
      returning p.*
    ),
    ${tellPayout(poster, { changed: sql`noted`, type: verdict, at: now })}
  `
  const outcomes = await doBatchNoting(context, lane, calls, noting)
  return ends.map((_, i) => outcomes.slice((firsts[i] as number) - 1, lasts[i]))
}
