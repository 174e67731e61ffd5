import { ServiceError } from '../../base/errors.ts'
import type { FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  type AccountToValidate,
  type AccountValidation,
  type BankAccount,
  type BankDirectoryChoice,
  requireBankDirectory,
} from './bank-directory.ts'
import { type Bank, banks } from './bank-list.ts'

/** Which banks are asked for; what is not given is not looked at. */
export interface BankFilter {
  country?: string | undefined
  currency?: string | undefined
  type?: string | undefined
  gateway?: string | undefined
  payBy?: Bank['payBy'] | undefined
  /** Only those whose accounts can be validated. */
  validated?: boolean | undefined
}

/** By name. */
export function listBanks(filter: BankFilter): Bank[] {
  return banks.filter(
    (bank) =>
      (filter.country === undefined || bank.country === filter.country) &&
      (filter.currency === undefined || bank.currency === filter.currency.toUpperCase()) &&
      (filter.type === undefined || bank.type === filter.type.toLowerCase()) &&
      (filter.gateway === undefined || bank.gateway === filter.gateway.toLowerCase()) &&
      (filter.payBy === undefined || bank.payBy === filter.payBy) &&
      (filter.validated !== true || bank.validates.length > 0),
  )
}

export interface ResolvedAccount {
  accountNumber: string
  /** Of its holder. */
  accountName: string
  bankId: number
}

/**
 * The holder of an account. Throws `invalid_request` for an account number that its bank cannot have and for an unknown bank,
 * `account_not_resolved` for an account that its bank does not know, and `not_available` where no bank can be asked.
 */
export async function resolveAccount(
  context: FreeContext & BankDirectoryChoice,
  tenant: Tenant,
  account: BankAccount,
): Promise<ResolvedAccount> {
  const { accountNumber, bankCode } = account
  const directory = await requireBankDirectory(context, tenant)
  const listed = banks.find(({ code }) => code === bankCode)
  checkNumber(accountNumber, listed)
  const bank = listed ?? directory.unlistedBanks.find(({ code }) => code === bankCode)
  if (bank === undefined) throw unknownBank(bankCode)
  const accountName = await directory.findHolder(account)
  if (accountName !== null) return { accountNumber, accountName, bankId: bank.id }
  throw new ServiceError('account_not_resolved', `No account ${accountNumber} is known at bank ${bankCode}`)
}

/**
 * Whether an account belongs to the holder of a document. Throws `invalid_request` for an account number that no bank can
 * have and for a bank that does not validate accounts of that type, and `not_available` where no bank can be asked.
 */
export async function validateAccount(
  context: FreeContext & BankDirectoryChoice,
  tenant: Tenant,
  account: AccountToValidate,
): Promise<AccountValidation> {
  const directory = await requireBankDirectory(context, tenant)
  const bank = banks.find(({ code, country }) => code === account.bankCode && country === 'South Africa')
  if (bank === undefined) throw unknownBank(account.bankCode)
  if (!bank.validates.includes(account.accountType)) {
    const message = `${bank.name} does not validate ${account.accountType} accounts`
    throw new ServiceError('invalid_request', message, 'accountType')
  }
  checkNumber(account.accountNumber, bank)
  return directory.validate(account)
}

/** Throws `invalid_request`. */
function checkNumber(accountNumber: string, bank: Bank | undefined): void {
  if (/^\d{6,16}$/.test(accountNumber) && (bank?.type !== 'nuban' || accountNumber.length === 10)) return
  throw new ServiceError('invalid_request', 'Account number is invalid', 'accountNumber')
}

function unknownBank(code: string): ServiceError {
  return new ServiceError('invalid_request', `Unknown bank code: ${code}`, 'bankCode')
}
