import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, noteChange, type TxContext } from '../context.ts'
import { type Customer, createCustomer, findCustomer, lockCustomer, updateCustomer } from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { requestIdentityCheck } from '../identity/identity.ts'
import type { IdentityDetails, VerifierChoice } from '../identity/identity-verifier.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  assignAccount,
  numberTaken,
  type Opening,
  openAccount,
  recordAssignment,
  requireNames,
} from './account-opening.ts'
import { type AccountBank, type AccountProviderChoice, requireAccountProvider } from './account-provider.ts'

/** Somebody who is to have a dedicated account, who may not be a customer yet. */
export interface AccountRequest {
  email: string
  firstName: string
  lastName: string
  middleName: string | null
  phone: string
  /** ISO 3166 alpha-2. */
  country: string
  /** To be checked first; null where nothing is to be. */
  identity: { bvn: string; bankCode: string; accountNumber: string } | null
}

/** What is kept of a wanted account: of the bank only its slug. */
interface StoredWish {
  provider?: string
}

/**
 * Asks for an account for a customer, who is created when nobody has the e-mail. It comes in a moment, or once their
 * identity check has succeeded, through `finishAccountRequests`. Throws `not_available` where nobody gives out accounts or
 * judges identity checks, and `invalid_request` for somebody without names or phone.
 */
export async function requestDedicatedAccount(
  context: Context & VerifierChoice & AccountProviderChoice,
  tenant: Tenant,
  request: AccountRequest,
  { bankSlug }: { bankSlug?: string | undefined },
): Promise<void> {
  await requireAccountProvider(context, tenant)
  const { firstName, lastName, phone } = requireNames(request)
  const given = { email: request.email, firstName, lastName, phone, metadata: null }
  const { customer, created } = await createCustomer(context, tenant, given)
  if (!created) await updateCustomer(context, tenant, { id: customer.id }, { firstName, lastName, phone })
  const checkId = await requestCheck(context, tenant, customer.id, request)
  noteChange(context, { object: customer.code, after: { asked: 'dedicated account' } })
  const wish: StoredWish = bankSlug === undefined ? {} : { provider: bankSlug }
  const now = context.clock.now()
  await context.db.query(sql`
    insert into dedicated_account_requests (
      merchant_id, id, mode, customer_id, identity_check_id, wanted, status, due_at, created_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id},
      ${checkId}::bigint, ${JSON.stringify(wish)}::json, 'pending', ${now}::timestamptz, ${now}::timestamptz
  `)
}

/** The check to wait for; null where none is asked for, or the same details were found right before. */
async function requestCheck(
  context: Context & VerifierChoice,
  tenant: Tenant,
  customerId: bigint,
  request: AccountRequest,
) {
  if (request.identity === null) return null
  const { country, firstName, lastName, middleName, identity } = request
  const details: IdentityDetails = {
    type: 'bank_account',
    country: country.toUpperCase(),
    firstName,
    lastName,
    middleName,
    ...identity,
    value: null,
  }
  try {
    return await requestIdentityCheck(context, tenant, { id: customerId }, details)
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'already_identified') return null
    throw error
  }
}

/** A context in which accounts are given: an account provider is never asked while a transaction stands open. */
type AccountContext = FreeContext & AccountProviderChoice

interface DueRequest extends DueRow {
  customer_id: bigint
  wanted: StoredWish
  check_status: 'succeeded' | 'failed' | null
  check_reason: string | null
}

const dueRequests: DueTask<AccountContext, DueRequest> = {
  name: 'account_requests',
  table: sql`dedicated_account_requests`,
  open: sql`d.status = 'pending'`,
  ready: sql`
    and not exists (
      select from identity_checks k
      where k.merchant_id = d.merchant_id and k.id = d.identity_check_id and k.status = 'pending'
    )
  `,
  columns: sql`
    d.customer_id, d.wanted,
    (select k.status from identity_checks k where k.merchant_id = d.merchant_id and k.id = d.identity_check_id)
      as check_status,
    (select k.reason from identity_checks k where k.merchant_id = d.merchant_id and k.id = d.identity_check_id)
      as check_reason
  `,
  work: finishRequest,
}

/**
 * Finishes every request that waits for nothing more and answers how many. Any number of servers may do so at once. A
 * request whose account cannot be opened is tried again later.
 */
export function finishAccountRequests(context: AccountContext, places?: Places): Promise<number> {
  return doDue(context, dueRequests, places)
}

async function finishRequest(context: AccountContext, request: DueRequest): Promise<void> {
  const { tenant, customer_id: id } = request
  const customer = await findCustomer(context, tenant, { id })
  const opening = reasonAgainst(request, customer) ?? (await open(context, request, customer))
  await inTransaction(context, async (tx) => {
    const locked = await lockCustomer(tx, tenant, { id })
    const reason = typeof opening === 'string' ? opening : reasonAgainst(request, locked)
    if (!(await closeRequest(tx, request, reason))) return
    if (typeof opening === 'string' || reason !== null) return recordFailure(tx, tenant, locked, String(reason))
    const assigned = await assignAccount(tx, tenant, locked, opening)
    if (assigned === null) throw numberTaken()
    // Whoever asked waits to be told, also where the customer had the account already.
    await recordAssignment(tx, tenant, locked, assigned.account)
  })
}

/** The account that was opened, or the reason why the provider opens none. Throws `UpstreamError`. */
async function open(context: AccountContext, request: DueRequest, customer: Customer): Promise<Opening | string> {
  const { tenant, wanted } = request
  const bank = await findBank(context, tenant, wanted.provider)
  if (bank === null) return `There is no bank "${wanted.provider}" at which accounts can be had`
  try {
    return await openAccount(context, tenant, customer, bank)
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'invalid_request') return error.message
    throw error
  }
}

/**
 * The bank of that slug, default the first; null for a bank that the provider does not have. Throws `UpstreamError` where there
 * is no provider any more.
 */
async function findBank(context: AccountContext, tenant: Tenant, slug?: string): Promise<AccountBank | null> {
  const provider = await context.accountProviderOf(context, tenant, 'new')
  if (provider === null) throw new UpstreamError('open_account', 'not_configured')
  const banks = await provider.listBanks(tenant)
  return (slug === undefined ? banks[0] : banks.find((bank) => bank.slug === slug)) ?? null
}

/** Answers false when another server was first. */
async function closeRequest(tx: TxContext, { tenant, id }: DueRequest, reason: string | null): Promise<boolean> {
  const rows = await tx.db.query(sql`
    update dedicated_account_requests set
      status = ${reason === null ? 'succeeded' : 'failed'}, finished_at = ${tx.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'pending'
    returning id
  `)
  return rows.length > 0
}

async function recordFailure(tx: TxContext, tenant: Tenant, customer: Customer, reason: string): Promise<void> {
  const told = { merchantNumber: tenant.merchant.id, identification: { status: 'failed' }, reason }
  await recordEvent(tx, tenant, { type: 'dedicated_account.assignment_failed', customer, details: told })
}

/** Why the customer does not get the account; null where they do. */
function reasonAgainst({ check_status, check_reason }: DueRequest, customer: Customer): string | null {
  if (check_status === 'failed') return check_reason ?? 'The identity check failed'
  try {
    requireNames(customer)
    return null
  } catch (error) {
    // A name that was there when the account was asked for was taken away since.
    if (error instanceof ServiceError) return error.message
    throw error
  }
}
