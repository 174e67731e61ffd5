import type { NewPaymentMethod } from '../../domain/payments/payment-methods.ts'
import type { ChargeFacts, FoundTransfer } from '../../domain/payments/payment-processor.ts'
import type { Authorization, Transaction } from './transactions.ts'

/** What a verified payment tells besides its status. */
export function factsOf(paid: Transaction): ChargeFacts {
  const { id, amount, currency, fees, paidAt, authorization, unread } = paid
  const saved = authorization?.reusable ? describeAuthorization(authorization) : null
  const channel = types[paid.channel ?? ''] ?? null
  return { id: String(id), amount, currency, fee: fees, paidAt, channel, saved, unread }
}

/** What is told of a transfer to a dedicated account; null for another payment. */
export function transferOf({ channel, authorization, metadata }: Transaction): FoundTransfer | null {
  if (channel !== 'dedicated_nuban') return null
  const receiver = metadata?.receiver_account_number
  return {
    accountNumber: authorization?.receiverAccountNumber ?? (typeof receiver === 'string' ? receiver : null),
    senderName: authorization?.senderName ?? null,
    senderBank: authorization?.senderBank ?? authorization?.bank ?? null,
    senderAccountNumber: authorization?.senderAccountNumber ?? null,
    senderCountry: authorization?.senderCountry ?? authorization?.countryCode ?? null,
    narration: authorization?.narration ?? null,
    receiverBank: authorization?.receiverBank ?? null,
  }
}

const types: Record<string, NewPaymentMethod['type']> = {
  card: 'card',
  bank: 'direct_debit',
  direct_debit: 'direct_debit',
  mobile_money: 'mobile_money',
  bank_transfer: 'bank_transfer',
  dedicated_nuban: 'bank_transfer',
}

/** Null for an instrument of a kind that is not saved here. */
export function describeAuthorization(authorization: Authorization): ChargeFacts['saved'] {
  const { code, channel, bin, last4, expiryMonth, expiryYear, bank, countryCode, accountName, signature } =
    authorization
  const type = types[channel ?? '']
  if (type === undefined || type === 'bank_transfer') return null
  return {
    type,
    token: code,
    provider: 'paystack',
    bin,
    last4,
    expiryMonth: expiryMonth === null ? null : Number(expiryMonth),
    expiryYear: expiryYear === null ? null : Number(expiryYear),
    brand: authorization.brand?.trim().toLowerCase() ?? null,
    bank,
    country: countryCode,
    accountName,
    signature,
    reusable: true,
    active: true,
  }
}
