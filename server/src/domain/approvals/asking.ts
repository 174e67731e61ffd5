import { uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { recordEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { packRequestId, recordDeed } from '../trail/trail.ts'
import { type Approval, type ApprovalKind, type ApprovalNeed, getApproval } from './approval-records.ts'
import { type Asker, readAsker } from './lineage.ts'

/** What nobody has decided by then is denied. */
const patienceMs = 72 * 60 * 60 * 1000

/** A movement that somebody asks for, and that may need a second person. */
export interface ApprovalWish {
  readonly kind: ApprovalKind
  /** The id of the row that the caller has written in the same transaction. */
  readonly subjectId: string
  readonly customer: { readonly id: bigint } | null
  readonly amount: bigint
  readonly currency: Currency
  readonly reference: string
  /** Whether the money goes to a destination that was never paid. Default false. */
  readonly isNewDestination?: boolean
  /** What an approver has to know beside the amount; the words of people are under `words`, which an erasure removes. */
  readonly details: { readonly words?: Readonly<Record<string, string | null>>; readonly [member: string]: unknown }
}

interface Limits {
  new_destinations: boolean
  amount_over: bigint | null
  daily_sum_over: bigint | null
}

/** Whether a wish of this currency could need a second person at all: a company of one has nothing to look at. */
export async function mayNeedApproval(context: Context, tenant: Tenant, currency: Currency): Promise<boolean> {
  return (await readLimits(context, tenant, currency)) !== null
}

/**
 * Says whether a wish needs a second person, and records that it waits, in the commit of the wish: call it once for each wish,
 * after its row was written, and let the row wait if there is an approval. Null for a wish that may be done; its amount then
 * counts for the sum of its asker and day. Wishes of one asker with such a limit follow each other.
 */
export async function askForApproval(tx: TxContext, tenant: Tenant, wish: ApprovalWish): Promise<Approval | null> {
  const limits = await readLimits(tx, tenant, wish.currency)
  if (limits === null) return null
  const asker = await readAsker(tx, tenant)
  const needs: ApprovalNeed[] = []
  if (limits.amount_over !== null && wish.amount > limits.amount_over) needs.push('amount')
  if (limits.new_destinations && wish.isNewDestination) needs.push('new_destination')
  if (limits.daily_sum_over !== null) {
    const sum = await lockSum(tx, tenant, asker, wish.currency)
    if (sum + wish.amount > limits.daily_sum_over) needs.push('daily_sum')
    if (needs.length === 0) await addToSum(tx, tenant, asker, wish)
  }
  return needs.length === 0 ? null : recordApproval(tx, tenant, { ...wish, needs })
}

/** Records that something waits for a second person, whatever the limits say, with its event. */
export async function recordApproval(
  tx: TxContext,
  tenant: Tenant,
  wish: Pick<ApprovalWish, 'kind' | 'subjectId' | 'details'> &
    Partial<Pick<ApprovalWish, 'customer' | 'amount' | 'currency' | 'reference'>> & { needs: readonly ApprovalNeed[] },
): Promise<Approval> {
  const { merchant, mode, actor } = tenant
  const { kind, subjectId, customer = null, amount = null, currency = null, reference = null, needs, details } = wish
  const { lineage } = await readAsker(tx, tenant)
  const now = tx.clock.now()
  const id = uuidV7(tx.random, now)
  const expiresAt = new Date(now.getTime() + patienceMs)
  await tx.db.query(sql`
    insert into approvals (
      merchant_id, id, mode, kind, subject_id, customer_id, amount, currency, reference, needs, details, actor_id, request_id,
      asker_keys, asker_people, expires_at, due_at, created_at
    )
    values (
      ${merchant.id}, ${id}, ${mode}, ${kind}, ${subjectId}, ${customer?.id ?? null}, ${amount}, ${currency}, ${reference},
      ${[...needs]}::text[], ${JSON.stringify(details)}::json, ${actor?.id ?? null}::integer,
      ${actor === undefined ? null : packRequestId(actor.requestId)}::bytea, ${[...lineage.keys]}::uuid[],
      ${[...lineage.people]}::uuid[], ${expiresAt}, ${expiresAt}, ${now}
    )
  `)
  const approval = await getApproval(tx, tenant, { id })
  await recordApprovalEvent(tx, tenant, approval, customer)
  const change = { object: id, after: { status: 'waiting', kind, subjectId, needs: [...needs] } }
  // A request that is done around work outside notes nothing itself.
  if (tx.changes !== undefined) noteChange(tx, change)
  else if (actor !== undefined) {
    const scope = { merchantId: merchant.id, mode }
    await recordDeed(tx, scope, { actor, action: 'requestApproval', object: id }, [change])
  }
  return approval
}

/** Records what became of an approval, in the commit that made it so. The words of people are not sent to addresses outside. */
export function recordApprovalEvent(
  tx: TxContext,
  tenant: Tenant,
  approval: Approval,
  customer: { readonly id: bigint } | null,
): Promise<void> {
  const { id, kind, subjectId, amount, currency, reference, needs, status, denial, expiresAt } = approval
  const types = { waiting: 'approval.requested', approved: 'approval.approved', denied: 'approval.denied' } as const
  return recordEvent(tx, tenant, {
    type: types[status],
    customer,
    details: {
      approvalId: id,
      kind,
      subjectId,
      amount: amount === null ? null : Number(amount),
      currency,
      reference,
      needs,
      status,
      denial,
      expiresAt: expiresAt.toISOString(),
    },
  })
}

async function readLimits({ db }: Context, { merchant, mode }: Tenant, currency: Currency): Promise<Limits | null> {
  const [row] = await db.query<Limits>(sql`
    select s.new_destinations, l.amount_over, l.daily_sum_over
    from approval_settings s
    left join approval_limits l on l.merchant_id = s.merchant_id and l.mode = s.mode and l.currency = ${currency}
    where s.merchant_id = ${merchant.id} and s.mode = ${mode}
      and (s.new_destinations or l.amount_over is not null or l.daily_sum_over is not null)
  `)
  return row ?? null
}

/**
 * What the asker has moved today without a second person. Others of the asker wait until the transaction ends. The day ends in the time
 * zone in which it began: a change of the zone ends none.
 */
async function lockSum(
  tx: TxContext,
  { merchant, mode }: Tenant,
  { name }: Asker,
  currency: Currency,
): Promise<bigint> {
  const [row] = await tx.db.query<{ amount: bigint }>(sql`
    insert into approval_sums as s (merchant_id, mode, asker, currency, day, time_zone, amount)
    values (
      ${merchant.id}, ${mode}, ${name}, ${currency},
      (${tx.clock.now()}::timestamptz at time zone ${merchant.timeZone})::date, ${merchant.timeZone}, 0
    )
    on conflict (merchant_id, mode, asker, currency) do update set
      amount = case when ${isSameDay(tx.clock.now())} then s.amount else 0 end,
      day = case when ${isSameDay(tx.clock.now())} then s.day else excluded.day end,
      time_zone = case when ${isSameDay(tx.clock.now())} then coalesce(s.time_zone, excluded.time_zone) else excluded.time_zone end
    returning s.amount::bigint as amount
  `)
  return row?.amount ?? 0n
}

function isSameDay(now: Date): Sql {
  return sql`s.day = (${now}::timestamptz at time zone coalesce(s.time_zone, excluded.time_zone))::date`
}

async function addToSum(
  tx: TxContext,
  { merchant, mode }: Tenant,
  { name }: Asker,
  { amount, currency }: Pick<ApprovalWish, 'amount' | 'currency'>,
): Promise<void> {
  await tx.db.query(sql`
    update approval_sums set amount = amount + ${amount}::bigint
    where merchant_id = ${merchant.id} and mode = ${mode} and asker = ${name} and currency = ${currency}
  `)
}
