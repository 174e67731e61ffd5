import { ServiceError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import { type Lineage, secondPersonOf } from './lineage.ts'

/** The things that can wait for a second person. */
export const approvalKinds = [
  'adjustment',
  'pay_in',
  'payout',
  'payout_settlement',
  'refund_settlement',
  'approval_settings',
  'payout_settings',
] as const

export type ApprovalKind = (typeof approvalKinds)[number]

export const approvalStatuses = ['waiting', 'approved', 'denied'] as const

export type ApprovalStatus = (typeof approvalStatuses)[number]

/**
 * Why a second person is needed: the amount is over the limit; the sum of the asker and day is; the money goes to a destination
 * that was never paid; the bank does not confirm the name of the payee; a thing of this kind always needs one.
 */
export const approvalNeeds = ['amount', 'daily_sum', 'new_destination', 'name_difference', 'always'] as const

export type ApprovalNeed = (typeof approvalNeeds)[number]

/** A wish that waits for a second person, or waited. */
export interface Approval {
  readonly id: string
  readonly kind: ApprovalKind
  /** The id of the thing that waits. */
  readonly subjectId: string
  readonly customerCode: string | null
  /** Minor units. Null, as the currency, for a thing that is no money. */
  readonly amount: bigint | null
  readonly currency: Currency | null
  readonly reference: string | null
  readonly needs: readonly ApprovalNeed[]
  /** What an approver has to know beside the amount; by kind. */
  readonly details: Readonly<Record<string, unknown>>
  readonly status: ApprovalStatus
  /** Who ended it with a no: a person; nobody in time; or nobody, because the thing has ended otherwise. Null unless it is denied. */
  readonly denial: 'person' | 'expired' | 'withdrawn' | null
  /** The words of a person who denied it. */
  readonly reason: string | null
  readonly by: Doer
  readonly decidedBy: Doer | null
  readonly createdAt: Date
  readonly decidedAt: Date | null
  /** From this time on nobody can approve it. */
  readonly expiresAt: Date
  /** Of the asker. */
  readonly lineage: Lineage
}

/** An approval by its own id, or the last one of a thing. */
export type ApprovalName = { readonly id: string } | Pick<Approval, 'kind' | 'subjectId'>

interface ApprovalRow extends DoerRow {
  id: string
  kind: ApprovalKind
  subject_id: string
  customer_id: bigint | null
  customer_code: string | null
  amount: bigint | null
  currency: Currency | null
  reference: string | null
  needs: ApprovalNeed[]
  details: Record<string, unknown>
  status: ApprovalStatus
  reason: string | null
  asker_keys: string[]
  asker_people: string[]
  decided_actor_id: number | null
  decider: DoerRow
  created_at: Date
  decided_at: Date | null
  expires_at: Date
}

export interface ApprovalFilter {
  readonly status?: ApprovalStatus | undefined
  readonly kind?: ApprovalKind | undefined
  /** The waiting ones that the key may approve; none for a key that may approve nothing. */
  readonly decidableBy?: { readonly apiKeyId: string | null } | undefined
}

/** Throws `approval_not_found`. */
export async function getApproval(context: Context, tenant: Tenant, name: ApprovalName): Promise<Approval> {
  const id = 'id' in name ? name.id : name.subjectId
  const matching =
    'id' in name ? sql`w.id = ${id}` : sql`w.kind = ${name.kind} and w.subject_id = ${id} order by w.id desc limit 1`
  const [approval] = isUuid(id) ? await select(context, tenant, matching) : []
  if (approval !== undefined) return approval
  throw new ServiceError('approval_not_found', `There is no approval ${JSON.stringify(id)}`)
}

/** Reads like `getApproval`, and locks the row until the transaction ends. */
export async function lockApproval(tx: Context, tenant: Tenant, name: ApprovalName): Promise<Approval> {
  const { id } = await getApproval(tx, tenant, name)
  await tx.db.query(sql`
    select id from approvals where merchant_id = ${tenant.merchant.id} and id = ${id} for no key update
  `)
  return getApproval(tx, tenant, { id })
}

/** The waiting approval of a kind, of which one waits at a time; with `subjectId` that of a thing. Null if none waits. */
export async function findWaiting(
  context: Context,
  tenant: Tenant,
  { kind, subjectId }: { kind: ApprovalKind; subjectId?: string },
): Promise<Approval | null> {
  const ofThing = subjectId === undefined ? nothing : sql`and w.subject_id = ${subjectId}`
  const matching = sql`w.status = 'waiting' and w.kind = ${kind} ${ofThing} order by w.id limit 1`
  const [waiting] = await select(context, tenant, matching)
  return waiting ?? null
}

/** Newest first, from those older than `before`. */
export async function listApprovals(
  context: Context,
  tenant: Tenant,
  { status, kind, decidableBy }: ApprovalFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<Approval[]> {
  const decidable = decidableBy === undefined ? nothing : await decidableBySecond(context, tenant, decidableBy.apiKeyId)
  if (decidable === null) return []
  const conditions = [
    status === undefined ? nothing : sql`and w.status = ${status}`,
    kind === undefined ? nothing : sql`and w.kind = ${kind}`,
    before === undefined ? nothing : sql`and w.id < ${before}::uuid`,
  ] as const
  const [inStatus, ofKind, older] = conditions
  const matching = sql`true ${inStatus} ${ofKind} ${older} ${decidable} order by w.id desc limit ${limit}`
  return select(context, tenant, matching)
}

async function decidableBySecond(context: Context, tenant: Tenant, apiKeyId: string | null): Promise<Sql | null> {
  const second = apiKeyId === null ? null : await secondPersonOf(context, tenant, apiKeyId)
  if (second === null) return null
  const { keys, people } = second.lineage
  return sql`
    and w.status = 'waiting' and w.expires_at > ${context.clock.now()}
    and not w.asker_keys && ${keys}::uuid[] and not w.asker_people && ${people}::uuid[]
    and not exists (
      select from actors a
      where a.merchant_id = w.merchant_id and a.id = w.actor_id and a.issuer is not null and a.api_key_id is null
    )
  `
}

async function select(context: Context, { merchant, mode }: Tenant, matching: Sql): Promise<Approval[]> {
  const rows = await context.db.query<ApprovalRow>(sql`
    select w.id, w.kind, w.subject_id, c.code as customer_code, w.amount, w.currency, w.reference, w.needs, w.details,
      w.status, w.reason, w.asker_keys, w.asker_people, w.decided_actor_id, decider.doer as decider, w.created_at,
      w.decided_at, w.expires_at, ${doerColumns}
    from approvals w
    left join customers c on c.merchant_id = w.merchant_id and c.id = w.customer_id
    ${joinDoer(sql`w`)}
    left join lateral (
      select row_to_json(d) as doer
      from (
        select ${doerColumns}
        from (select w.merchant_id, w.decided_actor_id as actor_id, w.decided_at as created_at) r
        ${joinDoer(sql`r`)}
      ) d
    ) decider on true
    where w.merchant_id = ${merchant.id} and w.mode = ${mode} and ${matching}
  `)
  return rows.map(readApproval)
}

function readApproval(row: ApprovalRow): Approval {
  const { decided_actor_id: decider } = row
  return {
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    customerCode: row.customer_code,
    amount: row.amount,
    currency: row.currency,
    reference: row.reference,
    needs: row.needs,
    details: row.details,
    status: row.status,
    denial: denialOf(row),
    reason: row.reason,
    by: readDoer(row),
    decidedBy: decider === null ? null : readDoer(row.decider),
    createdAt: row.created_at,
    decidedAt: row.decided_at,
    expiresAt: row.expires_at,
    lineage: { keys: row.asker_keys, people: row.asker_people },
  }
}

/** Nobody ends one before its time but with the thing itself. */
function denialOf({
  status,
  decided_actor_id: decider,
  decided_at: at,
  expires_at: end,
}: ApprovalRow): Approval['denial'] {
  if (status !== 'denied') return null
  if (decider !== null) return 'person'
  return at !== null && at < end ? 'withdrawn' : 'expired'
}
