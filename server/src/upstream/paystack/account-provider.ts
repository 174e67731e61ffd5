import type { Clock } from '../../base/clock.ts'
import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type {
  AccountBank,
  AccountHolder,
  AccountProvider,
  OpenedAccount,
  ProvidedAccount,
} from '../../domain/banking/account-provider.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { Ask } from './ask.ts'
import { type AccountCustomer, introduceCustomer } from './customers.ts'
import {
  createDedicatedAccount,
  type DedicatedAccount,
  deactivateDedicatedAccount,
  fetchDedicatedAccount,
  listAccountBanks,
  listDedicatedAccounts,
  requeryDedicatedAccount,
} from './dedicated-accounts.ts'
import { transferOf } from './facts.ts'
import type { Outcome } from './outcomes.ts'
import { listTransactions } from './transactions.ts'

/** What a Paystack account as the provider of dedicated accounts is made of. */
export interface AccountProviderParts {
  ask: Ask
  clock: Clock
  /** The number of the account, among those of its merchant. */
  accountId: bigint
  /** Nothing that the account took before is credited by itself. */
  cutOverAt: Date | null
  /** Has the account asked about a transfer, as its webhook would. */
  noteTransfer: (tenant: Tenant, reference: string) => Promise<void>
}

/** Transfers are looked for since then, where nobody names a day. Paystack repeats its webhooks for as long. */
const lookBackMs = 3 * 24 * 60 * 60 * 1000

/**
 * A Paystack account as the provider of dedicated accounts. It knows customers by their e-mail, and makes itself a customer for
 * each holder.
 */
export function createPaystackAccountProvider(parts: AccountProviderParts): AccountProvider {
  const { ask, clock, accountId, cutOverAt } = parts

  function lookFrom(from: Date | undefined): Date {
    const wanted = from ?? new Date(clock.now().getTime() - lookBackMs)
    return cutOverAt !== null && cutOverAt > wanted ? cutOverAt : wanted
  }

  return {
    accountId,
    knownBanks: null,
    async listBanks() {
      const [first, ...others] = await listAccountBanks(ask)
      if (first === undefined) throw new UpstreamError('list_account_banks', 'malformed')
      return [first, ...others]
    },
    async open(_tenant, bank, holder) {
      const { email, firstName, lastName, phone } = holder
      if (email === null) throw refusal('Paystack knows customers by their e-mail, and this customer has none', 'email')
      const names = { firstName, lastName, phone }
      const customer = took(await introduceCustomer(ask, { email, ...names }), 'create_customer')
      const known = await findOpen(ask, customer, bank)
      if (known !== null) return readOpened(known, bank)
      const wanted = { customerCode: customer.code, bankSlug: bank.slug, ...names }
      const opened = took(await createDedicatedAccount(ask, wanted), 'create_dedicated_account')
      const isTheirs = opened.customerCode === null || opened.customerCode === customer.code
      if (!isTheirs) throw new UpstreamError('create_dedicated_account', 'malformed')
      return readOpened(opened, bank)
    },
    async close(_tenant, { outsideId }) {
      if (outsideId !== null) await deactivateDedicatedAccount(ask, outsideId)
    },
    async requery(tenant, account, day) {
      await lookForTransfers(parts, tenant, account, lookFrom(day?.from))
      const providerSlug = account.provider.slug
      await requeryDedicatedAccount(ask, { accountNumber: account.accountNumber, providerSlug, day: day?.text })
    },
  }
}

/** A webhook may have been lost: so the account's own list of payments is looked at too. */
async function lookForTransfers(
  { ask, noteTransfer }: AccountProviderParts,
  tenant: Tenant,
  { accountNumber, outsideId }: ProvidedAccount,
  from: Date,
): Promise<void> {
  const known = outsideId === null ? null : await fetchDedicatedAccount(ask, outsideId)
  const filter = { status: 'success', from, customerId: known?.customerId ?? undefined }
  for await (const transactions of listTransactions(ask, filter)) {
    for (const transaction of transactions) {
      if (transferOf(transaction)?.accountNumber === accountNumber) await noteTransfer(tenant, transaction.reference)
    }
  }
}

/** The customer's open account at the bank: an answer to an earlier request may have been lost. */
async function findOpen(ask: Ask, { id, code }: AccountCustomer, bank: AccountBank): Promise<DedicatedAccount | null> {
  for await (const accounts of listDedicatedAccounts(ask, { active: true, customerId: id })) {
    const known = accounts.find(
      ({ active, assigned, customerCode, bank: { slug } }) =>
        active && assigned && slug === bank.slug && (customerCode === null || customerCode === code),
    )
    if (known !== undefined) return known
  }
  return null
}

function readOpened({ id, accountNumber, accountName, currency, bank }: DedicatedAccount, asked: AccountBank) {
  const other = { id: 0, slug: bank.slug, bankName: bank.name, bankId: Number(bank.id) }
  return {
    bank: bank.slug === asked.slug ? asked : other,
    outsideId: id,
    accountNumber,
    accountName,
    currency,
  } satisfies OpenedAccount
}

/** Throws `invalid_request` for a refusal, and `UpstreamError` where the account does not say whether it has the thing. */
function took<Thing>(outcome: Outcome<Thing>, operation: string): Thing {
  if (outcome.is === 'refused') throw refusal(`Paystack refused the dedicated account: ${outcome.reason}`)
  if (outcome.is === 'unknown' || outcome.is === 'not_sent') throw outcome.cause
  if (outcome.thing === null) throw new UpstreamError(operation, 'malformed')
  return outcome.thing
}

function refusal(message: string, field?: keyof AccountHolder): ServiceError {
  return new ServiceError('invalid_request', message, field)
}
