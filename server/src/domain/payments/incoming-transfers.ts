import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import { parseAmount } from '../../base/money.ts'
import { findAccountByNumber } from '../banking/dedicated-accounts.ts'
import type { Context } from '../context.ts'
import { findCustomer } from '../customers/customers.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentsContext } from './payment-processor.ts'
import type { Payment } from './payment-records.ts'
import { receiveArrival } from './payments.ts'

/** A transfer as its sender makes it. */
export interface NewTransfer {
  amount: number | string
  senderName?: string | undefined
  senderBank?: string | undefined
  senderAccountNumber?: string | undefined
  narration?: string | undefined
  /** The bank's own name of it: letters, digits and `.=-`. */
  reference?: string | undefined
}

/**
 * Does as if somebody had sent money to a dedicated account: it is a transaction of the customer, and their cash. Once for
 * a reference, however often it is told of. Of a denied customer it goes back to its sender, for good: the transaction has
 * failed. Test mode only. Throws `test_mode_only`, `invalid_request`, `dedicated_account_not_found`, `reference_taken`.
 */
export async function simulateTransfer(
  context: PaymentsContext,
  tenant: Tenant,
  accountNumber: string,
  transfer: NewTransfer,
  request: IdempotentRequest | null = null,
): Promise<Payment> {
  if (tenant.mode !== 'test') throw new ServiceError('test_mode_only', 'Simulated transfers exist in test mode only')
  const amount = parseAmount(transfer.amount)
  const account = await findAccountByNumber(context, tenant, accountNumber)
  const customer = await findCustomer(context, tenant, { id: account.customerId })
  const senderName = transfer.senderName ?? 'SANDBOX SENDER'
  return receiveArrival(context, tenant, customer, {
    reference: transfer.reference ?? makeReference(context, request),
    amount,
    currency: account.currency,
    description: transfer.narration ?? `Transfer from ${senderName}`,
    details: {
      code: randomCode(context.random, 10),
      senderName,
      senderBank: transfer.senderBank ?? 'TEST BANK',
      senderAccountNumber: maskNumber(transfer.senderAccountNumber ?? '0123456789'),
      senderCountry: account.currency === 'GHS' ? 'GH' : 'NG',
      narration: transfer.narration ?? null,
      receiverBank: account.provider.bankName,
      receiverAccountNumber: accountNumber,
    },
  })
}

/** `XXXXXX6789` */
function maskNumber(number: string): string {
  return `XXXXXX${number.slice(-4)}`
}

/** A request that comes again is of the same transfer. */
function makeReference({ vault, random }: Context, request: IdempotentRequest | null): string {
  if (request === null) return randomCode(random, 15)
  return vault.fingerprint(request.key, 'incoming-transfer').toString('hex').slice(0, 15)
}
