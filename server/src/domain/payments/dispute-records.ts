import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { pageByNumber, pageOfMatches } from '../../db/numbered-lists.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Customer, CustomerSnapshot } from '../customers/customers.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import { joinAssigned } from '../wallet/refunds.ts'
import type { DisputeState } from './dispute-states.ts'
import {
  isOfRefund,
  listParts,
  partIds,
  paymentOf,
  readTaking,
  type StoredTaking,
  type Taking,
} from './payment-parts.ts'

/** Who has borne the money that was taken back. */
export type Bearer = 'customer' | 'merchant' | 'suspense'

/** Money that a payer takes back from outside. */
export interface Dispute {
  id: string
  mode: Mode
  /** Its id where ids are numbers; null for a dispute of money that was paid under no reference. */
  wireId: bigint | null
  /** The account at a processor that told of it last, and is asked about it; 0 for the sandbox. */
  accountId: bigint
  /** The account's id of it; `refund/…` for a refund that was made at the account, and not here. */
  outsideId: string
  /** Such as `chargeback`; `refund` for a refund that was made at the account. */
  category: string
  /** The ledger transaction that brought the money. */
  transactionId: string
  /** `pi_…`, null for money that came without a payment intent. */
  paymentIntentId: string | null
  /** The account's name of the payment. */
  outsideReference: string | null
  customerId: bigint | null
  customerCode: string | null
  /** Minor units that the payer wants back. */
  askedAmount: bigint
  /** Minor units that the payer gets if it is lost: the merchant may offer less. */
  amount: bigint
  currency: Currency
  state: DisputeState
  /** Why a person has to look; null in other states. */
  stateReason: string | null
  /** How it was decided, in Paystack's words: `merchant-accepted`, `auto-accepted`, `declined`; `refunded` for a refund. */
  resolution: string | null
  /** The payer's words. */
  complaint: string | null
  /** Until when the merchant has to answer. */
  respondBy: Date | null
  remindedAt: Date | null
  /** Null while no money has moved. */
  borneBy: Bearer | null
  /** How many movements were made for it. */
  movements: number
  /** The ledger transaction that took the money, or the last one that gave it back. */
  movementId: string | null
  /** All that took the money or gave it back. */
  movementIds: readonly string[]
  /** What it takes of the parts of money in suspense, now or the last time; empty for other money. */
  takings: readonly Taking[]
  /** The account's id of the refund by which the money went back, the last one. */
  refundName: string | null
  /** The account's ids of all refunds by which it went back, now or before. */
  refundNames: readonly string[]
  holdId: string | null
  /** How the sandbox decides it once it is declined. */
  afterDecline: Exclude<DisputeState, 'open'>
  evidence: DisputeEvidence | null
  /** The names of files, as the merchant has told them. */
  attachments: readonly string[]
  messages: readonly DisputeMessage[]
  history: readonly DisputeStep[]
  resolvedAt: Date | null
  createdAt: Date
  updatedAt: Date
  payment: DisputedPayment | null
  customer: CustomerSnapshot | null
  /** Who has accepted or declined it here. */
  by: Doer
}

/** What the merchant says in its defence. */
export interface DisputeEvidence {
  id: number
  customerEmail: string
  customerName: string
  customerPhone: string
  serviceDetails: string
  deliveryAddress: string | null
  deliveryDate: string | null
  createdAt: string
}

export type NewEvidence = Omit<DisputeEvidence, 'id' | 'createdAt'>

export interface DisputeMessage {
  sender: string
  body: string
  createdAt: string
}

export interface DisputeStep {
  state: DisputeState
  by: string
  createdAt: string
}

/** The payment that is disputed. */
export interface DisputedPayment {
  id: number
  reference: string
  amount: bigint
  /** Minor units that the processor has kept; null where it is not known. */
  fee: bigint | null
  channel: string | null
  status: string
  paidAt: Date | null
  createdAt: Date
  bin: string | null
  last4: string | null
}

interface DisputeRow extends DoerRow {
  id: string
  mode: Mode
  wire_id: bigint | null
  account_id: bigint
  outside_id: string
  category: string
  original_id: string
  payment_intent_id: string | null
  outside_reference: string | null
  customer_id: bigint | null
  asked_amount: bigint
  amount: bigint
  currency: Currency
  state: DisputeState
  state_reason: string | null
  resolution: string | null
  complaint: string | null
  respond_by: Date | null
  reminded_at: Date | null
  borne_by: Bearer | null
  movements: number
  movement_id: string | null
  movement_ids: string[]
  takings: StoredTaking[]
  refund_name: string | null
  refund_names: string[]
  hold_id: string | null
  after_decline: Exclude<DisputeState, 'open'> | null
  evidence: DisputeEvidence | null
  attachments: string[]
  messages: DisputeMessage[]
  history: DisputeStep[]
  resolved_at: Date | null
  created_at: Date
  updated_at: Date
  payment_id: bigint | null
  payment_reference: string | null
  payment_amount: bigint | null
  payment_fee: bigint | null
  payment_channel: string | null
  payment_status: string | null
  payment_paid_at: Date | null
  payment_created_at: Date | null
  bin: string | null
  last4: string | null
  customer: CustomerSnapshot | null
  customer_code: string | null
}

/** The columns of a `DisputeRow`, where `r` is the table and `withParts` has joined the rest. */
const disputeColumns = sql`
  r.id, r.mode, r.wire_id, r.account_id, r.outside_id, r.category, r.original_id, r.payment_intent_id, r.outside_reference,
  r.customer_id, r.asked_amount, r.amount, r.currency, r.state, r.state_reason, r.resolution, r.complaint, r.respond_by, r.reminded_at,
  r.borne_by, r.movements, r.movement_id, r.movement_ids, r.takings, r.refund_name, array_remove(r.refund_names || r.refund_name, null) as refund_names, r.hold_id, r.after_decline, r.evidence, r.attachments, r.messages, r.history,
  r.resolved_at, r.created_at, r.updated_at, pay.id as payment_id, pay.reference as payment_reference,
  pay.amount as payment_amount, pay.fee as payment_fee, pay.channel as payment_channel, pay.status as payment_status,
  pay.paid_at as payment_paid_at, pay.created_at as payment_created_at, p.bin, p.last4, c.code as customer_code,
  case when c.id is not null then customer_snapshot(c) end as customer, ${doerColumns}
`
const withParts = sql`
  left join payments pay on pay.merchant_id = r.merchant_id and pay.payment_intent_id = r.payment_intent_id
  left join payment_intents i on i.merchant_id = r.merchant_id and i.id = r.payment_intent_id
  left join payment_methods p on p.merchant_id = i.merchant_id and p.id = i.payment_method_id
  left join customers c on c.merchant_id = r.merchant_id and c.id = r.customer_id
  ${joinDoer(sql`r`)}
`

/** One of the names of a dispute. */
export type DisputeName = { id: string } | { wireId: bigint } | { transactionId: string; outsideId: string }

/** Null for a name of no dispute. */
export async function findDispute(context: Context, tenant: Tenant, name: DisputeName): Promise<Dispute | null> {
  if ('id' in name && !isUuid(name.id)) return null
  const [dispute] = await select(context, tenant, sql`${named(name)} limit 1`)
  return dispute ?? null
}

function named(name: DisputeName): Sql {
  if ('id' in name) return sql`r.id = ${name.id}`
  if ('wireId' in name) return sql`r.wire_id = ${name.wireId}`
  return sql`r.original_id = ${name.transactionId} and r.outside_id = ${name.outsideId}`
}

/** The disputes of the money that a ledger transaction brought. */
export function listDisputesOf(context: Context, tenant: Tenant, transactionId: string): Promise<Dispute[]> {
  const matching = sql`r.original_id = ${transactionId}::uuid order by r.id limit 1000`
  return select(context, tenant, matching, sql`order by r.id`)
}

export interface DisputeFilter {
  transactionId?: string | undefined
  customer?: Customer | undefined
  state?: DisputeState | undefined
}

/**
 * Newest first, from those older than `before`. A dispute is of a whole payment, whichever of its parts a transaction names. Those of a
 * customer are also the ones that have taken from a part that was assigned to the customer.
 */
export async function listDisputes(
  context: Context,
  tenant: Tenant,
  { transactionId, customer, state }: DisputeFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<Dispute[]> {
  const parts = transactionId === undefined ? [] : await listParts(context, tenant, transactionId)
  const originalId = parts[0]?.id ?? transactionId
  return select(
    context,
    tenant,
    sql`
      r.id < ${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid
      ${originalId === undefined ? nothing : sql`and r.original_id = ${originalId}::uuid`}
      ${customer === undefined ? nothing : sql`and r.id in (${disputesOf(tenant, customer)})`}
      ${state === undefined ? nothing : sql`and r.state = ${state}`}
      order by r.id desc
      limit ${limit}
    `,
    sql`order by r.id desc`,
  )
}

/** Selects the ids of the disputes of a customer. Each row is found by an index. */
function disputesOf(tenant: Tenant, { id }: Pick<Customer, 'id'>): Sql {
  const { merchant, mode } = tenant
  return sql`
    select d.id from disputes d where d.merchant_id = ${merchant.id} and d.customer_id = ${id}
    union
    select d.id
    from suspense_decisions s
    join disputes d on d.merchant_id = s.merchant_id and d.original_id = (${paymentOf(tenant, sql`s.reference`)})
    where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.customer_id = ${id} and s.outcome = 'assigned'
      and exists (
        select
        from unnest(d.movement_ids) as m (id)
        join ledger_transactions t on t.merchant_id = d.merchant_id and t.id = m.id
        join ledger_accounts a on a.merchant_id = t.merchant_id and a.id = t.from_account_id
        where a.customer_id = s.customer_id
      )
  `
}

/** @param order the order of the answer: joins need not keep that of `matching` */
async function select(
  context: Context,
  { merchant, mode }: Tenant,
  matching: Sql,
  order: Sql = nothing,
): Promise<Dispute[]> {
  const rows = await context.db.query<DisputeRow>(sql`
    select ${disputeColumns}
    from (
      select r.* from disputes r where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${matching}
    ) r
    ${withParts}
    ${order}
  `)
  return rows.map(readDispute)
}

export interface NumberedDisputeFilter {
  /** The number of the disputed payment; null for a payment that nobody has. */
  paymentId?: bigint | null | undefined
  states?: readonly DisputeState[] | undefined
  from?: Date | undefined
  until?: Date | undefined
  currencies?: readonly Currency[] | undefined
}

/** The disputes of payments under a reference, newest first. Without a filter any page and the total are index look-ups. */
export async function listNumberedDisputes(
  context: Context,
  tenant: Tenant,
  filter: NumberedDisputeFilter,
  page: PageRequest,
): Promise<Page<Dispute>> {
  const { merchant, mode } = tenant
  const isFiltered = Object.values(filter).some((each) => each !== undefined)
  const last = sql`coalesce((
    select max(k.number) from disputes k where k.merchant_id = ${merchant.id} and k.mode = ${mode}
  ), 0)`
  const { total, rows } = isFiltered
    ? pageOfMatches(matchesOf(tenant, filter), page)
    : pageByNumber({ table: sql`disputes`, first: sql`1`, last }, tenant, page)
  const found = await context.db.query<DisputeRow & { total: bigint }>(sql`
    select t.total, ${disputeColumns}
    from (${total}) t
    left join (${rows}) r on true
    ${withParts}
    order by r.number desc
  `)
  return readPage(found, readDispute)
}

/** A step through the same list, from the dispute of a number on: the disputes that are older than it, or those that are newer. */
export async function walkNumberedDisputes(
  context: Context,
  tenant: Tenant,
  filter: NumberedDisputeFilter,
  { limit, olderThan, newerThan }: { limit: number; olderThan?: bigint; newerThan?: bigint },
): Promise<{ items: Dispute[]; hasNewer: boolean; hasOlder: boolean }> {
  const { merchant } = tenant
  const numberOf = (wireId: bigint) =>
    sql`(select k.number from disputes k where k.merchant_id = ${merchant.id} and k.wire_id = ${wireId})`
  const backwards = newerThan !== undefined
  const direction = backwards ? sql`asc` : sql`desc`
  const rows = await context.db.query<DisputeRow>(sql`
    select ${disputeColumns}
    from (
      select n.* ${matchesOf(tenant, filter)}
        ${olderThan === undefined ? nothing : sql`and n.number < ${numberOf(olderThan)}`}
        ${newerThan === undefined ? nothing : sql`and n.number > ${numberOf(newerThan)}`}
      order by n.number ${direction}
      limit ${limit + 1}
    ) r
    ${withParts}
    order by r.number ${direction}
  `)
  const more = rows.length > limit
  const items = rows.slice(0, limit).map(readDispute)
  if (backwards) items.reverse()
  return { items, hasNewer: backwards ? more : olderThan !== undefined, hasOlder: backwards ? true : more }
}

/** With `n` for the disputes. */
function matchesOf(
  { merchant, mode }: Tenant,
  { paymentId, states, from, until, currencies }: NumberedDisputeFilter,
): Sql {
  const intent = sql`(
    select p.payment_intent_id from payments p
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.id = ${paymentId ?? null}::bigint
  )`
  return sql`
    from disputes n
    where n.merchant_id = ${merchant.id} and n.mode = ${mode} and n.number is not null
      ${paymentId === undefined ? nothing : sql`and n.payment_intent_id = ${intent}`}
      ${states === undefined ? nothing : sql`and n.state = any(${states})`}
      ${from === undefined ? nothing : sql`and n.created_at >= ${from}::timestamptz`}
      ${until === undefined ? nothing : sql`and n.created_at < ${until}::timestamptz`}
      ${currencies === undefined ? nothing : sql`and n.currency = any(${currencies})`}
  `
}

/**
 * What can still be taken of the payment that a ledger transaction brought: neither disputes nor refunds have it, or may have it.
 * Minor units; negative where they overlap.
 */
export async function leftToTake(context: Context, tenant: Tenant, transactionId: string): Promise<bigint> {
  const [row] = await context.db.query<{ free: bigint }>(sql`select free from (${freeOf(tenant, transactionId)}) f`)
  return row?.free ?? 0n
}

/**
 * Selects `free`, see `leftToTake`, `is_disputed`, and `is_open` where a dispute is not decided. The hold of a dispute is in the
 * total that was given back, too.
 */
export function freeOf(tenant: Tenant, transactionId: string): Sql {
  return sql`
    select
      (b.amount - coalesce(f.amount, 0) - coalesce(d.amount, 0) + d.held)::bigint as free, d.amount is not null as is_disputed,
      coalesce(d.is_open, false) as is_open
    from (
      select sum(r.amount) as amount, coalesce(sum(h.amount), 0) as held, bool_or(r.state <> 'lost') as is_open
      from (${takingDisputes(tenant, transactionId)}) r
      left join holds h on h.merchant_id = r.merchant_id and h.id = r.hold_id and h.status = 'placed'
    ) d
    join ledger_transactions b on b.merchant_id = ${tenant.merchant.id} and b.id = ${transactionId}::uuid
    cross join lateral (
      select sum(f.amount) as amount
      from (${partIds(tenant, sql`b.id`)}) n
      join ledger_transactions t on t.merchant_id = b.merchant_id and t.id = n.id
      ${joinAssigned}
      join refund_totals f on f.merchant_id = t.merchant_id and f.transaction_id = coalesce(da.id, t.id)
    ) f
  `
}

/** Selects the open and lost disputes of the money that a ledger transaction brought, each once. */
function takingDisputes({ merchant }: Tenant, transactionId: string): Sql {
  return sql`
    select d.* from disputes d
    where d.merchant_id = ${merchant.id} and d.original_id = ${transactionId}::uuid and d.state <> 'won'
      and not ${isOfRefund}
  `
}

function readDispute(row: DisputeRow): Dispute {
  const { payment_id, payment_intent_id } = row
  return {
    id: row.id,
    mode: row.mode,
    wireId: row.wire_id,
    accountId: row.account_id,
    outsideId: row.outside_id,
    category: row.category,
    transactionId: row.original_id,
    paymentIntentId: payment_intent_id === null ? null : `pi_${payment_intent_id}`,
    outsideReference: row.outside_reference,
    customerId: row.customer_id,
    customerCode: row.customer_code,
    askedAmount: row.asked_amount,
    amount: row.amount,
    currency: row.currency,
    state: row.state,
    stateReason: row.state_reason,
    resolution: row.resolution,
    complaint: row.complaint,
    respondBy: row.respond_by,
    remindedAt: row.reminded_at,
    borneBy: row.borne_by,
    movements: row.movements,
    movementId: row.movement_id,
    movementIds: row.movement_ids,
    takings: row.takings.map(readTaking),
    refundName: row.refund_name,
    refundNames: row.refund_names,
    holdId: row.hold_id,
    afterDecline: row.after_decline ?? 'won',
    evidence: row.evidence,
    attachments: row.attachments,
    messages: row.messages,
    history: row.history,
    resolvedAt: row.resolved_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    payment:
      payment_id === null
        ? null
        : {
            id: Number(payment_id),
            reference: row.payment_reference as string,
            amount: row.payment_amount as bigint,
            fee: row.payment_fee,
            channel: row.payment_channel,
            status: row.payment_status as string,
            paidAt: row.payment_paid_at,
            createdAt: row.payment_created_at as Date,
            bin: row.bin,
            last4: row.last4,
          },
    customer: row.customer,
    by: readDoer(row),
  }
}
