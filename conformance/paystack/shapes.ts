/**
 * The members of Paystack's customer in the answer of each operation: the union of Paystack's OpenAPI document and its
 * samples. Objects are open, because every client tolerates unknown members.
 */
import {
  anyObject,
  anyText,
  boolean,
  date,
  exactly,
  integer,
  listOf,
  matching,
  nullable,
  open,
  type Shape,
  text,
} from '../src/shape.ts'

const customerCode = matching(/^CUS_[a-z0-9]{15}$/, 'CUS_ and 15 characters')
const authorizationCode = matching(/^AUTH_[a-z0-9]{10}$/i, 'AUTH_ and 10 characters')

const row = {
  id: integer,
  customer_code: customerCode,
  email: nullable(text),
  first_name: nullable(text),
  last_name: nullable(text),
  phone: nullable(text),
  metadata: nullable(anyObject),
  integration: integer,
  domain: exactly('test'),
  risk_action: matching(/^(default|allow|deny)$/, 'a risk action'),
  createdAt: date,
  updatedAt: date,
}

const identification = open({ country: text, type: text, value: text })

const authorization = open({
  authorization_code: authorizationCode,
  bin: nullable(text),
  last4: nullable(text),
  exp_month: nullable(text),
  exp_year: nullable(text),
  channel: text,
  card_type: nullable(text),
  bank: nullable(text),
  country_code: nullable(text),
  brand: nullable(text),
  reusable: boolean,
  signature: nullable(text),
  account_name: nullable(text),
})

const full = {
  ...row,
  identified: boolean,
  identifications: nullable(listOf(identification)),
  transactions: listOf(anyObject),
  subscriptions: listOf(anyObject),
  authorizations: listOf(authorization),
}

const fetched = {
  ...full,
  created_at: date,
  updated_at: date,
  total_transactions: integer,
  total_transaction_value: listOf(open({ currency: text, amount: integer })),
  dedicated_account: nullable(anyObject),
  dedicated_accounts: nullable(listOf(anyObject)),
}

const verified = open({
  authorization_code: authorizationCode,
  channel: text,
  bank: nullable(text),
  active: boolean,
  customer: open({ code: customerCode, email: nullable(text) }),
})

const direction = open({ redirect_url: text, access_code: text, reference: text })

const mandate = open({
  id: integer,
  status: matching(/^(pending|active|revoked)$/, 'the status of a mandate'),
  mandate_id: integer,
  authorization_id: integer,
  authorization_code: authorizationCode,
  integration_id: integer,
  account_number: text,
  bank_code: text,
  bank_name: nullable(text),
  customer: open({ id: integer, customer_code: customerCode, email: nullable(text) }),
  authorized_at: nullable(date),
})

/** The authorization of a transaction. All members are null while the transaction is unpaid. */
const paidBy = open({
  authorization_code: nullable(authorizationCode),
  bin: nullable(text),
  last4: nullable(text),
  exp_month: nullable(text),
  exp_year: nullable(text),
  channel: nullable(text),
  card_type: nullable(text),
  bank: nullable(text),
  country_code: nullable(text),
  brand: nullable(text),
  reusable: boolean,
  signature: nullable(text),
  account_name: nullable(text),
  receiver_bank_account_number: nullable(text),
  receiver_bank: nullable(text),
})

const payer = open({
  id: integer,
  first_name: nullable(text),
  last_name: nullable(text),
  email: text,
  customer_code: customerCode,
  phone: nullable(text),
  metadata: nullable(anyObject),
  risk_action: matching(/^(default|allow|deny)$/, 'a risk action'),
  international_format_phone: nullable(text),
})

const log = open({
  start_time: integer,
  time_spent: integer,
  attempts: integer,
  errors: integer,
  success: boolean,
  mobile: boolean,
  input: listOf(anyObject),
  history: listOf(open({ type: text, message: text, time: integer })),
})

const charge = {
  id: integer,
  domain: exactly('test'),
  status: matching(
    /^(abandoned|failed|ongoing|pending|processing|queued|reversal-pending|reversed|success)$/,
    'the status of a transaction',
  ),
  reference: matching(/^[A-Za-z0-9._=-]+$/, 'letters, digits and -._='),
  amount: integer,
  message: nullable(text),
  gateway_response: text,
  channel: nullable(text),
  currency: matching(/^[A-Z]{3}$/, 'a currency'),
  ip_address: nullable(text),
  log: nullable(log),
  fees: nullable(integer),
  authorization: paidBy,
  customer: payer,
  transaction_date: date,
}

const transactionRow = {
  ...charge,
  paid_at: nullable(date),
  created_at: date,
  paidAt: nullable(date),
  createdAt: date,
  fees_split: nullable(anyObject),
  order_id: nullable(text),
  requested_amount: integer,
  split: anyObject,
  subaccount: anyObject,
  pos_transaction_data: nullable(anyObject),
  fees_breakdown: nullable(anyObject),
  connect: nullable(anyObject),
  source: nullable(anyObject),
}
/** Every member that Paystack's OpenAPI document declares for a charge, a fetch or a check. */
const whole = { ...transactionRow, receipt_number: nullable(text), plan: nullable(anyObject), plan_object: anyObject }
const transaction = open({ ...whole, helpdesk_link: nullable(text) })
const totals = open({
  total_transactions: integer,
  total_volume: integer,
  total_volume_by_currency: listOf(open({ currency: text, amount: integer })),
  pending_transfers: integer,
  pending_transfers_by_currency: listOf(open({ currency: text, amount: integer })),
})

const refundStatus = matching(/^(pending|processing|needs-attention|processed|failed)$/, 'the status of a refund')
const refundBasics = {
  id: integer,
  integration: integer,
  domain: exactly('test'),
  currency: text,
  amount: integer,
  status: refundStatus,
  reason: text,
  customer_note: text,
  merchant_note: text,
  deducted_amount: integer,
  channel: nullable(text),
  refunded_by: nullable(text),
  expected_at: date,
  createdAt: date,
  updatedAt: date,
}
const madeRefund = open({
  ...refundBasics,
  transaction: open({ id: integer, reference: text, amount: integer, currency: text, domain: exactly('test') }),
  fully_deducted: boolean,
})
const refundRow = open({
  ...refundBasics,
  transaction: integer,
  transaction_reference: text,
  transaction_amount: integer,
  fully_deducted: integer,
  refunded_at: nullable(date),
  collect_account_number: boolean,
  customer: nullable(anyObject),
  created_at: date,
  updated_at: date,
})

const disputeMembers = {
  id: integer,
  refund_amount: nullable(integer),
  currency: text,
  status: matching(/^(awaiting-merchant-feedback|awaiting-bank-feedback|pending|resolved|archived)$/, 'a status'),
  resolution: nullable(matching(/^(merchant-accepted|auto-accepted|declined)$/, 'a resolution')),
  domain: exactly('test'),
  transaction: open({ id: integer, reference: text, amount: integer, currency: text, status: text, fees: integer }),
  transaction_reference: nullable(text),
  category: nullable(text),
  customer: open({ id: integer, email: text, customer_code: text, risk_action: text }),
  bin: nullable(text),
  last4: nullable(text),
  dueAt: nullable(date),
  resolvedAt: nullable(date),
  evidence: nullable(anyObject),
  attachments: text,
  note: nullable(text),
  createdAt: date,
  updatedAt: date,
}
const disputeSteps = {
  history: listOf(open({ status: text, by: text, createdAt: date }), { atLeast: 1 }),
  messages: listOf(open({ sender: text, body: text, createdAt: date }), { atLeast: 1 }),
}
const dispute = open({ ...disputeMembers, ...disputeSteps })
const disputeOfTransaction = open({
  ...disputeMembers,
  ...disputeSteps,
  merchant_transaction_reference: text,
  integration: integer,
  created_by: nullable(integer),
})
const evidence = open({
  customer_email: text,
  customer_name: text,
  customer_phone: text,
  service_details: text,
  dispute: integer,
  id: integer,
  createdAt: date,
  updatedAt: date,
})
const resolvedDispute = open({
  ...disputeMembers,
  history: disputeSteps.history,
  message: open({ dispute: integer, sender: text, body: text, id: integer }),
})

const recipient = open({
  active: boolean,
  createdAt: date,
  currency: text,
  description: nullable(text),
  domain: exactly('test'),
  email: nullable(text),
  id: integer,
  integration: integer,
  metadata: nullable(anyObject),
  name: text,
  recipient_code: matching(/^RCP_[a-z0-9]{15}$/, 'a code'),
  type: matching(/^(nuban|ghipss|mobile_money|kepss|basa|mobile_money_business)$/, 'a type'),
  updatedAt: date,
  is_deleted: boolean,
  isDeleted: boolean,
  details: open({
    authorization_code: exactly(null),
    account_number: text,
    account_name: nullable(text),
    bank_code: text,
    bank_name: nullable(text),
  }),
})
const refusedRecipient = open({
  message: text,
  records: listOf(open({ type: text, name: text, account_number: text, bank_code: text }), { atLeast: 1 }),
})
const transferStatus = matching(
  /^(pending|otp|received|success|failed|reversed|abandoned|blocked|rejected)$/,
  'a status of a transfer',
)
const transferMembers = {
  domain: exactly('test'),
  amount: integer,
  currency: text,
  reference: text,
  source: text,
  reason: nullable(text),
  status: transferStatus,
  transfer_code: matching(/^TRF_[a-z0-9]{15,16}$/, 'a code'),
  transferred_at: nullable(date),
  id: integer,
  integration: integer,
  request: integer,
  createdAt: date,
  updatedAt: date,
}
const madeTransfer = open({ ...transferMembers, recipient: integer })
const transferRow = open({
  ...transferMembers,
  recipient,
  session: open({ provider: nullable(text), id: nullable(text) }),
  fee_charged: integer,
  gateway_response: nullable(text),
})
const queuedTransfer = open({
  reference: text,
  recipient: matching(/^RCP_/, 'a code'),
  amount: integer,
  transfer_code: text,
  currency: text,
  status: transferStatus,
})
const ledgerRow = open({
  integration: integer,
  domain: exactly('test'),
  balance: integer,
  currency: text,
  difference: integer,
  reason: anyText,
  model_responsible: text,
  model_row: integer,
  id: integer,
  createdAt: date,
  updatedAt: date,
})

const bank = open({ id: integer, name: text, slug: text, code: text, country: text, currency: text, type: text })
const relation = (type: string) => open({ type: exactly(type), data: listOf(text) })
const country = open({
  id: integer,
  active_for_dashboard_onboarding: boolean,
  name: text,
  iso_code: text,
  default_currency_code: text,
  integration_defaults: anyObject,
  calling_code: text,
  pilot_mode: boolean,
  relationships: open({
    currency: open({ type: exactly('currency'), data: listOf(text), supported_currencies: anyObject }),
    integration_feature: relation('integration_feature'),
    integration_type: relation('integration_type'),
    payment_method: relation('payment_method'),
  }),
})

const offsetMeta = open({ total: integer, skipped: integer, perPage: integer, page: integer, pageCount: integer })
const cursorMeta = open({ next: nullable(text), previous: nullable(text), perPage: integer })
const mandateMeta = open({ per_page: integer, next: nullable(text), count: integer, total: integer })

const acknowledge = (message: string) => open({ status: exactly(true), message: exactly(message) })
const succeed = (message: string, rest: Record<string, Shape>) =>
  open({ status: exactly(true), message: exactly(message), ...rest })

/** The whole body of each success. */
export const answers = {
  /** The answer to an identification. Like the two answers after it, it has no `data`. */
  accepted: acknowledge('Customer Identification in progress'),
  deactivated: acknowledge('Authorization has been deactivated'),
  queued: acknowledge('Mandate is queued for retry'),
  created: succeed('Customer created', { data: open(full) }),
  updated: succeed('Customer updated', { data: open(full) }),
  fetched: succeed('Customer retrieved', { data: open(fetched) }),
  listed: succeed('Customers retrieved', { data: listOf(open(row)), meta: offsetMeta }),
  /** A list in a client that drops the meta. */
  listedWithoutMeta: succeed('Customers retrieved', { data: listOf(open(row)) }),
  listedByCursor: succeed('Customers retrieved', { data: listOf(open(row)), meta: cursorMeta }),
  directed: succeed('Authorization initialized', { data: direction }),
  verified: succeed('Authorization retrieved successfully', { data: verified }),
  opened: succeed('Authorization URL created', {
    data: open({ authorization_url: text, access_code: matching(/^[a-z0-9]{15}$/, '15 characters'), reference: text }),
  }),
  verifiedTransaction: succeed('Verification successful', { data: transaction }),
  transactions: succeed('Transactions retrieved', { data: listOf(open(transactionRow)) }),
  fetchedTransaction: succeed('Transaction retrieved', { data: transaction }),
  totals: succeed('Transaction totals', { data: totals }),
  charged: succeed('Charge attempted', { data: open(whole) }),
  checked: succeed('Reference check successful', { data: open({ ...whole, redirect_url: nullable(text) }) }),
  madeRefund: succeed('Refund has been queued for processing', { data: madeRefund }),
  refunds: succeed('Refunds retrieved', { data: listOf(refundRow, { atLeast: 1 }) }),
  fetchedRefund: succeed('Refund retrieved', { data: refundRow }),
  retriedRefund: succeed('Refund retried and has been queued for processing', { data: refundRow }),
  disputes: succeed('Disputes retrieved', { data: listOf(dispute, { atLeast: 1 }) }),
  fetchedDispute: succeed('Dispute retrieved', { data: dispute }),
  disputeOfTransaction: succeed('Dispute retrieved successfully', { data: disputeOfTransaction }),
  updatedDispute: succeed('Dispute updated successfully', { data: listOf(dispute, { atLeast: 1 }) }),
  evidence: succeed('Evidence created', { data: evidence }),
  resolvedDispute: succeed('Dispute successfully resolved', { data: resolvedDispute }),
  madeRecipient: succeed('Transfer recipient created successfully', { data: recipient }),
  addedRecipients: succeed('Recipients added successfully', {
    data: open({ success: listOf(recipient), errors: listOf(refusedRecipient) }),
  }),
  recipients: succeed('Recipients retrieved', { data: listOf(recipient, { atLeast: 1 }) }),
  fetchedRecipient: succeed('Recipient retrieved', { data: recipient }),
  deletedRecipient: acknowledge('Transfer recipient set as inactive'),
  madeTransfer: succeed('Transfer has been queued', { data: madeTransfer }),
  queuedTransfers: succeed('2 transfers queued.', { data: listOf(queuedTransfer, { atLeast: 2 }) }),
  transfers: succeed('Transfers retrieved', { data: listOf(transferRow, { atLeast: 1 }) }),
  fetchedTransfer: succeed('Transfer retrieved', { data: transferRow }),
  resentOtp: acknowledge('OTP has been resent'),
  sentOtp: acknowledge('OTP has been sent to mobile number ending with 4321'),
  disabledOtp: acknowledge('OTP requirement for transfers has been disabled'),
  enabledOtp: acknowledge('OTP requirement for transfers has been enabled'),
  balances: succeed('Balances retrieved', {
    data: listOf(open({ currency: text, balance: integer }), { atLeast: 1 }),
  }),
  balanceLedger: succeed('Balance ledger retrieved', { data: listOf(ledgerRow, { atLeast: 1 }) }),
  timeline: succeed('Timeline retrieved', { data: log }),
  exported: succeed('Export successful', {
    data: open({ path: text, expiresAt: matching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/, 'a time without an offset') }),
  }),
  dedicatedAccounts: succeed('Managed accounts successfully retrieved', { data: listOf(anyObject), meta: offsetMeta }),
  accountProviders: succeed('Dedicated account providers retrieved', {
    data: listOf(open({ provider_slug: text, bank_id: integer, bank_name: text, id: integer }), { atLeast: 1 }),
  }),
  banks: succeed('Banks retrieved', { data: listOf(bank, { atLeast: 1 }) }),
  banksByCursor: succeed('Banks retrieved', { data: listOf(bank, { atLeast: 1 }), meta: cursorMeta }),
  resolved: succeed('Account number resolved', {
    data: open({ account_number: text, account_name: text, bank_id: integer }),
  }),
  countries: succeed('Countries retrieved', { data: listOf(country, { atLeast: 1 }) }),
  states: succeed('States retrieved', {
    data: listOf(open({ name: text, slug: text, abbreviation: text }), { atLeast: 1 }),
  }),
  mandates: succeed('Mandate authorizations retrieved successfully', { data: listOf(mandate), meta: mandateMeta }),
}

export type AnswerName = keyof typeof answers

/** The body of every refusal. */
export const refused = open(
  { status: exactly(false), message: text },
  {
    type: matching(/^(validation|api|processor)_error$/, 'an error type'),
    code: text,
    meta: open({ nextStep: text }),
  },
)
