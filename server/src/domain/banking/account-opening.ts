import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { type FreeContext, inTransaction, type TxContext } from '../context.ts'
import {
  type Customer,
  type CustomerReference,
  findCustomer,
  lockCustomer,
  updateCustomer,
} from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  type AccountBank,
  type AccountBanks,
  type AccountProviderChoice,
  type OpenedAccount,
  requireAccountProvider,
} from './account-provider.ts'
import {
  accountColumns,
  type DedicatedAccount,
  type DedicatedAccountRow,
  eventDetails,
  findAccountOf,
  readAccount,
} from './dedicated-accounts.ts'

/** The account that is asked for. */
export interface WantedAccount {
  /** Default the first bank of the tenant's account provider. */
  bank?: AccountBank | undefined
}

/** New names and a new phone of the customer: an account cannot be had without names and a phone. */
export interface HolderChanges {
  firstName?: string | undefined
  lastName?: string | undefined
  phone?: string | undefined
}

/** The banks at which accounts can be had. Throws `not_available`, `UpstreamError`. */
export async function listAccountBanks(
  context: FreeContext & AccountProviderChoice,
  tenant: Tenant,
): Promise<AccountBanks> {
  return (await requireAccountProvider(context, tenant)).listBanks(tenant)
}

/** How often an account provider is asked in all, while the numbers that it gives out are taken. */
const maxOpenings = 3

/**
 * Gives a customer an account. A customer who has an account at the bank keeps it, unchanged. The provider is asked first, and
 * the account is then written in a transaction that checks again. Throws `not_available` for a tenant without an account
 * provider, `customer_not_found`, `invalid_request` for a customer without names or phone, and for one whom the provider
 * refuses, and `UpstreamError`.
 */
export async function createDedicatedAccount(
  context: FreeContext & AccountProviderChoice,
  tenant: Tenant,
  reference: CustomerReference,
  wanted: WantedAccount & HolderChanges,
): Promise<{ account: DedicatedAccount; customer: Customer }> {
  const { bank = (await listAccountBanks(context, tenant))[0], ...changes } = wanted
  const isChanged = Object.values(changes).some((value) => value !== undefined)
  for (let tried = 0; tried < maxOpenings; tried += 1) {
    const before = await findCustomer(context, tenant, reference)
    const opening = await openAccount(context, tenant, withChanges(before, changes), bank)
    const given = await inTransaction(context, async (tx) => {
      const locked = await lockCustomer(tx, tenant, { id: before.id })
      const assigned = await assignAccount(tx, tenant, locked, opening)
      if (assigned === null) return null
      const customer = isChanged ? await updateCustomer(tx, tenant, { id: before.id }, changes) : locked
      requireNames(customer)
      if (assigned.isNew) await recordAssignment(tx, tenant, customer, assigned.account)
      return { account: assigned.account, customer }
    })
    if (given !== null) return given
  }
  throw numberTaken()
}

/** The customer as they will be. The names of an identified customer stay. */
function withChanges(customer: Customer, { firstName, lastName, phone }: HolderChanges): Customer {
  return {
    ...customer,
    ...(customer.identified || firstName === undefined ? {} : { firstName }),
    ...(customer.identified || lastName === undefined ? {} : { lastName }),
    ...(phone === undefined ? {} : { phone }),
  }
}

/**
 * Asks the account provider for a customer's account, unless the customer has an account at the bank. Throws `not_available`,
 * `invalid_request` for a customer without names or phone and for one whom the provider refuses, and `UpstreamError`.
 */
export async function openAccount(
  context: FreeContext & AccountProviderChoice,
  tenant: Tenant,
  customer: Customer,
  bank: AccountBank,
): Promise<Opening> {
  const provider = await requireAccountProvider(context, tenant)
  const { code, email } = customer
  const names = requireNames(customer)
  const opening = { bank, openedBy: provider.accountId, askedAt: context.clock.now() }
  if ((await findAccountOf(context, tenant, customer, opening)) !== null) return { ...opening, opened: null }
  return { ...opening, opened: await provider.open(tenant, bank, { code, email, ...names }) }
}

/** The answer of an account provider, and the account that was asked for. */
export interface Opening {
  bank: AccountBank
  /** The account at a processor that was asked; 0 for the sandbox. */
  openedBy: bigint
  askedAt: Date
  /** Null where the customer has an account at the bank, so that nobody was asked. */
  opened: OpenedAccount | null
}

/**
 * The customer's account at the bank: the account they have, else the opened account, which is stored as theirs. Within a
 * transaction that has locked the customer. Null when the account they had was removed meanwhile, or the number of the opened
 * account is taken: ask the provider again.
 */
export async function assignAccount(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  opening: Opening,
): Promise<{ account: DedicatedAccount; isNew: boolean } | null> {
  const known = await findAccountOf(tx, tenant, customer, opening)
  if (known !== null) return { account: known, isNew: false }
  const account = await insertAccount(tx, tenant, customer, opening)
  return account === null ? null : { account, isNew: true }
}

/** The failure of an account provider that keeps giving out numbers which others have. */
export function numberTaken(): UpstreamError {
  return new UpstreamError('open_account', 'malformed')
}

/**
 * Makes an account the customer's that an account at a processor has opened for them before. Within a transaction that has locked
 * the customer. Null for a customer who has another account at the bank, and for a number that is taken.
 */
export async function adoptAccount(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  { openedBy, opened }: { openedBy: bigint; opened: OpenedAccount },
): Promise<DedicatedAccount | null> {
  const opening = { bank: opened.bank, openedBy, askedAt: tx.clock.now(), opened }
  if ((await findAccountOf(tx, tenant, customer, opening)) !== null) return null
  const account = await insertAccount(tx, tenant, customer, opening)
  if (account !== null) await recordAssignment(tx, tenant, customer, account)
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
  await recordEvent(tx, tenant, { type: 'dedicated_account.assigned', customer, details: told })
}

/** An account cannot be had without these. */
const neededNames = { firstName: 'first name', lastName: 'last name', phone: 'phone' } as const
type NeededName = keyof typeof neededNames

/** The customer's names and phone. Throws `invalid_request` for the first that is missing, which the error's field names. */
export function requireNames({ firstName, lastName, phone }: Pick<Customer, NeededName>): Record<NeededName, string> {
  const names = { firstName, lastName, phone }
  const missing = (Object.keys(names) as NeededName[]).find((name) => !names[name]?.trim())
  if (missing === undefined) return names as Record<NeededName, string>
  const message = `A customer needs a first name, a last name and a phone for a dedicated account; the ${neededNames[missing]} is missing`
  throw new ServiceError('invalid_request', message, missing)
}

/**
 * Null where no account was opened, or its number is taken. A removed account keeps its number. An account at a processor may
 * give a customer the number that was theirs before: under another key of the same account, or after it was removed.
 */
async function insertAccount(
  tx: TxContext,
  tenant: Tenant,
  customer: Customer,
  { openedBy, askedAt, opened }: Opening,
): Promise<DedicatedAccount | null> {
  if (opened === null) return null
  const { bank } = opened
  const now = tx.clock.now()
  const [row] = await tx.db.query<DedicatedAccountRow>(sql`
    insert into dedicated_accounts as a (
      merchant_id, id, mode, customer_id, account_id, outside_id, provider, provider_id, bank_name, bank_id,
      account_number, account_name, currency, created_at, updated_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id},
      ${openedBy}::bigint, ${opened.outsideId}::bigint, ${bank.slug}, ${bank.id}::integer, ${bank.bankName},
      ${bank.bankId}::integer, ${opened.accountNumber}, ${opened.accountName}, ${opened.currency},
      ${now}::timestamptz, ${now}::timestamptz
    on conflict (merchant_id, mode, account_number) do update set
      account_id = excluded.account_id, outside_id = excluded.outside_id, removed_at = null,
      updated_at = excluded.updated_at
      where a.customer_id = excluded.customer_id and excluded.account_id <> 0
        and (a.removed_at is null or a.removed_at < ${askedAt}::timestamptz)
    returning ${accountColumns}
  `)
  return row === undefined ? null : readAccount(row)
}
