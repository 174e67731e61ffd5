import { ServiceError } from '../../base/errors.ts'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import {
  type Customer,
  type CustomerReference,
  findCustomer,
  lockCustomer,
  saveCustomer,
} from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { type MerchantRow, readMerchant } from '../merchants/merchants.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import {
  failureReasons,
  type IdentityDetails,
  type IdentityOutcome,
  type IdentityVerifier,
} from './identity-verifier.ts'

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

/** A verifier that cannot be asked is tried again after 30 seconds, then after twice as long each time: 15 minutes in all. */
const firstRetryMs = 30_000
const maxAttempts = 6
/** While one server asks a verifier, no other does; longer than a verifier may take. */
const claimMs = 60_000
const checkedAtOnce = 10

/**
 * Accepts details to be checked and returns the check's id at once; the outcome comes later, through `finishDueChecks`.
 * Throws `customer_not_found`, `already_identified` for details that succeeded before, `not_available` in a mode that has
 * no verifier, and `invalid_request` where the verifier knows people by an e-mail that the customer does not have.
 */
export async function requestIdentityCheck(
  service: Service,
  tenant: Tenant,
  reference: CustomerReference,
  details: IdentityDetails,
): Promise<bigint> {
  const verifier = service.identityVerifiers[tenant.mode]
  if (verifier === null) {
    throw new ServiceError('not_available', `Identity checks are not available in ${tenant.mode} mode on this server`)
  }
  const customer = await findCustomer(service, tenant, reference)
  if (verifier.needsEmail && customer.email === null) {
    throw new ServiceError(
      'invalid_request',
      'The customer must have an e-mail to be identified; add one first',
      'email',
    )
  }
  const hmac = service.vault.fingerprint(JSON.stringify({ customer: String(customer.id), ...details }), 'identity')
  const now = service.clock.now()
  const [row] = await service.db.query<{ id: bigint }>(sql`
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
  if (row === undefined) {
    throw new ServiceError('already_identified', 'The customer was already identified by the same details')
  }
  return row.id
}

/** What a verifier tells, later than it was asked: of whom, of which details as far as it repeats them, and the outcome. */
export interface IdentityNotice {
  reference: string
  identification: Partial<Pick<MaskedDetails, 'bvn' | 'accountNumber' | 'bankCode'>>
  succeeded: boolean
  /** Why it failed; null where it succeeded. */
  reason: string | null
}

/**
 * Takes a verifier's notice: the checks that wait for it are finished by it in a moment, through `finishDueChecks`. One
 * that comes again, or that nothing waits for, changes nothing. Answers how many checks it is of.
 */
export async function takeIdentityNotice(service: Service, mode: Mode, notice: IdentityNotice): Promise<number> {
  const waiting = await service.db.query<{ merchant_id: number; id: bigint; masked: MaskedDetails }>(sql`
    select merchant_id, id, masked from identity_checks
    where outside_reference = ${notice.reference} and status = 'pending' and mode = ${mode} and notice is null
  `)
  const meant = waiting.filter(({ masked }) => isOfSameDetails(masked, notice.identification))
  const outcome = JSON.stringify({ succeeded: notice.succeeded, reason: notice.reason })
  for (const { merchant_id, id } of meant) {
    await service.db.query(sql`
      update identity_checks set notice = ${outcome}, due_at = ${service.clock.now()}
      where merchant_id = ${merchant_id} and id = ${id} and status = 'pending' and notice is null
    `)
  }
  return meant.length
}

/** Of masked numbers only the ends can differ; what the notice leaves out is not compared. */
function isOfSameDetails(masked: MaskedDetails, told: IdentityNotice['identification']): boolean {
  const ends = (value: string) => value.replace(/\*+/, '*')
  return (['bvn', 'accountNumber', 'bankCode'] as const).every((name) => {
    const [ours, theirs] = [masked[name], told[name]]
    return !ours || !theirs || ends(ours) === ends(theirs)
  })
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
  due_at: Date
  attempts: number
  outside_reference: string | null
  asked_at: Date | null
  notice: { succeeded: boolean; reason: string | null } | null
}

/**
 * Does the next step of every check that is due and answers how many there were: asks the verifier, or finishes the check
 * by what it has told, or gives up. Any number of servers may do so at once: a check is finished by the first, in one
 * transaction with the customer's new names and the event.
 */
export async function finishDueChecks(service: Service): Promise<number> {
  const due = await service.db.query<DueCheck>(sql`
    select
      k.id as check_id, k.mode, k.customer_id, k.details, k.due_at, k.attempts, k.outside_reference, k.asked_at,
      k.notice, m.id, m.code, m.name, m.country, m.currencies, m.created_at
    from identity_checks k
    join merchants m on m.id = k.merchant_id
    where k.status = 'pending' and k.due_at <= ${service.clock.now()}
    order by k.due_at
    limit 100
  `)
  for (let i = 0; i < due.length; i += checkedAtOnce) {
    await Promise.all(due.slice(i, i + checkedAtOnce).map((check) => continueCheck(service, check)))
  }
  return due.length
}

async function continueCheck(service: Service, check: DueCheck): Promise<void> {
  const tenant: Tenant = { merchant: readMerchant(check), mode: check.mode }
  if (!(await claimCheck(service, tenant, check))) return
  const details = JSON.parse(service.vault.open(check.details, 'identity')) as IdentityDetails
  let outcome: IdentityOutcome | null
  try {
    outcome = await findOutcome(service, tenant, check, details)
  } catch {
    if (check.attempts + 1 < maxAttempts) return postponeCheck(service, tenant, check)
    outcome = outcomeWithoutVerifier(check, details)
  }
  if (outcome === null) return awaitNotice(service, tenant, check)
  await finishCheck(service, tenant, check, details, outcome)
}

/** A customer whom a notice has called identified is, if need be with the names they gave. */
function outcomeWithoutVerifier({ notice }: DueCheck, { firstName, lastName }: IdentityDetails): IdentityOutcome {
  return notice?.succeeded ? { succeeded: true, firstName, lastName } : unanswered
}

/** What a check ends as when nobody says how: the caller can only try again. */
const unanswered: IdentityOutcome = { succeeded: false, reason: failureReasons.unresolved }

/** Answers false when another server has it. */
async function claimCheck(service: Service, tenant: Tenant, check: DueCheck): Promise<boolean> {
  const rows = await service.db.query(sql`
    update identity_checks set due_at = ${new Date(service.clock.now().getTime() + claimMs)}
    where merchant_id = ${tenant.merchant.id} and id = ${check.check_id} and status = 'pending'
      and due_at = ${check.due_at}
    returning id
  `)
  return rows.length > 0
}

/** The outcome, where it is known by now; null where it will be told. Throws when the verifier cannot be asked. */
async function findOutcome(
  service: Service,
  tenant: Tenant,
  check: DueCheck,
  details: IdentityDetails,
): Promise<IdentityOutcome | null> {
  const verifier = service.identityVerifiers[check.mode]
  if (verifier === null) throw new Error(`no identity verifier is configured for ${check.mode} mode any more`)
  if (check.notice !== null) return readNotice(verifier, check.outside_reference ?? '', check.notice)
  if (check.asked_at !== null) return unanswered
  const reference = check.outside_reference ?? (await introduceCustomer(service, tenant, check, verifier, details))
  return verifier.verify(details, reference)
}

async function readNotice(
  verifier: IdentityVerifier,
  reference: string,
  { succeeded, reason }: NonNullable<DueCheck['notice']>,
): Promise<IdentityOutcome> {
  if (!succeeded) return { succeeded, reason: reason ?? failureReasons.unresolved }
  return { succeeded, ...(await verifier.findNames(reference)) }
}

async function introduceCustomer(
  service: Service,
  tenant: Tenant,
  check: DueCheck,
  verifier: IdentityVerifier,
  details: IdentityDetails,
): Promise<string | null> {
  const { email } = await findCustomer(service, tenant, { id: check.customer_id })
  const reference = await verifier.introduce(email, details)
  await service.db.query(sql`
    update identity_checks set outside_reference = ${reference}
    where merchant_id = ${tenant.merchant.id} and id = ${check.check_id} and status = 'pending'
  `)
  return reference
}

async function finishCheck(
  service: Service,
  tenant: Tenant,
  check: DueCheck,
  details: IdentityDetails,
  outcome: IdentityOutcome,
): Promise<void> {
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

/** Not where a notice has come meanwhile: it is due at once. */
async function postponeCheck(service: Service, tenant: Tenant, check: DueCheck): Promise<void> {
  const delayMs = firstRetryMs * 2 ** check.attempts
  await service.db.query(sql`
    update identity_checks set
      attempts = attempts + 1,
      due_at = case when notice is null or ${check.notice !== null}::boolean
        then ${new Date(service.clock.now().getTime() + delayMs)}::timestamptz else due_at end
    where merchant_id = ${tenant.merchant.id} and id = ${check.check_id} and status = 'pending'
  `)
}

async function awaitNotice(service: Service, tenant: Tenant, check: DueCheck): Promise<void> {
  const now = service.clock.now()
  const patienceMs = service.identityVerifiers[check.mode]?.patienceMs ?? 0
  await service.db.query(sql`
    update identity_checks set
      asked_at = ${now},
      due_at = ${new Date(now.getTime() + patienceMs)}
    where merchant_id = ${tenant.merchant.id} and id = ${check.check_id} and status = 'pending' and notice is null
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
