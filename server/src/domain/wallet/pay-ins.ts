import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { ApprovalOwner } from '../approvals/decisions.ts'
import { type Context, type FreeContext, inTransaction, lockCount, type TxContext } from '../context.ts'
import { getCustomer } from '../customers/customers.ts'
import { checkMetadata, type Metadata } from '../customers/metadata.ts'
import { firstAccountId, outsideOfHand } from '../ledger/accounts.ts'
import type { LedgerCommand } from '../ledger/commands.ts'
import { wantedBearer } from '../ledger/processor-fees.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { refuseImported } from './imported-references.ts'
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
import { findTaken, whyTaken } from './taken-names.ts'

/** How the payer paid. */
export const payInSources = ['bank_transfer', 'cash', 'card', 'mobile_money'] as const

export type PayInSource = (typeof payInSources)[number]

/**
 * Money that came outside any API, such as a line of a bank statement or cash at a counter, and was recorded by hand; or money
 * that an account at a processor has.
 */
export interface PayIn extends RecordedMovement {
  /** Minor units. */
  amount: bigint
  currency: Currency
  source: PayInSource
  description: string | null
  metadata: Metadata | null
  /** The account at a processor that it came to. */
  accountId: bigint
}

export interface NewPayIn {
  /** Without a customer the money is the merchant's. */
  customerCode?: string | undefined
  amount: number | string
  currency: string
  source: PayInSource
  reference: string
  description?: string | undefined
  metadata?: Metadata | undefined
}

interface PayInRow extends RecordedRow {
  amount: bigint
  currency: Currency
  source: PayInSource
  description: string | null
  metadata: Metadata | null
  account_id: bigint
}

const payIns: RecordedKind<PayInRow, PayIn> = {
  noun: 'pay-in',
  missing: 'pay_in_not_found',
  approval: 'pay_in',
  table: sql`pay_ins`,
  columns: sql`r.amount, r.currency, r.source, r.description, r.metadata, r.account_id`,
  read: (row) => ({
    ...readRecorded(row),
    amount: row.amount,
    currency: row.currency,
    source: row.source,
    description: row.description,
    metadata: row.metadata,
    accountId: row.account_id,
  }),
  command: commandFor,
}

/** Each account has a namespace of references of its own. */
function payInsAt(accountId: bigint): typeof payIns {
  return { ...payIns, namespace: () => sql`r.account_id = ${accountId}` }
}

/**
 * Records money that has come and credits it, once for a reference: the same content again answers the first pay-in. It is a
 * fact, so a denial of the customer does not refuse it. Money that no account at a processor confirms is a person's word: it
 * waits where a second person is needed. Throws `invalid_request`, `currency_not_held`, `customer_not_found`,
 * `reference_taken` for another content, `balance_limit`.
 *
 * @param accountId the account at a processor that it came to; default money that was moved by hand
 */
export async function recordPayIn(
  context: FreeContext,
  tenant: Tenant,
  input: NewPayIn,
  accountId = outsideOfHand(tenant.mode),
): Promise<PayIn> {
  const wanted = { ...readNew(tenant, input), accountId }
  const known = await findRecorded(context, tenant, payInsAt(accountId), wanted.reference)
  const payIn = known ?? (await insert(context, tenant, wanted))
  refuseOther('a pay-in', { ...payIn }, wanted, isDeepStrictEqual)
  return payIn.state === 'recorded' ? postRecorded(context, tenant, payIns, payIn) : payIn
}

/** The account of the pay-in that has a reference; null for a reference that no pay-in has. */
export async function accountOfPayIn(context: Context, tenant: Tenant, reference: string): Promise<bigint | null> {
  return (await findRecorded(context, tenant, payIns, reference))?.accountId ?? null
}

/**
 * The pay-in that keeps a reference from naming a payment: one that was recorded by hand under the same reference in any spelling,
 * or one of an account that has this very name. Null where there is none.
 */
export async function findPayInNamed(
  { db }: Context,
  { merchant, mode }: Tenant,
  reference: string,
): Promise<Pick<PayIn, 'reference' | 'accountId'> | null> {
  const [row] = await db.query<Pick<PayInRow, 'reference' | 'account_id'>>(sql`
    select r.reference, r.account_id from pay_ins r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode}
      and money_name(r.reference) = money_name(${reference}) and r.state <> 'refused'
      and (r.account_id < ${firstAccountId} or r.reference = ${reference})
    order by r.account_id desc
    limit 1
  `)
  return row === undefined ? null : { reference: row.reference, accountId: row.account_id }
}

/** Throws `pay_in_not_found`. */
export function getPayIn(context: Context, tenant: Tenant, id: string): Promise<PayIn> {
  return getRecorded(context, tenant, payIns, id)
}

/** Newest first, from those older than `before`. */
export function listPayIns(
  context: Context,
  tenant: Tenant,
  asked: RecordedFilter & { before: string | undefined; limit: number },
): Promise<PayIn[]> {
  return listRecorded(context, tenant, payIns, asked)
}

/** Pay-ins that wait for a second person. One whose name another door has got meanwhile may be money that is here already. */
export const payInApprovals: ApprovalOwner = {
  ...approvalsOf(payIns),
  async findHindrance(tx, tenant, { subjectId }) {
    // A reconciliation takes money to suspense either before, or after this pay-in has the name.
    await lockCount(tx, tenant, 'payments_at_accounts')
    const { reference } = await getPayIn(tx, tenant, subjectId)
    const taken = await findTaken(tx, tenant, reference)
    return taken === null ? null : whyTaken(reference, taken)
  },
}

/** Posts the pay-ins that a crash left recorded, and answers how many. */
export function finishPayIns(context: FreeContext): Promise<number> {
  return finishRecorded(context, payIns, 'pay_ins')
}

function readNew(tenant: Tenant, input: NewPayIn) {
  const metadata = input.metadata ?? null
  checkMetadata(metadata)
  return {
    customerCode: input.customerCode ?? null,
    amount: parseAmount(input.amount),
    currency: heldCurrency(tenant.merchant, input.currency),
    source: input.source,
    reference: input.reference,
    description: input.description ?? null,
    metadata,
  }
}

async function insert(
  context: FreeContext,
  tenant: Tenant,
  wanted: ReturnType<typeof readNew> & { accountId: bigint },
): Promise<PayIn> {
  const { accountId, customerCode, amount, currency, source, reference, description, metadata } = wanted
  const customer = customerCode === null ? null : await getCustomer(context, tenant, customerCode)
  return insertOrFind(context, tenant, { kind: payInsAt(accountId), reference }, () => {
    const now = context.clock.now()
    const subjectId = uuidV7(context.random, now)
    const row = sql`
      insert into pay_ins (
        id, account_id, customer_id, amount, currency, source, reference, description, metadata, fee_bearer,
        ${newRowColumns}
      )
      values (
        ${subjectId}, ${accountId}, ${customer?.id ?? null}, ${amount}, ${currency},
        ${source}, ${reference}, ${description}, ${metadata === null ? null : JSON.stringify(metadata)}::json,
        ${accountId < firstAccountId ? 'merchant' : wantedBearer(tenant)},
        ${newRowValues(tenant, now)}
      )
    `
    if (accountId < firstAccountId) {
      const details = { source, words: { description } }
      const wish = { kind: 'pay_in', subjectId, customer, amount, currency, reference, details } as const
      return insertRecorded(context, tenant, payIns, { insert: row, wish })
    }
    return inTransaction(context, async (tx) => {
      await refuseClaimed(tx, tenant, reference)
      await tx.db.query(sql`${row} on conflict do nothing`)
    })
  })
}

/**
 * Money of an account that a reconciliation has taken to suspense is assigned there, and not recorded once more. Money that was
 * imported as history is not recorded at all. Until the end of `tx` nobody else takes or imports a payment.
 */
export async function refuseClaimed(tx: TxContext, tenant: Tenant, reference: string): Promise<void> {
  const { merchant, mode } = tenant
  await lockCount(tx, tenant, 'payments_at_accounts')
  await refuseImported(tx, tenant, reference)
  const claimed = await tx.db.query(sql`
    select i.outside_id from processor_accounts a
    join statement_items i on i.merchant_id = a.merchant_id and i.account_id = a.id and i.reference = ${reference}
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and i.claimed_at is not null
  `)
  if (claimed.length === 0) return
  const message = `${JSON.stringify(reference)} is a payment that a reconciliation has taken to suspense: assign it at /v1/suspense`
  throw new ServiceError('reference_taken', message, 'reference')
}

function commandFor(_tenant: Tenant, payIn: PayIn): LedgerCommand {
  const { id, customerCode, amount, currency, source, reference } = payIn
  return {
    action: 'book',
    kind: 'pay_in',
    id,
    currency,
    from: { kind: 'outside', at: payIn.accountId },
    to: customerCode === null ? { kind: 'merchant_balance' } : { kind: 'customer_cash', customer: customerCode },
    amount,
    description: payIn.description ?? 'Pay-in',
    details: { source, reference },
    event: {
      type: 'pay_in.succeeded',
      data: {
        ...(customerCode === null ? {} : { customer: { code: customerCode } }),
        details: { payInId: id, amount: Number(amount), currency, source, reference },
      },
    },
    request: null,
    ownKey: `pay-in/${id}`,
  }
}
