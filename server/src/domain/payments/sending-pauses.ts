import { ServiceError } from '../../base/errors.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { recordEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'

/*
 * While sending is paused nothing leaves for a tenant: no payout, no refund, no charge of a saved instrument and no webhook. What
 * was sent before is asked about all the same. The pause is in the database, so that every server heeds it.
 */

/** `unknown_here`: an account has something that was sent from here, and the database does not know it. */
export type PauseCause = 'unknown_here' | 'started_paused' | 'by_hand'

/** The reason why nothing is sent for a tenant. */
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

/** Null while sending goes on. */
export async function findPause({ db }: Pick<Context, 'db'>, { merchant, mode }: Tenant): Promise<SendingPause | null> {
  const [row] = await db.query<{ cause: PauseCause; reference: string | null; paused_at: Date }>(sql`
    select cause, reference, paused_at from sending_pauses
    where merchant_id = ${merchant.id} and mode = ${mode} and resumed_at is null
  `)
  return row === undefined ? null : { cause: row.cause, reference: row.reference, pausedAt: row.paused_at }
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
    select known_until from sending_pauses where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  return row?.known_until ?? null
}

/** Since when things may have been sent that the database does not know; null while nothing makes that likely. */
export async function findUnknownSince({ db }: Pick<Context, 'db'>, { merchant, mode }: Tenant): Promise<Date | null> {
  const [row] = await db.query<{ since: Date }>(sql`
    select since from sending_pauses
    where merchant_id = ${merchant.id} and mode = ${mode} and resumed_at is null and cause <> 'by_hand'
  `)
  return row?.since ?? null
}

/** A new pause. `since`: a reconciliation that resumes begins no later than then. */
export interface NewPause extends Pick<SendingPause, 'cause' | 'reference'> {
  since: Date
}

/** Pauses the sending of a tenant. A pause that is there stays as it is. */
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
  `
  await db.query(pausing(tenants, { cause: 'started_paused', reference: null, since: now }, now))
}

function pausing(tenants: Sql, { cause, reference, since }: NewPause, now: Date): Sql {
  return sql`
    with paused as (
      insert into sending_pauses as s (merchant_id, mode, cause, reference, since, paused_at)
      select t.merchant_id, t.mode, ${cause}, ${reference}::text, ${since}::timestamptz, ${now}::timestamptz from (${tenants}) t
      on conflict (merchant_id, mode) do update set
        cause = excluded.cause, reference = excluded.reference, since = excluded.since, paused_at = excluded.paused_at,
        resumed_at = null
      where s.resumed_at is not null
      returning *
    )
    insert into events (merchant_id, mode, type, data, created_at)
    select
      p.merchant_id, p.mode, 'sending.paused',
      json_build_object('details', json_build_object('cause', p.cause, 'reference', p.reference)), ${now}::timestamptz
    from paused p
  `
}

/**
 * A person pauses the sending of a tenant, or lets it go on. Answers the pause as it then is. Throws `not_available` where a merchant
 * wants to end a pause that no merchant has begun.
 */
export async function setPaused(
  tx: TxContext,
  tenant: Tenant,
  isWanted: boolean,
  by: 'merchant' | 'operator',
): Promise<SendingPause | null> {
  const before = await findPause(tx, tenant)
  if (!isWanted && before !== null && before.cause !== 'by_hand' && by === 'merchant') {
    const message =
      'Things may have been sent that the database does not know: run a reconciliation, or the operator says mteja sending resume'
    throw new ServiceError('not_available', message)
  }
  const now = tx.clock.now()
  if (isWanted) await pauseSending(tx, tenant, { cause: 'by_hand', reference: null, since: now })
  else await resume(tx, tenant, now, sql`true`)
  const after = await findPause(tx, tenant)
  const { merchant, mode } = tenant
  noteChange(tx, {
    object: null,
    before: { paused: before !== null },
    after: { paused: after !== null },
    merchantId: merchant.id,
    mode,
  })
  return after
}

/**
 * Lets a tenant's sending go on after a reconciliation that has read everything since the pause began, once every account in use was
 * read so. `booksId` is the first row of its account.
 */
export async function resumeAfterReconciliation(
  tx: TxContext,
  tenant: Tenant,
  { booksId, from, until, createdAt }: { booksId: bigint; from: Date; until: Date; createdAt: Date },
): Promise<void> {
  const covered = sql`
    s.cause <> 'by_hand' and s.paused_at <= ${createdAt} and s.since >= ${from} and s.since <= ${until}
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
  await resume(tx, tenant, until, covered)
}

/** @param which the pauses that end, as a condition on `s` */
async function resume(tx: TxContext, tenant: Tenant, knownUntil: Date, which: Sql): Promise<void> {
  const { merchant, mode } = tenant
  const [resumed] = await tx.db.query<{ cause: PauseCause; reference: string | null }>(sql`
    update sending_pauses s set resumed_at = ${tx.clock.now()}, known_until = ${knownUntil}
    where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.resumed_at is null and ${which}
    returning s.cause, s.reference
  `)
  if (resumed === undefined) return
  await recordEvent(tx, tenant, { type: 'sending.resumed', customer: null, details: { ...resumed } })
  await tx.db.query(sql`
    update payouts set due_at = ${tx.clock.now()}
    where merchant_id = ${merchant.id} and mode = ${mode} and state = 'pending' and due_at > ${tx.clock.now()}
  `)
}
