import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Page, PageRequest } from '../../base/page.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, type TxContext } from '../context.ts'
import {
  type Customer,
  type CustomerReference,
  findCustomer,
  findCustomersById,
  lockCustomer,
} from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  type AccountBank,
  type AccountProviderChoice,
  type RequeriedDay,
  requireAccountProvider,
} from './account-provider.ts'

/** A bank account that belongs to one customer: what is transferred to it is the customer's cash. */
export interface DedicatedAccount {
  id: bigint
  customerId: bigint
  /** The account at a processor that opened it; 0 for the sandbox. */
  openedBy: bigint
  /** The number by which the provider knows it; null for the sandbox. */
  outsideId: bigint | null
  /** The bank of the account provider at which it was opened. */
  provider: AccountBank
  /** Ten digits, nobody else's of the tenant. */
  accountNumber: string
  /** The name that a sender sees. */
  accountName: string
  currency: Currency
  /** Set only in accounts of the former release. */
  splitCode: string | null
  subaccount: string | null
  createdAt: Date
  updatedAt: Date
  /** When it was taken from the customer; null while it is theirs. */
  removedAt: Date | null
}

export interface DedicatedAccountRow {
  id: bigint
  customer_id: bigint
  account_id: bigint
  outside_id: bigint | null
  provider: string
  provider_id: number | null
  bank_name: string | null
  bank_id: number | null
  account_number: string
  account_name: string
  currency: Currency
  split_code: string | null
  subaccount: string | null
  created_at: Date
  updated_at: Date
  removed_at: Date | null
}

/** Of `dedicated_accounts`, read as `a`. */
export const accountColumns: Sql = sql`
  a.id, a.customer_id, a.account_id, a.outside_id, a.provider, a.provider_id, a.bank_name, a.bank_id, a.account_number, a.account_name, a.currency,
  a.split_code, a.subaccount, a.created_at, a.updated_at, a.removed_at
`

/**
 * Throws `not_available` for a tenant that can have no dedicated accounts and has none. Accounts stay, to be read and removed,
 * where the processor that opened them was replaced.
 */
export async function requireAccounts(context: Context & AccountProviderChoice, tenant: Tenant): Promise<void> {
  if ((await context.accountProviderOf(context, tenant, 'new')) !== null) return
  const [row] = await context.db.query(sql`
    select from dedicated_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.mode = ${tenant.mode}
    limit 1
  `)
  if (row === undefined) await requireAccountProvider(context, tenant)
}

/** The account and the customer whose it is, or was. Throws `not_available`, `dedicated_account_not_found`. */
export async function getDedicatedAccount(
  context: Context & AccountProviderChoice,
  tenant: Tenant,
  id: bigint,
): Promise<{ account: DedicatedAccount; customer: Customer }> {
  await requireAccounts(context, tenant)
  const [row] = await context.db.query<DedicatedAccountRow>(sql`
    select ${accountColumns} from dedicated_accounts a
    join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id and c.deleted_at is null
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
    select ${accountColumns} from dedicated_accounts a
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
  /** The slug of the bank. */
  provider?: string | undefined
  bankId?: number | undefined
  customer?: CustomerReference | undefined
}

/** Newest first, with the customer of each. A customer who does not exist has none. Throws `not_available`. */
export async function listDedicatedAccounts(
  context: Context & AccountProviderChoice,
  tenant: Tenant,
  filter: DedicatedAccountFilter,
  page: PageRequest,
): Promise<Page<{ account: DedicatedAccount; customer: Customer }>> {
  await requireAccounts(context, tenant)
  const customerId = filter.customer === undefined ? null : await findCustomerId(context, tenant, filter.customer)
  if (customerId === undefined) return { items: [], total: 0 }
  const rows = await context.db.query<DedicatedAccountRow & { total: bigint }>(sql`
    with found as materialized (
      select f.id from dedicated_accounts f
      join customers c on c.merchant_id = f.merchant_id and c.id = f.customer_id and c.deleted_at is null
      where f.merchant_id = ${tenant.merchant.id} and f.mode = ${tenant.mode}
        and (${filter.provider ?? null}::text is null or f.provider = ${filter.provider ?? null}::text)
        and (${filter.bankId ?? null}::integer is null or f.bank_id = ${filter.bankId ?? null}::integer)
        and (${filter.active ?? null}::boolean is null or (f.removed_at is null) = ${filter.active ?? null}::boolean)
        and (${filter.currency ?? null}::text is null or f.currency = upper(${filter.currency ?? null}::text))
        and (${customerId}::bigint is null or f.customer_id = ${customerId}::bigint)
    )
    select t.total, ${accountColumns}
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
    select ${accountColumns} from dedicated_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customer.id} and a.removed_at is null
    order by a.id desc
  `)
  return rows.map(readAccount)
}

/** The account of that bank, by that account at a processor, that is the customer's now. */
export async function findAccountOf(
  context: Context,
  tenant: Tenant,
  customer: Customer,
  { bank, openedBy }: { bank: AccountBank; openedBy: bigint },
) {
  const [row] = await context.db.query<DedicatedAccountRow>(sql`
    select ${accountColumns} from dedicated_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customer.id} and a.provider = ${bank.slug}
      and a.account_id = ${openedBy} and a.removed_at is null
  `)
  return row === undefined ? null : readAccount(row)
}

/**
 * Takes an account from its customer and has it closed: what is sent to it from now on is refused. Throws `not_available`,
 * `dedicated_account_not_found` and `UpstreamError`.
 */
export async function removeDedicatedAccount(
  context: FreeContext & AccountProviderChoice,
  tenant: Tenant,
  id: bigint,
): Promise<DedicatedAccount> {
  const { account } = await getDedicatedAccount(context, tenant, id)
  if (account.removedAt !== null) throw accountNotFound(String(id))
  const provider = await requireAccountProvider(context, tenant, account)
  // Closed first: a second call after a crash finds the account still here and closes it again.
  await provider.close(tenant, account)
  return inTransaction(context, (tx) => removeAccount(tx, tenant, id))
}

async function removeAccount(tx: TxContext, tenant: Tenant, id: bigint): Promise<DedicatedAccount> {
  const now = tx.clock.now()
  const [row] = await tx.db.query<DedicatedAccountRow>(sql`
    update dedicated_accounts a set removed_at = ${now}, updated_at = ${now}
    where a.merchant_id = ${tenant.merchant.id} and a.mode = ${tenant.mode} and a.id = ${id} and a.removed_at is null
    returning ${accountColumns}
  `)
  if (row === undefined) throw accountNotFound(String(id))
  const account = readAccount(row)
  const customer = await lockCustomer(tx, tenant, { id: account.customerId })
  await recordEvent(tx, tenant, { type: 'dedicated_account.removed', customer, details: eventDetails(tenant, account) })
  return account
}

/** How often an account's transfers may be looked for. */
const requeryEveryMs = 10 * 60 * 1000

/**
 * Has the account provider look for transfers to an account again. Throws `not_available`, `dedicated_account_not_found`,
 * `invalid_request` within ten minutes of the last time, and `UpstreamError`.
 */
export async function requeryDedicatedAccount(
  context: FreeContext & AccountProviderChoice,
  tenant: Tenant,
  accountNumber: string,
  day?: RequeriedDay,
): Promise<void> {
  await requireAccounts(context, tenant)
  const account = await findAccountByNumber(context, tenant, accountNumber)
  const provider = await requireAccountProvider(context, tenant, account)
  const now = context.clock.now()
  const rows = await context.db.query(sql`
    update dedicated_accounts set requeried_at = ${now}::timestamptz
    where merchant_id = ${tenant.merchant.id} and id = ${account.id}
      and (requeried_at is null or requeried_at <= ${new Date(now.getTime() - requeryEveryMs)}::timestamptz)
    returning id
  `)
  if (rows.length > 0) return provider.requery(tenant, account, day)
  throw new ServiceError('invalid_request', `Account ${accountNumber} was requeried less than 10 minutes ago; wait`)
}

/**
 * Forgets the split of an account. Only accounts of the former release have one: money was never split. Throws
 * `not_available`, `dedicated_account_not_found`.
 */
export async function removeAccountSplit(
  context: Context & AccountProviderChoice,
  tenant: Tenant,
  accountNumber: string,
): Promise<DedicatedAccount> {
  await requireAccounts(context, tenant)
  const [row] = await context.db.query<DedicatedAccountRow>(sql`
    update dedicated_accounts a set split_code = null, subaccount = null, updated_at = ${context.clock.now()}
    where a.merchant_id = ${tenant.merchant.id} and a.mode = ${tenant.mode} and a.account_number = ${accountNumber}
      and a.removed_at is null
    returning ${accountColumns}
  `)
  if (row === undefined) throw accountNotFound(accountNumber)
  return readAccount(row)
}

function accountNotFound(name: string): ServiceError {
  const message = `There is no dedicated account "${name}", or it is no longer a customer's`
  return new ServiceError('dedicated_account_not_found', message)
}

/** Everything that a surface says of an account, so that it can be said from the event alone. */
export function eventDetails({ merchant }: Tenant, account: DedicatedAccount): Record<string, unknown> {
  const { id, customerId: _, openedBy: __, outsideId: ___, createdAt, updatedAt, removedAt, ...rest } = account
  const dates = {
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    removedAt: removedAt?.toISOString() ?? null,
  }
  return { merchantNumber: merchant.id, dedicatedAccount: { id: Number(id), ...rest, ...dates } }
}

export function readAccount(row: DedicatedAccountRow): DedicatedAccount {
  return {
    id: row.id,
    customerId: row.customer_id,
    openedBy: row.account_id,
    outsideId: row.outside_id,
    provider: {
      id: row.provider_id ?? 0,
      slug: row.provider,
      bankName: row.bank_name ?? row.provider,
      bankId: row.bank_id ?? 0,
    },
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
