import { ServiceError } from '../../base/errors.ts'
import { type Currency, wholeAmount } from '../../base/money.ts'
import { listBanks } from '../../domain/banking/banks.ts'
import type { RecordedEvent } from '../../domain/events/events.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { askingCode } from '../../domain/payouts/approval-urls.ts'
import type { ToldPayout } from '../../domain/payouts/payout-events.ts'
import type { PayoutCondition } from '../../domain/payouts/payout-lists.ts'
import type { UrlQuestion } from '../../domain/payouts/payout-processor.ts'
import type { Payout } from '../../domain/payouts/payout-records.ts'
import type { Recipient } from '../../domain/payouts/recipients.ts'
import { isServed, renderAmount } from './amounts.ts'
import type { PaystackWebhook } from './events.ts'
import type { GivenTransfer } from './given-transfers.ts'

/** The kinds of bank accounts, by currency. Any other currency has the first. */
export const bankTypes: Readonly<Partial<Record<Currency, string>>> = {
  NGN: 'nuban',
  GHS: 'ghipss',
  KES: 'kepss',
  ZAR: 'basa',
}

/** Businesses of M-Pesa. */
export const businessCodes: readonly string[] = ['MPPAYBILL', 'MPTILL']

/** Reasons of a failure that are statuses of their own on this wire. */
const failures = ['abandoned', 'blocked', 'rejected'] as const

/** The payouts that have each status. */
export const transferStatuses: Readonly<Record<string, readonly PayoutCondition[]>> = {
  pending: [{ states: ['pending', 'sending', 'sent'], exceptCodes: [askingCode], isAwaitingOtp: false }],
  otp: [{ states: ['pending', 'sending', 'sent'], isAwaitingOtp: true }],
  received: [{ states: ['awaiting_approval'] }, { states: ['pending'], codes: [askingCode] }],
  success: [{ states: ['paid'] }],
  failed: [{ states: ['failed'], exceptCodes: [...failures, 'reversed'] }],
  reversed: [{ states: ['returned'] }, { states: ['failed'], codes: ['reversed'] }],
  abandoned: [{ states: ['cancelled'] }, { states: ['failed'], codes: ['abandoned'] }],
  blocked: [{ states: ['failed'], codes: ['blocked'] }],
  rejected: [{ states: ['denied'] }, { states: ['failed'], codes: ['rejected'] }],
}

/** What a payout is called on this wire. */
export function statusOf({ state, stateCode, attention }: Pick<Payout, 'state' | 'stateCode' | 'attention'>): string {
  const fits = ({ states, codes, exceptCodes, isAwaitingOtp }: PayoutCondition) =>
    states.includes(state) &&
    (codes?.includes(stateCode ?? '') ?? true) &&
    !exceptCodes?.includes(stateCode ?? '') &&
    (isAwaitingOtp === undefined || isAwaitingOtp === (attention === 'otp'))
  const [status] = Object.entries(transferStatuses).find(([, conditions]) => conditions.some(fits)) ?? []
  return status ?? 'pending'
}

type RenderedRecipient = Omit<Recipient, 'metadata' | 'createdAt' | 'updatedAt' | 'id'> & {
  id: number
  metadata: Record<string, unknown> | null
  createdAt: string
  updatedAt: string
}

export function renderRecipient({ merchant, mode }: Tenant, recipient: Recipient) {
  return renderPlace(
    { integration: merchant.id, mode },
    {
      ...recipient,
      id: Number(recipient.id),
      createdAt: recipient.createdAt.toISOString(),
      updatedAt: recipient.updatedAt.toISOString(),
    },
  )
}

function renderPlace({ integration, mode }: { integration: number; mode: string }, recipient: RenderedRecipient) {
  const { type, bankCode, accountNumber, name, currency, createdAt, updatedAt } = recipient
  const isBusiness = businessCodes.includes(bankCode)
  const wallet = isBusiness ? 'mobile_money_business' : 'mobile_money'
  return {
    active: recipient.isActive,
    createdAt,
    currency,
    description: recipient.description,
    domain: mode,
    email: recipient.email,
    id: recipient.id,
    integration,
    metadata: recipient.metadata,
    name,
    recipient_code: recipient.code,
    type: type === 'mobile_money' ? wallet : (bankTypes[currency] ?? 'nuban'),
    updatedAt,
    is_deleted: false,
    isDeleted: false,
    details: {
      authorization_code: null,
      account_number: accountNumber,
      account_name: name,
      bank_code: bankCode,
      bank_name: bankNames.get(bankCode) ?? null,
    },
  }
}

const bankNames: ReadonlyMap<string, string> = new Map(listBanks({}).map(({ code, name }) => [code, name]))

/** The answer to a new transfer. */
export function renderMadeTransfer(tenant: Tenant, payout: Payout) {
  return {
    transfersessionid: [],
    transfertrials: [],
    ...renderBasics(tenant, payout),
    recipient: Number(payout.recipient.id),
  }
}

export function renderTransfer(tenant: Tenant, payout: Payout) {
  const { currency, fee, stateReason, state } = payout
  return {
    ...renderBasics(tenant, payout),
    recipient: renderRecipient(tenant, payout.recipient),
    session: { provider: null, id: null },
    fee_charged: renderAmount(fee ?? 0n, currency),
    fees_breakdown: null,
    gateway_response: isUndone(state) ? stateReason : null,
  }
}

/** What an approval URL is asked about a payout that is about to be sent. Of a batch, each payout is asked about by itself. */
export function renderApprovalRequest(payout: UrlQuestion) {
  const { reference, code, currency, reason, recipient, customerCode } = payout
  const amount = renderAmount(payout.amount, currency)
  const source = customerCode ?? 'balance'
  return {
    event: 'transferrequest.approval-required',
    data: {
      details: { body: { source, amount, recipient: recipient.code, reference, reason, currency } },
      transfers: [{ reference, transfer_code: code, amount }],
    },
  }
}

/**
 * A line of the answer to a batch: the transfer that was made of it, or what was asked for and why none was made.
 *
 * @param line with the currency that it names, or its recipient has; null for neither
 */
export function renderQueuedTransfer(
  line: GivenTransfer & { currency: string | null },
  outcome: Payout | ServiceError,
) {
  if (outcome instanceof ServiceError) {
    const { reference = '', recipient, currency } = line
    const asked = wholeAmount(line.amount)
    const amount = asked === null ? null : Number(asked)
    return { reference, recipient, amount, transfer_code: null, currency, status: 'failed', message: outcome.message }
  }
  const { reference, recipient, amount, currency, code } = outcome
  return {
    reference,
    recipient: recipient.code,
    amount: renderAmount(amount, currency),
    transfer_code: code,
    currency,
    status: statusOf(outcome),
  }
}

/** Members that a transfer has wherever it is told. */
function renderBasics({ merchant, mode }: Tenant, payout: Payout) {
  const { currency, state, stateCode, stateReason, endedAt } = payout
  const id = Number(payout.wireId)
  return {
    domain: mode,
    amount: renderAmount(payout.amount, currency),
    currency,
    reference: payout.reference,
    source: payout.customerCode ?? 'balance',
    source_details: null,
    reason: payout.reason,
    status: statusOf(payout),
    failures: isUndone(state) ? { code: stateCode ?? state, message: stateReason ?? '' } : null,
    transfer_code: payout.code,
    titan_code: null,
    transferred_at: state === 'paid' || state === 'returned' ? (endedAt?.toISOString() ?? null) : null,
    id,
    integration: merchant.id,
    request: id,
    createdAt: payout.createdAt.toISOString(),
    updatedAt: payout.updatedAt.toISOString(),
  }
}

/** Whether the payee does not have the money, and nobody is trying any more. */
function isUndone(state: Payout['state']): boolean {
  return state === 'failed' || state === 'returned' || state === 'denied'
}

/** The ends that are told, by the event. Those that a failure has besides are learnt by asking. */
function endOf({ type, stateCode }: { type: string; stateCode: unknown }): 'success' | 'failed' | 'reversed' | null {
  if (type === 'payout.completed') return 'success'
  if (type === 'payout.returned') return 'reversed'
  if (type !== 'payout.failed' || failures.some((each) => each === stateCode)) return null
  return stateCode === 'reversed' ? 'reversed' : 'failed'
}

/** `transfer.success`, `.failed` and `.reversed`, made from the event alone. Null for an event that this wire cannot tell. */
export function renderTransferEvent({
  type,
  mode,
  data,
}: Pick<RecordedEvent, 'type' | 'mode' | 'data'>): PaystackWebhook | null {
  const { reference, amount, currency: code, stateCode, stateReason, payout } = data.details ?? {}
  const told = payout as ToldPayout | undefined
  const status = endOf({ type, stateCode })
  const currency = code as Currency
  if (told === undefined || status === null || !isServed(currency)) return null
  const { reason, merchantNumber: integration } = told
  const [createdAt, updatedAt] = [told.createdAt, told.updatedAt].map(readTime) as [string, string]
  const { active: isActive, ...recipient } = told.recipient
  const times = { createdAt: readTime(recipient.createdAt), updatedAt: readTime(recipient.updatedAt) }
  const place = renderPlace(
    { integration, mode },
    { ...(recipient as RenderedRecipient), ...times, isActive, metadata: null },
  )
  const isUnpaid = status !== 'success'
  return {
    event: `transfer.${status}`,
    data: {
      amount: renderAmount(amount as number, currency),
      createdAt,
      currency,
      domain: mode,
      failures: isUnpaid ? { code: stateCode, message: stateReason } : null,
      id: told.id,
      integration: { id: integration, is_live: mode === 'live', business_name: null, logo_path: null },
      reason,
      reference,
      source: data.customer?.code ?? 'balance',
      source_details: null,
      status,
      titan_code: null,
      transfer_code: told.code,
      transferred_at: status === 'failed' ? null : updatedAt,
      updatedAt,
      // The samples spell these in two ways, of recipients too.
      created_at: createdAt,
      updated_at: updatedAt,
      recipient: { ...place, created_at: place.createdAt, updated_at: place.updatedAt },
      session: { provider: null, id: null },
      fee_charged: renderAmount(told.fee ?? 0, currency),
      gateway_response: isUnpaid ? stateReason : null,
    },
  }
}

/** An event has the times of the database. */
function readTime(time: string): string {
  return new Date(time).toISOString()
}
