import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type DisputeEventType, disputeEventOf, tellDispute } from './dispute-events.ts'
import type { Bearer, Dispute } from './dispute-records.ts'
import { type DisputeState, isDecided } from './dispute-states.ts'
import { givenBackAfter, type Taking, writeTakings } from './payment-parts.ts'

/* How the row of a dispute changes with each turn that it takes, and when somebody looks at it next. */

/** A turn of a dispute. */
export interface Turn {
  state: DisputeState
  stateReason: string | null
  resolution: string | null
  /** Who says so; default the account, or the sandbox. */
  by?: string
  /** The refund of ours by which the account has given the money back although a person has settled it as failed. */
  ofRefund?: string | null | undefined
  /** The refund by which the money went back has failed, or has ended another dispute. */
  isRefundFailed?: boolean | undefined
}

/** The call that learns of a dispute looks at it itself within this time. Then the background does. */
export const ownTimeMs = 60_000
/** An account is asked about an open dispute again after as long again as it has been open, within these bounds. */
const firstLookMs = 60_000
const lastLookMs = 60 * 60 * 1000
/** How long before its end a merchant is reminded of an open dispute. */
const remindMs = 4 * 60 * 60 * 1000

interface Change {
  turn: Turn
  bearer: Bearer | null
  /** The movements of other parts of the money that are not noted. */
  besides: readonly string[]
  /** Of one that is open again: the id that its hold is to have; null for none. Default null. */
  holdId?: string | null
}

/** What a movement changes of its dispute, in the commit of the movement. The payment follows by `mark_transaction_reversed`. */
export function changeOf(
  context: Context,
  tenant: Tenant,
  dispute: Dispute,
  { turn, bearer, besides, holdId = null }: Change,
): Sql {
  const now = context.clock.now()
  const { merchant } = tenant
  const { id, amount, customerId } = dispute
  return sql`
    noted as (
      update disputes r set
        ${stateChange(dispute, turn, now)}, movements = r.movements + 1, movement_id = n.id,
        amount = ${amount}::bigint, customer_id = ${customerId}::bigint,
        movement_ids = r.movement_ids || ${besides}::uuid[] || n.id, borne_by = ${bearer}::text,
        -- One that is open again has a hold of its own.
        hold_id = case when ${isDecided(turn.state)}::boolean then r.hold_id else ${holdId}::uuid end
      from done_now n
      where r.merchant_id = ${merchant.id} and r.id = ${id}
      returning r.*
    ),
    ${tellDispute(tenant, { changed: sql`noted`, type: disputeEventOf[turn.state], at: now })}
  `
}

/** As `changeOf`, of a movement of one of several parts, after which the dispute is where it was. */
export function noteMovement({ merchant }: Tenant, { id }: Dispute): Sql {
  return sql`
    noted as (
      update disputes r set movement_ids = r.movement_ids || n.id from done_now n
      where r.merchant_id = ${merchant.id} and r.id = ${id}
    )
  `
}

function stateChange(dispute: Dispute, { state, stateReason, resolution, by }: Turn, now: Date): Sql {
  const step = { state, by: by ?? (dispute.accountId === 0n ? 'sandbox' : 'account'), createdAt: now.toISOString() }
  // A hold that was placed too late is released by one more look.
  const dueAt = dueAfter(dispute, state, now)
  return sql`
    state = ${state}, state_reason = ${stateReason}::text, resolution = ${resolution}::text,
    history = (r.history::jsonb || ${JSON.stringify([step])}::jsonb)::json,
    resolved_at = ${isDecided(state) ? now : null}::timestamptz, due_at = ${dueAt}::timestamptz, attempts = 0,
    updated_at = ${now}::timestamptz
  `
}

function dueAfter({ accountId, holdId, respondBy, remindedAt, createdAt }: Dispute, state: DisputeState, now: Date) {
  const later = (ms: number) => new Date(now.getTime() + ms)
  if (isDecided(state)) return holdId === null ? null : later(ownTimeMs)
  const openMs = now.getTime() - createdAt.getTime()
  const look = accountId === 0n ? null : later(Math.min(Math.max(openMs, firstLookMs), lastLookMs))
  if (state !== 'open' || respondBy === null) return look
  const clock = remindedAt === null ? reminderOf(respondBy, createdAt) : accountId === 0n ? respondBy : null
  if (look === null || clock === null) return clock ?? look
  // A reminder that is due already is for the next look; once the time is over there is none.
  return clock < look && now < respondBy ? clock : look
}

/** Half of the time that is left, where that is short. */
export function reminderOf(respondBy: Date, createdAt: Date): Date {
  const half = (respondBy.getTime() - createdAt.getTime()) / 2
  return new Date(respondBy.getTime() - Math.min(remindMs, half))
}

/**
 * Moves a dispute on without a movement of its own. A state that another caller has left changes nothing.
 *
 * @param moved the movements of something else by which the money has moved already, the last one above all; null where none has
 */
export async function noteTurn(
  context: Context,
  tenant: Tenant,
  dispute: Dispute,
  turn: Turn,
  moved: { movementIds: readonly string[]; borneBy: Bearer | null; takings?: readonly Taking[] | undefined } | null,
): Promise<void> {
  const now = context.clock.now()
  const taken =
    moved?.takings === undefined
      ? nothing
      : sql`, takings = ${writeTakings(moved.takings)}::json, given_back = ${givenBackAfter(sql`r`)}`
  const movement =
    moved === null
      ? sql`movement_id = r.movement_id`
      : sql`
          amount = ${dispute.amount}::bigint, movement_id = ${moved.movementIds.at(-1)}::uuid, movement_ids = r.movement_ids || ${moved.movementIds}::uuid[],
          movements = r.movements + ${[null, 'suspense'].includes(moved.borneBy) ? 1 : 0}::integer, borne_by = ${moved.borneBy}
          ${taken}
        `
  await context.db.query(sql`
    with noted as (
      update disputes r set ${stateChange(dispute, turn, now)}, ${movement}
      where r.merchant_id = ${tenant.merchant.id} and r.id = ${dispute.id} and r.state = ${dispute.state}
      returning r.*
    ),
    ${tellDispute(tenant, { changed: sql`noted`, type: disputeEventOf[turn.state], at: now })}
    select id from noted
  `)
}

/** Says when to look at it again. */
export async function lookLater(context: Context, { merchant }: Tenant, dispute: Dispute): Promise<void> {
  if (isDecided(dispute.state)) return
  const now = context.clock.now()
  const dueAt = dueAfter(dispute, dispute.state, now)
  await context.db.query(sql`
    update disputes set due_at = ${dueAt}::timestamptz, attempts = 0
    where merchant_id = ${merchant.id} and id = ${dispute.id} and state = ${dispute.state}
  `)
}

/** Tells the merchant, once, that an open dispute ends soon. */
export async function remindOfDispute(context: Context, tenant: Tenant, dispute: Dispute): Promise<void> {
  const now = context.clock.now()
  const type: DisputeEventType = 'dispute.reminded'
  const dueAt = dueAfter({ ...dispute, remindedAt: now }, dispute.state, now)
  await context.db.query(sql`
    with noted as (
      update disputes r set reminded_at = ${now}, due_at = ${dueAt}::timestamptz, attempts = 0
      where r.merchant_id = ${tenant.merchant.id} and r.id = ${dispute.id} and r.state = 'open' and r.reminded_at is null
      returning r.*
    ),
    ${tellDispute(tenant, { changed: sql`noted`, type, at: now })}
    select id from noted
  `)
}
