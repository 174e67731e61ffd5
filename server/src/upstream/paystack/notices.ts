import type { Mode } from '../../domain/merchants/tenant.ts'
import {
  type Members,
  optionalId,
  optionalMembers,
  optionalText,
  readId,
  readMembers,
  readMetadata,
  readMode,
  readText,
  understand,
} from './reading.ts'

/*
 * A webhook of the account is never believed. A notice holds no more than what is needed to ask: names, and no amount and
 * no state.
 */

/** A payment has succeeded: verify it by its reference. */
export interface PaymentNotice {
  about: 'payment'
  event: 'charge.success'
  mode: Mode
  id: bigint
  reference: string
  channel: string | null
  /**
   * Of a transfer to a dedicated account, which no reference of ours stands for: the account that got it, and the account's
   * customer. The account number comes first; the customer is for an account that is not known.
   */
  transfer: { accountNumber: string | null; customerCode: string | null } | null
}

/** A refund has changed: list the refunds of its payment. */
export interface RefundNotice {
  about: 'refund'
  event: string
  mode: Mode
  /** Null in most samples of the documentation. */
  id: bigint | null
  transactionReference: string
}

/** A dispute has begun, is about to end, or has ended: fetch it. */
export interface DisputeNotice {
  about: 'dispute'
  event: string
  mode: Mode
  id: bigint
  transactionId: bigint
}

/** A transfer has ended: verify it by its reference. */
export interface TransferNotice {
  about: 'transfer'
  event: string
  mode: Mode
  id: bigint
  reference: string
  transferCode: string
}

/** A customer has agreed to a mandate, or their bank: verify the open requests of the customer. */
export interface MandateNotice {
  about: 'mandate'
  event: string
  /** Null: such a webhook has no number. */
  id: null
  email: string
}

export type Notice = MandateNotice | PaymentNotice | RefundNotice | DisputeNotice | TransferNotice

const refundEvents = ['pending', 'processing', 'needs-attention', 'processed', 'failed'].map((end) => `refund.${end}`)
const disputeEvents = ['create', 'remind', 'resolve'].map((end) => `charge.dispute.${end}`)
const mandateEvents = ['created', 'active'].map((end) => `direct_debit.authorization.${end}`)
const transferEvents = ['success', 'failed', 'reversed'].map((end) => `transfer.${end}`)

/**
 * Reads a webhook whose signature is the account's. Null for an event that is not about money. Throws `UpstreamError` with
 * the outcome `malformed` for an event about money that cannot be read.
 */
export function readNotice(webhook: unknown): Notice | null {
  const { event, data } = (webhook ?? {}) as { event?: unknown; data?: unknown }
  if (typeof event !== 'string') return null
  const read = readerOf(event)
  return read === null ? null : understand(`webhook ${event}`, null, () => read(event, readMembers(data)))
}

/** The name under which a repeated webhook is the same; null where the account names none. Webhooks have no id of their own. */
export function nameOfNotice(notice: Notice): string | null {
  return notice.id === null ? null : `${notice.event}/${notice.id}`
}

function readerOf(event: string): ((event: string, data: Members) => Notice) | null {
  if (event === 'charge.success') return readPayment
  if (refundEvents.includes(event)) return readRefund
  if (disputeEvents.includes(event)) return readDispute
  if (mandateEvents.includes(event)) return readMandate
  return transferEvents.includes(event) ? readTransfer : null
}

function readPayment(_event: string, data: Members): PaymentNotice {
  const channel = optionalText(data, 'channel')
  return {
    about: 'payment',
    event: 'charge.success',
    mode: readMode(data),
    id: readId(data, 'id'),
    reference: readText(data, 'reference'),
    channel,
    transfer: channel === 'dedicated_nuban' ? readArrival(data) : null,
  }
}

function readArrival(data: Members): PaymentNotice['transfer'] {
  const authorization = optionalMembers(data, 'authorization') ?? {}
  const metadata = readMetadata(data.metadata) ?? {}
  const customer = optionalMembers(data, 'customer') ?? {}
  return {
    accountNumber:
      optionalText(authorization, 'receiver_bank_account_number') ?? optionalText(metadata, 'receiver_account_number'),
    customerCode: optionalText(customer, 'customer_code'),
  }
}

function readRefund(event: string, data: Members): RefundNotice {
  return {
    about: 'refund',
    event,
    mode: readMode(data),
    id: optionalId(data, 'id'),
    transactionReference: readText(data, 'transaction_reference'),
  }
}

function readMandate(event: string, data: Members): MandateNotice {
  return { about: 'mandate', event, id: null, email: readText(readMembers(data.customer, 'customer'), 'email') }
}

function readDispute(event: string, data: Members): DisputeNotice {
  const transaction = readMembers(data.transaction, 'transaction')
  return {
    about: 'dispute',
    event,
    mode: readMode(data),
    id: readId(data, 'id'),
    transactionId: readId(transaction, 'id'),
  }
}

function readTransfer(event: string, data: Members): TransferNotice {
  return {
    about: 'transfer',
    event,
    mode: readMode(data),
    id: readId(data, 'id'),
    reference: readText(data, 'reference'),
    transferCode: readText(data, 'transfer_code'),
  }
}
