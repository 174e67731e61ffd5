import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { refuseHidden } from '../../base/visible-text.ts'
import { sql } from '../../db/sql.ts'
import type { ApprovalOwner } from '../approvals/decisions.ts'
import type { Context, FreeContext } from '../context.ts'
import { getCustomer } from '../customers/customers.ts'
import type { AccountName, LedgerCommand } from '../ledger/commands.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  approvalsOf,
  findRecorded,
  finishRecorded,
  getRecorded,
  insertOrFind,
  insertRecorded,
  listRecorded,
  newRowColumns,
  newRowValues,
  postRecorded,
  type RecordedFilter,
  type RecordedKind,
  type RecordedMovement,
  type RecordedRow,
  readRecorded,
  refuseOther,
} from './recorded-movements.ts'

/** A customer's balance, changed by a person with a reason. */
export interface Adjustment extends RecordedMovement {
  customerCode: string
  /** `credit` adds to the balance. */
  direction: 'credit' | 'debit'
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** Null once the customer was erased. */
  reason: string | null
}

export interface NewAdjustment {
  customerCode: string
  direction: Adjustment['direction']
  amount: number | string
  currency: string
  reason: string
  reference: string
}

interface AdjustmentRow extends RecordedRow {
  customer_code: string
  direction: Adjustment['direction']
  amount: bigint
  currency: Currency
  reason: string | null
}

const adjustments: RecordedKind<AdjustmentRow, Adjustment> = {
  noun: 'adjustment',
  missing: 'adjustment_not_found',
  approval: 'adjustment',
  table: sql`adjustments`,
  columns: sql`r.direction, r.amount, r.currency, r.reason`,
  read: (row) => ({
    ...readRecorded(row),
    customerCode: row.customer_code,
    direction: row.direction,
    amount: row.amount,
    currency: row.currency,
    reason: row.reason,
  }),
  command: commandFor,
}

/**
 * Changes a customer's balance, once for a reference: the same content again answers the first adjustment. One that needs a
 * second person waits, and is posted as it was asked once it is approved. Throws
 * `invalid_request`, `currency_not_held`, `customer_not_found`, `customer_denied`, `insufficient_funds`, `balance_limit`,
 * `reference_taken` for another content.
 */
export async function makeAdjustment(context: FreeContext, tenant: Tenant, input: NewAdjustment): Promise<Adjustment> {
  const wanted = {
    ...input,
    amount: parseAmount(input.amount),
    currency: heldCurrency(tenant.merchant, input.currency),
  }
  const known = await findRecorded(context, tenant, adjustments, wanted.reference)
  if (known === null) refuseHidden(wanted.reference, 'reference')
  const adjustment =
    known ??
    (await insert(context, tenant, wanted).catch(async (error) => {
      if (error instanceof ServiceError && error.code === 'busy') await refuseSpelled(context, tenant, wanted.reference)
      throw error
    }))
  refuseOther('an adjustment', { ...adjustment }, wanted, Object.is)
  return adjustment.state === 'recorded' ? postRecorded(context, tenant, adjustments, adjustment) : adjustment
}

/**
 * Refuses another spelling of an adjustment's reference, which the database does not insert. Adjustments have names of their own: one
 * may name the payment that it corrects.
 */
async function refuseSpelled({ db }: Context, { merchant, mode }: Tenant, reference: string): Promise<void> {
  const [other] = await db.query<{ reference: string }>(sql`
    select reference from adjustments
    where merchant_id = ${merchant.id} and mode = ${mode} and money_name(reference) = money_name(${reference})
      and state <> 'refused' and reference <> ${reference}
    limit 1
  `)
  if (other === undefined) return
  const message = `There is an adjustment with the reference ${JSON.stringify(other.reference)}, which reads as ${JSON.stringify(reference)} does; another adjustment needs another reference`
  throw new ServiceError('reference_taken', message, 'reference')
}

/** Throws `adjustment_not_found`. */
export function getAdjustment(context: Context, tenant: Tenant, id: string): Promise<Adjustment> {
  return getRecorded(context, tenant, adjustments, id)
}

/** Newest first, from those older than `before`. */
export function listAdjustments(
  context: Context,
  tenant: Tenant,
  asked: RecordedFilter & { before: string | undefined; limit: number },
): Promise<Adjustment[]> {
  return listRecorded(context, tenant, adjustments, asked)
}

/** Adjustments that wait for a second person. */
export const adjustmentApprovals: ApprovalOwner = approvalsOf(adjustments)

/** Posts the adjustments that a crash left recorded, and answers how many. */
export function finishAdjustments(context: FreeContext): Promise<number> {
  return finishRecorded(context, adjustments, 'adjustments')
}

async function insert(
  context: FreeContext,
  tenant: Tenant,
  wanted: Omit<NewAdjustment, 'amount' | 'currency'> & Pick<Adjustment, 'amount' | 'currency'>,
): Promise<Adjustment> {
  const { customerCode, direction, amount, currency, reason, reference } = wanted
  const customer = await getCustomer(context, tenant, customerCode)
  return insertOrFind(context, tenant, { kind: adjustments, reference }, () => {
    const now = context.clock.now()
    const subjectId = uuidV7(context.random, now)
    const row = sql`
      insert into adjustments (id, customer_id, direction, amount, currency, reason, reference, ${newRowColumns})
      values (
        ${subjectId}, ${customer.id}, ${direction}, ${amount}, ${currency}, ${reason}, ${reference},
        ${newRowValues(tenant, now)}
      )
    `
    const details = { direction, words: { reason } }
    const wish = { kind: 'adjustment', subjectId, customer, amount, currency, reference, details } as const
    return insertRecorded(context, tenant, adjustments, { insert: row, wish })
  })
}

function commandFor(_tenant: Tenant, adjustment: Adjustment): LedgerCommand {
  const { id, customerCode, direction, amount, currency, reason, reference } = adjustment
  const cash: AccountName = { kind: 'customer_cash', customer: customerCode }
  const adjusting: AccountName = { kind: 'adjustments' }
  return {
    action: 'post',
    kind: 'adjustment',
    id,
    currency,
    ...(direction === 'credit' ? { from: adjusting, to: cash } : { from: cash, to: adjusting }),
    amount,
    description: reason,
    details: { reference },
    // The reason is a person's words, so it is not sent to addresses outside.
    event: {
      type: 'adjustment.succeeded',
      data: {
        customer: { code: customerCode },
        details: { adjustmentId: id, direction, amount: Number(amount), currency, reference },
      },
    },
    request: null,
    ownKey: `adjustment/${id}`,
  }
}
