import {
  failureReasons,
  type IdentityDetails,
  type IdentityOutcome,
  type IdentityVerifier,
} from '../identity/identity-verifier.ts'

/**
 * The sandbox's identity verifier. One credential is right: the credential that Paystack documents for test mode. A
 * reserved account number fails for its own reason, or is never answered. Every other credential is wrong.
 */
export function createSandboxVerifier(sandbox: { delayMs: number }): IdentityVerifier {
  return {
    firstAskMs: sandbox.delayMs,
    needsEmail: false,
    bvnDigits: [11, sandboxCredential.bvn.length],
    patienceMs: 60 * 60 * 1000,
    introduce: async () => null,
    verify: async (details) => {
      if (details.accountNumber === sandboxAccounts.silent) return null
      const reserved = sandboxFailures.find((reason) => details.accountNumber === sandboxAccounts[reason])
      return reserved === undefined ? compare(details) : failed(failureReasons[reserved])
    },
    findNames: async () => ({ firstName: sandboxCredential.firstName, lastName: sandboxCredential.lastName }),
  }
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

/** The only credential that is right. */
export const sandboxCredential = {
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
