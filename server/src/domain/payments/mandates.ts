import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange } from '../context.ts'
import { type Customer, createCustomer, findCustomer, findCustomersById, lockCustomer } from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { readTenant, refuseClosed, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import { addPaymentMethod, type PaymentMethod } from './payment-methods.ts'
import { type ProcessorChoice, requireProcessor } from './payment-processor.ts'

/**
 * A customer's permission to debit their bank account. A mandate is requested first, and pending once the customer has
 * approved it on the hosted page, or declined for good. It is active when the bank has agreed, and revoked when the
 * payment method is removed.
 */
export interface Mandate {
  id: bigint
  customerId: bigint
  reference: string
  accessCode: string
  /** The account at a processor that asks the customer; 0 for a mandate that is agreed to on a page of this service. */
  accountId: bigint
  /** The processor's page on which the customer agrees; null without one, and until it was opened. */
  page: { reference: string; url: string } | null
  callbackUrl: string | null
  status: 'requested' | 'declined' | 'pending' | 'active' | 'revoked'
  bankCode: string | null
  /** Masked: 012****789. */
  accountNumber: string | null
  /** The end of the account number, where it was given. */
  last4: string | null
  paymentMethod: { id: bigint; code: string; bank: string | null; active: boolean } | null
  authorizedAt: Date | null
  createdAt: Date
}

interface MandateRow {
  id: bigint
  customer_id: bigint
  reference: string
  access_code: string
  account_id: bigint
  outside_reference: string | null
  page_url: string | null
  callback_url: string | null
  status: Mandate['status']
  bank_code: string | null
  account_number: Buffer | null
  payment_method_id: bigint | null
  code: string | null
  bank: string | null
  active: boolean | null
  authorized_at: Date | null
  created_at: Date
}

export interface NewMandate {
  callbackUrl: string | null
  account: { number: string; bankCode: string } | null
  address: { street: string; city: string; state: string } | null
}

const columns = sql`
  d.id, d.customer_id, d.reference, d.access_code, d.account_id, d.outside_reference, d.page_url, d.callback_url, d.status, d.bank_code, d.account_number,
  d.payment_method_id, p.code, p.bank, p.active, d.authorized_at, d.created_at
`
const withMethod = sql`
  mandates d
  join customers c on c.merchant_id = d.merchant_id and c.id = d.customer_id and c.deleted_at is null
  left join payment_methods p on p.merchant_id = d.merchant_id and p.id = d.payment_method_id
`

/** Asks the customer with that e-mail, who is created when there is none, for a mandate. Throws `not_available`. */
export async function requestMandateByEmail(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  email: string,
  mandate: NewMandate,
): Promise<Mandate> {
  const { accountId } = await requireProcessor(context, tenant)
  const { customer } = await createCustomer(context, tenant, { email })
  return requestMandate(context, tenant, customer, { ...mandate, accountId })
}

/**
 * Asks the customer with that number for a mandate. Throws `not_available`, `customer_not_found`, `invalid_request` for a customer
 * without an e-mail where the processor knows customers by it.
 */
export async function requestMandateById(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  customerId: bigint,
  mandate: NewMandate,
): Promise<Mandate> {
  const { accountId, openMandatePage } = await requireProcessor(context, tenant)
  const customer = await findCustomer(context, tenant, { id: customerId })
  if (openMandatePage !== null && customer.email === null) throw noEmail()
  return requestMandate(context, tenant, customer, { ...mandate, accountId })
}

function noEmail(): ServiceError {
  const message = 'The payment processor knows customers by their e-mail: give this customer an e-mail first'
  return new ServiceError('invalid_request', message, 'email')
}

async function requestMandate(
  context: Context,
  tenant: Tenant,
  customer: Customer,
  mandate: NewMandate & { accountId: bigint },
): Promise<Mandate> {
  const now = context.clock.now()
  const [row] = await context.db.query<{ reference: string }>(sql`
    insert into mandates (
      merchant_id, id, mode, account_id, customer_id, reference, access_code, callback_url, status, bank_code, account_number,
      address, created_at, updated_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${mandate.accountId}::bigint,
      ${customer.id}, ${randomCode(context.random, 15)}, ${randomCode(context.random, 15)}, ${mandate.callbackUrl}, 'requested',
      ${mandate.account?.bankCode ?? null},
      ${mandate.account === null ? null : context.vault.seal(mandate.account.number, 'account')}::bytea,
      ${mandate.address === null ? null : JSON.stringify(mandate.address)}::json,
      ${now}::timestamptz, ${now}::timestamptz
    returning reference
  `)
  const { reference } = row as { reference: string }
  noteChange(context, { object: reference, after: { customer: customer.code, status: 'requested' } })
  return getMandate(context, tenant, reference)
}

/** Throws `mandate_not_found`. */
export async function getMandate(context: Context, tenant: Tenant, reference: string): Promise<Mandate> {
  const [row] = await context.db.query<MandateRow>(sql`
    select ${columns} from ${withMethod}
    where d.merchant_id = ${tenant.merchant.id} and d.mode = ${tenant.mode} and d.reference = ${reference}
  `)
  if (row === undefined) throw mandateNotFound(reference)
  return readMandate(context, row)
}

/** The mandates that the customer has approved, newest first. Throws `customer_not_found`. */
export async function listMandates(
  context: Context,
  tenant: Tenant,
  customerId: bigint,
): Promise<{ customer: Customer; mandates: Mandate[] }> {
  const customer = await findCustomer(context, tenant, { id: customerId })
  const rows = await context.db.query<MandateRow>(sql`
    select ${columns} from ${withMethod}
    where d.merchant_id = ${tenant.merchant.id} and d.customer_id = ${customer.id}
      and d.status not in ('requested', 'declined')
    order by d.id desc
  `)
  return { customer, mandates: rows.map((row) => readMandate(context, row)) }
}

export interface MandateFilter {
  status?: 'pending' | 'active' | 'revoked' | undefined
  /** Only mandates older than the mandate with that id. */
  olderThan?: bigint | undefined
}

/** The mandates that customers of the tenant have approved, newest first, each with its customer. */
export async function listAllMandates(
  context: Context,
  tenant: Tenant,
  { status, olderThan }: MandateFilter,
  limit: number,
): Promise<{ items: { mandate: Mandate; customer: Customer }[]; hasOlder: boolean; total: number }> {
  const rows = await context.db.query<MandateRow & { total: bigint }>(sql`
    with approved as materialized (
      select o.id from mandates o
      join customers c on c.merchant_id = o.merchant_id and c.id = o.customer_id and c.deleted_at is null
      where o.merchant_id = ${tenant.merchant.id} and o.mode = ${tenant.mode}
        and o.status not in ('requested', 'declined')
        and (${status ?? null}::text is null or o.status = ${status ?? null}::text)
    )
    select t.total, ${columns}
    from (select count(*) as total from approved) t
    left join (
      select id from approved
      where ${olderThan ?? null}::bigint is null or id < ${olderThan ?? null}::bigint
      order by id desc
      limit ${limit + 1}
    ) k on true
    left join mandates d on d.merchant_id = ${tenant.merchant.id} and d.id = k.id
    left join payment_methods p on p.merchant_id = d.merchant_id and p.id = d.payment_method_id
    order by d.id desc
  `)
  const found = rows.filter((row) => row.id !== null).map((row) => readMandate(context, row))
  const mandates = found.slice(0, limit)
  const ids = mandates.map(({ customerId }) => customerId)
  const customers = await findCustomersById(context, tenant, ids)
  const items = mandates.map((mandate) => ({ mandate, customer: customers.get(mandate.customerId) as Customer }))
  return { items, hasOlder: found.length > limit, total: Number(rows[0]?.total ?? 0) }
}

/** The tenant of an access code, which is the only secret in a hosted page's address. Throws `mandate_not_found`. */
export async function findMandateTenant(
  context: Context,
  accessCode: string,
): Promise<{ tenant: Tenant; reference: string }> {
  const [row] = await context.db.query<TenantRow & { reference: string }>(sql`
    select d.mode, d.reference, ${tenantColumns}
    from mandates d
    join customers c on c.merchant_id = d.merchant_id and c.id = d.customer_id and c.deleted_at is null
    join merchants m on m.id = d.merchant_id
    where d.access_code = ${accessCode}
  `)
  if (row === undefined) throw new ServiceError('mandate_not_found', 'There is no such authorization request')
  return { tenant: readTenant(row), reference: row.reference }
}

/**
 * The customer agrees. The payment method is saved, pending until the bank agrees too. The first answer counts: to agree
 * again, or after declining, changes nothing. Throws `mandate_not_found`, `not_available`, `merchant_closed`.
 */
export async function approveMandate(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  reference: string,
  account: { number: string; bankCode: string },
): Promise<Mandate> {
  refuseClosed(tenant.merchant)
  await inTransaction(context, async (tx) => {
    const [row] = await tx.db.query<{ id: bigint; customer_id: bigint; account_id: bigint; status: string }>(sql`
      select id, customer_id, account_id, status from mandates
      where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and reference = ${reference}
      for update
    `)
    if (row === undefined) throw mandateNotFound(reference)
    if (row.status !== 'requested') return
    // The customer agrees to it on a page of the processor.
    if (row.account_id !== 0n) throw agreedElsewhere()
    const processor = await requireProcessor(tx, tenant, { sentBy: 0n })
    const customer = await lockCustomer(tx, tenant, { id: row.customer_id })
    const method = await addPaymentMethod(tx, tenant, customer, {
      type: 'direct_debit',
      ...processor.identify({ type: 'direct_debit', bankCode: account.bankCode }),
      country: tenant.merchant.country,
      last4: account.number.slice(-4),
      reusable: true,
      active: false,
    })
    const now = context.clock.now()
    noteChange(tx, { object: reference, before: { status: row.status }, after: { status: 'pending' } })
    await tx.db.query(sql`
      update mandates set
        status = 'pending', payment_method_id = ${method.id}, bank_code = ${account.bankCode},
        account_number = ${context.vault.seal(account.number, 'account')}, authorized_at = ${now}, updated_at = ${now},
        activates_at = ${new Date(now.getTime() + processor.mandateCheckMs)}
      where merchant_id = ${tenant.merchant.id} and id = ${row.id}
    `)
    await recordEvent(tx, tenant, {
      type: 'mandate.created',
      customer,
      details: mandateDetails(tenant, reference, method, now),
    })
  })
  return getMandate(context, tenant, reference)
}

/**
 * The customer does not agree, and the mandate ends. The first answer counts: to decline again, or after agreeing, changes
 * nothing. Throws `mandate_not_found`.
 */
export async function declineMandate(context: Context, tenant: Tenant, reference: string): Promise<Mandate> {
  await inTransaction(context, async (tx) => {
    const [row] = await tx.db.query<{ customer_id: bigint }>(sql`
      update mandates set status = 'declined', updated_at = ${tx.clock.now()}
      where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and reference = ${reference}
        and status = 'requested' and account_id = 0
      returning customer_id
    `)
    if (row === undefined) return
    noteChange(tx, { object: reference, before: { status: 'requested' }, after: { status: 'declined' } })
    const customer = await lockCustomer(tx, tenant, { id: row.customer_id })
    await recordEvent(tx, tenant, { type: 'mandate.declined', customer, details: { reference } })
  })
  return getMandate(context, tenant, reference)
}

/** The years for which a mandate is valid. */
export const mandateYears = 10

/** The members of a mandate that a surface shows, so that a webhook can be rendered from the event alone. */
export function mandateDetails(tenant: Tenant, reference: string, method: PaymentMethod, authorizedAt: Date) {
  const { code, last4, bank, brand, country, signature, accountName } = method
  const expiry = {
    expiryMonth: authorizedAt.getUTCMonth() + 1,
    expiryYear: authorizedAt.getUTCFullYear() + mandateYears,
  }
  const paymentMethod = { code, last4, bank, brand, country, signature, accountName, ...expiry }
  return { reference, authorizationCode: code, merchantNumber: tenant.merchant.id, paymentMethod }
}

function agreedElsewhere(): ServiceError {
  const message = 'The customer agrees to this request on the page of the payment processor'
  return new ServiceError('not_available', message)
}

function mandateNotFound(reference: string): ServiceError {
  return new ServiceError('mandate_not_found', `There is no mandate with reference "${reference}"`)
}

function readMandate(context: Context, row: MandateRow): Mandate {
  const number = row.account_number === null ? null : context.vault.open(row.account_number, 'account')
  return {
    id: row.id,
    customerId: row.customer_id,
    reference: row.reference,
    accessCode: row.access_code,
    accountId: row.account_id,
    page:
      row.page_url === null || row.outside_reference === null
        ? null
        : { reference: row.outside_reference, url: row.page_url },
    callbackUrl: row.callback_url,
    status: row.status,
    bankCode: row.bank_code,
    accountNumber: number === null ? null : maskAccount(number),
    last4: number?.slice(-4) ?? null,
    paymentMethod:
      row.payment_method_id === null
        ? null
        : { id: row.payment_method_id, code: row.code ?? '', bank: row.bank, active: row.active ?? false },
    authorizedAt: row.authorized_at,
    createdAt: row.created_at,
  }
}

function maskAccount(number: string): string {
  return number.length < 8 ? '****' : `${number.slice(0, 3)}****${number.slice(-3)}`
}
