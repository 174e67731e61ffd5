import type { AnyMetadata, Paystack } from '../generated/types.ts'
import { bytesOf, checkSignature, headerOf, readEvent, readHex, type WebhookRequest } from './signature.ts'

/** An event with its name, for `switch (event.event)`. */
export interface PaystackEventOf<Name extends string, Data> {
  event: Name
  data: Data
}

/** The details that were checked, with masked values. */
export interface MaskedIdentification {
  country: string
  type: string
  bvn?: string
  account_number?: string
  bank_code?: string
  value?: string
}

/** The customer to whom a direct debit authorization belongs. */
export interface AuthorizedCustomer {
  code: string
  email: string
  first_name: string | null
  last_name: string | null
  phone: string | null
  metadata: AnyMetadata | null
  risk_action: string
}

export type DirectDebitAuthorization = Omit<Paystack.Authorization, 'exp_month' | 'exp_year'> & {
  active: boolean
  exp_month: number | null
  exp_year: number | null
  customer: AuthorizedCustomer
}

export interface AssignedAccount {
  customer: Pick<
    Paystack.CustomerRow,
    'id' | 'customer_code' | 'email' | 'first_name' | 'last_name' | 'phone' | 'metadata'
  >
  /** Null when the assignment failed. */
  dedicated_account: {
    id: number
    account_name: string
    account_number: string
    currency: string
    active: boolean
  } | null
  identification: { status: string }
}

/** A successful payment. `amount` is in hundredths, whatever the currency: XOF 50 is 5000. */
export interface Charge {
  id: number
  status: string
  reference: string
  amount: number
  currency: string
  channel: string
  paid_at: string
  customer: Pick<Paystack.CustomerRow, 'id' | 'customer_code' | 'email'>
  authorization: Paystack.Authorization
  /** The metadata that the transaction was initialized with. It can also be text or 0. */
  metadata: unknown
}

/** The refund of a transaction, as its webhooks tell it. */
export interface ToldRefund {
  status: 'pending' | 'processing' | 'needs-attention' | 'processed' | 'failed'
  transaction_reference: string
  refund_reference: string | null
  /** A text in `.pending`, `.processing` and `.processed`, a number in the others, as Paystack sends it. */
  amount: string | number
  currency: string
  customer: { first_name: string | null; last_name: string | null; email: string | null }
  integration: number
  domain: string
  /** Missing in some of Paystack's samples. */
  id?: string | number
}

/**
 * The events about customers and their payments whose shape is known, for `switch (event.event)`. Paystack sends other
 * events too: have a `default` that does nothing.
 */
export type PaystackEvent =
  /** `customer_id` is text here and a number in `.failed`, as Paystack sends them. */
  | PaystackEventOf<
      'customeridentification.success',
      { customer_id: string | number; customer_code: string; email: string; identification: MaskedIdentification }
    >
  | PaystackEventOf<
      'customeridentification.failed',
      {
        customer_id: string | number
        customer_code: string
        email: string
        identification: MaskedIdentification
        reason: string
      }
    >
  | PaystackEventOf<'dedicatedaccount.assign.success' | 'dedicatedaccount.assign.failed', AssignedAccount>
  | PaystackEventOf<
      'direct_debit.authorization.created' | 'direct_debit.authorization.active',
      DirectDebitAuthorization
    >
  | PaystackEventOf<'charge.success', Charge>
  | PaystackEventOf<
      'refund.pending' | 'refund.processing' | 'refund.needs-attention' | 'refund.processed' | 'refund.failed',
      ToldRefund
    >
  | PaystackEventOf<
      'charge.dispute.create' | 'charge.dispute.remind' | 'charge.dispute.resolve',
      Omit<Paystack.Dispute, 'createdAt' | 'updatedAt' | 'attachments'>
    >

/**
 * Reads the event of a webhook that Paystack signed. `x-paystack-signature` is the HMAC-SHA512 of the body with the
 * secret API key. The signature covers no time, so a repeat cannot be recognised: handle each reference once.
 *
 * @param request `secrets`: the secret key of the mode, `sk_live_…`
 * @throws SignatureError for any other request
 */
export async function verifyPaystackWebhook(request: WebhookRequest): Promise<PaystackEvent> {
  const signature = readHex(headerOf(request, 'x-paystack-signature').trim())
  const keys = [request.secrets].flat().map(bytesOf)
  await checkSignature('SHA-512', keys, signature === undefined ? [] : [signature], bytesOf(request.body))
  return readEvent(request.body, 'event')
}
