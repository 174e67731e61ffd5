import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** A bank at which an account provider opens accounts. */
export interface AccountBank {
  /** The provider's number of it. */
  id: number
  slug: string
  bankName: string
  /** Its number in the list of banks. */
  bankId: number
}

/** The customer for whom an account is opened. */
export interface AccountHolder {
  code: string
  email: string | null
  firstName: string
  lastName: string
  phone: string
}

export interface OpenedAccount {
  /** The bank at which it was opened. */
  bank: AccountBank
  /** The provider's number of the account; null for a provider that has none. */
  outsideId: bigint | null
  /** Ten digits. No other open account has it. */
  accountNumber: string
  /** The name that a sender sees. */
  accountName: string
  currency: Currency
}

/** An account as its provider knows it. */
export interface ProvidedAccount {
  provider: AccountBank
  accountNumber: string
  outsideId: bigint | null
}

/** A day of the merchant, as YYYY-MM-DD, and its beginning. */
export interface RequeriedDay {
  text: string
  from: Date
}

export type AccountBanks = readonly [AccountBank, ...AccountBank[]]

/**
 * The outside party that gives out bank accounts through which customers are paid. It may take its time. Its methods throw
 * `UpstreamError` where it cannot be asked. Never called in a database transaction.
 */
export interface AccountProvider {
  /** The account at a processor that opens them; 0 for the sandbox. */
  readonly accountId: bigint
  /** The banks, where they are known without asking; else null. */
  readonly knownBanks: AccountBanks | null
  /** The first one is taken where the caller prefers none. */
  listBanks(tenant: Tenant): Promise<AccountBanks>
  /**
   * Opens an account at one of the banks. While it is open, the same customer and bank get the same account again. Throws
   * `invalid_request` for a customer whom the provider refuses.
   */
  open(tenant: Tenant, bank: AccountBank, holder: AccountHolder): Promise<OpenedAccount>
  /** Closes an account. One that is closed, or that it does not know, changes nothing. */
  close(tenant: Tenant, account: ProvidedAccount): Promise<void>
  /**
   * Looks for transfers to an account again; each one found is told of as if it had just arrived.
   *
   * @param day the day to look at; default the last days
   */
  requery(tenant: Tenant, account: ProvidedAccount, day: RequeriedDay | undefined): Promise<void>
}

/** What banking adds to the context: who gives out accounts for a tenant; null where nobody does. */
export interface AccountProviderChoice {
  readonly accountProviderOf: (context: Context, tenant: Tenant, use: ProviderUse) => Promise<AccountProvider | null>
}

/** `new`: the provider of new accounts. Else the account at a processor that opened an account; 0 for the sandbox. */
export type ProviderUse = 'new' | { openedBy: bigint }

/**
 * The tenant's account provider. Throws `not_available` where it has none, and for an account at a processor whose credentials
 * were dropped.
 */
export async function requireAccountProvider(
  context: Context & AccountProviderChoice,
  tenant: Tenant,
  use: ProviderUse = 'new',
): Promise<AccountProvider> {
  const provider = await context.accountProviderOf(context, tenant, use)
  if (provider !== null) return provider
  if (use !== 'new' && use.openedBy !== 0n) {
    const message =
      'The account that opened this dedicated account was replaced, and its key is not kept any more: do this at the processor'
    throw new ServiceError('not_available', message)
  }
  throw new ServiceError('not_available', `Dedicated accounts are not available in ${tenant.mode} mode on this server`)
}
