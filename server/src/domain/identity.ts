import type { Tx } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import { ServiceError } from '../errors.ts'
import type { Service } from '../service.ts'
import { type Customer, type CustomerReference, findCustomer, lockCustomer, saveCustomer } from './customers.ts'
import { recordEvent } from './events.ts'
import type { IdentityDetails, IdentityOutcome } from './identity-verifier.ts'
import { type MerchantRow, readMerchant } from './merchants.ts'
import type { Mode, Tenant } from './tenant.ts'

/** An identification as it may be shown. */
export interface Identification {
  country: string
  type: string
  /** The BVN or identification number, masked: 200*****677. */
  value: string
}

/** What is kept readable of a check: enough for an event, too little to be misused. */
interface MaskedDetails {
  country: string
  type: string
  bvn: string | null
  accountNumber: string | null
  bankCode: string | null
  value: string | null
}

const retryDelayMs = 30_000

/**
 * Accepts details to be checked and returns at once; the outcome comes later, through `finishDueChecks`.
 * Throws `customer_not_found`, `already_identified` for details that succeeded before, and `not_available` in live mode,
 * where no verifier is configured.
 */
export async function requestIdentityCheck(
  service: Service,
  tenant: Tenant,
  reference: CustomerReference,
  details: IdentityDetails,
): Promise<void> {
  if (tenant.mode !== 'test') {
    throw new ServiceError('not_available', 'Identity checks are not available in live mode on this server')
  }
  const customer = await findCustomer(service, tenant, reference)
  const hmac = service.vault.fingerprint(JSON.stringify({ customer: String(customer.id), ...details }), 'identity')
  const now = service.clock.now()
  const rows = await service.db.query(sql`
    insert into identity_checks (
      merchant_id, id, mode, customer_id, status, details, details_hmac, masked, due_at, created_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id}, 'pending',
      ${service.vault.seal(JSON.stringify(details), 'identity')}, ${hmac}, ${JSON.stringify(maskDetails(details))},
      ${new Date(now.getTime() + service.sandboxDelayMs)}::timestamptz, ${now}::timestamptz
    where not exists (
      select from identity_checks k
      where k.merchant_id = ${tenant.merchant.id} and k.customer_id = ${customer.id}
        and k.status = 'succeeded' and k.details_hmac = ${hmac}
    )
    returning id
  `)
  if (rows.length === 0) {
    throw new ServiceError('already_identified', 'The customer was already identified by the same details')
  }
}

/** The successful checks of a customer, newest first. */
export async function listIdentifications(
  service: Service,
  tenant: Tenant,
  customer: Customer,
): Promise<Identification[]> {
  const rows = await service.db.query<{ masked: MaskedDetails }>(sql`
    select masked from identity_checks
    where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id} and status = 'succeeded'
    order by id desc
  `)
  return rows.map(({ masked }) => ({
    country: masked.country,
    type: masked.type,
    value: masked.value ?? masked.bvn ?? masked.accountNumber ?? '',
  }))
}

interface DueCheck extends MerchantRow {
  check_id: bigint
  mode: Mode
  customer_id: bigint
  details: Buffer
}

/**
 * Finishes every check that is due and answers how many. Any number of servers may do so at once: a check is finished by
 * the first, in one transaction with the customer's new names and the event.
 */
export async function finishDueChecks(service: Service): Promise<number> {
  const due = await service.db.query<DueCheck>(sql`
    select
      k.id as check_id, k.mode, k.customer_id, k.details, m.id, m.code, m.name, m.country, m.currencies, m.created_at
    from identity_checks k
    join merchants m on m.id = k.merchant_id
    where k.status = 'pending' and k.due_at <= ${service.clock.now()}
    order by k.due_at
    limit 100
  `)
  for (const check of due) await finishCheck(service, check)
  return due.length
}

async function finishCheck(service: Service, check: DueCheck): Promise<void> {
  const tenant: Tenant = { merchant: readMerchant(check), mode: check.mode }
  const details = JSON.parse(service.vault.open(check.details, 'identity')) as IdentityDetails
  let outcome: IdentityOutcome
  try {
    outcome = await service.identityVerifier.verify(details)
  } catch {
    await postponeCheck(service, tenant, check)
    return
  }
  await service.db.transaction(async (tx) => {
    const customer = await lockCustomer(tx, tenant, { id: check.customer_id })
    if (await closeCheck(service, tx, tenant, check, outcome))
      await applyOutcome(service, tx, tenant, customer, outcome, details)
  })
}

/** Answers false when another server was first. */
async function closeCheck(service: Service, tx: Tx, tenant: Tenant, check: DueCheck, outcome: IdentityOutcome) {
  const rows = await tx.query(sql`
    update identity_checks set
      status = ${outcome.succeeded ? 'succeeded' : 'failed'},
      reason = ${outcome.succeeded ? null : outcome.reason},
      attempts = attempts + 1,
      finished_at = ${service.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${check.check_id} and status = 'pending'
    returning id
  `)
  return rows.length > 0
}

async function applyOutcome(
  service: Service,
  tx: Tx,
  tenant: Tenant,
  customer: Customer,
  outcome: IdentityOutcome,
  details: IdentityDetails,
): Promise<void> {
  const identification = maskDetails(details)
  if (!outcome.succeeded) {
    await recordEvent(service, tx, tenant, 'identity.failed', customer, { identification, reason: outcome.reason })
    return
  }
  const { firstName, lastName } = outcome
  await saveCustomer(tx, tenant, { ...customer, firstName, lastName, identified: true, updatedAt: service.clock.now() })
  await recordEvent(service, tx, tenant, 'identity.succeeded', customer, { identification })
}

async function postponeCheck(service: Service, tenant: Tenant, check: DueCheck): Promise<void> {
  await service.db.query(sql`
    update identity_checks set
      attempts = attempts + 1,
      due_at = ${new Date(service.clock.now().getTime() + retryDelayMs)}
    where merchant_id = ${tenant.merchant.id} and id = ${check.check_id} and status = 'pending'
  `)
}

function maskDetails(details: IdentityDetails): MaskedDetails {
  return {
    country: details.country,
    type: details.type,
    bvn: mask(details.bvn, 5),
    accountNumber: mask(details.accountNumber, 4),
    bankCode: details.bankCode,
    value: mask(details.value, 5),
  }
}

/** The first three and the last three characters; of a short value nothing. */
function mask(value: string | null, stars: number): string | null {
  if (value === null) return null
  return value.length < 8 ? '*'.repeat(stars) : `${value.slice(0, 3)}${'*'.repeat(stars)}${value.slice(-3)}`
}
