import { uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context, TxContext } from '../context.ts'
import { type CustomerSnapshot, findFormerCustomer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentSnapshot } from './payment-records.ts'

/*
 * Payments that an account at a processor took before its cut-over, as an import has read them. They are history: no money of them
 * is in the books, and their references are taken, so that none ever comes there.
 */

export interface ImportedPayment {
  id: string
  /** The account's own id of the payment. */
  outsideId: string
  reference: string
  customerCode: string
  customer: CustomerSnapshot
  status: 'succeeded' | 'reversed'
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** What the account kept; null where it does not say. */
  fee: bigint | null
  /** The account's word for how it was paid. */
  channel: string | null
  paidAt: Date
  /** When it was imported. */
  createdAt: Date
}

/** A payment as an account tells of it. */
export interface NewImportedPayment
  extends Pick<ImportedPayment, 'reference' | 'status' | 'amount' | 'currency' | 'fee' | 'channel' | 'paidAt'> {
  /** The account's own id. */
  id: string
  booksId: bigint
  customerId: bigint
}

/**
 * Its id begins with the time at which it was paid, by which it is listed. False, and nothing is written, where something else got
 * its reference at the same moment.
 */
export async function insertImportedPayment(
  { db, clock, random }: TxContext,
  { merchant, mode }: Tenant,
  payment: NewImportedPayment,
): Promise<boolean> {
  const { id, booksId, customerId, reference, status, amount, currency, fee, channel, paidAt } = payment
  const now = clock.now()
  const rows = await db.query(sql`
    insert into imported_payments (
      merchant_id, id, mode, books_id, outside_id, reference, customer_id, status, amount, currency, fee, channel, paid_at,
      created_at, updated_at
    )
    values (
      ${merchant.id}, ${uuidV7(random, paidAt)}, ${mode}, ${booksId}, ${id}, ${reference}, ${customerId}, ${status}, ${amount},
      ${currency}, ${fee}, ${channel}, ${paidAt}, ${now}, ${now}
    )
    returning id
  `)
  return rows.length > 0
}

/**
 * Notes that a payment was given back since it was imported: `merged`. Null for one that was never imported, `another` where
 * another payment has its reference.
 */
export async function renewImportedPayment(
  { db, clock }: TxContext,
  { merchant, mode }: Tenant,
  { reference, id, status }: Pick<NewImportedPayment, 'reference' | 'id' | 'status'>,
): Promise<'merged' | 'unchanged' | 'another' | null> {
  const [known] = await db.query<{ outside_id: string; status: ImportedPayment['status'] }>(sql`
    select outside_id, status from imported_payments
    where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${reference}
    for no key update
  `)
  if (known === undefined) return null
  if (known.outside_id !== id) return 'another'
  if (known.status === status) return 'unchanged'
  await db.query(sql`
    update imported_payments set status = ${status}, updated_at = ${clock.now()}
    where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${reference}
  `)
  return 'merged'
}

interface ImportedRow {
  id: string
  outside_id: string
  reference: string
  customer_code: string
  customer: CustomerSnapshot
  status: ImportedPayment['status']
  amount: bigint
  currency: Currency
  fee: bigint | null
  channel: string | null
  paid_at: Date
  created_at: Date
}

export interface ImportedFilter {
  /** The code of a customer, also of one who was deleted. */
  customer?: string | undefined
  reference?: string | undefined
}

/** Those paid last first. Throws `customer_not_found`. */
export async function listImportedPayments(
  context: Context,
  tenant: Tenant,
  { customer, reference }: ImportedFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<ImportedPayment[]> {
  const customerId = customer === undefined ? null : (await findFormerCustomer(context, tenant, customer)).id
  return select(
    context,
    tenant,
    sql`
      i.id < ${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid
        ${customerId === null ? nothing : sql`and i.customer_id = ${customerId}`}
        ${reference === undefined ? nothing : sql`and i.reference = ${reference}`}
      order by i.id desc
      limit ${limit}
    `,
  )
}

/** As a payment of this service is told of, by its reference; null for a reference that was not imported. */
export async function findImportedPayment(
  context: Context,
  tenant: Tenant,
  reference: string,
): Promise<Omit<PaymentSnapshot, 'paymentIntentId'> | null> {
  const [found] = await select(context, tenant, sql`i.reference = ${reference}`)
  if (found === undefined) return null
  const { status, amount, fee, currency, channel, customer, outsideId } = found
  const paidAt = found.paidAt.toISOString()
  return {
    id: Number(outsideId),
    mode: tenant.mode,
    reference,
    origin: 'page',
    purpose: 'payment',
    status,
    amount: Number(amount),
    fee: fee === null ? null : Number(fee),
    currency,
    channel,
    metadata: null,
    attempts: 1,
    failureReason: null,
    chargedAt: paidAt,
    paidAt,
    createdAt: paidAt,
    paymentMethod: null,
    incoming: null,
    customer,
  }
}

async function select(context: Context, { merchant, mode }: Tenant, matching: Sql): Promise<ImportedPayment[]> {
  const rows = await context.db.query<ImportedRow>(sql`
    select i.id, i.outside_id, i.reference, c.code as customer_code, customer_snapshot(c) as customer, i.status, i.amount,
      i.currency, i.fee, i.channel, i.paid_at, i.created_at
    from (
      select * from imported_payments i where i.merchant_id = ${merchant.id} and i.mode = ${mode} and ${matching}
    ) i
    join customers c on c.merchant_id = i.merchant_id and c.id = i.customer_id
    order by i.id desc
  `)
  return rows.map((row) => ({
    id: row.id,
    outsideId: row.outside_id,
    reference: row.reference,
    customerCode: row.customer_code,
    customer: row.customer,
    status: row.status,
    amount: row.amount,
    currency: row.currency,
    fee: row.fee,
    channel: row.channel,
    paidAt: row.paid_at,
    createdAt: row.created_at,
  }))
}
