import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** What a customer gave to be identified by. Secret: never logged, encrypted at rest. */
export interface IdentityDetails {
  type: string
  /** ISO 3166 alpha-2. */
  country: string
  firstName: string
  lastName: string
  middleName: string | null
  bvn: string | null
  bankCode: string | null
  accountNumber: string | null
  /** The identification number, where the type has one. */
  value: string | null
}

export const failureReasons = {
  unresolved: "Account couldn't be resolved. Please try again",
  nameMismatch: 'Account name or BVN is incorrect',
  numberMismatch: 'Account number or BVN is incorrect',
} as const

/** The names are the bank's: they replace the customer's. */
export type IdentityOutcome =
  | { succeeded: true; firstName: string; lastName: string }
  | { succeeded: false; reason: string }

/**
 * Whoever knows whether details are a person's own: the sandbox, a bureau, somebody else's service. May take its time and
 * may throw; it is asked again then. Never called in a database transaction.
 */
export interface IdentityVerifier {
  /** How long after a customer's request it is asked, in milliseconds. */
  readonly firstAskMs: number
  /** It knows people by their e-mail: a customer without one cannot be checked. */
  readonly needsEmail: boolean
  /** How long an outcome that is told later is waited for, in milliseconds. */
  readonly patienceMs: number
  /** What it calls the customer, kept before it is asked to verify; null where it has no name for them. */
  introduce(email: string | null, details: IdentityDetails): Promise<string | null>
  /** The outcome; null where it will be told by a notice that carries the reference. */
  verify(details: IdentityDetails, reference: string | null): Promise<IdentityOutcome | null>
  /** The bank's names of a customer whom a notice has called identified. */
  findNames(reference: string): Promise<{ firstName: string; lastName: string }>
}

/** What identity checks add to the context: who judges the checks of a tenant; null where nobody does. */
export interface VerifierChoice {
  readonly verifierOf: (context: Context, tenant: Tenant) => Promise<IdentityVerifier | null>
}

/** The tenant's verifier. Throws `not_available` where it has none. */
export async function requireVerifier(context: Context & VerifierChoice, tenant: Tenant): Promise<IdentityVerifier> {
  const verifier = await context.verifierOf(context, tenant)
  if (verifier !== null) return verifier
  throw new ServiceError('not_available', `Identity checks are not available in ${tenant.mode} mode on this server`)
}
