import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange } from '../context.ts'
import { type Customer, type CustomerReference, findCustomer } from '../customers/customers.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import { credentialsFingerprint, withoutBlanks } from './credentials.ts'
import {
  type IdentityDetails,
  type IdentityVerifier,
  requireVerifier,
  type VerifierChoice,
} from './identity-verifier.ts'

/** An identification as it may be shown. */
export interface Identification {
  country: string
  type: string
  /** The BVN or identification number, masked: 200*****677. */
  value: string
}

/** The details of a check that are stored readable: enough for an event, too little to be misused. */
export interface MaskedDetails {
  country: string
  type: string
  bvn: string | null
  accountNumber: string | null
  bankCode: string | null
  value: string | null
}

/**
 * Stores details to be checked and returns the check's id. The outcome comes later, through `finishDueChecks`. Throws
 * `not_available` for a tenant without a verifier, `customer_not_found`, `already_identified` for credentials that
 * succeeded before, and `invalid_request` for a BVN that cannot exist and for a customer without the e-mail by which the
 * verifier knows people.
 */
export async function requestIdentityCheck(
  context: Context & VerifierChoice,
  tenant: Tenant,
  reference: CustomerReference,
  given: IdentityDetails,
): Promise<bigint> {
  const details = withoutBlanks(given)
  const verifier = await requireVerifier(context, tenant)
  checkBvn(verifier, details)
  const customer = await findCustomer(context, tenant, reference)
  if (verifier.needsEmail && customer.email === null) {
    throw new ServiceError(
      'invalid_request',
      'The customer must have an e-mail to be identified; add one first',
      'email',
    )
  }
  if (await areKnown(context, tenant, customer, details)) {
    throw new ServiceError('already_identified', 'The customer was already identified by the same credentials')
  }
  const hmac = context.vault.fingerprint(JSON.stringify({ customer: String(customer.id), ...details }), 'identity')
  const now = context.clock.now()
  const [row] = await context.db.query<{ id: bigint }>(sql`
    insert into identity_checks (
      merchant_id, id, mode, customer_id, status, details, details_hmac, credentials_hmac, masked, due_at, created_at
    )
    select
      ${tenant.merchant.id}, allocate_ids(${tenant.merchant.id}, 1), ${tenant.mode}, ${customer.id}, 'pending',
      ${context.vault.seal(JSON.stringify(details), 'identity')}, ${hmac},
      ${credentialsFingerprint(context, customer.id, details)}, ${JSON.stringify(maskDetails(details))},
      ${new Date(now.getTime() + verifier.firstAskMs)}::timestamptz, ${now}::timestamptz
    returning id
  `)
  noteChange(context, { object: customer.code, after: { asked: 'identity check', type: details.type } })
  return (row as { id: bigint }).id
}

/** Whether a check of the customer has succeeded with the same credentials. */
async function areKnown(
  context: Context,
  { merchant }: Tenant,
  customer: Customer,
  details: IdentityDetails,
): Promise<boolean> {
  const rows = await context.db.query<{ details: Buffer; credentials_hmac: Buffer | null }>(sql`
    select details, credentials_hmac from identity_checks
    where merchant_id = ${merchant.id} and customer_id = ${customer.id} and status = 'succeeded'
  `)
  const fingerprint = credentialsFingerprint(context, customer.id, details)
  return rows.some(({ details, credentials_hmac }) => {
    if (credentials_hmac !== null) return credentials_hmac.equals(fingerprint)
    // A check of the first release.
    const opened = withoutBlanks(JSON.parse(context.vault.open(details, 'identity')))
    return credentialsFingerprint(context, customer.id, opened).equals(fingerprint)
  })
}

function checkBvn({ bvnDigits }: IdentityVerifier, { bvn }: IdentityDetails): void {
  if (bvn !== null && !(/^\d+$/.test(bvn) && bvnDigits.includes(bvn.length)))
    throw new ServiceError('invalid_request', 'Invalid BVN', 'bvn')
}

/** A verifier's message, later than it was asked: the customer, the details as far as it repeats them, and the outcome. */
export interface IdentityNotice {
  /** The verifier's name for the customer. */
  reference: string
  identification: Partial<Pick<MaskedDetails, 'bvn' | 'accountNumber' | 'bankCode'>>
  succeeded: boolean
  /** Why it failed; null where it succeeded. */
  reason: string | null
}

/**
 * Stores a verifier's notice with the checks that wait for it; `finishDueChecks` then finishes them in a moment. A notice
 * that comes again, or for which no check waits, changes nothing. Answers the number of checks.
 */
export async function takeIdentityNotice(context: Context, mode: Mode, notice: IdentityNotice): Promise<number> {
  const waiting = await context.db.query<{ merchant_id: number; id: bigint; masked: MaskedDetails }>(sql`
    select merchant_id, id, masked from identity_checks
    where outside_reference = ${notice.reference} and status = 'pending' and mode = ${mode} and notice is null
  `)
  const meant = waiting.filter(({ masked }) => isOfSameDetails(masked, notice.identification))
  const outcome = JSON.stringify({ succeeded: notice.succeeded, reason: notice.reason })
  for (const { merchant_id, id } of meant) {
    await context.db.query(sql`
      update identity_checks set notice = ${outcome}, due_at = ${context.clock.now()}, attempts = 0
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
  context: Context,
  tenant: Tenant,
  customer: Customer,
): Promise<Identification[]> {
  const rows = await context.db.query<{ masked: MaskedDetails }>(sql`
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
