import type { CustomerSnapshot } from '../../domain/customers/customers.ts'
import type { RecordedEvent } from '../../domain/events/events.ts'
import { renderHolder } from './render.ts'

/** A webhook of Paystack's: its name for the event, and the event's data. */
export interface PaystackWebhook {
  event: string
  data: Record<string, unknown>
}

/** The parts of an event that are rendered. */
type TellableEvent = Pick<RecordedEvent, 'type' | 'mode' | 'data'>

/**
 * `customeridentification.success` and `.failed`. Like Paystack's samples, a success has `customer_id` as text and a
 * failure has it as a number. Null for any other event.
 */
export function renderIdentificationEvent({ type, data }: TellableEvent): PaystackWebhook | null {
  if (type !== 'identity.succeeded' && type !== 'identity.failed') return null
  const { id, code, email } = data.customer ?? {}
  const { identification = {}, reason } = data.details ?? {}
  const { country, type: kind, bvn, accountNumber, bankCode } = identification as Record<string, unknown>
  const told = { country, type: kind, bvn, account_number: accountNumber, bank_code: bankCode }
  if (type === 'identity.succeeded') {
    const success = { customer_id: String(id), customer_code: code, email, identification: told }
    return { event: 'customeridentification.success', data: success }
  }
  const failure = { customer_id: Number(id), customer_code: code, email, identification: told, reason }
  return { event: 'customeridentification.failed', data: failure }
}

/**
 * `direct_debit.authorization.created` and `.active`. Only the latter has integration, domain and reference. Null for
 * any other event.
 */
export function renderMandateEvent({ type, mode, data }: TellableEvent): PaystackWebhook | null {
  if (type !== 'mandate.created' && type !== 'mandate.active') return null
  const { reference, merchantNumber, paymentMethod = {} } = data.details ?? {}
  const method = paymentMethod as Record<string, unknown>
  const active = type === 'mandate.active'
  const authorization = {
    authorization_code: `AUTH_${method.code}`,
    active,
    last4: method.last4,
    channel: 'direct_debit',
    card_type: 'mandate',
    bank: method.bank,
    exp_month: method.expiryMonth,
    exp_year: method.expiryYear,
    country_code: method.country,
    brand: method.brand ?? null,
    reusable: true,
    signature: method.signature ?? null,
    account_name: method.accountName ?? null,
  }
  const customer = renderMandateCustomer(data.customer ?? {})
  if (!active) return { event: 'direct_debit.authorization.created', data: { ...authorization, customer } }
  return {
    event: 'direct_debit.authorization.active',
    data: { ...authorization, integration: merchantNumber, domain: mode, reference, customer },
  }
}

/** `dedicatedaccount.assign.success` and `.failed`. Null for any other event. */
export function renderDedicatedAccountEvent({ type, data }: TellableEvent): PaystackWebhook | null {
  if (type !== 'dedicated_account.assigned' && type !== 'dedicated_account.assignment_failed') return null
  const { dedicatedAccount, identification, merchantNumber } = data.details ?? {}
  const customer = renderHolder(data.customer as unknown as CustomerSnapshot)
  if (type === 'dedicated_account.assignment_failed') {
    return { event: 'dedicatedaccount.assign.failed', data: { customer, dedicated_account: null, identification } }
  }
  const account = renderAccount(dedicatedAccount as ToldAccount, merchantNumber as number, customer.id)
  return { event: 'dedicatedaccount.assign.success', data: { customer, dedicated_account: account, identification } }
}

interface ToldAccount {
  id: number
  provider: { slug: string; bankName: string; bankId: number }
  accountNumber: string
  accountName: string
  currency: string
  createdAt: string
  updatedAt: string
}

function renderAccount(account: ToldAccount, integration: number, customerId: number) {
  const { provider } = account
  return {
    bank: { name: provider.bankName, id: provider.bankId, slug: provider.slug },
    account_name: account.accountName,
    account_number: account.accountNumber,
    assigned: true,
    currency: account.currency,
    metadata: null,
    active: true,
    id: account.id,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
    assignment: {
      integration,
      assignee_id: customerId,
      assignee_type: 'Customer',
      expired: false,
      account_type: 'PAY-WITH-TRANSFER-RECURRING',
      assigned_at: account.createdAt,
      expired_at: null,
    },
  }
}

/** Here `code` is the customer's code, and there is no id. */
function renderMandateCustomer(customer: Record<string, unknown>) {
  return {
    first_name: customer.firstName,
    last_name: customer.lastName,
    code: customer.code,
    email: customer.email,
    phone: customer.phone,
    metadata: customer.metadata,
    risk_action: customer.riskAction,
  }
}
