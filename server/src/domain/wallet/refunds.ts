import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import type { AccountKind } from '../ledger/accounts.ts'
import { type AccountName, doCommand, type TransactionKind } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'

/** Money that went back to its payer, in a new ledger transaction that points at the original one. */
export interface Refund {
  /** The id of its ledger transaction, too. */
  id: string
  kind: 'refund' | 'reversal'
  /** The original ledger transaction. */
  transactionId: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  createdAt: Date
  replayed: boolean
}

/** A refund as it is read later. */
export interface StoredRefund extends Omit<Refund, 'replayed'> {
  /** The customer of the movement, of a transfer its receiver; null for a payment to the merchant. */
  customerCode: string | null
  reason: string | null
  /** Who gave it back. */
  by: Doer
}

interface Original {
  currency: Currency
  from: AccountName
  to: AccountName
}

/**
 * Gives back a part of the rest of a pay-in, purchase or hold capture. Without an amount gives back the whole rest.
 * Throws `transaction_not_found`, `invalid_request` for a transaction of another kind, `refund_exceeded`,
 * `insufficient_funds` when the receiver no longer has the money, `idempotency_key_reused`.
 */
export async function refundTransaction(
  context: FreeContext,
  tenant: Tenant,
  input: { transactionId: string; amount?: number | string | undefined; reason?: string | undefined },
  request: IdempotentRequest | null,
): Promise<Refund> {
  const amount = input.amount === undefined ? null : parseAmount(input.amount)
  return giveBack(context, tenant, { ...input, amount, kind: 'refund' }, request)
}

/**
 * Gives back the whole rest of any transaction but a refund or reversal. Throws the same codes as `refundTransaction`.
 */
export async function reverseTransaction(
  context: FreeContext,
  tenant: Tenant,
  input: { transactionId: string; reason?: string | undefined },
  request: IdempotentRequest | null,
): Promise<Refund> {
  return giveBack(context, tenant, { ...input, amount: null, kind: 'reversal' }, request)
}

async function giveBack(
  context: FreeContext,
  tenant: Tenant,
  input: { transactionId: string; amount: bigint | null; kind: Refund['kind']; reason?: string | undefined },
  request: IdempotentRequest | null,
): Promise<Refund> {
  const { kind, transactionId } = input
  const original = await getOriginal(context, tenant, transactionId, kind)
  const id = uuidV7(context.random, context.clock.now())
  const customer = original.to.customer ?? original.from.customer
  const receipt = await doCommand(context, tenant, {
    action: 'refund',
    kind,
    id,
    currency: original.currency,
    from: original.to,
    to: original.from,
    amount: input.amount,
    originalId: transactionId,
    description: input.reason ?? null,
    event: {
      type: `${kind}.succeeded`,
      data: {
        customer: { code: customer },
        details: { refundId: id, transactionId, currency: original.currency, ...sidesOf(original) },
      },
    },
    request,
  })
  return {
    id: receipt.id,
    kind,
    transactionId,
    amount: receipt.amount,
    currency: original.currency,
    createdAt: receipt.createdAt,
    replayed: receipt.replayed,
  }
}

interface RefundRow extends DoerRow {
  id: string
  kind: Refund['kind']
  transaction_id: string
  customer_code: string | null
  amount: bigint
  currency: Currency
  reason: string | null
  created_at: Date
}

/** The columns of a `RefundRow`, where `t` is its ledger transaction and `withCustomer` has joined the rest. */
const refundColumns = sql`
  t.id, t.kind, t.reverses_id as transaction_id, coalesce(fc.code, rc.code) as customer_code, t.amount, t.currency,
  t.description as reason, t.created_at, ${doerColumns}
`
const withCustomer = sql`
  join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
  left join customers fc on fc.merchant_id = t.merchant_id and fc.id = f.customer_id
  join ledger_accounts r on r.merchant_id = t.merchant_id and r.id = t.to_account_id
  left join customers rc on rc.merchant_id = t.merchant_id and rc.id = r.customer_id
  ${joinDoer(sql`t`)}
`
const isRefund = sql`t.kind in ('refund', 'reversal')`

/** Throws `transaction_not_found`, also for a transaction that gives nothing back. */
export async function getRefund(context: Context, tenant: Tenant, id: string): Promise<StoredRefund> {
  const uuid = id.replace(/^txn_/, '')
  const rows = isUuid(uuid)
    ? await context.db.query<RefundRow>(sql`
        select ${refundColumns}
        from ledger_transactions t ${withCustomer}
        where t.merchant_id = ${tenant.merchant.id} and t.mode = ${tenant.mode} and t.id = ${uuid} and ${isRefund}
      `)
    : []
  if (rows[0] === undefined) throw new ServiceError('transaction_not_found', `There is no refund ${JSON.stringify(id)}`)
  return readRefund(rows[0])
}

export interface RefundFilter {
  /** The transaction that was given back. */
  transactionId?: string | undefined
  /** A customer on either side. */
  customer?: Pick<Customer, 'id'> | undefined
}

/** Refunds and reversals, newest first, from those older than `before`. Each filter has an index of its own. */
export async function listRefunds(
  context: Context,
  tenant: Tenant,
  filter: RefundFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<StoredRefund[]> {
  const { transactionId, customer } = filter
  const older = sql`${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid`
  const ofCustomer = (side: Sql) => sql`
    select m.*
    from ledger_accounts a
    cross join lateral (
      select t.* from ledger_transactions t
      where t.merchant_id = a.merchant_id and ${side} = a.id and ${isRefund} and t.id < ${older}
        ${transactionId === undefined ? nothing : sql`and t.reverses_id = ${transactionId}::uuid`}
      order by t.id desc
      limit ${limit}
    ) m
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customer?.id ?? null}
  `
  const matching =
    customer === undefined
      ? sql`
          select t.* from ledger_transactions t
          where t.merchant_id = ${tenant.merchant.id} and t.mode = ${tenant.mode} and ${isRefund} and t.id < ${older}
            ${transactionId === undefined ? nothing : sql`and t.reverses_id = ${transactionId}::uuid`}
        `
      : sql`${ofCustomer(sql`t.from_account_id`)} union all ${ofCustomer(sql`t.to_account_id`)}`
  const rows = await context.db.query<RefundRow>(sql`
    select ${refundColumns}
    from (select * from (${matching}) n order by n.id desc limit ${limit}) t ${withCustomer}
    order by t.id desc
  `)
  return rows.map(readRefund)
}

function readRefund(row: RefundRow): StoredRefund {
  return {
    id: row.id,
    kind: row.kind,
    transactionId: row.transaction_id,
    customerCode: row.customer_code,
    amount: row.amount,
    currency: row.currency,
    reason: row.reason,
    by: readDoer(row),
    createdAt: row.created_at,
  }
}

/** Both customers of a transfer that is given back, because its receiver gets the event as well. */
function sidesOf({ from, to }: Original) {
  if (from.customer === undefined || to.customer === undefined) return {}
  return { fromCustomer: to.customer, toCustomer: from.customer }
}

function checkKind(kind: Refund['kind'], original: TransactionKind): void {
  const allowed: TransactionKind[] =
    kind === 'refund'
      ? ['pay_in', 'purchase', 'hold_capture']
      : ['pay_in', 'purchase', 'hold_capture', 'transfer', 'fee']
  if (allowed.includes(original)) return
  const message = `A transaction of kind ${original} cannot be given back by a ${kind}; only ${allowed.join(', ')} can`
  throw new ServiceError('invalid_request', message, 'transactionId')
}

async function getOriginal(
  context: Context,
  tenant: Tenant,
  id: string,
  refundKind: Refund['kind'],
): Promise<Original> {
  const rows = isUuid(id)
    ? await context.db.query<{
        kind: TransactionKind
        currency: Currency
        from_kind: AccountKind
        from_customer: string | null
        from_party: bigint
        to_kind: AccountKind
        to_customer: string | null
        to_party: bigint
      }>(sql`
        select
          t.kind, t.currency, f.kind as from_kind, fc.code as from_customer, f.party_id as from_party, r.kind as to_kind,
          rc.code as to_customer, r.party_id as to_party
        from ledger_transactions t
        join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
        left join customers fc on fc.merchant_id = t.merchant_id and fc.id = f.customer_id
        join ledger_accounts r on r.merchant_id = t.merchant_id and r.id = t.to_account_id
        left join customers rc on rc.merchant_id = t.merchant_id and rc.id = r.customer_id
        where t.merchant_id = ${tenant.merchant.id} and t.mode = ${tenant.mode} and t.id = ${id}
      `)
    : []
  const [row] = rows
  if (row === undefined) throw new ServiceError('transaction_not_found', `There is no transaction "${id}"`)
  checkKind(refundKind, row.kind)
  return {
    currency: row.currency,
    from: accountName(row.from_kind, row.from_customer, row.from_party),
    to: accountName(row.to_kind, row.to_customer, row.to_party),
  }
}

function accountName(kind: AccountKind, customer: string | null, party: bigint): AccountName {
  if (kind === 'customer_cash') return { kind, customer: customer ?? '' }
  if (kind === 'outside') return { kind, at: party === 0n ? undefined : party }
  if (kind === 'customer_receivable' || kind === 'merchant_receivable') throw new Error(`nobody refunds a ${kind}`)
  return { kind }
}
