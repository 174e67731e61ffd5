import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import {
  type Customer,
  type CustomerQueues,
  createCustomer,
  findCustomer,
  findCustomersById,
  lockCustomer,
} from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { type MerchantRow, readMerchant } from '../merchants/merchants.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import {
  addPaymentMethod,
  type PaymentMethod,
  type PaymentMethodRow,
  paymentMethodColumns,
  readPaymentMethod,
} from './payment-methods.ts'

/**
 * A customer's leave to debit their bank account: requested, pending once they have approved it on the hosted page,
 * active when the bank has agreed, revoked when the payment method is removed.
 */
export interface Mandate {
  id: bigint
  customerId: bigint
  reference: string
  accessCode: string
  callbackUrl: string | null
  status: 'requested' | 'pending' | 'active' | 'revoked'
  bankCode: string | null
  /** Masked: 012****789. */
  accountNumber: string | null
  paymentMethod: { id: bigint; code: string; bank: string | null; active: boolean } | null
  authorizedAt: Date | null
  createdAt: Date
}

interface MandateRow {
  id: bigint
  customer_id: bigint
  reference: string
  access_code: string
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
  d.id, d.customer_id, d.reference, d.access_code, d.callback_url, d.status, d.bank_code, d.account_number,
  d.payment_method_id, p.code, p.bank, p.active, d.authorized_at, d.created_at
`
const withMethod = sql`
  mandates d left join payment_methods p on p.merchant_id = d.merchant_id and p.id = d.payment_method_id
`

/** Asks the customer with that e-mail, who is created when there is none, for a mandate. Throws `not_available`. */
export async function requestMandateByEmail(
  service: Service,
  queues: CustomerQueues,
  tenant: Tenant,
  email: string,
  mandate: NewMandate,
): Promise<Mandate> {
  refuseOutsideTestMode(tenant)
  const { customer } = await createCustomer(queues, tenant, {
    email,
    firstName: null,
    lastName: null,
    phone: null,
    metadata: null,
  })
  return requestMandate(service, tenant, customer, mandate)
}

/** Asks the customer with that number for a mandate. Throws `not_available`, `customer_not_found`. */
export async function requestMandateById(
  service: Service,
  tenant: Tenant,
  customerId: bigint,
  mandate: NewMandate,
): Promise<Mandate> {
  refuseOutsideTestMode(tenant)
  return requestMandate(service, tenant, await findCustomer(service, tenant, { id: customerId }), mandate)
}

function refuseOutsideTestMode({ mode }: Tenant): void {
  if (mode === 'test') return
  throw new ServiceError('not_available', 'Direct debit is not available in live mode on this server')
}

async function requestMandate(
  service: Service,
  tenant: Tenant,
  customer: Customer,
  mandate: NewMandate,
): Promise<Mandate> {
  const now = service.clock.now()
  const [row] = await service.db.query<{ reference: string }>(sql`
    insert into mandates (
      merchant_id, id, mode, customer_id, reference, access_code, callback_url, status, bank_code, account_number,
      address, created_at, updated_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id},
      ${randomCode(service.random, 15)}, ${randomCode(service.random, 15)}, ${mandate.callbackUrl}, 'requested',
      ${mandate.account?.bankCode ?? null},
      ${mandate.account === null ? null : service.vault.seal(mandate.account.number, 'account')}::bytea,
      ${mandate.address === null ? null : JSON.stringify(mandate.address)}::json,
      ${now}::timestamptz, ${now}::timestamptz
    returning reference
  `)
  return getMandate(service, tenant, (row as { reference: string }).reference)
}

/** Throws `mandate_not_found`. */
export async function getMandate(service: Service, tenant: Tenant, reference: string): Promise<Mandate> {
  const [row] = await service.db.query<MandateRow>(sql`
    select ${columns} from ${withMethod}
    where d.merchant_id = ${tenant.merchant.id} and d.mode = ${tenant.mode} and d.reference = ${reference}
  `)
  if (row === undefined)
    throw new ServiceError('mandate_not_found', `There is no mandate with reference "${reference}"`)
  return readMandate(service, row)
}

/** Those the customer has approved, newest first. Throws `customer_not_found`. */
export async function listMandates(
  service: Service,
  tenant: Tenant,
  customerId: bigint,
): Promise<{ customer: Customer; mandates: Mandate[] }> {
  const customer = await findCustomer(service, tenant, { id: customerId })
  const rows = await service.db.query<MandateRow>(sql`
    select ${columns} from ${withMethod}
    where d.merchant_id = ${tenant.merchant.id} and d.customer_id = ${customer.id} and d.status <> 'requested'
    order by d.id desc
  `)
  return { customer, mandates: rows.map((row) => readMandate(service, row)) }
}

export interface MandateFilter {
  status?: 'pending' | 'active' | 'revoked' | undefined
  /** Only those older than the mandate of that id. */
  olderThan?: bigint | undefined
}

/** Those that customers of the tenant have approved, newest first, with whose they are. */
export async function listAllMandates(
  service: Service,
  tenant: Tenant,
  { status, olderThan }: MandateFilter,
  limit: number,
): Promise<{ items: { mandate: Mandate; customer: Customer }[]; hasOlder: boolean; total: number }> {
  const rows = await service.db.query<MandateRow & { total: bigint }>(sql`
    with approved as materialized (
      select o.id from mandates o
      where o.merchant_id = ${tenant.merchant.id} and o.mode = ${tenant.mode} and o.status <> 'requested'
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
  const found = rows.filter((row) => row.id !== null).map((row) => readMandate(service, row))
  const mandates = found.slice(0, limit)
  const ids = mandates.map(({ customerId }) => customerId)
  const customers = await findCustomersById(service, tenant, ids)
  const items = mandates.map((mandate) => ({ mandate, customer: customers.get(mandate.customerId) as Customer }))
  return { items, hasOlder: found.length > limit, total: Number(rows[0]?.total ?? 0) }
}

/** Asks the bank again for every pending mandate of those customers. Throws `customer_not_found`. */
export async function retryActivations(service: Service, tenant: Tenant, customerIds: bigint[]): Promise<void> {
  const now = service.clock.now()
  await service.db.transaction(async (tx) => {
    const ids = [...new Set(customerIds)].sort((a, b) => (a < b ? -1 : 1))
    for (const id of ids) await lockCustomer(tx, tenant, { id })
    await tx.query(sql`
      update mandates set activates_at = least(activates_at, ${now}::timestamptz), updated_at = ${now}::timestamptz
      where merchant_id = ${tenant.merchant.id} and customer_id = any(${ids}::bigint[]) and status = 'pending'
    `)
  })
}

/** Whom an access code, the only secret of a hosted page's address, was made for. Throws `mandate_not_found`. */
export async function findMandateTenant(
  service: Service,
  accessCode: string,
): Promise<{ tenant: Tenant; reference: string }> {
  const [row] = await service.db.query<MerchantRow & { mode: Mode; reference: string }>(sql`
    select d.mode, d.reference, m.id, m.code, m.name, m.country, m.currencies, m.created_at
    from mandates d join merchants m on m.id = d.merchant_id
    where d.access_code = ${accessCode}
  `)
  if (row === undefined) throw new ServiceError('mandate_not_found', 'There is no such authorization request')
  return { tenant: { merchant: readMerchant(row), mode: row.mode }, reference: row.reference }
}

/**
 * The customer agrees: saves the payment method, pending until the bank agrees too, which in the sandbox is a moment
 * later. Agreeing again changes nothing. Throws `mandate_not_found`.
 */
export async function approveMandate(
  service: Service,
  tenant: Tenant,
  reference: string,
  account: { number: string; bankCode: string },
): Promise<Mandate> {
  await service.db.transaction(async (tx) => {
    const [row] = await tx.query<{ id: bigint; customer_id: bigint; status: string }>(sql`
      select id, customer_id, status from mandates
      where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and reference = ${reference}
      for update
    `)
    if (row === undefined)
      throw new ServiceError('mandate_not_found', `There is no mandate with reference "${reference}"`)
    if (row.status !== 'requested') return
    const customer = await lockCustomer(tx, tenant, { id: row.customer_id })
    const method = await addPaymentMethod(service, tx, tenant, customer, {
      type: 'direct_debit',
      provider: 'direct_debit',
      bank: 'TEST BANK',
      country: tenant.merchant.country,
      last4: account.number.slice(-4),
      reusable: true,
      active: false,
    })
    const now = service.clock.now()
    await tx.query(sql`
      update mandates set
        status = 'pending', payment_method_id = ${method.id}, bank_code = ${account.bankCode},
        account_number = ${service.vault.seal(account.number, 'account')}, authorized_at = ${now}, updated_at = ${now},
        activates_at = ${new Date(now.getTime() + service.sandboxDelayMs)}
      where merchant_id = ${tenant.merchant.id} and id = ${row.id}
    `)
    await recordEvent(service, tx, tenant, 'mandate.created', customer, eventDetails(tenant, reference, method, now))
  })
  return getMandate(service, tenant, reference)
}

/** Asks the bank again for a pending mandate of that payment method. Throws `customer_not_found`, `mandate_not_found`. */
export async function retryActivation(
  service: Service,
  tenant: Tenant,
  customerId: bigint,
  paymentMethodId: bigint,
): Promise<void> {
  const customer = await findCustomer(service, tenant, { id: customerId })
  const now = service.clock.now()
  const rows = await service.db.query(sql`
    update mandates set
      activates_at = case when status = 'pending' then least(activates_at, ${now}::timestamptz) else activates_at end,
      updated_at = ${now}::timestamptz
    where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id}
      and payment_method_id = ${paymentMethodId} and status <> 'revoked'
    returning id
  `)
  if (rows.length === 0) {
    throw new ServiceError('mandate_not_found', `The customer has no mandate for authorization ${paymentMethodId}`)
  }
}

/** Activates every pending mandate whose time has come and answers how many. Any number of servers may do so at once. */
export async function activateDueMandates(service: Service): Promise<number> {
  const due = await service.db.query<MerchantRow & { mandate_id: bigint; mode: Mode }>(sql`
    select d.id as mandate_id, d.mode, m.id, m.code, m.name, m.country, m.currencies, m.created_at
    from mandates d join merchants m on m.id = d.merchant_id
    where d.status = 'pending' and d.activates_at <= ${service.clock.now()}
    order by d.activates_at
    limit 100
  `)
  for (const row of due) {
    const tenant: Tenant = { merchant: readMerchant(row), mode: row.mode }
    await service.db.transaction((tx) => activateMandate(service, tx, tenant, row.mandate_id))
  }
  return due.length
}

async function activateMandate(service: Service, tx: Tx, tenant: Tenant, id: bigint): Promise<void> {
  const now = service.clock.now()
  const [row] = await tx.query<{
    customer_id: bigint
    payment_method_id: bigint
    reference: string
    authorized_at: Date
  }>(sql`
    update mandates set status = 'active', updated_at = ${now}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'pending'
    returning customer_id, payment_method_id, reference, authorized_at
  `)
  if (row === undefined) return
  const [method] = await tx.query<PaymentMethodRow>(sql`
    update payment_methods p set active = true, updated_at = ${now}
    where p.merchant_id = ${tenant.merchant.id} and p.id = ${row.payment_method_id} and p.deactivated_at is null
    returning ${paymentMethodColumns}
  `)
  if (method === undefined) return
  const customer = await lockCustomer(tx, tenant, { id: row.customer_id })
  const details = eventDetails(tenant, row.reference, readPaymentMethod(method), row.authorized_at)
  await recordEvent(service, tx, tenant, 'mandate.active', customer, details)
}

/** A mandate is given for ten years. */
const validYears = 10

/** All that a surface tells of a mandate, so that it can be told from the event alone. */
function eventDetails(tenant: Tenant, reference: string, method: PaymentMethod, authorizedAt: Date) {
  const { code, last4, bank, brand, country, signature, accountName } = method
  const expiry = {
    expiryMonth: authorizedAt.getUTCMonth() + 1,
    expiryYear: authorizedAt.getUTCFullYear() + validYears,
  }
  const paymentMethod = { code, last4, bank, brand, country, signature, accountName, ...expiry }
  return { reference, authorizationCode: code, merchantNumber: tenant.merchant.id, paymentMethod }
}

function readMandate(service: Service, row: MandateRow): Mandate {
  return {
    id: row.id,
    customerId: row.customer_id,
    reference: row.reference,
    accessCode: row.access_code,
    callbackUrl: row.callback_url,
    status: row.status,
    bankCode: row.bank_code,
    accountNumber: row.account_number === null ? null : maskAccount(service.vault.open(row.account_number, 'account')),
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
