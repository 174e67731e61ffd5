import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import { adviceFor } from './advice.ts'
import type { DifferenceKind, FoundDifference, Subject } from './found-differences.ts'
import { isOfBooks, type Reconciliation } from './reconciliations.ts'

export const differenceStates = ['open', 'accepted', 'resolved'] as const
export type DifferenceState = (typeof differenceStates)[number]

export interface Difference extends Omit<FoundDifference, 'effects'> {
  id: string
  mode: Mode
  /** The account at a processor. */
  accountId: bigint
  state: DifferenceState
  /** What to do about it, as a sentence. */
  advice: string
  /** The words of the person who closed it; null for an open one, and for one that is not found any more. */
  reason: string | null
  by: Doer
  closedAt: Date | null
  /** Null for a difference of the sandbox. */
  firstReconciliationId: string | null
  lastReconciliationId: string | null
  createdAt: Date
}

/** The reconciliation that has found a difference; without an id the sandbox, which pretends it. */
type Finder = Pick<Reconciliation, 'booksId'> & { id: string | null }

/**
 * Notes that a reconciliation has found a difference. One that is known stays the same: it is told again only if it was put
 * right, or has another amount. One that was accepted stays accepted.
 */
export async function noteDifference(
  context: Context,
  tenant: Tenant,
  { id: runId, booksId }: Finder,
  found: FoundDifference,
): Promise<void> {
  const { merchant, mode } = tenant
  const now = context.clock.now()
  const { kind, subject, name, reference, transactionId, amount, ours, theirs, currency, at } = found
  const effects = Object.fromEntries(Object.entries(found.effects).map(([code, value]) => [code, Number(value)]))
  const isSame = sql`d.ours is not distinct from excluded.ours and d.theirs is not distinct from excluded.theirs
    and d.amount = excluded.amount`
  await context.db.query(sql`
    with before as (
      select d.state, d.amount, d.ours, d.theirs from differences d
      where d.merchant_id = ${merchant.id} and d.account_id = ${booksId} and d.subject = ${subject} and d.name = ${name}
        and d.kind = ${kind}
    ),
    noted as (
      insert into differences as d (
        merchant_id, id, mode, account_id, kind, subject, name, reference, transaction_id, amount, ours, theirs, currency,
        effects, first_reconciliation_id, last_reconciliation_id, at, created_at, updated_at
      )
      values (
        ${merchant.id}, ${uuidV7(context.random, now)}, ${mode}, ${booksId}, ${kind}, ${subject}, ${name}, ${reference},
        ${transactionId}, ${amount}, ${ours}, ${theirs}, ${currency}, ${JSON.stringify(effects)}::json, ${runId}::uuid,
        ${runId}::uuid, ${at}, ${now}, ${now}
      )
      on conflict on constraint differences_thing do update set
        reference = coalesce(excluded.reference, d.reference), transaction_id = excluded.transaction_id,
        amount = excluded.amount, ours = excluded.ours, theirs = excluded.theirs, currency = excluded.currency,
        effects = excluded.effects, last_reconciliation_id = excluded.last_reconciliation_id,
        updated_at = excluded.updated_at,
        state = case when d.state = 'accepted' and ${isSame} then d.state else 'open' end,
        reason = case when d.state = 'accepted' and ${isSame} then d.reason end,
        actor_id = case when d.state = 'accepted' and ${isSame} then d.actor_id end,
        closed_at = case when d.state = 'accepted' and ${isSame} then d.closed_at end
      returning d.*
    )
    insert into events (merchant_id, mode, type, data, created_at)
    select ${merchant.id}, ${mode}, 'reconciliation.difference_found',
      json_build_object('details', json_build_object(
        'differenceId', n.id, 'reconciliationId', ${runId}::text, 'kind', n.kind, 'subject', n.subject,
        'reference', n.reference, 'amount', n.amount, 'ours', n.ours, 'theirs', n.theirs, 'currency', n.currency,
        'advice', ${adviceFor(found)}::text
      )),
      ${now}::timestamptz
    from noted n
    left join before b on true
    where n.state = 'open' and (
      b.state is null or b.state <> 'open' or b.amount <> n.amount or b.ours is distinct from n.ours
      or b.theirs is distinct from n.theirs
    )
  `)
}

/**
 * Closes what a reconciliation has looked at and has not found again: what is of its period, and all money that was given back from
 * suspense. Answers how many.
 */
export async function closeGone(
  context: Context,
  tenant: Tenant,
  { id, booksId, from, until }: Reconciliation,
  which: Sql,
): Promise<number> {
  const { merchant } = tenant
  const now = context.clock.now()
  const gone = await context.db.query(sql`
    update differences d set state = 'resolved', reason = null, actor_id = null, closed_at = ${now}, updated_at = ${now}
    where d.merchant_id = ${merchant.id} and ${isOfBooks(tenant, sql`d.account_id`, booksId)} and d.state <> 'resolved'
      and d.last_reconciliation_id <> ${id} and ${which}
      and (d.subject = 'suspense' or (d.at >= ${from} and d.at < ${until}))
    returning d.id
  `)
  return gone.length
}

interface DifferenceRow extends DoerRow {
  id: string
  mode: Mode
  account_id: bigint
  kind: DifferenceKind
  subject: Subject
  name: string
  reference: string | null
  transaction_id: string | null
  amount: bigint
  ours: bigint | null
  theirs: bigint | null
  currency: Currency
  state: DifferenceState
  reason: string | null
  closed_at: Date | null
  first_reconciliation_id: string | null
  last_reconciliation_id: string | null
  at: Date
  created_at: Date
}

export interface DifferenceFilter {
  state?: DifferenceState | undefined
  kind?: DifferenceKind | undefined
  /** Those that this reconciliation was the last to find. */
  reconciliationId?: string | undefined
}

/** Newest first, from those older than `before`. */
export function listDifferences(
  context: Context,
  tenant: Tenant,
  { state, kind, reconciliationId }: DifferenceFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<Difference[]> {
  return select(
    context,
    tenant,
    sql`
      true
      ${before === undefined ? nothing : sql`and d.id < ${before}::uuid`}
      ${state === undefined ? nothing : sql`and d.state = ${state}`}
      ${kind === undefined ? nothing : sql`and d.kind = ${kind}`}
      ${reconciliationId === undefined ? nothing : sql`and d.last_reconciliation_id = ${reconciliationId}::uuid`}
      order by d.id desc limit ${limit}
    `,
  )
}

/** Throws `difference_not_found`. */
export async function getDifference(context: Context, tenant: Tenant, id: string): Promise<Difference> {
  const [found] = isUuid(id) ? await select(context, tenant, sql`d.id = ${id}`) : []
  if (found !== undefined) return found
  throw new ServiceError('difference_not_found', `There is no difference ${JSON.stringify(id)}`)
}

/** By what it is about. */
export async function findDifference(
  context: Context,
  tenant: Tenant,
  {
    booksId,
    subject,
    name,
    kind,
  }: Pick<FoundDifference, 'subject' | 'name' | 'kind'> & Pick<Reconciliation, 'booksId'>,
): Promise<Difference> {
  const [found] = await select(
    context,
    tenant,
    sql`d.account_id = ${booksId} and d.subject = ${subject} and d.name = ${name} and d.kind = ${kind}`,
  )
  return found as Difference
}

/**
 * Closes a difference, with a reason. `accepted`: it stays as it is, and counts in the expected balance. `resolved`: it was put
 * right; a reconciliation that finds it again opens it. Throws `difference_not_found`, `difference_closed` for one that was
 * closed otherwise.
 */
export async function closeDifference(
  tx: TxContext,
  tenant: Tenant,
  id: string,
  { outcome, reason }: { outcome: Exclude<DifferenceState, 'open'>; reason: string },
): Promise<Difference> {
  const before = await getDifference(tx, tenant, id)
  const now = tx.clock.now()
  const closed = await tx.db.query(sql`
    update differences set
      state = ${outcome}, reason = ${reason}, actor_id = ${tenant.actor?.id ?? null}::integer, closed_at = ${now},
      updated_at = ${now}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and state = 'open'
    returning id
  `)
  const after = await getDifference(tx, tenant, id)
  if (closed.length > 0) {
    noteChange(tx, { object: id, before: { state: before.state }, after: { state: outcome } })
    return after
  }
  if (after.state === outcome && after.reason === reason) return after
  throw new ServiceError(
    'difference_closed',
    `The difference is ${after.state} already: read it at /v1/differences/${id}`,
  )
}

async function select(context: Context, { merchant, mode }: Tenant, matching: Sql): Promise<Difference[]> {
  const rows = await context.db.query<DifferenceRow>(sql`
    select
      d.id, d.mode, d.account_id, d.kind, d.subject, d.name, d.reference, d.transaction_id, d.amount, d.ours, d.theirs,
      d.currency, d.state, d.reason, d.closed_at, d.first_reconciliation_id, d.last_reconciliation_id, d.at, d.created_at,
      ${doerColumns}
    from (
      select * from differences d where d.merchant_id = ${merchant.id} and d.mode = ${mode} and ${matching}
    ) d
    ${joinDoer(sql`d`)}
    order by d.id desc
  `)
  return rows.map(read)
}

function read(row: DifferenceRow): Difference {
  const { id, mode, kind, subject, name, reference, amount, ours, theirs, currency, state, reason, at } = row
  return {
    ...{ id, mode, kind, subject, name, reference, amount, ours, theirs, currency, state, reason, at },
    transactionId: row.transaction_id,
    accountId: row.account_id,
    advice: adviceFor(row),
    by: readDoer(row),
    closedAt: row.closed_at,
    firstReconciliationId: row.first_reconciliation_id,
    lastReconciliationId: row.last_reconciliation_id,
    createdAt: row.created_at,
  }
}
