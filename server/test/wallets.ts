import { uuidV7 } from '../src/base/ids.ts'
import type { Context, FreeContext } from '../src/domain/context.ts'
import { createCustomer } from '../src/domain/customers/customers.ts'
import { fingerprintOf, type IdempotentRequest } from '../src/domain/idempotency/request.ts'
import {
  type AccountName,
  doCommand,
  type Fact,
  type LedgerCommand,
  type Receipt,
} from '../src/domain/ledger/commands.ts'
import type { Tenant } from '../src/domain/merchants/tenant.ts'
import { testVault } from './service.ts'

/** Creates customers with nothing but an e-mail. Answers their codes. */
export async function createWallets(service: Context, tenant: Tenant, count: number) {
  const made = await Promise.all(
    Array.from({ length: count }, () => {
      const email = `${service.random.bytes(9).toString('hex')}@example.com`
      return createCustomer(service, tenant, { email })
    }),
  )
  return made.map(({ customer }) => customer.code)
}

/** Does a command of a tenant. */
export type Ledger = (tenant: Tenant, command: LedgerCommand) => Promise<Receipt>

/** The ledger of one more server process. Its calls go together, apart from the calls of other servers. */
export function createLedger(context: FreeContext): Ledger {
  const server = { ...context }
  return (tenant, command) => doCommand(server, tenant, command)
}

/** The request of an Idempotency-Key. */
export function requestOf(
  key: string,
  body: Record<string, unknown> = {},
  operation = 'POST /test',
): IdempotentRequest {
  return { key, operation, body, fingerprint: fingerprintOf(testVault, operation, body) }
}

type More = { request?: IdempotentRequest | null; currency?: 'ZAR' | 'NGN'; event?: LedgerCommand['event'] }

export const cash = (customer: string): AccountName => ({ kind: 'customer_cash', customer })
export const merchantBalance: AccountName = { kind: 'merchant_balance' }

/** Short forms of ledger commands. They name customers by code. */
export function commandsFor(service: Context) {
  const base = ({ request = null, currency = 'ZAR', event = null }: More) => ({
    id: uuidV7(service.random, service.clock.now()),
    currency,
    event,
    request,
  })
  const post = (
    kind: 'pay_in' | 'purchase' | 'transfer',
    from: AccountName,
    to: AccountName,
    amount: bigint,
    more: More,
  ) => ({ ...base(more), action: 'post', kind, from, to, amount, description: null }) satisfies LedgerCommand
  return {
    payIn: (to: string, amount: bigint, more: More = {}) => post('pay_in', { kind: 'outside' }, cash(to), amount, more),
    purchase: (from: string, amount: bigint, more: More = {}) =>
      post('purchase', cash(from), { kind: 'merchant_balance' }, amount, more),
    transfer: (from: string, to: string, amount: bigint, more: More = {}) =>
      post('transfer', cash(from), cash(to), amount, more),
    /** A thing that happened outside. */
    book: (kind: Fact, from: AccountName, to: AccountName, amount: bigint, more: More = {}) =>
      ({ ...base(more), action: 'book', kind, from, to, amount, description: null }) satisfies LedgerCommand,
    chargeBack: (from: string, amount: bigint, more: More = {}) =>
      ({
        ...base(more),
        action: 'book',
        kind: 'chargeback',
        from: cash(from),
        to: { kind: 'outside' },
        amount,
        description: null,
      }) satisfies LedgerCommand,
    adjust: (from: AccountName, to: AccountName, amount: bigint, more: More = {}) =>
      ({
        ...base(more),
        action: 'post',
        kind: 'adjustment',
        from,
        to,
        amount,
        description: null,
      }) satisfies LedgerCommand,
    place: (from: string, amount: bigint, more: More & { expiresAt?: Date } = {}) =>
      ({
        ...base(more),
        action: 'place',
        from: cash(from),
        amount,
        description: null,
        expiresAt: more.expiresAt ?? null,
      }) satisfies LedgerCommand,
    capture: (holdId: string, from: string, amount: bigint | null, more: More & { isFinal?: boolean } = {}) =>
      ({
        ...base(more),
        action: 'capture',
        kind: 'hold_capture',
        from: cash(from),
        to: { kind: 'merchant_balance' },
        amount,
        holdId,
        isFinal: more.isFinal ?? false,
        description: null,
      }) satisfies LedgerCommand,
    release: (holdId: string, from: string, more: More = {}) =>
      ({ ...base(more), id: holdId, action: 'release', from: cash(from), holdId }) satisfies LedgerCommand,
    /** Gives back a movement between two accounts. */
    giveBack: (originalId: string, paid: AccountName, received: AccountName, amount: bigint | null, more: More = {}) =>
      ({
        ...base(more),
        action: 'refund',
        kind: 'refund',
        from: received,
        to: paid,
        amount,
        originalId,
        description: null,
      }) satisfies LedgerCommand,
    /** Reserves money that a movement has brought to an account, so that it can be given back later. */
    reserveBack: (originalId: string, received: AccountName, amount: bigint | null, more: More = {}) =>
      ({
        ...base(more),
        action: 'place',
        from: received,
        amount,
        originalId,
        description: null,
        expiresAt: null,
      }) satisfies LedgerCommand,
    /** Reserves money for a payout, lets it leave, or releases it. */
    beginPayout: (from: string, amount: bigint, more: More = {}) =>
      ({
        ...base(more),
        action: 'place',
        kind: 'payout',
        from: cash(from),
        amount,
        description: null,
        expiresAt: null,
      }) satisfies LedgerCommand,
    payOut: (holdId: string, from: string, amount: bigint, more: More = {}) =>
      ({
        ...base(more),
        id: holdId,
        action: 'capture',
        kind: 'payout',
        from: cash(from),
        to: { kind: 'outside', at: 7n },
        amount,
        holdId,
        isFinal: true,
        description: null,
      }) satisfies LedgerCommand,
    dropPayout: (holdId: string, from: string, more: More = {}) =>
      ({
        ...base(more),
        id: holdId,
        action: 'release',
        kind: 'payout',
        from: cash(from),
        holdId,
      }) satisfies LedgerCommand,
    /** Gives back what was reserved. */
    settleBack: (holdId: string, originalId: string, paid: AccountName, received: AccountName, more: More = {}) =>
      ({
        ...base(more),
        id: holdId,
        action: 'refund',
        kind: 'refund',
        from: received,
        to: paid,
        amount: null,
        originalId,
        holdId,
        description: null,
      }) satisfies LedgerCommand,
    /** Lets what was reserved be given back again. */
    failBack: (holdId: string, originalId: string, received: AccountName, more: More = {}) =>
      ({ ...base(more), id: holdId, action: 'release', from: received, originalId, holdId }) satisfies LedgerCommand,
  }
}
