import { observeCalls } from '../base/observe-upstream.ts'
import { UpstreamError } from '../base/upstream-error.ts'
import type { AccountProvider } from '../domain/banking/account-provider.ts'
import type { Context } from '../domain/context.ts'
import type { AccountContents } from '../domain/imports/account-contents.ts'
import type { Tenant } from '../domain/merchants/tenant.ts'
import { takeArrivalNotice } from '../domain/payments/account-arrivals.ts'
import type { PaymentProcessor } from '../domain/payments/payment-processor.ts'
import { type ChosenAccount, findAccount, noteAccountState } from '../domain/payments/processor-accounts.ts'
import { createSentCharges } from '../domain/payments/sent-charges.ts'
import type { PayoutProcessor } from '../domain/payouts/payout-processor.ts'
import type { AccountStatement } from '../domain/reconciliation/account-statement.ts'
import { createPaystackAccountProvider } from '../upstream/paystack/account-provider.ts'
import { type Ask, createAsk } from '../upstream/paystack/ask.ts'
import { createPaystackContents } from '../upstream/paystack/contents.ts'
import { createPaystackPayouts } from '../upstream/paystack/payouts.ts'
import { createPaystackProcessor } from '../upstream/paystack/processor.ts'
import { createPaystackStatement } from '../upstream/paystack/statement.ts'
import { gateSending } from './sending-gate.ts'

/** What processors of accounts are made of. */
type Base = Pick<Context, 'db' | 'clock' | 'random' | 'vault' | 'meter' | 'failures'>

/** A Paystack account of a merchant, in each of its parts. */
export interface OpenedAccount {
  processor: PaymentProcessor
  payouts: PayoutProcessor
  accountProvider: AccountProvider
  statement: AccountStatement
  contents: AccountContents
  /** See `LookedAtAccounts`. */
  look(): Promise<boolean>
}

/** The Paystack accounts of merchants. */
export interface PaystackAccounts {
  /** An account with its credentials at hand. */
  open(tenant: Tenant, account: ChosenAccount): OpenedAccount
  /** An account by its id, also one that was replaced; null once its credentials were dropped. */
  find(context: Context, tenant: Tenant, id: bigint): Promise<OpenedAccount | null>
}

interface Kept extends OpenedAccount {
  secretKey: string
  cutOverAt: number | null
}

/** More accounts than a server works with at one time; the one that was used the longest ago makes room. */
const maxOpened = 1000

/** @param baseUrl where Paystack is, without a slash at its end */
export function createPaystackAccounts(base: Base, baseUrl: string): PaystackAccounts {
  /** Kept for the memory of an account's state. Nothing is believed of it: the row has been read before. */
  const opened = new Map<string, Kept>()

  function open(tenant: Tenant, account: ChosenAccount): OpenedAccount {
    const { id, secretKey } = account
    const cutOverAt = account.cutOverAt?.getTime() ?? null
    if (secretKey === null) throw new Error('an account at a processor has credentials')
    const key = `${tenant.merchant.id}/${id}`
    const known = opened.get(key)
    opened.delete(key)
    const current =
      known?.secretKey === secretKey && known.cutOverAt === cutOverAt
        ? known
        : { secretKey, cutOverAt, ...create(base, { ...account, tenant, secretKey, baseUrl }) }
    opened.set(key, current)
    for (const oldest of opened.keys()) {
      if (opened.size <= maxOpened) break
      opened.delete(oldest)
    }
    return current
  }

  return {
    open,
    async find(context, tenant, id) {
      const account = await findAccount(context, tenant, id)
      if (account !== null) return open(tenant, account)
      opened.delete(`${tenant.merchant.id}/${id}`)
      return null
    },
  }
}

interface Account extends ChosenAccount {
  tenant: Tenant
  secretKey: string
  baseUrl: string
}

function create(base: Base, { tenant, id, secretKey, baseUrl, cutOverAt }: Account): OpenedAccount {
  // As it is when it is called: a test may put another in its place.
  const unwatched = createAsk(
    { secretKey, baseUrl, fetch: (...request) => fetch(...request) },
    observeCalls(base, 'paystack'),
  )
  const watched = watchState(base, tenant, id, unwatched)
  const statement = createPaystackStatement(watched)
  const { ask, look } = gateSending(base, tenant, { ask: watched, statement })
  return {
    statement,
    look,
    contents: createPaystackContents(ask),
    processor: {
      ...createPaystackProcessor({ ask, random: base.random, charges: createSentCharges(base, id), accountId: id }),
      async lookFirst() {
        // Of an account that does not answer now, the charge itself will say so.
        await look().catch((error: unknown) => {
          if (!(error instanceof UpstreamError)) throw error
        })
      },
    },
    payouts: createPaystackPayouts({ ask, accountId: id }),
    accountProvider: createPaystackAccountProvider({
      ask,
      clock: base.clock,
      accountId: id,
      cutOverAt,
      noteTransfer: (tenant, reference) => takeArrivalNotice(base, tenant, { accountId: id, reference }),
    }),
  }
}

/** An answer that says the same as the one before is not noted again for this long; other servers note theirs. */
const renewMs = 60_000

/** Notes when the account begins to refuse its key, and when it takes the key again. */
function watchState(base: Base, tenant: Tenant, id: bigint, ask: Ask): Ask {
  let noted: { error: string | null; at: number } | null = null
  return async (question) => {
    const answer = await ask(question)
    const error =
      answer.status === 401
        ? 'Paystack refused the secret key of this account (401): choose the processor again, with a key that is in force'
        : null
    const now = base.clock.now().getTime()
    if (noted === null || noted.error !== error || now - noted.at >= renewMs) {
      await noteAccountState(base, tenant, id, error)
      noted = { error, at: now }
    }
    return answer
  }
}
