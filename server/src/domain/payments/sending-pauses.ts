import { ServiceError } from '../../base/errors.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { recordEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'

/*
 * While sending is paused nothing leaves for a tenant: no payout, no refund, no charge of a saved instrument and no webhook. What
 * was sent before is asked about all the same. The pause is in the database, so that every server heeds it.
 */

/**
 * `unknown_here`: an account has something that was sent from here, and the database does not know it. `started_paused`: the server was
 * started with a pause. `by_hand`: the merchant has paused. `by_operator`: the operator has.
 */
export type PauseCause = 'unknown_here' | 'started_paused' | 'by_hand' | 'by_operator'

/** A reason why nothing is sent for a tenant. Each cause stands by itself: sending goes on when none is left. */
export interface SendingPause {
  cause: PauseCause
  /** The account's name of what is unknown here; null for another cause. */
  reference: string | null
  pausedAt: Date
}

/** Whether nothing is sent for the tenant, as a condition. */
export function isPaused({ merchant, mode }: Tenant): Sql {
  return sql`exists (
    select from sending_pauses s where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.resumed_at is null
  )`
}

/** The pauses of a tenant, the oldest first; none while sending goes on. */
export async function findPauses({ db }: Pick<Context, 'db'>, { merchant, mode }: Tenant): Promise<SendingPause[]> {
  const rows = await db.query<{ cause: PauseCause; reference: string | null; paused_at: Date }>(sql`
    select cause, reference, paused_at from sending_pauses
    where merchant_id = ${merchant.id} and mode = ${mode} and resumed_at is null
    order by paused_at, cause
  `)
  return rows.map(({ cause, reference, paused_at: pausedAt }) => ({ cause, reference, pausedAt }))
}

/** The oldest pause; null while sending goes on. */
export async function findPause(context: Pick<Context, 'db'>, tenant: Tenant): Promise<SendingPause | null> {
  const [oldest = null] = await findPauses(context, tenant)
  return oldest
}

/** Throws `not_available` while nothing is sent for the tenant. */
export async function refuseWhilePaused(context: Pick<Context, 'db'>, tenant: Tenant): Promise<void> {
  if ((await findPause(context, tenant)) === null) return
  const message = 'Sending is paused for this merchant: see the pause at GET /v1/processors'
  throw new ServiceError('not_available', message)
}

/** The time before which nothing that an account took pauses sending; null for none. */
export async function findKnownUntil({ db }: Pick<Context, 'db'>, { merchant, mode }: Tenant): Promise<Date | null> {
  const [row] = await db.query<{ known_until: Date | null }>(sql`
    select max(known_until) as known_until from sending_pauses where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  return row?.known_until ?? null
}

/** Since when things may have been sent that the database does not know; null while nothing makes that likely. */
export async function findUnknownSince({ db }: Pick<Context, 'db'>, { merchant, mode }: Tenant): Promise<Date | null> {
  const [row] = await db.query<{ since: Date | null }>(sql`
    select min(s.since) as since from sending_pauses s
    where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.resumed_at is null and ${isAboutUnknown}
  `)
  return row?.since ?? null
}

/** The pauses, as a condition on `s`, during which something may be unknown here. */
const isAboutUnknown = sql`s.cause in ('unknown_here', 'started_paused')`

/** A new pause. `since`: a reconciliation that resumes begins no later than then. */
export interface NewPause extends Pick<SendingPause, 'cause' | 'reference'> {
  since: Date
}

/** Pauses the sending of a tenant for a cause. */
export async function pauseSending(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  { merchant, mode }: Tenant,
  { cause, reference, since }: NewPause,
): Promise<void> {
  const now = clock.now()
  const tenants = sql`select ${merchant.id}::integer as merchant_id, ${mode}::text as mode`
  await db.query(pausing(tenants, { cause, reference, since }, now))
}

/** Pauses the sending of all tenants that are there. */
export async function pauseAll({ db, clock }: Pick<Context, 'db' | 'clock'>): Promise<void> {
  const now = clock.now()
  const tenants = sql`
    select m.id as merchant_id, o.mode from merchants m cross join (values ('test'), ('live')) o (mode) where m.closed_at is null
    order by m.id, o.mode
  `
  await db.query(pausing(tenants, { cause: 'started_paused', reference: null, since: now }, now))
}

/**
 * A pause of the same cause that is there stays, and reaches back as far as both. One of a start is new with each such start: what a
 * restored backup has of it says nothing of the time since.
 */
function pausing(tenants: Sql, { cause, reference, since }: NewPause, now: Date): Sql {
  return sql`
    with paused as (
      insert into sending_pauses as s (merchant_id, mode, cause, reference, since, paused_at)
      select t.merchant_id, t.mode, ${cause}, ${reference}::text, ${since}::timestamptz, ${now}::timestamptz from (${tenants}) t
      on conflict (merchant_id, mode, cause) do update set
        reference = case when s.resumed_at is null then s.reference else excluded.reference end,
        since = case when s.resumed_at is null then least(s.since, excluded.since) else excluded.since end,
        paused_at = case when s.resumed_at is null and s.cause = 'unknown_here' then s.paused_at else excluded.paused_at end,
        resumed_at = null
      where s.resumed_at is not null or s.cause = 'started_paused' or (s.cause = 'unknown_here' and s.since > excluded.since)
      returning *
    )
    insert into events (merchant_id, mode, type, data, created_at)
    select
      p.merchant_id, p.mode, 'sending.paused',
      json_build_object('details', json_build_object('cause', p.cause, 'reference', p.reference)), ${now}::timestamptz
    from paused p
    where p.paused_at = ${now}::timestamptz
  `
}

/** Who pauses by hand: each ends the own pause, and the operator every one. */
const handOf = { merchant: 'by_hand', operator: 'by_operator' } as const

/**
 * A person pauses the sending of a tenant, or ends what that person may end. Answers the pauses that are there then. Throws
 * `not_available` where a merchant wants to end a pause and has none.
 */
export async function setPaused(
  tx: TxContext,
  tenant: Tenant,
  isWanted: boolean,
  by: 'merchant' | 'operator',
): Promise<SendingPause[]> {
  const own = handOf[by]
  const now = tx.clock.now()
  await lockPauses(tx, tenant)
  const before = await findPauses(tx, tenant)
  if (isWanted) await pauseSending(tx, tenant, { cause: own, reference: null, since: now })
  else {
    if (by === 'merchant') refuseWithoutOwn(before)
    await resume(tx, tenant, now, by === 'operator' ? sql`true` : sql`s.cause = ${own}`)
  }
  const after = await findPauses(tx, tenant)
  const { merchant, mode } = tenant
  noteChange(tx, { object: null, before: traced(before), after: traced(after), merchantId: merchant.id, mode })
  return after
}

function traced(pauses: readonly SendingPause[]) {
  return { paused: pauses.length > 0, causes: pauses.map(({ cause }) => cause) }
}

function refuseWithoutOwn(pauses: readonly SendingPause[]): void {
  if (pauses.length === 0 || pauses.some(({ cause }) => cause === 'by_hand')) return
  const message = pauses.some(({ cause }) => cause === 'by_operator')
    ? 'The operator has paused sending, and alone can end that: mteja sending resume'
    : 'Things may have been sent that the database does not know: run a reconciliation, or the operator says mteja sending resume'
  throw new ServiceError('not_available', message)
}

/** Of two that end the last two pauses at once, the second one sees that none is left. */
async function lockPauses(tx: TxContext, { merchant, mode }: Tenant): Promise<void> {
  await tx.db.query(sql`
    select cause from sending_pauses where merchant_id = ${merchant.id} and mode = ${mode} order by cause for update
  `)
}

/**
 * Ends the pauses about unknown things after a reconciliation that has read everything since they began, once every account in use was
 * read so. Those by hand stay. `booksId` is the first row of its account.
 */
export async function resumeAfterReconciliation(
  tx: TxContext,
  tenant: Tenant,
  { booksId, from, until, createdAt }: { booksId: bigint; from: Date; until: Date; createdAt: Date },
): Promise<void> {
  const covered = sql`
    ${isAboutUnknown} and s.paused_at <= ${createdAt} and s.since >= ${from} and s.since <= ${until}
      and not exists (
        select from processor_accounts a
        where a.merchant_id = s.merchant_id and a.mode = s.mode and a.replaced_at is null and a.credentials is not null
          and coalesce(a.same_as, a.id) <> ${booksId}
          and not exists (
            select from reconciliations r
            where r.merchant_id = a.merchant_id and r.books_id = coalesce(a.same_as, a.id) and r.with_balance
              and r.state in ('agreed', 'differing') and r.unreadable = 0 and r.created_at >= s.paused_at
              and r.from_at <= s.since and r.until_at >= s.since
          )
      )
  `
  await lockPauses(tx, tenant)
  await resume(tx, tenant, until, covered)
}

/**
 * Ends pauses, under `lockPauses`. What an account took before `knownUntil` does not pause again after one about unknown things.
 *
 * @param which the pauses that end, as a condition on `s`
 */
async function resume(tx: TxContext, tenant: Tenant, knownUntil: Date, which: Sql): Promise<void> {
  const { merchant, mode } = tenant
  const now = tx.clock.now()
  const [ended] = await tx.db.query<{ cause: PauseCause; reference: string | null }>(sql`
    with ended as (
      update sending_pauses s set
        resumed_at = ${now}, known_until = case when ${isAboutUnknown} then ${knownUntil}::timestamptz else s.known_until end
      where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.resumed_at is null and ${which}
      returning s.cause, s.reference, s.paused_at
    )
    select cause, reference from ended order by paused_at, cause limit 1
  `)
  if (ended === undefined || (await findPause(tx, tenant)) !== null) return
  await recordEvent(tx, tenant, { type: 'sending.resumed', customer: null, details: { ...ended } })
  await tx.db.query(sql`
    update payouts set due_at = ${now}
    where merchant_id = ${merchant.id} and mode = ${mode} and state = 'pending' and due_at > ${now}
  `)
}
