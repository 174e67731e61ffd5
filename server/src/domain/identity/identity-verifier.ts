import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** The details that a customer gave to be identified. Secret: never logged, encrypted at rest. */
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
 * The outside party that knows whether details are a person's own: a bureau, or another company's service. It may take its
 * time. Its methods throw `UpstreamError` where it cannot be asked; it is asked again then. Every other error is a bug. Never
 * called in a database transaction.
 */
export interface IdentityVerifier {
  /** How long after a customer's request the verifier is asked, in milliseconds. */
  readonly firstAskMs: number
  /** The verifier knows people by their e-mail: a customer without an e-mail cannot be checked. */
  readonly needsEmail: boolean
  /** How many digits a BVN can have that the verifier knows. A BVN has 11; those of a test account may have others. */
  readonly bvnDigits: readonly number[]
  /** How long an outcome that is told later is waited for, in milliseconds. */
  readonly patienceMs: number
  /** The verifier's name for the customer, stored before it is asked to verify; null where it has none. */
  introduce(email: string | null, details: IdentityDetails): Promise<string | null>
  /** The outcome; null where a notice that carries the reference will bring it. */
  verify(details: IdentityDetails, reference: string | null): Promise<IdentityOutcome | null>
  /** The bank's names of a customer who is identified according to a notice. */
  findNames(reference: string): Promise<{ firstName: string; lastName: string }>
}

/** Added to the context by identity checks: the verifier of a tenant; null where there is none. */
export interface VerifierChoice {
  readonly verifierOf: (context: Context, tenant: Tenant) => Promise<IdentityVerifier | null>
}

/** The tenant's verifier. Throws `not_available` where it has none. */
export async function requireVerifier(context: Context & VerifierChoice, tenant: Tenant): Promise<IdentityVerifier> {
  const verifier = await context.verifierOf(context, tenant)
  if (verifier !== null) return verifier
  throw new ServiceError('not_available', `Identity checks are not available in ${tenant.mode} mode on this server`)
}
