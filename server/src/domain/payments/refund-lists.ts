import { ServiceError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import { joinAssigned, type Refund } from '../wallet/refunds.ts'
import { findSameMoney } from './payment-parts.ts'
import type { RefundState } from './refund-states.ts'

/** A refund as it is read later: one that a processor makes, or one that was given back at once. */
export interface StoredRefund extends Omit<Refund, 'replayed'> {
  state: RefundState
  /** The reason why it failed or needs a person; null in other states. */
  stateReason: string | null
  /** The customer of the movement, of a transfer its receiver; null for a payment to the merchant. */
  customerCode: string | null
  reason: string | null
  /** The words of a person who has settled it by hand; null for none. */
  proof: string | null
  /** The approval that its settlement by hand waits for, or waited for last; null for none. */
  settlementApprovalId: string | null
  /** When its account was found to say otherwise than the person; null for never. */
  contradictedAt: Date | null
  /** Who asked for it. */
  by: Doer
}

interface RefundRow extends DoerRow {
  id: string
  kind: Refund['kind']
  transaction_id: string
  assigned_id: string | null
  customer_code: string | null
  amount: bigint
  currency: Currency
  state: RefundState
  state_reason: string | null
  reason: string | null
  proof: string | null
  settlement_approval_id: string | null
  contradicted_at: Date | null
  created_at: Date
}

/** The rows of the refunds whose ids `ids` answers: each has a ledger transaction, a row of `refunds`, or both. */
function rowsOf({ merchant, mode }: Tenant, ids: Sql): Sql {
  return sql`
    select
      d.id, d.kind, case when o.kind = 'assigned' then (o.details ->> 'suspendedId')::uuid else d.original_id end as transaction_id,
      case when o.kind = 'assigned' then o.id end as assigned_id, coalesce(rc.code, fc.code) as customer_code, d.amount, d.currency,
      d.state, d.state_reason, d.reason, d.proof, d.settlement_approval_id, d.contradicted_at, d.created_at, ${doerColumns}
    from (
      select
        ${merchant.id}::integer as merchant_id, n.id, coalesce(r.kind, t.kind) as kind,
        coalesce(r.original_id, t.reverses_id) as original_id, coalesce(r.amount, t.amount) as amount,
        coalesce(r.currency, t.currency) as currency, coalesce(r.state, 'processed') as state, r.state_reason,
        case when r.id is null then t.description else r.reason end as reason, r.proof, r.settlement_approval_id,
        r.contradicted_at,
        coalesce(r.created_at, t.created_at) as created_at, coalesce(r.actor_id, t.actor_id) as actor_id
      from (${ids}) n
      left join ledger_transactions t
        on t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.id = n.id and t.kind in ('refund', 'reversal')
      left join refunds r on r.merchant_id = ${merchant.id} and r.mode = ${mode} and r.id = n.id
      where coalesce(t.id, r.id) is not null
    ) d
    join lateral (
      select t.merchant_id, coalesce(da.id, t.id) as id from ledger_transactions t ${joinAssigned}
      where t.merchant_id = d.merchant_id and t.id = d.original_id
    ) b on true
    join ledger_transactions o on o.merchant_id = b.merchant_id and o.id = b.id
    join ledger_accounts f on f.merchant_id = o.merchant_id and f.id = o.from_account_id
    left join customers fc on fc.merchant_id = o.merchant_id and fc.id = f.customer_id
    join ledger_accounts a on a.merchant_id = o.merchant_id and a.id = o.to_account_id
    left join customers rc on rc.merchant_id = o.merchant_id and rc.id = a.customer_id
    ${joinDoer(sql`d`)}
    order by d.id desc
  `
}

/** Throws `transaction_not_found`, also for a transaction that gives nothing back. */
export async function getRefund(context: Context, tenant: Tenant, id: string): Promise<StoredRefund> {
  const uuid = id.replace(/^txn_/, '')
  const rows = isUuid(uuid) ? await context.db.query<RefundRow>(rowsOf(tenant, sql`select ${uuid}::uuid as id`)) : []
  if (rows[0] === undefined) throw new ServiceError('transaction_not_found', `There is no refund ${JSON.stringify(id)}`)
  return readRefund(rows[0])
}

export interface RefundFilter {
  /** The transaction that was given back. */
  transactionId?: string | undefined
  /** A customer on either side, or the payer. */
  customer?: Pick<Customer, 'id'> | undefined
}

/** Refunds and reversals, newest first, from those older than `before`. Each filter has an index of its own. */
export async function listRefunds(
  context: Context,
  tenant: Tenant,
  { transactionId, customer }: RefundFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<StoredRefund[]> {
  const { merchant, mode } = tenant
  const originals = transactionId === undefined ? [] : await findSameMoney(context, tenant, transactionId)
  const older = sql`${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid`
  const moved = (side: Sql | null) => sql`
    (
      select t.id from ledger_transactions t
      where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.kind in ('refund', 'reversal') and t.id < ${older}
        ${side === null ? nothing : sql`and ${side} = a.id`}
        ${transactionId === undefined ? nothing : sql`and t.reverses_id = any(${originals}::uuid[])`}
      order by t.id desc
      limit ${limit}
    )
  `
  const asked = sql`
    (
      select r.id from refunds r
      where r.merchant_id = ${merchant.id} and r.mode = ${mode} and r.id < ${older}
        and ${customer === undefined ? sql`r.state <> 'processed'` : sql`r.customer_id = ${customer.id}`}
        ${transactionId === undefined ? nothing : sql`and r.original_id = any(${originals}::uuid[])`}
      order by r.id desc
      limit ${limit}
    )
  `
  const ofCustomer = (side: Sql) => sql`
    select m.id
    from ledger_accounts a
    cross join lateral ${moved(side)} m
    where a.merchant_id = ${merchant.id} and a.customer_id = ${customer?.id ?? null}
  `
  const matching =
    customer === undefined
      ? sql`${moved(null)} union ${asked}`
      : sql`${ofCustomer(sql`t.from_account_id`)} union ${ofCustomer(sql`t.to_account_id`)} union ${asked}`
  const ids = sql`select m.id from (${matching}) m order by m.id desc limit ${limit}`
  const rows = await context.db.query<RefundRow>(rowsOf(tenant, ids))
  return rows.map(readRefund)
}

function readRefund(row: RefundRow): StoredRefund {
  return {
    id: row.id,
    kind: row.kind,
    transactionId: row.transaction_id,
    assignedId: row.assigned_id,
    customerCode: row.customer_code,
    amount: row.amount,
    currency: row.currency,
    state: row.state,
    stateReason: row.state_reason,
    reason: row.reason,
    proof: row.proof,
    settlementApprovalId: row.settlement_approval_id,
    contradictedAt: row.contradicted_at,
    by: readDoer(row),
    createdAt: row.created_at,
  }
}
