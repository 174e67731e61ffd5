import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import type { AccountKind } from '../ledger/accounts.ts'
import { type AccountName, doCommand, type TransactionKind } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** Money that went back to its payer, in a new ledger transaction that points at the original one. */
export interface Refund {
  /** The id of its ledger transaction, too. */
  id: string
  kind: 'refund' | 'reversal'
  /** The original ledger transaction. */
  transactionId: string
  /** The movement that assigned the money from suspense to its owner, by which no other part is named; null for other money. */
  assignedId: string | null
  /** Minor units. */
  amount: bigint
  currency: Currency
  createdAt: Date
  replayed: boolean
}

/** A transaction that is to be given back. */
export interface Original {
  /** The movement to its owner, which is reversed. */
  id: string
  /** The movement that brought it: another one for money that was in suspense. */
  broughtBy: string
  currency: Currency
  from: AccountName
  to: AccountName
}

/** How a transaction is to be given back. */
export interface GivingBack {
  transactionId: string
  /** Minor units; null for the whole rest. */
  amount: bigint | null
  kind: Refund['kind']
  reason: string | null
}

/**
 * Gives money back at once, in the ledger alone. Throws `refund_exceeded`, `insufficient_funds` when the receiver no longer has
 * the money, `idempotency_key_reused`.
 */
export async function giveBack(
  context: FreeContext,
  tenant: Tenant,
  { original, post = doCommand, ...input }: GivingBack & { original: Original; post?: typeof doCommand | undefined },
  request: IdempotentRequest | null,
): Promise<Refund> {
  const { kind, transactionId } = input
  const id = uuidV7(context.random, context.clock.now())
  const customer = original.to.customer ?? original.from.customer
  const assignedTransactionId = assignedIdOf(original) ?? undefined
  const receipt = await post(context, tenant, {
    action: 'refund',
    kind,
    id,
    currency: original.currency,
    from: original.to,
    to: original.from,
    amount: input.amount,
    originalId: original.id,
    description: input.reason,
    event: {
      type: `${kind}.succeeded`,
      data: {
        customer: { code: customer },
        details: {
          refundId: id,
          transactionId,
          assignedTransactionId,
          currency: original.currency,
          ...sidesOf(original),
        },
      },
    },
    request,
  })
  return {
    id: receipt.id,
    kind,
    transactionId,
    assignedId: assignedIdOf(original),
    amount: receipt.amount,
    currency: original.currency,
    createdAt: receipt.createdAt,
    replayed: receipt.replayed,
  }
}

/** The movement that assigned the money from suspense; null for money that was not there. */
export function assignedIdOf({ id, broughtBy }: Original): string | null {
  return id === broughtBy ? null : id
}

/** Both customers of a transfer that is given back, because its receiver gets the event as well. */
function sidesOf({ from, to }: Original) {
  if (from.customer === undefined || to.customer === undefined) return {}
  return { fromCustomer: to.customer, toCustomer: from.customer }
}

function checkKind(kind: Refund['kind'], original: TransactionKind, from: AccountKind): void {
  const allowed: TransactionKind[] =
    kind === 'refund'
      ? ['pay_in', 'purchase', 'hold_capture']
      : ['pay_in', 'purchase', 'hold_capture', 'transfer', 'fee']
  if (allowed.includes(original) || (original === 'assigned' && from === 'outside')) return
  if (original === 'suspended' || original === 'assigned') {
    const message =
      'The money is in suspense, or was given back from there: if the payer has not got it, give it back in the account of the processor. That is booked here by itself'
    throw new ServiceError('invalid_request', message, 'transactionId')
  }
  const message = `A transaction of kind ${original} cannot be given back by a ${kind}; only ${allowed.join(', ')} can`
  throw new ServiceError('invalid_request', message, 'transactionId')
}

/** The decision by which a person has assigned the money that the ledger transaction `t` brought into suspense, as `da`. */
export const joinAssigned = sql`
  left join suspense_decisions da
    on t.kind = 'suspended' and da.merchant_id = t.merchant_id and da.mode = t.mode and da.reference = t.id::text
    and da.outcome = 'assigned' and da.state = 'succeeded' and da.dispute_turn is null
`

/**
 * By the id of the movement that brought the money, or of the one that assigned it from suspense. Throws `transaction_not_found`, and
 * `invalid_request` for a transaction of a kind that cannot be given back so.
 */
export async function getOriginal(
  context: Context,
  tenant: Tenant,
  id: string,
  refundKind: Refund['kind'],
): Promise<Original> {
  const rows = isUuid(id)
    ? await context.db.query<{
        id: string
        brought_by: string
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
          o.id, coalesce(s.id, o.id) as brought_by, o.kind, o.currency, f.kind as from_kind, fc.code as from_customer, f.party_id as from_party, r.kind as to_kind,
          rc.code as to_customer, r.party_id as to_party
        from ledger_transactions t
        ${joinAssigned}
        join ledger_transactions o on o.merchant_id = t.merchant_id and o.id = coalesce(da.id, t.id)
        left join ledger_transactions s
          on o.kind = 'assigned' and s.merchant_id = o.merchant_id and s.id = (o.details ->> 'suspendedId')::uuid
        join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = coalesce(s.from_account_id, o.from_account_id)
        left join customers fc on fc.merchant_id = t.merchant_id and fc.id = f.customer_id
        join ledger_accounts r on r.merchant_id = t.merchant_id and r.id = o.to_account_id
        left join customers rc on rc.merchant_id = t.merchant_id and rc.id = r.customer_id
        where t.merchant_id = ${tenant.merchant.id} and t.mode = ${tenant.mode} and t.id = ${id}
      `)
    : []
  const [row] = rows
  if (row === undefined) throw new ServiceError('transaction_not_found', `There is no transaction "${id}"`)
  checkKind(refundKind, row.kind, row.from_kind)
  return {
    id: row.id,
    broughtBy: row.brought_by,
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
