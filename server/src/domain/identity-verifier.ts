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

/** Whoever knows whether details are a person's own. May take its time and may fail; it is asked again then. */
export interface IdentityVerifier {
  verify(details: IdentityDetails): Promise<IdentityOutcome>
}

/**
 * The sandbox: one credential is right, two account numbers ask for a reason by name, everything else is wrong.
 * The credential is the one Paystack documents for test mode.
 */
export const sandboxVerifier: IdentityVerifier = {
  async verify(details) {
    if (details.accountNumber === sandboxAccounts.unresolved) return failed(failureReasons.unresolved)
    if (details.accountNumber === sandboxAccounts.nameMismatch) return failed(failureReasons.nameMismatch)
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
  },
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

/** Account numbers of the sandbox that fail for a reason of the caller's choice. */
export const sandboxAccounts = { unresolved: '0000000001', nameMismatch: '0000000002' } as const

function failed(reason: string): IdentityOutcome {
  return { succeeded: false, reason }
}
