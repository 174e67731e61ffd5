import { ServiceError } from '../errors.ts'
import { randomCode, uuidV7 } from '../ids.ts'
import { type Currency, parseAmount } from '../money.ts'
import type { Service } from '../service.ts'
import { findCustomer } from './customers.ts'
import { findAccountByNumber } from './dedicated-accounts.ts'
import type { IdempotentRequest } from './idempotency.ts'
import type { Ledger } from './ledger/commands.ts'
import type { Tenant } from './tenant.ts'

/** Money that somebody sent to a customer's dedicated account. */
export interface IncomingTransfer {
  /** Of its ledger transaction. */
  id: string
  /** The bank's own name of it. */
  reference: string
  customerCode: string
  accountNumber: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  senderName: string
  narration: string | null
  balanceAfter: bigint
  createdAt: Date
  /** It came before, and was credited then. */
  replayed: boolean
}

/**
 * Does as if money had arrived at a dedicated account: the customer's cash balance is credited once for a reference,
 * however often it is told of; what was refused once stays refused, for its sender has it back. Test mode only. Throws
 * `test_mode_only`, `invalid_request`, `dedicated_account_not_found`, `customer_denied`, `balance_limit`.
 */
export async function simulateIncomingTransfer(
  service: Service,
  ledger: Ledger,
  tenant: Tenant,
  accountNumber: string,
  input: {
    amount: number | string
    senderName?: string | undefined
    narration?: string | undefined
    reference?: string | undefined
  },
  request: IdempotentRequest | null = null,
): Promise<IncomingTransfer> {
  if (tenant.mode !== 'test') throw new ServiceError('test_mode_only', 'Simulated transfers exist in test mode only')
  const amount = parseAmount(input.amount)
  const account = await findAccountByNumber(service, tenant, accountNumber)
  const customer = await findCustomer(service, tenant, { id: account.customerId })
  const reference = input.reference ?? makeReference(service, request)
  const senderName = input.senderName ?? 'SANDBOX SENDER'
  const narration = input.narration ?? null
  const told = { senderName, narration, reference, accountNumber }
  const id = uuidV7(service.random, service.clock.now())

  const receipt = await ledger(tenant, {
    action: 'post',
    kind: 'pay_in',
    id,
    currency: account.currency,
    from: { kind: 'outside' },
    to: { kind: 'customer_cash', customer: customer.code },
    amount,
    description: narration ?? `Transfer from ${senderName}`,
    details: { dedicatedAccount: told },
    event: {
      type: 'pay_in.succeeded',
      data: {
        customer: { code: customer.code },
        details: { payInId: id, amount: Number(amount), currency: account.currency, dedicatedAccount: told },
      },
    },
    request: null,
    ownKey: `incoming-transfer/${reference}`,
  })
  return {
    id: receipt.id,
    reference,
    customerCode: customer.code,
    accountNumber,
    amount: receipt.amount,
    currency: account.currency,
    senderName,
    narration,
    balanceAfter: receipt.toBalance ?? 0n,
    createdAt: receipt.createdAt,
    replayed: receipt.replayed,
  }
}

/** A request that comes again is of the same transfer. */
function makeReference({ vault, random }: Service, request: IdempotentRequest | null): string {
  if (request === null) return randomCode(random, 15)
  return vault.fingerprint(request.key, 'incoming-transfer').toString('hex').slice(0, 15)
}
