import type { Clock } from '../../base/clock.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import type { Queryable } from '../../db/database.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Change, Context } from '../context.ts'
import { type Actor, type ActorKind, actorKind } from '../merchants/actors.ts'
import type { Mode } from '../merchants/tenant.ts'

/** A write that is about to be done, as the trail names it. */
export interface Deed {
  /** Null for work in the background. */
  readonly actor: Actor | null
  /** The name of the operation, such as `setRiskAction`. */
  readonly action: string
  /** The thing that the write is about, by its id or code; null if the caller names none. Never an e-mail. */
  readonly object: string | null
}

/**
 * Records a write in the trail. Call it in the transaction of the write. Each noted change is a row; without any, the write
 * is one row.
 *
 * @param scope the merchant and mode of the caller; merchant 0 for the operator
 */
export async function recordDeed(
  context: Context,
  scope: { merchantId: number; mode: Mode },
  { actor, action, object }: Deed,
  changes: readonly Change[],
): Promise<void> {
  const now = context.clock.now()
  const isOperator = scope.merchantId === 0
  const rows: readonly Change[] = changes.length === 0 ? [{ object }] : changes
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  const mode = (each: Change) => (each.mode === undefined ? (isOperator ? null : scope.mode) : each.mode)
  await context.db.query(sql`
    insert into trail (merchant_id, id, mode, actor_id, request_id, action, object, before, after, created_at)
    select u.merchant_id, u.id, u.mode, ${actor?.id ?? null}::integer, ${actor?.requestId ?? null}::text, ${action}, u.object, u.before::json, u.after::json,
      ${now}::timestamptz
    from unnest(
      ${rows.map((each) => each.merchantId ?? scope.merchantId)}::integer[],
      ${rows.map(() => uuidV7(context.random, now))}::uuid[], ${rows.map(mode)}::text[],
      ${rows.map((each) => each.object)}::text[], ${rows.map((each) => json(each.before))}::text[],
      ${rows.map((each) => json(each.after))}::text[]
    ) as u (merchant_id, id, mode, object, before, after)
  `)
}

/** The bytes in which a movement stores the id of its request. */
export function packRequestId(requestId: string): Buffer {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId))
    return Buffer.from(requestId.replaceAll('-', ''), 'hex')
  const text = Buffer.from(requestId)
  // Sixteen bytes are a UUID.
  return text.length === 16 ? Buffer.concat([text, Buffer.alloc(1)]) : text
}

export function unpackRequestId(bytes: Buffer): string {
  if (bytes.length !== 16) return bytes.toString().replace(/\0$/, '')
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Who did something. */
export interface Doer {
  kind: ActorKind | 'background'
  apiKeyId: string | null
  /** The name of the key. */
  name: string | null
  personId: string | null
  personName: string | null
  /** The claim `iss` of a token of an outside issuer. */
  issuer: string | null
  /** The claim `sub` of a token of an outside issuer. */
  subject: string | null
  /** Null for background work. */
  surface: string | null
}

export interface TrailEntry {
  id: string
  /** Null for a write about both modes. */
  mode: Mode | null
  at: Date
  action: string
  object: string | null
  by: Doer
  /** The network address of the call. Null for the command line, for background work, and once it is too old. */
  address: string | null
  requestId: string | null
  before: unknown
  after: unknown
}

export interface TrailFilter {
  /** Whose writes: the id of a key or of a person, a kind, the subject of an outside issuer's tokens, or an address. */
  by?: string | undefined
  action?: string | undefined
  object?: string | undefined
  /** The writes of one request. */
  requestId?: string | undefined
  /** Only writes whose ids are not below this one. Ids begin with the time. */
  idsFrom?: string | undefined
  from?: Date | undefined
  until?: Date | undefined
}

export interface DoerRow {
  actor_kind: ActorKind | null
  actor_key_id: string | null
  actor_key_name: string | null
  actor_person_id: string | null
  actor_person_name: string | null
  actor_issuer: string | null
  actor_subject: string | null
  actor_surface: string | null
}

/** The columns of `DoerRow`, from the rows that `joinDoer` joins. */
export const doerColumns = sql`
  doer.actor_kind, doer.actor_key_id, doer.actor_key_name, doer.actor_person_id, doer.actor_person_name,
  doer.actor_issuer, doer.actor_subject, doer.actor_surface
`

/**
 * Joins the actor, key and person of each row, which has a merchant_id, an actor_id and a created_at. The person has the name of
 * that time: the first later change of the name tells the name before it.
 */
export function joinDoer(row: Sql): Sql {
  return sql`
    left join lateral (
      select
        ${actorKind(sql`a`)} as actor_kind, a.api_key_id as actor_key_id, k.name as actor_key_name,
        k.person_id as actor_person_id,
        coalesce((
          select u.before ->> 'name' from trail u
          where u.merchant_id = p.merchant_id and u.object = p.id::text and u.action = 'updatePerson'
            and u.created_at > ${row}.created_at
          order by u.id
          limit 1
        ), p.name) as actor_person_name, a.issuer as actor_issuer, a.subject as actor_subject, a.surface as actor_surface,
        host(a.address) as actor_address
      from actors a
      left join api_keys k on k.merchant_id = a.merchant_id and k.id = a.api_key_id
      left join people p on p.merchant_id = k.merchant_id and p.id = k.person_id
      where a.merchant_id in (${row}.merchant_id, 0) and a.id = ${row}.actor_id
      limit 1
    ) doer on true
  `
}

/** Who stands behind actors of a merchant at this moment, by the ids of the actors. */
export async function findDoers(
  { db, clock }: { db: Queryable; clock: Clock },
  merchantId: number,
  actors: readonly (Actor | undefined)[],
): Promise<ReadonlyMap<number | undefined, Doer>> {
  const ids = [...new Set(actors.flatMap((each) => each?.id ?? []))]
  if (ids.length === 0) return new Map()
  // One statement for each: a list would be planned anew each time.
  const rows = await Promise.all(
    ids.map((id) =>
      db.query<DoerRow>(sql`
        select ${doerColumns}
        from (
          select ${merchantId}::integer as merchant_id, ${id}::integer as actor_id, ${clock.now()}::timestamptz as created_at
        ) w
        ${joinDoer(sql`w`)}
      `),
    ),
  )
  return new Map(ids.map((id, i) => [id, readDoer((rows[i] as DoerRow[])[0] as DoerRow)]))
}

interface TrailRow extends DoerRow {
  actor_address: string | null
  id: string
  mode: Mode | null
  at: Date
  action: string
  object: string | null
  request_text: string | null
  request_bytes: Buffer | null
  before: unknown
  after: Record<string, unknown> | null
  /** Of a risk action. The trail is kept for good, and a reason only as long as the person. */
  reason: string | null
}

/** The number of movements that a page looks at, to find the few of one key or person among them. */
const movementsLookedAt = 5_000

/**
 * Every kind of ledger transaction, which is the action of its movement. The trail reads the movements from the ledger.
 * docs/ledger.md has the accounts that each kind connects.
 */
export const transactionKinds = [
  'pay_in',
  'purchase',
  'transfer',
  'refund',
  'reversal',
  'hold_capture',
  'fee',
  'chargeback',
  'chargeback_returned',
  'processor_fee',
  'processor_fee_returned',
  'adjustment',
  'settlement',
  'suspended',
  'assigned',
  'given_back',
  'payout',
  'payout_returned',
  'receivable',
  'repayment',
] as const

export type TransactionKind = (typeof transactionKinds)[number]

/**
 * The writes of a merchant, newest first: movements of money and all other writes. `next` is the `before` of the next page,
 * null at the end. A page may have few entries, or none, before the end: then it has looked at 5,000 movements.
 *
 * @param mode null for both modes
 */
export async function listTrail(
  context: Context,
  { merchantId, mode }: { merchantId: number; mode: Mode | null },
  filter: TrailFilter,
  { limit, before }: { limit: number; before: string | undefined },
): Promise<{ entries: TrailEntry[]; next: string | null }> {
  const actors = filter.by === undefined ? null : await actorsOf(context, merchantId, filter.by)
  const isOfMovement = filter.action === undefined || transactionKinds.some((kind) => kind === filter.action)
  const movesNothing = !isOfMovement || (filter.object !== undefined && !isUuid(filter.object))
  const end = filter.idsFrom ?? (movesNothing ? null : await endOfLook(context, { merchantId, mode }, filter, before))
  const common = sql`
    (${before ?? null}::uuid is null or d.id < ${before ?? null}::uuid)
    and (${end}::uuid is null or d.id >= ${end}::uuid)
    and (${filter.from ?? null}::timestamptz is null or d.created_at >= ${filter.from ?? null}::timestamptz)
    and (${filter.until ?? null}::timestamptz is null or d.created_at < ${filter.until ?? null}::timestamptz)
    and (${actors}::integer[] is null or d.actor_id = any(${actors}::integer[]))
  `
  const rows = await context.db.query<TrailRow>(sql`
    with found as (
      (
        select d.merchant_id, d.id, d.mode, d.created_at, d.action, d.object, d.actor_id, d.request_id as request_text,
          null::bytea as request_bytes, d.before::text, d.after::text
        from trail d
        where d.merchant_id = ${merchantId} and ${ofMode(mode)} and ${common}
          and (${filter.action ?? null}::text is null or d.action = ${filter.action ?? null})
          and (${filter.object ?? null}::text is null or d.object = ${filter.object ?? null})
          and (${filter.requestId ?? null}::text is null or d.request_id = ${filter.requestId ?? null})
        order by d.id desc
        limit ${limit}
      )
      ${movesNothing ? nothing : movements({ merchantId, mode }, filter, common, limit)}
    )
    select d.id, d.mode, d.created_at as at, d.action, d.object, d.request_text, d.request_bytes,
      d.before::json as before, d.after::json as after, r.reason, ${doerColumns}, doer.actor_address
    from found d
    left join risk_changes r
      on r.merchant_id = d.merchant_id and r.id = (d.after::json ->> 'riskChangeId')::bigint
    ${joinDoer(sql`d`)}
    order by d.id desc
    limit ${limit}
  `)
  const next = rows.length === limit ? (rows.at(-1)?.id ?? null) : end
  return { entries: rows.map(readEntry), next }
}

function movements(
  { merchantId, mode }: { merchantId: number; mode: Mode | null },
  { action, object, requestId }: TrailFilter,
  common: Sql,
  limit: number,
): Sql {
  const packed = requestId === undefined ? null : packRequestId(requestId)
  const ofObject = object === undefined ? nothing : sql`and d.id = ${object}::uuid`
  return sql`
    union all (
      select d.merchant_id, d.id, d.mode, d.created_at, d.kind as action, d.id::text as object, d.actor_id,
        null as request_text, d.request_id as request_bytes, null::text as before,
        json_build_object('amount', d.amount, 'currency', d.currency)::text as after
      from ledger_transactions d
      where d.merchant_id = ${merchantId} and ${ofMode(mode)} and ${common} ${ofObject}
        and (${packed}::bytea is null or d.request_id = ${packed}::bytea)
        and (${action ?? null}::text is null or d.kind = ${action ?? null})
      order by d.id desc
      limit ${limit}
    )
  `
}

function ofMode(mode: Mode | null): Sql {
  return mode === null ? sql`true` : sql`(d.mode is null or d.mode = ${mode})`
}

/** The last of the movements that a filtered page may look at; null if the page can look at all. */
async function endOfLook(
  context: Context,
  { merchantId, mode }: { merchantId: number; mode: Mode | null },
  { by, action, object, requestId, from }: TrailFilter,
  before: string | undefined,
): Promise<string | null> {
  const isSparse = by !== undefined || action !== undefined || requestId !== undefined || from !== undefined
  if (!isSparse || object !== undefined) return null
  const [row] = await context.db.query<{ id: string }>(sql`
    select d.id from ledger_transactions d
    where d.merchant_id = ${merchantId} and ${ofMode(mode)}
      and (${before ?? null}::uuid is null or d.id < ${before ?? null}::uuid)
    order by d.id desc
    limit 1 offset ${movementsLookedAt - 1}
  `)
  return row?.id ?? null
}

async function actorsOf(context: Context, merchantId: number, by: string): Promise<number[]> {
  const rows = await context.db.query<{ id: number }>(sql`
    select a.id from actors a
    left join api_keys k on k.merchant_id = a.merchant_id and k.id = a.api_key_id
    where a.merchant_id in (${merchantId}, 0)
      and (${actorKind(sql`a`)} = ${by} or a.api_key_id::text = ${by} or k.person_id::text = ${by} or a.subject = ${by}
        or host(a.address) = ${by})
  `)
  return rows.map(({ id }) => id)
}

/** Whatever nobody has asked for. */
export const background: Doer = {
  kind: 'background',
  apiKeyId: null,
  name: null,
  personId: null,
  personName: null,
  issuer: null,
  subject: null,
  surface: null,
}

export function readDoer(row: DoerRow): Doer {
  return {
    kind: row.actor_kind ?? 'background',
    apiKeyId: row.actor_key_id,
    name: row.actor_key_name,
    personId: row.actor_person_id,
    personName: row.actor_person_name,
    issuer: row.actor_issuer,
    subject: row.actor_subject,
    surface: row.actor_surface,
  }
}

function readEntry(row: TrailRow): TrailEntry {
  return {
    id: row.id,
    mode: row.mode,
    at: row.at,
    action: row.action,
    object: row.object,
    by: readDoer(row),
    address: row.actor_address,
    requestId: row.request_text ?? (row.request_bytes === null ? null : unpackRequestId(row.request_bytes)),
    before: row.before,
    after: row.after?.riskChangeId === undefined ? row.after : withReason(row.after, row.reason),
  }
}

function withReason({ riskChangeId: _, ...after }: Record<string, unknown>, reason: string | null) {
  return { ...after, reason }
}
