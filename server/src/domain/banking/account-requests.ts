import { ServiceError } from '../../base/errors.ts'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import {
  type Customer,
  type CustomerQueues,
  createCustomer,
  lockCustomer,
  updateCustomer,
} from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { requestIdentityCheck } from '../identity/identity.ts'
import type { IdentityDetails } from '../identity/identity-verifier.ts'
import { type MerchantRow, readMerchant } from '../merchants/merchants.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import {
  assignAccount,
  findAccountOf,
  readProvider,
  recordAssignment,
  refuseLiveMode,
  requireNames,
  type WantedAccount,
} from './dedicated-accounts.ts'

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

/**
 * Asks for an account for a customer, who is created when nobody has the e-mail. It comes in a moment, or once their
 * identity check has succeeded, through `finishAccountRequests`. Throws `not_available` in live mode, `invalid_request`.
 */
export async function requestDedicatedAccount(
  service: Service,
  queues: CustomerQueues,
  tenant: Tenant,
  request: AccountRequest,
  wanted: WantedAccount,
): Promise<void> {
  refuseLiveMode(tenant)
  readProvider(wanted.provider)
  requireNames(request)
  const { email, firstName, lastName, phone } = request
  const { customer, created } = await createCustomer(queues, tenant, {
    email,
    firstName,
    lastName,
    phone,
    metadata: null,
  })
  const reference = { id: customer.id }
  if (!created) await updateCustomer(service, tenant, reference, { firstName, lastName, phone })
  const checkId = await requestCheck(service, tenant, customer.id, request)
  await service.db.query(sql`
    insert into dedicated_account_requests (
      merchant_id, id, mode, customer_id, identity_check_id, wanted, status, created_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id},
      ${checkId}::bigint, ${JSON.stringify(wanted)}::json, 'pending', ${service.clock.now()}::timestamptz
  `)
}

/** The check to wait for; null where none is asked for, or the same details were found right before. */
async function requestCheck(service: Service, tenant: Tenant, customerId: bigint, request: AccountRequest) {
  if (request.identity === null) return null
  const { country, firstName, lastName, middleName, identity } = request
  const details: IdentityDetails = {
    type: 'bank_account',
    country: country.toUpperCase(),
    firstName: firstName.trim(),
    lastName: lastName.trim(),
    middleName,
    ...identity,
    value: null,
  }
  try {
    return await requestIdentityCheck(service, tenant, { id: customerId }, details)
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'already_identified') return null
    throw error
  }
}

interface DueRequest extends MerchantRow {
  request_id: bigint
  mode: Mode
  customer_id: bigint
  wanted: WantedAccount
  check_status: 'succeeded' | 'failed' | null
  reason: string | null
}

/** Finishes every request that waits for nothing more and answers how many. Any number of servers may do so at once. */
export async function finishAccountRequests(service: Service): Promise<number> {
  const due = await service.db.query<DueRequest>(sql`
    select
      r.id as request_id, r.mode, r.customer_id, r.wanted, k.status as check_status, k.reason,
      m.id, m.code, m.name, m.country, m.currencies, m.created_at
    from dedicated_account_requests r
    join merchants m on m.id = r.merchant_id
    left join identity_checks k on k.merchant_id = r.merchant_id and k.id = r.identity_check_id
    where r.status = 'pending' and k.status is distinct from 'pending'
    order by r.merchant_id, r.id
    limit 100
  `)
  for (const request of due) await service.db.transaction((tx) => finishRequest(service, tx, request))
  return due.length
}

async function finishRequest(service: Service, tx: Tx, request: DueRequest): Promise<void> {
  const tenant: Tenant = { merchant: readMerchant(request), mode: request.mode }
  const customer = await lockCustomer(tx, tenant, { id: request.customer_id })
  const reason = reasonAgainst(request, customer)
  const rows = await tx.query(sql`
    update dedicated_account_requests set
      status = ${reason === null ? 'succeeded' : 'failed'}, finished_at = ${service.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${request.request_id} and status = 'pending'
    returning id
  `)
  if (rows.length === 0) return
  if (reason !== null) {
    const told = { merchantNumber: tenant.merchant.id, identification: { status: 'failed' }, reason }
    return recordEvent(service, tx, tenant, 'dedicated_account.assignment_failed', customer, told)
  }
  const before = await findAccountOf(tx, tenant, customer, readProvider(request.wanted.provider))
  const account = await assignAccount(service, tx, tenant, customer, request.wanted)
  // Whoever asked waits to be told, also where the customer had the account already.
  if (before !== null) await recordAssignment(service, tx, tenant, customer, account)
}

/** Why the customer does not get the account; null where they do. */
function reasonAgainst({ check_status, reason }: DueRequest, customer: Customer): string | null {
  if (check_status === 'failed') return reason ?? 'The identity check failed'
  try {
    requireNames(customer)
    return null
  } catch (error) {
    // A name that was there when the account was asked for was taken away since.
    if (error instanceof ServiceError) return error.message
    throw error
  }
}
