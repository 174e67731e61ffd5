import type { BankAccount, BankDirectory } from '../banking/bank-directory.ts'
import { sandboxAccounts, sandboxCredential } from './verifier.ts'

/** Each account of this bank is named by its number. */
const numberNamedBank = '001'

/** Names of the holders of all other accounts. */
const holders = [
  'ADA OBI',
  'KWAME MENSAH',
  'NJERI WANJIKU',
  'THANDI NKOSI',
  'CHIDI EZE',
  'AMA SERWAA',
  'BARAKA OTIENO',
  'LERATO MOLEFE',
  'FUNKE ADEYEMI',
  'YAW BOATENG',
]

/**
 * The sandbox's bank directory. Every account always has the same holder. One reserved number is known to no bank. The
 * holder of another reserved number is not the person of its document.
 */
export function createSandboxDirectory(): BankDirectory {
  return {
    unlistedBanks: [
      { id: 20, code: numberNamedBank },
      { id: 22, code: sandboxCredential.bankCode },
    ],
    findHolder: async (account) => holderOf(account),
    validate: async ({ accountNumber }) => {
      const exists = accountNumber !== sandboxAccounts.unresolved
      const isHolder = exists && accountNumber !== sandboxAccounts.nameMismatch
      return { verified: isHolder, isHolder, exists }
    },
  }
}

function holderOf({ accountNumber, bankCode }: BankAccount): string | null {
  const known = sandboxCredential
  if (bankCode === numberNamedBank) return `TEST ACCOUNT ${accountNumber}`
  if (accountNumber === sandboxAccounts.unresolved) return null
  if (accountNumber === known.accountNumber && bankCode === known.bankCode) {
    return `${known.firstName} ${known.lastName}`.toUpperCase()
  }
  const sum = [...accountNumber].reduce((total, digit, i) => total + Number(digit) * ((i % 7) + 1), 0)
  return holders[sum % holders.length] as string
}
