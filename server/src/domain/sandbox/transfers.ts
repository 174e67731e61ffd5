import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import { parseAmount } from '../../base/money.ts'
import { findAccountByNumber } from '../banking/dedicated-accounts.ts'
import { findCustomer } from '../customers/customers.ts'
import type { Attempt } from '../idempotency/attempt.ts'
import { maskNumber } from '../payments/account-arrivals.ts'
import { receiveArrival } from '../payments/arrivals.ts'
import type { PaymentsContext } from '../payments/payment-processor.ts'
import type { Payment } from '../payments/payment-records.ts'
import { sandboxAccount, sandboxBank } from './instruments.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/** A transfer as its sender makes it. */
export interface NewTransfer {
  /** The number of the dedicated account that receives the transfer. */
  accountNumber: string
  amount: number | string
  senderName?: string | undefined
  senderBank?: string | undefined
  senderAccountNumber?: string | undefined
  narration?: string | undefined
  /** The bank's own name of the transfer. Default: made from the attempt. */
  reference?: string | undefined
}

/**
 * Acts as if somebody had sent money to a dedicated account. The money becomes a payment of the customer and is added
 * to their cash balance, once for a reference, however often it is reported. It is a fact: a denied customer is credited too.
 * Throws `invalid_request`, `dedicated_account_not_found`, `reference_taken`.
 */
export async function simulateTransfer(
  context: PaymentsContext,
  tenant: SandboxTenant,
  transfer: NewTransfer,
  attempt: Attempt,
): Promise<Payment> {
  const { accountNumber } = transfer
  const amount = parseAmount(transfer.amount)
  const account = await findAccountByNumber(context, tenant, accountNumber)
  // Pretended money must not look as if an account at a processor had it.
  if (account.openedBy !== 0n) {
    const message = `The account ${accountNumber} is one at a payment processor: send a test transfer to it there`
    throw new ServiceError('invalid_request', message, 'accountNumber')
  }
  const customer = await findCustomer(context, tenant, { id: account.customerId })
  const senderName = transfer.senderName ?? 'SANDBOX SENDER'
  return receiveArrival(context, tenant, {
    customer,
    reference: transfer.reference ?? referenceOf(attempt),
    amount,
    currency: account.currency,
    description: transfer.narration ?? `Transfer from ${senderName}`,
    details: {
      code: randomCode(context.random, 10),
      senderName,
      senderBank: transfer.senderBank ?? sandboxBank,
      senderAccountNumber: maskNumber(transfer.senderAccountNumber ?? sandboxAccount.number),
      senderCountry: account.currency === 'GHS' ? 'GH' : 'NG',
      narration: transfer.narration ?? null,
      receiverBank: account.provider.bankName,
      receiverAccountNumber: accountNumber,
    },
  })
}

/** The same for a request that comes again, which means the same transfer. The last digits of a UUID are random. */
function referenceOf({ id }: Attempt): string {
  return id.replaceAll('-', '').slice(-15)
}
