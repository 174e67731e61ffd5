import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange, type TxContext } from '../context.ts'
import { type Customer, lockCustomer } from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** A saved instrument. It never holds a card number, only the parts of it that may be shown. */
export interface PaymentMethod {
  id: bigint
  /** Ten characters. Each surface puts its own mark before it. */
  code: string
  customerId: bigint
  type: 'card' | 'mobile_money' | 'direct_debit' | 'bank_transfer'
  /** The company that keeps the instrument, such as a card gateway or a mobile money operator. */
  provider: string
  bin: string | null
  last4: string | null
  expiryMonth: number | null
  expiryYear: number | null
  brand: string | null
  bank: string | null
  /** ISO 3166 alpha-2. */
  country: string | null
  accountName: string | null
  phone: string | null
  /** The same each time the same instrument is saved, for any customer. */
  signature: string | null
  /** True for an instrument that may be charged again while its holder is not present. */
  reusable: boolean
  isDefault: boolean
  /** False while a direct debit mandate waits for the bank. */
  active: boolean
  createdAt: Date
  updatedAt: Date
}

export interface PaymentMethodRow {
  id: bigint
  code: string
  customer_id: bigint
  type: PaymentMethod['type']
  provider: string
  bin: string | null
  last4: string | null
  expiry_month: number | null
  expiry_year: number | null
  brand: string | null
  bank: string | null
  country: string | null
  account_name: string | null
  phone: string | null
  signature: string | null
  reusable: boolean
  is_default: boolean
  active: boolean
  created_at: Date
  updated_at: Date
}

const columns = sql`
  p.id, p.code, p.customer_id, p.type, p.provider, p.bin, p.last4, p.expiry_month, p.expiry_year, p.brand, p.bank,
  p.country, p.account_name, p.phone, p.signature, p.reusable, p.is_default, p.active, p.created_at, p.updated_at
`

/** A payment method that is about to be saved. */
export type NewPaymentMethod = Pick<PaymentMethod, 'type' | 'provider' | 'reusable' | 'active'> &
  Partial<Omit<PaymentMethod, 'id' | 'code' | 'customerId' | 'isDefault' | 'createdAt' | 'updatedAt'>> & {
    /** The processor's own name of the instrument. It is stored sealed, and shown to nobody. */
    token?: string | undefined
  }

const tokenContext = 'payment method'

/** Adds a payment method and its event. The customer must be locked by `tx`. */
export async function addPaymentMethod(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  fields: NewPaymentMethod,
): Promise<PaymentMethod> {
  const now = tx.clock.now()
  const [row] = await tx.db.query<PaymentMethodRow>(sql`
    insert into payment_methods as p (
      merchant_id, id, mode, customer_id, code, type, provider, bin, last4, expiry_month, expiry_year, brand, bank,
      country, account_name, phone, signature, token, reusable, active, is_default, created_at, updated_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id},
      ${randomCode(tx.random, 10)}, ${fields.type}, ${fields.provider}, ${fields.bin ?? null},
      ${fields.last4 ?? null}, ${fields.expiryMonth ?? null}::smallint, ${fields.expiryYear ?? null}::smallint,
      ${fields.brand ?? null}, ${fields.bank ?? null}, ${fields.country ?? null}, ${fields.accountName ?? null},
      ${fields.phone ?? null}, ${fields.signature ?? null}, ${sealToken(tx, fields)}::bytea, ${fields.reusable}::boolean, ${fields.active}::boolean,
      not exists (
        select from payment_methods d
        where d.merchant_id = ${tenant.merchant.id} and d.customer_id = ${customer.id}
          and d.is_default and d.deactivated_at is null
      ),
      ${now}::timestamptz, ${now}::timestamptz
    returning ${columns}
  `)
  const method = readPaymentMethod(row as PaymentMethodRow)
  await recordEvent(tx, tenant, { type: 'payment_method.added', customer, details: eventDetails(method) })
  return method
}

function sealToken({ vault }: Context, { token }: Pick<NewPaymentMethod, 'token'>): Buffer | null {
  return token === undefined ? null : vault.seal(token, tokenContext)
}

/**
 * Whether the customer has saved an instrument: it is known by its signature, else by the processor's name of it, which it gets if
 * it has none. The customer must be locked by `tx`.
 */
export async function isSaved(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  { signature, token }: Pick<NewPaymentMethod, 'signature'> & { token: string },
): Promise<boolean> {
  const methods = await tx.db.query<{ id: bigint; signature: string | null; token: Buffer | null }>(sql`
    select id, signature, token from payment_methods
    where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id} and deactivated_at is null
  `)
  const known = methods.find(
    (each) =>
      (signature && each.signature === signature) ||
      (each.token !== null && tx.vault.open(each.token, tokenContext) === token),
  )
  if (known?.token === null) await renewToken(tx, tenant, known.id, token)
  return known !== undefined
}

/** Stores the processor's name of an instrument that was saved before: the last one counts. */
export async function renewToken(context: Context, { merchant }: Tenant, id: bigint, token: string): Promise<void> {
  await context.db.query(sql`
    update payment_methods set token = ${sealToken(context, { token })}
    where merchant_id = ${merchant.id} and id = ${id} and deactivated_at is null
  `)
}

/** The processor's name of a saved instrument, by which it is charged; undefined where it has none. */
export async function openToken(context: Context, tenant: Tenant, code: string): Promise<string | undefined> {
  const [row] = await context.db.query<{ token: Buffer | null }>(sql`
    select token from payment_methods
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and code = ${code} and deactivated_at is null
  `)
  return row?.token ? context.vault.open(row.token, tokenContext) : undefined
}

/** A payment method, and the customer it belongs to. */
export type OwnedPaymentMethod = PaymentMethod & { customerCode: string }

export type OwnedRow = PaymentMethodRow & { customer_code: string }

/** The payment method with that code. Throws `payment_method_not_found`, also for a method that was removed. */
export async function getPaymentMethod(context: Context, tenant: Tenant, code: string): Promise<OwnedPaymentMethod> {
  const [row] = await context.db.query<OwnedRow>(sql`
    select ${columns}, c.code as customer_code
    from payment_methods p
    join customers c on c.merchant_id = p.merchant_id and c.id = p.customer_id
    where p.merchant_id = ${tenant.merchant.id} and p.mode = ${tenant.mode} and p.code = ${code}
      and p.deactivated_at is null
  `)
  if (row === undefined) throw new ServiceError('payment_method_not_found', `There is no payment method "pm_${code}"`)
  return readOwned(row)
}

/**
 * Removes an instrument: it is listed nowhere and can no longer be charged. Answers the time of the removal. Throws
 * `payment_method_not_found`.
 */
export async function deactivatePaymentMethod(context: Context, tenant: Tenant, code: string): Promise<Date> {
  return inTransaction(context, async (tx) => {
    const now = context.clock.now()
    const [row] = await tx.db.query<PaymentMethodRow>(sql`
      update payment_methods p set
        deactivated_at = ${now}, updated_at = ${now}, active = false, is_default = false, token = null
      where p.merchant_id = ${tenant.merchant.id} and p.mode = ${tenant.mode} and p.code = ${code}
        and p.deactivated_at is null
      returning ${columns}
    `)
    if (row === undefined) throw new ServiceError('payment_method_not_found', `There is no payment method "pm_${code}"`)
    const method = readPaymentMethod(row)
    noteChange(tx, { object: code, before: { active: true }, after: { active: false } })
    await tx.db.query(sql`
      update mandates set status = 'revoked', updated_at = ${now}
      where merchant_id = ${tenant.merchant.id} and payment_method_id = ${method.id}
    `)
    const customer = await lockCustomer(tx, tenant, { id: method.customerId })
    await recordEvent(tx, tenant, { type: 'payment_method.removed', customer, details: eventDetails(method) })
    return now
  })
}

/**
 * Makes a payment method the customer's default, or with null leaves the customer without one. Answers the code of the default of
 * before, or null. The customer must be locked by `tx`. Throws `payment_method_not_found`, also for a payment method of
 * another customer.
 */
export async function setDefaultPaymentMethod(
  tx: TxContext,
  { merchant, mode }: Tenant,
  customer: Customer,
  code: string | null,
): Promise<string | null> {
  const methods = await tx.db.query<Pick<PaymentMethodRow, 'code' | 'is_default'>>(sql`
    select p.code, p.is_default from payment_methods p
    where p.merchant_id = ${merchant.id} and p.customer_id = ${customer.id} and p.deactivated_at is null
    for no key update
  `)
  if (code !== null && !methods.some((method) => method.code === code)) {
    throw new ServiceError(
      'payment_method_not_found',
      `The customer ${customer.code} has no payment method "pm_${code}"`,
    )
  }
  const previous = methods.find((method) => method.is_default)?.code ?? null
  if (previous === code) return previous
  const now = tx.clock.now()
  // The old default first: only one may be at any moment.
  for (const [changed, isDefault] of [
    [previous, false],
    [code, true],
  ] as const) {
    if (changed === null) continue
    await tx.db.query(sql`
      update payment_methods set is_default = ${isDefault}, updated_at = ${now}
      where merchant_id = ${merchant.id} and mode = ${mode} and code = ${changed}
    `)
  }
  noteChange(tx, {
    object: customer.code,
    before: { defaultPaymentMethod: previous },
    after: { defaultPaymentMethod: code },
  })
  await recordEvent(tx, { merchant, mode }, { type: 'customer.updated', customer })
  return previous
}

function eventDetails(method: PaymentMethod): Record<string, unknown> {
  return { paymentMethod: { code: method.code, type: method.type, brand: method.brand, last4: method.last4 } }
}

/** The columns of a payment method, where `p` is its table. */
export const paymentMethodColumns: Sql = columns

export function readPaymentMethod(row: PaymentMethodRow): PaymentMethod {
  return {
    id: row.id,
    code: row.code,
    customerId: row.customer_id,
    type: row.type,
    provider: row.provider,
    bin: row.bin,
    last4: row.last4,
    expiryMonth: row.expiry_month,
    expiryYear: row.expiry_year,
    brand: row.brand,
    bank: row.bank,
    country: row.country,
    accountName: row.account_name,
    phone: row.phone,
    signature: row.signature,
    reusable: row.reusable,
    isDefault: row.is_default,
    active: row.active,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export function readOwned(row: OwnedRow): OwnedPaymentMethod {
  return { ...readPaymentMethod(row), customerCode: row.customer_code }
}
