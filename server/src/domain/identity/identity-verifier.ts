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

/**
 * The sandbox: one credential is right, reserved account numbers fail for a reason of the caller's choice or are never
 * answered, everything else is wrong. The credential is the one Paystack documents for test mode.
 */
export const sandboxVerifier: IdentityVerifier = {
  needsEmail: false,
  patienceMs: 60 * 60 * 1000,
  introduce: async () => null,
  verify: async (details) => {
    if (details.accountNumber === sandboxAccounts.silent) return null
    const reserved = sandboxFailures.find((reason) => details.accountNumber === sandboxAccounts[reason])
    return reserved === undefined ? compare(details) : failed(failureReasons[reserved])
  },
  findNames: async () => ({ firstName: sandboxCredential.firstName, lastName: sandboxCredential.lastName }),
}

function compare(details: IdentityDetails): IdentityOutcome {
  const known = sandboxCredential
  if (
    details.country !== known.country ||
    details.type !== known.type ||
    details.accountNumber !== known.accountNumber ||
    details.bankCode !== known.bankCode ||
    details.bvn !== known.bvn
  ) {
    return failed(failureReasons.numberMismatch)
  }
  const sameName =
    details.firstName.toLowerCase() === known.firstName.toLowerCase() &&
    details.lastName.toLowerCase() === known.lastName.toLowerCase()
  if (!sameName) return failed(failureReasons.nameMismatch)
  return { succeeded: true, firstName: known.firstName, lastName: known.lastName }
}

const sandboxCredential = {
  country: 'NG',
  type: 'bank_account',
  accountNumber: '0111111111',
  bvn: '222222222221',
  bankCode: '007',
  firstName: 'Uchenna',
  lastName: 'Okoro',
} as const

/** Account numbers of the sandbox: one for each reason to fail, and one that is never answered. */
export const sandboxAccounts = {
  unresolved: '0000000001',
  nameMismatch: '0000000002',
  numberMismatch: '0000000003',
  silent: '0000000004',
} as const

const sandboxFailures = ['unresolved', 'nameMismatch', 'numberMismatch'] as const

function failed(reason: string): IdentityOutcome {
  return { succeeded: false, reason }
}
