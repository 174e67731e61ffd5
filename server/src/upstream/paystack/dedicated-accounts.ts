import type { Currency } from '../../base/money.ts'
import type { AccountBank } from '../../domain/banking/account-provider.ts'
import { type Ask, unusable } from './ask.ts'
import { begin, type Outcome } from './outcomes.ts'
import { listPages } from './pages.ts'
import {
  type Members,
  optionalId,
  optionalMembers,
  readBoolean,
  readCurrency,
  readId,
  readList,
  readMembers,
  readSuccess,
  readText,
  Unreadable,
} from './reading.ts'

/** A bank account that the account has opened for one of its customers. */
export interface DedicatedAccount {
  id: bigint
  accountNumber: string
  /** The name that a sender sees. */
  accountName: string
  bank: { id: bigint; name: string; slug: string }
  currency: Currency
  active: boolean
  assigned: boolean
  /** Null where the answer does not tell: the list of one customer, for instance. */
  customerCode: string | null
  /** Null where the answer does not tell. */
  customerId: bigint | null
}

/** A dedicated account that is wanted. The names and the phone become those of the account's customer. */
export interface NewDedicatedAccount {
  customerCode: string
  bankSlug: string
  firstName: string
  lastName: string
  phone: string
}

/** `POST /dedicated_account`, for a customer whom the account knows by this code. */
export function createDedicatedAccount(
  ask: Ask,
  { customerCode, bankSlug, firstName, lastName, phone }: NewDedicatedAccount,
): Promise<Outcome<DedicatedAccount>> {
  const names = { first_name: firstName, last_name: lastName, phone }
  const body = { customer: customerCode, preferred_bank: bankSlug, ...names }
  const question = { operation: 'create_dedicated_account', method: 'POST', path: '/dedicated_account', body } as const
  return begin(ask, 'assign_account', question, (data) => readDedicatedAccount(readMembers(data)))
}

/** `GET /dedicated_account/available_providers`: the banks at which accounts can be had. Throws `UpstreamError`. */
export async function listAccountBanks(ask: Ask): Promise<AccountBank[]> {
  const operation = 'list_account_banks'
  const answer = await ask({ operation, method: 'GET', path: '/dedicated_account/available_providers' })
  return readSuccess(operation, answer, (data) =>
    readList(data, 'data', (row) => ({
      id: Number(readId(row, 'id')),
      slug: readText(row, 'provider_slug'),
      bankName: readText(row, 'bank_name'),
      bankId: Number(readId(row, 'bank_id')),
    })),
  )
}

/** `GET /dedicated_account/:id`. Null for an account that is not known. Throws `UpstreamError`. */
export async function fetchDedicatedAccount(ask: Ask, id: bigint): Promise<DedicatedAccount | null> {
  const operation = 'fetch_dedicated_account'
  const answer = await ask({ operation, method: 'GET', path: `/dedicated_account/${id}` })
  if (answer.status === 404 && answer.body.status === false) return null
  return readSuccess(operation, answer, (data) => readDedicatedAccount(readMembers(data)))
}

/**
 * `DELETE /dedicated_account/:id`: takes an account from its customer. One that is not known, or that was taken before, changes
 * nothing. Throws `UpstreamError`.
 */
export async function deactivateDedicatedAccount(ask: Ask, id: bigint): Promise<void> {
  const operation = 'deactivate_dedicated_account'
  const { status, body } = await ask({ operation, method: 'DELETE', path: `/dedicated_account/${id}` })
  if (status < 300 && body.status === true) return
  const known = status === 400 || status === 404 ? await fetchDedicatedAccount(ask, id) : undefined
  if (known === null || known?.assigned === false || known?.active === false) return
  throw unusable(operation, status)
}

/** A customer for whom the account is to make itself a customer and a bank account. */
export interface AccountApplicant {
  email: string
  firstName: string
  lastName: string
  phone: string
  bankSlug: string
  country: 'NG' | 'GH'
  /** Demanded of some kinds of business. */
  identification?: { bvn: string; bankCode: string; accountNumber: string } | undefined
}

/** `POST /dedicated_account/assign`. A webhook tells the end. */
export function assignDedicatedAccount(ask: Ask, applicant: AccountApplicant): Promise<Outcome<null>> {
  const { email, firstName, lastName, phone, bankSlug, country, identification } = applicant
  const body = {
    email,
    first_name: firstName,
    last_name: lastName,
    phone,
    preferred_bank: bankSlug,
    country,
    bvn: identification?.bvn,
    bank_code: identification?.bankCode,
    account_number: identification?.accountNumber,
  }
  const path = '/dedicated_account/assign'
  return begin(ask, 'assign_account', { operation: 'assign_dedicated_account', method: 'POST', path, body }, () => null)
}

/** `GET /dedicated_account`, page by page. Throws `UpstreamError`. */
export function listDedicatedAccounts(
  ask: Ask,
  filter: { active?: boolean; customerId?: bigint } = {},
): AsyncGenerator<DedicatedAccount[]> {
  const query = {
    active: filter.active === undefined ? undefined : String(filter.active),
    customer: filter.customerId?.toString(),
  }
  const path = '/dedicated_account'
  return listPages(ask, { operation: 'list_dedicated_accounts', path, query, readRow: readDedicatedAccount })
}

/**
 * `GET /dedicated_account/requery`: has the bank asked for transfers that were not told. The account answers in words
 * only, and takes it once in ten minutes. Throws `UpstreamError`.
 */
export async function requeryDedicatedAccount(
  ask: Ask,
  { accountNumber, providerSlug, day }: { accountNumber: string; providerSlug: string; day?: string | undefined },
): Promise<void> {
  const operation = 'requery_dedicated_account'
  const query = { account_number: accountNumber, provider_slug: providerSlug, date: day }
  const { status, body } = await ask({ operation, method: 'GET', path: '/dedicated_account/requery', query })
  if (status >= 300 || body.status !== true) throw unusable(operation, status)
}

export function readDedicatedAccount(members: Members): DedicatedAccount {
  const customer = optionalMembers(members, 'customer')
  return {
    id: readId(members, 'id'),
    accountNumber: readText(members, 'account_number'),
    accountName: readText(members, 'account_name'),
    bank: readBank(members),
    currency: readCurrency(members),
    active: readBoolean(members, 'active'),
    assigned: readBoolean(members, 'assigned'),
    customerCode: customer === null ? null : readText(customer, 'customer_code'),
    customerId: customer === null ? null : optionalId(customer, 'id'),
  }
}

/** Older records have a provider in place of the bank. */
function readBank(members: Members): DedicatedAccount['bank'] {
  const bank = optionalMembers(members, 'bank')
  if (bank !== null) return { id: readId(bank, 'id'), name: readText(bank, 'name'), slug: readText(bank, 'slug') }
  const provider = optionalMembers(members, 'provider')
  if (provider === null) throw new Unreadable('bank')
  return {
    id: readId(provider, 'bank_id'),
    name: readText(provider, 'bank_name'),
    slug: readText(provider, 'provider_slug'),
  }
}
