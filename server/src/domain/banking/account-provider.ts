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
  /** Ten digits. No other open account has it. */
  accountNumber: string
  /** The name that a sender sees. */
  accountName: string
  currency: Currency
}

/**
 * The outside party that gives out bank accounts through which customers are paid. It may take its time. Its methods throw
 * `UpstreamError` where it cannot be asked. Never called in a database transaction.
 */
export interface AccountProvider {
  /** The first one is taken where the caller prefers none. */
  readonly banks: readonly [AccountBank, ...AccountBank[]]
  /** Opens an account at one of the banks. While it is open, the same customer and bank get the same account again. */
  open(tenant: Tenant, bank: AccountBank, holder: AccountHolder): Promise<OpenedAccount>
  /** Closes an account. One that is closed, or that it does not know, changes nothing. */
  close(tenant: Tenant, bank: AccountBank, accountNumber: string): Promise<void>
  /** Looks for transfers to an account again; each one found is told of as if it had just arrived. */
  requery(tenant: Tenant, bank: AccountBank, accountNumber: string): Promise<void>
}

/** What banking adds to the context: who gives out accounts for a tenant; null where nobody does. */
export interface AccountProviderChoice {
  readonly accountProviderOf: (context: Context, tenant: Tenant) => Promise<AccountProvider | null>
}

/** The tenant's account provider. Throws `not_available` where it has none. */
export async function requireAccountProvider(
  context: Context & AccountProviderChoice,
  tenant: Tenant,
): Promise<AccountProvider> {
  const provider = await context.accountProviderOf(context, tenant)
  if (provider !== null) return provider
  throw new ServiceError('not_available', `Dedicated accounts are not available in ${tenant.mode} mode on this server`)
}
