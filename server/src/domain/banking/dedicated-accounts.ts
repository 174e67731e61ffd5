import { ServiceError } from '../../base/errors.ts'
import type { Random } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import type { Page } from '../../base/page.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import {
  type Customer,
  type CustomerReference,
  findCustomer,
  findCustomersById,
  lockCustomer,
  updateCustomer,
} from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import type { Merchant, Tenant } from '../merchants/tenant.ts'

/** A bank that gives out accounts for customers to be paid through. */
export interface AccountProvider {
  id: number
  slug: string
  bankName: string
  /** Of the bank in the list of banks. */
  bankId: number
}

/** The first one is taken where none is preferred. */
export const accountProviders: readonly AccountProvider[] = [
  { id: 1, slug: 'test-bank', bankName: 'Test Bank', bankId: 20 },
  { id: 2, slug: 'wema-bank', bankName: 'Wema Bank', bankId: 20 },
  { id: 3, slug: 'titan-paystack', bankName: 'Titan Paystack', bankId: 629 },
]

/** A bank account that belongs to one customer: what is transferred to it is the customer's cash. */
export interface DedicatedAccount {
  id: bigint
  customerId: bigint
  provider: AccountProvider
  /** Ten digits, nobody else's of the tenant. */
  accountNumber: string
  /** `MERCHANT/CUSTOMER NAME` */
  accountName: string
  currency: Currency
  splitCode: string | null
  subaccount: string | null
  createdAt: Date
  updatedAt: Date
  /** When it was taken from the customer; null while it is theirs. */
  removedAt: Date | null
}

interface DedicatedAccountRow {
  id: bigint
  customer_id: bigint
  provider: string
  account_number: string
  account_name: string
  currency: Currency
  split_code: string | null
  subaccount: string | null
  created_at: Date
  updated_at: Date
  removed_at: Date | null
}

const columns: Sql = sql`
  a.id, a.customer_id, a.provider, a.account_number, a.account_name, a.currency, a.split_code, a.subaccount,
  a.created_at, a.updated_at, a.removed_at
`

/** What an account is to be like. There are no splits here: the codes are kept and told. */
export interface WantedAccount {
  /** Of a provider; default the first. */
  provider?: string | undefined
  splitCode?: string | undefined
  subaccount?: string | undefined
}

/** Names and phone that the customer is to have from now on; an account cannot be had without them. */
export interface HolderChanges {
  firstName?: string | undefined
  lastName?: string | undefined
  phone?: string | undefined
}

/**
 * Gives a customer an account. Who has one of the provider keeps it, unchanged. Throws `not_available` in live mode,
 * `customer_not_found`, and `invalid_request` for an unknown provider and for a customer without names or phone.
 */
export async function createDedicatedAccount(
  context: Context,
  tenant: Tenant,
  reference: CustomerReference,
  wanted: WantedAccount,
  changes: HolderChanges = {},
): Promise<{ account: DedicatedAccount; customer: Customer }> {
  refuseLiveMode(tenant)
  readProvider(wanted.provider)
  const isChanged = Object.values(changes).some((value) => value !== undefined)
  if (isChanged) await updateCustomer(context, tenant, reference, changes)
  return inTransaction(context, async (tx) => {
    const customer = await lockCustomer(tx, tenant, reference)
    return { account: await assignAccount(tx, tenant, customer, wanted), customer }
  })
}

/** As `createDedicatedAccount`, within a transaction that has locked the customer. */
export async function assignAccount(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  wanted: WantedAccount,
): Promise<DedicatedAccount> {
  requireNames(customer)
  const provider = readProvider(wanted.provider)
  const known = await findAccountOf(tx, tenant, customer, provider)
  if (known !== null) return known
  const account = await insertAccount(tx, tenant, customer, provider, wanted)
  await recordAssignment(tx, tenant, customer, account)
  return account
}

/** Records that an account is the customer's, and whether they are identified. */
export async function recordAssignment(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  account: DedicatedAccount,
): Promise<void> {
  const identification = { status: customer.identified ? 'success' : 'not_requested' }
  const told = { ...eventDetails(tenant, account), identification }
  await recordEvent(tx, tenant, 'dedicated_account.assigned', customer, told)
}

/** Throws `invalid_request` naming what is missing. */
export function requireNames(customer: Pick<Customer, 'firstName' | 'lastName' | 'phone'>): void {
  const needed = { first_name: customer.firstName, last_name: customer.lastName, phone: customer.phone }
  const [missing] = Object.entries(needed).filter(([, value]) => !value?.trim())
  if (missing === undefined) return
  const message = `A customer needs first_name, last_name and phone for a dedicated account; ${missing[0]} is missing`
  throw new ServiceError('invalid_request', message, missing[0])
}

/** The account of that provider that is the customer's now. */
export async function findAccountOf(tx: TxContext, tenant: Tenant, customer: Customer, provider: AccountProvider) {
  const [row] = await tx.db.query<DedicatedAccountRow>(sql`
    select ${columns} from dedicated_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customer.id} and a.provider = ${provider.slug}
      and a.removed_at is null
  `)
  return row === undefined ? null : readAccount(row)
}

async function insertAccount(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  provider: AccountProvider,
  wanted: WantedAccount,
): Promise<DedicatedAccount> {
  const now = tx.clock.now()
  const holder = `${customer.firstName} ${customer.lastName}`
  const rows = await tx.db.query<DedicatedAccountRow>(sql`
    insert into dedicated_accounts as a (
      merchant_id, id, mode, customer_id, provider, account_number, account_name, currency, split_code, subaccount,
      created_at, updated_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id}, ${provider.slug},
      ${randomNumber(tx.random)}, ${`${tenant.merchant.name}/${holder}`.toUpperCase().slice(0, 200)},
      ${accountCurrency(tenant.merchant)}, ${wanted.splitCode ?? null}, ${wanted.subaccount ?? null},
      ${now}::timestamptz, ${now}::timestamptz
    on conflict (merchant_id, mode, account_number) do nothing
    returning ${columns}
  `)
  // One in nine thousand million numbers of the tenant is taken.
  if (rows[0] === undefined) return insertAccount(tx, tenant, customer, provider, wanted)
  return readAccount(rows[0])
}

/** Ten digits, the first one a 9: no sort of real account of the sandbox's reserved numbers begins so. */
function randomNumber(random: Random): string {
  return `9${String(random.bytes(6).readUIntBE(0, 6) % 1_000_000_000).padStart(9, '0')}`
}

/** Naira, or cedi, where the merchant holds them; else its default, so that any merchant can try accounts. */
function accountCurrency({ currencies }: Merchant): Currency {
  return (['NGN', 'GHS'] as const).find((each) => currencies.includes(each)) ?? currencies[0]
}

/** The account and the customer whose it is, or was. Throws `dedicated_account_not_found`. */
export async function getDedicatedAccount(
  context: Context,
  tenant: Tenant,
  id: bigint,
): Promise<{ account: DedicatedAccount; customer: Customer }> {
  const [row] = await context.db.query<DedicatedAccountRow>(sql`
    select ${columns} from dedicated_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.mode = ${tenant.mode} and a.id = ${id}
  `)
  if (row === undefined) throw accountNotFound(String(id))
  return { account: readAccount(row), customer: await findCustomer(context, tenant, { id: row.customer_id }) }
}

/** By number. Throws `dedicated_account_not_found`, also for one that was taken from its customer. */
export async function findAccountByNumber(
  context: Context,
  tenant: Tenant,
  accountNumber: string,
): Promise<DedicatedAccount> {
  const [row] = await context.db.query<DedicatedAccountRow>(sql`
    select ${columns} from dedicated_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.mode = ${tenant.mode} and a.account_number = ${accountNumber}
      and a.removed_at is null
  `)
  if (row === undefined) throw accountNotFound(accountNumber)
  return readAccount(row)
}

export interface DedicatedAccountFilter {
  /** Only those that are a customer's, or only those that no longer are. */
  active?: boolean | undefined
  currency?: string | undefined
  provider?: string | undefined
  bankId?: number | undefined
  customer?: CustomerReference | undefined
}

/** Newest first, with the customer of each. A customer who does not exist has none. */
export async function listDedicatedAccounts(
  context: Context,
  tenant: Tenant,
  filter: DedicatedAccountFilter,
  page: { limit: number; offset: number },
): Promise<Page<{ account: DedicatedAccount; customer: Customer }>> {
  const providers = accountProviders
    .filter(({ slug }) => filter.provider === undefined || slug === filter.provider)
    .filter(({ bankId }) => filter.bankId === undefined || bankId === filter.bankId)
    .map(({ slug }) => slug)
  const customerId = filter.customer === undefined ? null : await findCustomerId(context, tenant, filter.customer)
  if (customerId === undefined) return { items: [], total: 0 }
  const rows = await context.db.query<DedicatedAccountRow & { total: bigint }>(sql`
    with found as materialized (
      select f.id from dedicated_accounts f
      where f.merchant_id = ${tenant.merchant.id} and f.mode = ${tenant.mode}
        and f.provider = any(${providers}::text[])
        and (${filter.active ?? null}::boolean is null or (f.removed_at is null) = ${filter.active ?? null}::boolean)
        and (${filter.currency ?? null}::text is null or f.currency = upper(${filter.currency ?? null}::text))
        and (${customerId}::bigint is null or f.customer_id = ${customerId}::bigint)
    )
    select t.total, ${columns}
    from (select count(*) as total from found) t
    left join (select id from found order by id desc limit ${page.limit} offset ${page.offset}) k on true
    left join dedicated_accounts a on a.merchant_id = ${tenant.merchant.id} and a.id = k.id
    order by a.id desc
  `)
  const accounts = rows.filter((row) => row.id !== null).map(readAccount)
  const ids = accounts.map((account) => account.customerId)
  const customers = await findCustomersById(context, tenant, ids)
  const items = accounts.map((account) => ({ account, customer: customers.get(account.customerId) as Customer }))
  return { items, total: Number(rows[0]?.total ?? 0) }
}

async function findCustomerId(context: Context, tenant: Tenant, reference: CustomerReference) {
  try {
    return (await findCustomer(context, tenant, reference)).id
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'customer_not_found') return undefined
    throw error
  }
}

/** The accounts that are a customer's now, newest first. */
export async function listAccountsOf(
  context: Context,
  tenant: Tenant,
  customer: Customer,
): Promise<DedicatedAccount[]> {
  const rows = await context.db.query<DedicatedAccountRow>(sql`
    select ${columns} from dedicated_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customer.id} and a.removed_at is null
    order by a.id desc
  `)
  return rows.map(readAccount)
}

/** Takes an account from its customer: what is sent to it from now on is refused. Throws `dedicated_account_not_found`. */
export async function removeDedicatedAccount(context: Context, tenant: Tenant, id: bigint): Promise<DedicatedAccount> {
  return inTransaction(context, async (tx) => {
    const now = context.clock.now()
    const [row] = await tx.db.query<DedicatedAccountRow>(sql`
      update dedicated_accounts a set removed_at = ${now}, updated_at = ${now}
      where a.merchant_id = ${tenant.merchant.id} and a.mode = ${tenant.mode} and a.id = ${id} and a.removed_at is null
      returning ${columns}
    `)
    if (row === undefined) throw accountNotFound(String(id))
    const account = readAccount(row)
    const customer = await lockCustomer(tx, tenant, { id: account.customerId })
    const told = eventDetails(tenant, account)
    await recordEvent(tx, tenant, 'dedicated_account.removed', customer, told)
    return account
  })
}

/** How often an account's transfers may be looked for. */
const requeryEveryMs = 10 * 60 * 1000

/**
 * Notes that transfers to an account are to be looked for again; here none is ever missed. Throws
 * `dedicated_account_not_found`, `invalid_request` within ten minutes of the last time.
 */
export async function requeryDedicatedAccount(context: Context, tenant: Tenant, accountNumber: string): Promise<void> {
  const account = await findAccountByNumber(context, tenant, accountNumber)
  const now = context.clock.now()
  const rows = await context.db.query(sql`
    update dedicated_accounts set requeried_at = ${now}::timestamptz
    where merchant_id = ${tenant.merchant.id} and id = ${account.id}
      and (requeried_at is null or requeried_at <= ${new Date(now.getTime() - requeryEveryMs)}::timestamptz)
    returning id
  `)
  if (rows.length > 0) return
  throw new ServiceError('invalid_request', `Account ${accountNumber} was requeried less than 10 minutes ago; wait`)
}

/** Notes how what is paid to an account is to be split; null for no longer. Throws `dedicated_account_not_found`. */
export async function setAccountSplit(
  context: Context,
  tenant: Tenant,
  id: bigint,
  split: { splitCode: string | null; subaccount: string | null },
): Promise<DedicatedAccount> {
  const [row] = await context.db.query<DedicatedAccountRow>(sql`
    update dedicated_accounts a set
      split_code = ${split.splitCode}, subaccount = ${split.subaccount}, updated_at = ${context.clock.now()}
    where a.merchant_id = ${tenant.merchant.id} and a.mode = ${tenant.mode} and a.id = ${id} and a.removed_at is null
    returning ${columns}
  `)
  if (row === undefined) throw accountNotFound(String(id))
  return readAccount(row)
}

/** Throws `not_available`: accounts are the sandbox's. */
export function refuseLiveMode({ mode }: Tenant): void {
  if (mode === 'test') return
  throw new ServiceError('not_available', 'Dedicated accounts are not available in live mode on this server')
}

/** The provider of that slug. Throws `invalid_request`. */
export function readProvider(slug: string | undefined): AccountProvider {
  const provider = slug === undefined ? accountProviders[0] : accountProviders.find((each) => each.slug === slug)
  if (provider !== undefined) return provider
  const known = accountProviders.map((each) => each.slug).join(', ')
  throw new ServiceError('invalid_request', `"preferred_bank" must be one of [${known}]`, 'preferred_bank')
}

function accountNotFound(name: string): ServiceError {
  const message = `There is no dedicated account "${name}", or it is no longer a customer's`
  return new ServiceError('dedicated_account_not_found', message)
}

/** All that a surface tells of an account, so that it can be told from the event alone. */
function eventDetails({ merchant }: Tenant, account: DedicatedAccount): Record<string, unknown> {
  const { id, customerId: _, createdAt, updatedAt, removedAt, ...rest } = account
  const dates = {
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    removedAt: removedAt?.toISOString() ?? null,
  }
  return { merchantNumber: merchant.id, dedicatedAccount: { id: Number(id), ...rest, ...dates } }
}

function readAccount(row: DedicatedAccountRow): DedicatedAccount {
  return {
    id: row.id,
    customerId: row.customer_id,
    provider: readProvider(row.provider),
    accountNumber: row.account_number,
    accountName: row.account_name,
    currency: row.currency,
    splitCode: row.split_code,
    subaccount: row.subaccount,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    removedAt: row.removed_at,
  }
}
