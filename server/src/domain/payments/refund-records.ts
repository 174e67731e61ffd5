import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { pageByNumber, pageOfMatches } from '../../db/numbered-lists.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { CustomerSnapshot } from '../customers/customers.ts'
import type { Actor } from '../merchants/actors.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer, unpackRequestId } from '../trail/trail.ts'
import { joinAssigned, type Refund } from '../wallet/refunds.ts'
import { partIds } from './payment-parts.ts'
import type { RefundState } from './refund-states.ts'

/** A refund of a payment that a processor took. Its money is reserved until the processor says how it ended. */
export interface ProcessorRefund extends Omit<Refund, 'assignedId' | 'replayed'> {
  mode: Mode
  /** Its id where ids are numbers; null for a refund of money that was paid under no reference. */
  wireId: bigint | null
  /** `pi_…`, the intent whose money goes back. */
  paymentIntentId: string
  /** The processor's name of the charge. */
  chargeReference: string
  state: RefundState
  /** The reason why it is unknown, has failed or needs a person; null in other states. */
  stateReason: string | null
  /** The merchant's words. */
  reason: string | null
  customerNote: string | null
  merchantNote: string | null
  /** When the processor was asked to give back; null while that has surely not been done. */
  askedAt: Date | null
  unknownSince: Date | null
  /** Since when the processor answers without it; null where it has never answered so. */
  absentSince: Date | null
  updatedAt: Date
  /** How a person says that it has ended; null for a refund whose end nobody had to say. */
  verdict: 'processed' | 'failed' | null
  /** The refund at the account, made there by hand, that it was settled as; null for none. */
  settledAs: string | null
  /** When its account was found to say otherwise than the person. */
  contradictedAt: Date | null
  payment: RefundedPayment | null
  /** Who paid; null where nobody is known. */
  customer: CustomerSnapshot | null
  by: Doer
  /** As whom the movement is posted. */
  actor: Actor | undefined
}

/** The payment that a refund gives back. */
export interface RefundedPayment {
  id: number
  reference: string
  amount: bigint
  channel: string | null
  paidAt: Date | null
}

interface RefundRow extends DoerRow {
  id: string
  mode: Mode
  wire_id: bigint | null
  kind: Refund['kind']
  original_id: string
  payment_intent_id: string
  charge_reference: string
  amount: bigint
  currency: Currency
  state: RefundState
  state_reason: string | null
  reason: string | null
  customer_note: string | null
  merchant_note: string | null
  asked_at: Date | null
  unknown_since: Date | null
  absent_since: Date | null
  actor_id: number | null
  request_id: Buffer | null
  created_at: Date
  updated_at: Date
  verdict: ProcessorRefund['verdict']
  settled_as: string | null
  contradicted_at: Date | null
  payment_id: bigint | null
  payment_reference: string | null
  payment_amount: bigint | null
  payment_channel: string | null
  payment_paid_at: Date | null
  customer: CustomerSnapshot | null
}

/** The columns of a `RefundRow`, where `r` is the table and `withParts` has joined the rest. */
const refundColumns = sql`
  r.id, r.mode, r.wire_id, r.kind, r.original_id, r.payment_intent_id, r.charge_reference, r.amount, r.currency, r.state,
  r.state_reason, r.reason, r.customer_note, r.merchant_note, r.asked_at, r.unknown_since, r.absent_since, r.actor_id, r.request_id,
  r.created_at, r.updated_at, r.verdict, r.settled_as, r.contradicted_at, pay.id as payment_id, pay.reference as payment_reference, pay.amount as payment_amount,
  pay.channel as payment_channel, pay.paid_at as payment_paid_at,
  case when c.id is not null then customer_snapshot(c) end as customer, ${doerColumns}
`
const withParts = sql`
  left join payments pay on pay.merchant_id = r.merchant_id and pay.payment_intent_id = r.payment_intent_id
  left join customers c on c.merchant_id = r.merchant_id and c.id = r.customer_id
  ${joinDoer(sql`r`)}
`

/** A refund by one of its ids; null also for a refund that no processor makes. */
export async function findProcessorRefund(
  context: Context,
  tenant: Tenant,
  name: { id: string } | { wireId: bigint },
): Promise<ProcessorRefund | null> {
  if ('id' in name && !isUuid(name.id)) return null
  const isNamed = 'id' in name ? sql`r.id = ${name.id}` : sql`r.wire_id = ${name.wireId}`
  const [refund] = await select(context, tenant, isNamed)
  return refund ?? null
}

async function select(context: Context, { merchant, mode }: Tenant, matching: Sql): Promise<ProcessorRefund[]> {
  const rows = await context.db.query<RefundRow>(sql`
    select ${refundColumns} from refunds r ${withParts}
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${matching}
  `)
  return rows.map(readRefund)
}

export interface NumberedFilter {
  /** The number of the payment that is given back; null for a payment that nobody has. */
  paymentId?: bigint | null | undefined
  from?: Date | undefined
  until?: Date | undefined
  currencies?: readonly Currency[] | undefined
}

/** The refunds of payments under a reference, newest first. Without a filter any page and the total are index look-ups. */
export async function listNumberedRefunds(
  context: Context,
  tenant: Tenant,
  filter: NumberedFilter,
  page: PageRequest,
): Promise<Page<ProcessorRefund>> {
  const { merchant, mode } = tenant
  const isFiltered = Object.values(filter).some((each) => each !== undefined)
  const last = sql`coalesce((
    select max(k.number) from refunds k where k.merchant_id = ${merchant.id} and k.mode = ${mode}
  ), 0)`
  const { total, rows } = isFiltered
    ? pageOfMatches(matchesOf(tenant, filter), page)
    : pageByNumber({ table: sql`refunds`, first: sql`1`, last }, tenant, page)
  const found = await context.db.query<RefundRow & { total: bigint }>(sql`
    select t.total, ${refundColumns}
    from (${total}) t
    left join (${rows}) r on true
    ${withParts}
    order by r.number desc
  `)
  return readPage(found, readRefund)
}

/** With `n` for the refunds. */
function matchesOf(tenant: Tenant, { paymentId, from, until, currencies }: NumberedFilter): Sql {
  const { merchant, mode } = tenant
  const original = sql`(
    select i.transaction_id
    from payments p
    join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.id = ${paymentId ?? null}::bigint
  )`
  return sql`
    from refunds n
    where n.merchant_id = ${merchant.id} and n.mode = ${mode} and n.number is not null
      ${paymentId === undefined ? nothing : sql`and n.original_id in (${partIds(tenant, original)})`}
      ${from === undefined ? nothing : sql`and n.created_at >= ${from}::timestamptz`}
      ${until === undefined ? nothing : sql`and n.created_at < ${until}::timestamptz`}
      ${currencies === undefined ? nothing : sql`and n.currency = any(${currencies})`}
  `
}

/** How many refunds wait for a bank account of the payer, and how much of a payment can still be given back. */
export async function summarizeRefunds(
  context: Context,
  tenant: Tenant,
  filter: NumberedFilter,
): Promise<{ waiting: number; left: bigint | null; currency: Currency | null }> {
  const { merchant, mode } = tenant
  const [row] = await context.db.query<{ waiting: bigint; rest: bigint | null; currency: Currency | null }>(sql`
    select
      (select count(*) from refunds n
       where n.merchant_id = ${merchant.id} and n.mode = ${mode} and n.state = 'needsAttention' and n.number is not null
         ${filter.paymentId === undefined ? nothing : sql`and n.payment_intent_id = p.payment_intent_id`}) as waiting,
      (
        select sum(coalesce(da.amount, t.amount) - coalesce(f.amount, 0))::bigint
        from (${partIds(tenant, sql`i.transaction_id`)}) n
        join ledger_transactions t on t.merchant_id = i.merchant_id and t.id = n.id
        ${joinAssigned}
        left join refund_totals f on f.merchant_id = t.merchant_id and f.transaction_id = coalesce(da.id, t.id)
        where t.id = i.transaction_id or da.id is not null
      ) as rest,
      p.currency
    from (select) one
    left join payments p
      on p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.id = ${filter.paymentId ?? null}::bigint
    left join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
  `)
  return { waiting: Number(row?.waiting ?? 0n), left: row?.rest ?? null, currency: row?.currency ?? null }
}

function readRefund(row: RefundRow): ProcessorRefund {
  const { actor_id, request_id, payment_id } = row
  return {
    id: row.id,
    mode: row.mode,
    wireId: row.wire_id,
    kind: row.kind,
    transactionId: row.original_id,
    paymentIntentId: `pi_${row.payment_intent_id}`,
    chargeReference: row.charge_reference,
    amount: row.amount,
    currency: row.currency,
    state: row.state,
    stateReason: row.state_reason,
    reason: row.reason,
    customerNote: row.customer_note,
    merchantNote: row.merchant_note,
    askedAt: row.asked_at,
    unknownSince: row.unknown_since,
    absentSince: row.absent_since,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    verdict: row.verdict,
    settledAs: row.settled_as,
    contradictedAt: row.contradicted_at,
    payment:
      payment_id === null
        ? null
        : {
            id: Number(payment_id),
            reference: row.payment_reference as string,
            amount: row.payment_amount as bigint,
            channel: row.payment_channel,
            paidAt: row.payment_paid_at,
          },
    customer: row.customer,
    by: readDoer(row),
    actor:
      actor_id === null || request_id === null ? undefined : { id: actor_id, requestId: unpackRequestId(request_id) },
  }
}
