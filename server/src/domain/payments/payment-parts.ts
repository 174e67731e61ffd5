import { ServiceError } from '../../base/errors.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type IdempotentRequest, storedKey } from '../idempotency/request.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { joinAssigned, type Refund } from '../wallet/refunds.ts'
import { takenOfSuspended } from '../wallet/suspense.ts'

/*
 * Which parts of a payment are with whom. Money in suspense that an account took, and brought back because a dispute was won or
 * a refund failed, is in suspense again as money of its own, and may be assigned to somebody else. So a payment in suspense has a
 * part that came first, and one for each time that money came back.
 */

/** Money in suspense of one payment. */
export interface PaymentPart {
  /** The ledger transaction that brought it into suspense. The first part has that of the payment. */
  id: string
  /** The dispute that has brought it back; null for the part that came first. */
  disputeId: string | null
  /** The movement that assigned it to a customer; null while nobody has it. */
  assignedId: string | null
  /**
   * Minor units of the part that can still go back: the account has not taken them and is not taking them, and no refund or hold has
   * them. Money that a person has given back counts until the account tells of it.
   */
  left: bigint
  /** Minor units besides that are reserved for refunds and disputes that are open. */
  held: bigint
}

/** What a dispute takes of a part. */
export interface Taking {
  /** Null for money that no part has: it is the merchant's. */
  partId: string | null
  /** Minor units. */
  amount: bigint
  /** How often the dispute had moved money before. */
  time: number
}

/** As its dispute keeps it. */
export interface StoredTaking extends Omit<Taking, 'amount'> {
  amount: number
}

export function readTaking({ amount, ...taking }: StoredTaking): Taking {
  return { ...taking, amount: BigInt(amount) }
}

/** As JSON of `StoredTaking`s. */
export function writeTakings(takings: readonly Taking[]): string {
  return JSON.stringify(takings.map((each): StoredTaking => ({ ...each, amount: Number(each.amount) })))
}

/** What the dispute `d` takes of the part with an id: all of it, where it takes of this part alone. */
function takenOf(partId: Sql): Sql {
  return sql`coalesce((
    select (k ->> 'amount')::bigint from json_array_elements(d.takings) k where k ->> 'partId' = ${partId}
  ), d.amount)`
}

/** What the dispute `d` has counted of the giving back of a part before its present taking. */
export function countedBefore(partId: Sql): Sql {
  return sql`coalesce((
    select sum((k ->> 'amount')::bigint) from json_array_elements(d.given_back) k where k ->> 'partId' = ${partId}
  ), 0)`
}

/** What a dispute has counted of givings back, once it has its present taking behind it. */
export function givenBackAfter(dispute: Sql): Sql {
  return sql`(${dispute}.given_back::jsonb || coalesce((
    select jsonb_agg(k)
    from jsonb_array_elements(${dispute}.takings::jsonb) k
    join suspense_decisions g
      on g.merchant_id = ${dispute}.merchant_id and g.id = any(${dispute}.movement_ids) and g.reference = k ->> 'partId'
      and g.outcome = 'given_back' and g.dispute_turn is null
  ), '[]'))::json`
}

/** What the dispute `d` has counted of the giving back of a part, as often as it has taken. What it is only about to take is not in it. */
export function countedOf(partId: Sql): Sql {
  return sql`(${countedBefore(partId)} + case json_array_length(d.takings) when 0 then d.amount else coalesce((
    select sum((k ->> 'amount')::bigint) from json_array_elements(d.takings) k
    where k ->> 'partId' = ${partId} and not (d.state <> 'lost' and (k ->> 'time')::integer = d.movements)
  ), 0) end)`
}

/** The movement that brought the payment whose money the ledger transaction `t` brought into suspense. */
const payment = sql`
  coalesce((
    select d.original_id from disputes d
    where t.kind = 'suspended' and d.merchant_id = t.merchant_id and d.id = (t.details ->> 'disputeId')::uuid
  ), t.id)
`

/** Selects as `id` the movement of which the one with an id brought a part: itself for all money that came at once. */
export function paymentOf({ merchant }: Tenant, id: string | Sql): Sql {
  return sql`
    select ${payment} as id from ledger_transactions t where t.merchant_id = ${merchant.id} and t.id = ${id}::uuid
  `
}

/** Selects as `id` the movement that brought a payment and all movements of its disputes: the ones that brought its parts are among them. */
export function partIds({ merchant }: Tenant, paymentId: Sql): Sql {
  return sql`
    select ${paymentId} as id
    union
    select m.id
    from disputes d
    cross join unnest(d.movement_ids) as m (id)
    where d.merchant_id = ${merchant.id} and d.original_id = ${paymentId}
  `
}

/**
 * The parts of a payment, by the id of a movement that brought a part or assigned it: the one that came first, then as they came
 * back. None of a payment that was not in suspense.
 */
export async function listParts({ db }: Context, { merchant, mode }: Tenant, id: string): Promise<PaymentPart[]> {
  const rows = await db.query<{
    id: string
    dispute_id: string | null
    assigned_id: string | null
    left: bigint
    held: bigint
  }>(sql`
    with payment as materialized (
      select t.merchant_id, ${payment} as id
      from ledger_transactions o
      join ledger_transactions t
        on t.merchant_id = o.merchant_id
        and t.id = case when o.kind = 'assigned' then (o.details ->> 'suspendedId')::uuid else o.id end
      where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.id = ${id}::uuid
    ),
    -- A refund and the dispute that it ends have the same movement. One that does not name its part is of the money that came
    -- back last.
    moved as materialized (
      select distinct on (t.id)
        t.id, t.kind, t.amount,
        coalesce((t.details ->> 'suspendedId')::uuid, (
          select s.id
          from unnest(d.movement_ids) with ordinality as b (id, place)
          join ledger_transactions s on s.merchant_id = d.merchant_id and s.id = b.id and s.kind = 'suspended'
          where b.place < m.place
          order by b.place desc
          limit 1
        ), p.id) as part_id
      from payment p
      join disputes d on d.merchant_id = p.merchant_id and d.original_id = p.id
      cross join unnest(d.movement_ids) with ordinality as m (id, place)
      join ledger_transactions t on t.merchant_id = d.merchant_id and t.id = m.id
      where t.details ->> 'isOfNoPart' is null
      order by t.id, m.place
    )
    select
      t.id, t.details ->> 'disputeId' as dispute_id, da.id as assigned_id, coalesce(h.amount, 0)::bigint as held,
      (case
        when da.id is not null then coalesce(da.amount, t.amount) - coalesce(f.amount, 0) - coalesce((
          select sum(case m.kind when 'chargeback' then m.amount when 'chargeback_returned' then -m.amount end)
          from moved m
          where m.part_id = t.id
        ), 0)
        when g.id is not null then coalesce(g.amount, t.amount) - coalesce((
          select sum(${countedOf(sql`t.id::text`)}) from disputes d
          where d.merchant_id = p.merchant_id and d.original_id = p.id and g.id = any(d.movement_ids) and not ${isOfRefund}
        ), 0)
        else t.amount - ${takenOfSuspended}
      end - coalesce((
        select sum(${takenOf(sql`t.id::text`)}) from disputes d
        where d.merchant_id = p.merchant_id and d.original_id = p.id and d.state <> 'lost'
          and exists (
            select from json_array_elements(d.takings) k
            where k ->> 'partId' = t.id::text and (k ->> 'time')::integer = d.movements
          )
      ), 0))::bigint as left
    from payment p
    join (
      select id from payment
      union
      select id from moved where kind = 'suspended'
    ) n on true
    join ledger_transactions t on t.merchant_id = p.merchant_id and t.id = n.id and t.kind = 'suspended'
    ${joinAssigned}
    left join suspense_decisions g
      on g.merchant_id = t.merchant_id and g.mode = t.mode and g.reference = t.id::text and g.outcome = 'given_back'
      and g.state <> 'refused' and g.dispute_turn is null
    left join refund_totals f on f.merchant_id = t.merchant_id and f.transaction_id = da.id
    left join lateral (
      select sum(h.amount) as amount from holds h
      where h.merchant_id = t.merchant_id and h.original_id = da.id and h.status = 'placed'
    ) h on true
    order by t.id <> p.id, t.id
  `)
  return rows.map((row) => ({
    id: row.id,
    disputeId: row.dispute_id,
    assignedId: row.assigned_id,
    left: row.left,
    held: row.held,
  }))
}

/** The dispute `d` is a refund at the account that was told before the dispute that it has ended: it is the same. */
export const isOfRefund = sql`exists (
  select from disputes e
  where e.merchant_id = d.merchant_id and e.original_id = d.original_id and d.category = 'refund'
    -- A server of the release before notes the last one alone.
    and substr(d.outside_id, 8) = any(e.refund_names || e.refund_name)
)`

/** The money of a payment that is to be given back. */
export interface ChosenPart {
  /** The movement that brought it. */
  id: string
  /** The movement that brought the payment. */
  paymentId: string
  /** As a `PaymentPart` has it; null for money that was not in suspense. */
  left: bigint | null
  /** Another part may be chosen in its place, if it has not got the amount any more once the ledger looks. */
  isTry: boolean
}

/** The beginning of a refusal to choose among parts. */
export const inParts = 'The money of the payment is in parts, which were assigned one by one'

/** A refund by the name of the money that it gives back. */
interface Wanted {
  kind: Refund['kind']
  transactionId: string
  /** Minor units; null for the whole rest. */
  amount: bigint | null
  /** The parts of which the ledger has refused it. */
  tried: readonly string[]
}

/**
 * The part that a refund gives back. The id of the movement that brought or assigned a part names this one. The id of the movement
 * that brought the payment stands for the payment, as its reference does: then it is the first part with the amount left, and for a
 * request that came before, the part of then. Without an amount only one may have anything left. Throws `invalid_request`,
 * `refund_exceeded`.
 */
export async function choosePart(
  context: Context,
  tenant: Tenant,
  { transactionId, ...wanted }: Wanted,
  request: IdempotentRequest | null,
): Promise<ChosenPart> {
  const parts = await listParts(context, tenant, transactionId)
  const paymentId = parts[0]?.id ?? transactionId
  const owned = parts.filter(({ assignedId }) => assignedId !== null)
  if (transactionId === paymentId && owned.length > 1) {
    return { ...(await chooseOf(context, tenant, { owned, ...wanted }, request)), paymentId }
  }
  const isNamed = ({ id, assignedId }: PaymentPart) => [id, assignedId].includes(transactionId)
  const named = (transactionId === paymentId ? undefined : parts.find(isNamed)) ?? owned[0]
  const part = named ?? { id: transactionId, left: null }
  return { ...part, paymentId, isTry: false }
}

async function chooseOf(
  context: Context,
  tenant: Tenant,
  { owned, kind, amount, tried }: Omit<Wanted, 'transactionId'> & { owned: readonly PaymentPart[] },
  request: IdempotentRequest | null,
): Promise<Omit<ChosenPart, 'paymentId'>> {
  const [first] = owned as [PaymentPart, ...PaymentPart[]]
  const known = await findChosen(context, tenant, request)
  if (known !== null) return { ...(owned.find(({ id }) => id === known.id) ?? first), isTry: false }
  const some = owned.filter(({ left }) => left > 0n)
  const hasEnough = ({ id, left }: PaymentPart) => amount !== null && left >= amount && !tried.includes(id)
  const chosen = some.length < 2 ? (some[0] ?? first) : some.find(hasEnough)
  if (chosen !== undefined) return { ...chosen, isTry: !tried.includes(chosen.id) }
  const list = some.map(({ assignedId, left }) => `txn_${assignedId} (${left} minor units left)`).join(', ')
  if (amount !== null)
    throw new ServiceError('refund_exceeded', `${inParts}, and none has so much left: ${list}`, 'amount')
  const name = kind === 'refund' ? 'name an amount, or one of' : 'name one of'
  throw new ServiceError('invalid_request', `${inParts}: ${name} ${list}`, 'transactionId')
}

/** The part that a request has given back before; null for a request that is new. */
async function findChosen(
  { db }: Context,
  { merchant, mode }: Tenant,
  request: IdempotentRequest | null,
): Promise<{ id: string | null } | null> {
  if (request === null) return null
  const [row] = await db.query<{ id: string | null }>(sql`
    select coalesce(r.original_id, (o.details ->> 'suspendedId')::uuid) as id
    from idempotency_keys k
    left join refunds r on r.merchant_id = k.merchant_id and r.id = k.result_id
    left join ledger_transactions t on t.merchant_id = k.merchant_id and t.id = k.result_id
    left join ledger_transactions o on o.merchant_id = t.merchant_id and o.id = t.reverses_id
    where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.key = ${storedKey(request)}
  `)
  return row ?? null
}

/** The ids by which refunds name what they give back, of a part or of a whole payment. */
export async function findSameMoney(context: Context, tenant: Tenant, id: string): Promise<string[]> {
  const parts = await listParts(context, tenant, id)
  const same = id === parts[0]?.id ? parts : parts.filter((each) => [each.id, each.assignedId].includes(id))
  return same.length === 0
    ? [id]
    : same.flatMap((each) => (each.assignedId === null ? [each.id] : [each.id, each.assignedId]))
}
