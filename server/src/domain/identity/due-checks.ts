import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, type TxContext } from '../context.ts'
import { type Customer, findCustomer, lockCustomer, saveCustomer } from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { MaskedDetails } from './identity.ts'
import {
  failureReasons,
  type IdentityDetails,
  type IdentityOutcome,
  type IdentityVerifier,
  type VerifierChoice,
} from './identity-verifier.ts'

/** A context in which checks are done: a verifier is never asked while a transaction stands open. */
type CheckContext = FreeContext & VerifierChoice

interface DueCheck extends DueRow {
  customer_id: bigint
  details: Buffer
  masked: MaskedDetails
  outside_reference: string | null
  asked_at: Date | null
  notice: { succeeded: boolean; reason: string | null } | null
}

/** A verifier that cannot be asked is asked again after 30 seconds, then after twice as long each time: 15 minutes for each step. */
const maxAttempts = 6

const dueChecks: DueTask<CheckContext, DueCheck> = {
  name: 'identity_checks',
  table: sql`identity_checks`,
  open: sql`d.status = 'pending'`,
  columns: sql`d.customer_id, d.details, d.masked, d.outside_reference, d.asked_at, d.notice`,
  work: continueCheck,
  patience: { attempts: maxAttempts, giveUp },
}

/**
 * Does the next step of every check that is due and answers how many steps were done: asks the verifier, or finishes the check
 * by the verifier's notice, or gives up. A check is finished in one transaction with the customer's new names and the
 * event. A check that meets a bug of ours is tried again until the bug is mended: a bug says nothing about the customer.
 */
export function finishDueChecks(context: CheckContext, places?: Places): Promise<number> {
  return doDue(context, dueChecks, places)
}

async function continueCheck(context: CheckContext, check: DueCheck): Promise<void> {
  const outcome = await findOutcome(context, check, openDetails(context, check))
  if (outcome === null) return awaitNotice(context, check)
  await finishCheck(context, check, outcome)
}

function openDetails({ vault }: Context, { details }: DueCheck): IdentityDetails {
  return JSON.parse(vault.open(details, 'identity'))
}

/** What a check ends as when nobody gives an outcome: the caller can only try again. */
const unanswered: IdentityOutcome = { succeeded: false, reason: failureReasons.unresolved }

/** A customer is identified by a notice that says so, if need be with the names that the customer gave. */
async function giveUp(
  context: CheckContext,
  check: DueCheck,
  { operation, outcome, status }: UpstreamError,
): Promise<void> {
  const { tenant, id, notice } = check
  const members = { merchant: tenant.merchant.code, mode: tenant.mode, row: String(id), operation, outcome, status }
  context.log.warn(members, `the identity verifier could not be asked ${maxAttempts} times; the check ends without it`)
  const { firstName, lastName } = openDetails(context, check)
  await finishCheck(context, check, notice?.succeeded ? { succeeded: true, firstName, lastName } : unanswered)
}

/**
 * The outcome, where it is known by now; null where a notice will bring it. Throws `UpstreamError` when the verifier cannot
 * be asked.
 */
async function findOutcome(
  context: CheckContext,
  check: DueCheck,
  details: IdentityDetails,
): Promise<IdentityOutcome | null> {
  const verifier = await context.verifierOf(context, check.tenant)
  if (verifier === null) throw new UpstreamError('identify_customer', 'not_configured')
  if (check.notice !== null) return readNotice(verifier, check.outside_reference ?? '', check.notice)
  if (check.asked_at !== null) return unanswered
  const reference = check.outside_reference ?? (await introduceCustomer(context, check, verifier, details))
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
  context: Context,
  { tenant, id, customer_id }: DueCheck,
  verifier: IdentityVerifier,
  details: IdentityDetails,
): Promise<string | null> {
  const { email } = await findCustomer(context, tenant, { id: customer_id })
  const reference = await verifier.introduce(email, details)
  if (reference === null) return null
  await context.db.query(sql`
    update identity_checks set outside_reference = ${reference}, attempts = 0
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'pending'
  `)
  return reference
}

async function awaitNotice(context: CheckContext, { tenant, id }: DueCheck): Promise<void> {
  const now = context.clock.now()
  const patienceMs = (await context.verifierOf(context, tenant))?.patienceMs ?? 0
  await context.db.query(sql`
    update identity_checks set
      asked_at = ${now},
      attempts = 0,
      due_at = ${new Date(now.getTime() + patienceMs)}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'pending' and notice is null
  `)
}

async function finishCheck(context: Context, check: DueCheck, outcome: IdentityOutcome): Promise<void> {
  await inTransaction(context, async (tx) => {
    const customer = await lockCustomer(tx, check.tenant, { id: check.customer_id })
    if (await closeCheck(tx, check, outcome)) await applyOutcome(tx, check, customer, outcome)
  })
}

/** Answers false when another server was first, and when a notice came meanwhile: it is the outcome. */
async function closeCheck(tx: TxContext, { tenant, id, notice }: DueCheck, outcome: IdentityOutcome): Promise<boolean> {
  const rows = await tx.db.query(sql`
    update identity_checks set
      status = ${outcome.succeeded ? 'succeeded' : 'failed'},
      reason = ${outcome.succeeded ? null : outcome.reason},
      finished_at = ${tx.clock.now()}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'pending'
      and (notice is null) = ${notice === null}::boolean
    returning id
  `)
  return rows.length > 0
}

async function applyOutcome(
  tx: TxContext,
  { tenant, masked: identification }: DueCheck,
  customer: Customer,
  outcome: IdentityOutcome,
): Promise<void> {
  if (!outcome.succeeded) {
    await recordEvent(tx, tenant, {
      type: 'identity.failed',
      customer,
      details: { identification, reason: outcome.reason },
    })
    return
  }
  const { firstName, lastName } = outcome
  await saveCustomer(tx, tenant, { ...customer, firstName, lastName, identified: true, updatedAt: tx.clock.now() })
  await recordEvent(tx, tenant, { type: 'identity.succeeded', customer, details: { identification } })
}
