import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Bank } from './bank-list.ts'

/** A bank account, by its number and the code of its bank. */
export interface BankAccount {
  accountNumber: string
  bankCode: string
}

/** A South African account, and the person or business to whom it is said to belong. */
export interface AccountToValidate extends BankAccount {
  accountType: 'personal' | 'business'
  holderName: string
  document: { type: 'identity' | 'passport' | 'business_registration'; number: string | null }
}

/** What a bank says of an account: whether it exists, and whether its holder is the document's. */
export interface AccountValidation {
  verified: boolean
  isHolder: boolean
  exists: boolean
}

/**
 * The outside party that knows the accounts of banks. It may take its time. Its methods throw `UpstreamError` where it
 * cannot be asked. Never called in a database transaction.
 */
export interface BankDirectory {
  /** The banks that it knows besides those in the list of banks. */
  readonly unlistedBanks: readonly Pick<Bank, 'id' | 'code'>[]
  /** The name of an account's holder; null for an account that its bank does not know. */
  findHolder(account: BankAccount): Promise<string | null>
  validate(account: AccountToValidate): Promise<AccountValidation>
}

/** What banking adds to the context: who knows the accounts of banks, for a tenant; null where nobody does. */
export interface BankDirectoryChoice {
  readonly bankDirectoryOf: (context: Context, tenant: Tenant) => Promise<BankDirectory | null>
}

/** The tenant's bank directory. Throws `not_available` where it has none. */
export async function requireBankDirectory(
  context: Context & BankDirectoryChoice,
  tenant: Tenant,
): Promise<BankDirectory> {
  const directory = await context.bankDirectoryOf(context, tenant)
  if (directory !== null) return directory
  throw new ServiceError('not_available', `No bank can be asked for accounts in ${tenant.mode} mode on this server`)
}
