import { createHmac } from 'node:crypto'
import { records } from './samples.ts'

/** A record of the account, as its API shows it: hundredths, and names with underscores. */
export type Row = Record<string, unknown>

export type TransactionRow = Row & {
  id: number
  status: string
  reference: string
  amount: number
  requested_amount: number
  currency: string
  fees: number | null
}
export type CustomerRow = Row & { id: number; email: string; customer_code: string }
export type DedicatedRow = Row & {
  id: number
  account_number: string
  active: boolean
  assigned: boolean
  bank: { name: string; id: number; slug: string }
  customer: CustomerRow | null
}
export type RecipientRow = Row & {
  id: number
  recipient_code: string
  type: string
  currency: string
  active: boolean
  details: { account_number: string; bank_code: string }
}
export type TransferRow = Row & {
  id: number
  status: string
  reference: string
  amount: number
  currency: string
  transfer_code: string
  fee_charged: number
  recipient: RecipientRow
  /** The account is still judging it: whoever asks for it is told that there is none. */
  isJudged: boolean
}
/** A request for a mandate. Until the customer agrees it has no code. */
export interface Mandate {
  email: string
  callbackUrl: string
  code: string | null
  active: boolean
}
export type RefundRow = Row & {
  id: number
  status: string
  amount: number
  transaction: TransactionRow
  /** The number of the dispute that it ends. */
  dispute?: unknown
}

/** How a saved instrument behaves when it is charged. */
export type Behaviour = 'pays' | 'declines' | 'asks' | 'takes_its_time' | 'pays_half'

/** An account of the live service, in memory: what it holds, and what happens to it from outside. Amounts are hundredths. */
export interface LiveAccount {
  secretKey: string
  currency: string
  /** Who pays the fees of payments on pages. */
  feeBearer: 'account' | 'payer'
  /** Whether the business may have dedicated accounts. */
  hasDedicatedAccounts: boolean
  transactions: TransactionRow[]
  refunds: RefundRow[]
  disputes: Row[]
  /** Whether money that a dispute asks back is not refunded. */
  keepsDisputed: boolean
  settlements: (Row & { transactions: TransactionRow[] })[]
  recipients: RecipientRow[]
  transfers: TransferRow[]
  /** Money that its owner has added to the balance. */
  toppedUp: number
  /** Whether a transfer waits for a one-time password. */
  asksOtp: boolean
  /** Whether a new transfer is judged for a while, and unknown until `judge`. */
  isSlowToJudge: boolean
  /** Whether the list of transfers has all of them, whatever period is asked for. */
  ignoresPeriods: boolean
  /** Whether the fee of a transfer that has come back stays taken. */
  keepsFees: boolean
  /** The business may not pay out. */
  isStarter: boolean
  dedicatedAccounts: DedicatedRow[]
  customers: CustomerRow[]
  /** What its customers have saved. */
  instruments: { email: string; authorization: Row }[]
  /** Requests for mandates, by their references. */
  mandates: Map<string, Mandate>
  authorizations: Map<string, { email: string; behaviour: Behaviour }>
  /** References of payments that its list shows, and its verification does not know. */
  unconfirmed: Set<string>
  /** What was taken from the balance without any list telling of it. */
  taken: number
  /** Webhooks, signed, in the order in which the account sends them. */
  tell(webhook: Webhook): void
  balance(): number
  /** The account's clock: an ISO instant. */
  now(): string
  /** The next number of a record. */
  nextId(): number
}

export interface Webhook {
  body: string
  signature: string
}

export function createLiveAccount(
  tell: (webhook: Webhook) => void = () => {},
  clock: { now(): Date } = { now: () => new Date() },
): LiveAccount {
  let lastId = 4_099_260_516
  const account: LiveAccount = {
    secretKey: 'sk_live_0123456789abcdef0123456789abcdef01234567',
    currency: 'NGN',
    feeBearer: 'account',
    hasDedicatedAccounts: true,
    transactions: [],
    refunds: [],
    disputes: [],
    keepsDisputed: false,
    settlements: [],
    recipients: [],
    transfers: [],
    toppedUp: 0,
    asksOtp: false,
    isSlowToJudge: false,
    ignoresPeriods: false,
    keepsFees: false,
    isStarter: false,
    dedicatedAccounts: [],
    customers: [],
    instruments: [],
    mandates: new Map(),
    authorizations: new Map(),
    unconfirmed: new Set(),
    taken: 0,
    tell,
    balance() {
      const paid = account.transactions.filter(({ paid_at }) => paid_at !== null)
      const refunded = account.refunds.filter(({ status }) => status !== 'failed')
      // The money of a dispute goes back once, also where a refund shows it.
      const lost = account.disputes.filter(({ id, resolution }) => {
        const isRefunded = account.refunds.some(({ endsDispute }) => endsDispute === id)
        return String(resolution).endsWith('accepted') && !isRefunded
      })
      const settled = account.settlements.map(({ total_amount }) => total_amount as number)
      const gone = account.transfers.filter(({ status }) => !returnedTransfers.includes(status))
      const kept = account.transfers.filter(({ status }) => account.keepsFees && status === 'reversed')
      return (
        account.toppedUp +
        sum(paid.map(({ amount, fees }) => amount - (fees ?? 0))) -
        sum(refunded.map(({ amount }) => amount)) -
        sum(lost.map(({ refund_amount }) => refund_amount as number)) -
        sum(settled) -
        sum(gone.map(({ amount, fee_charged }) => amount + fee_charged)) -
        sum(kept.map(({ fee_charged }) => fee_charged)) -
        account.taken
      )
    },
    now: () => clock.now().toISOString(),
    nextId: () => ++lastId,
  }
  return account
}

/** The ends of a transfer after which its money is in the balance again. */
const returnedTransfers = ['failed', 'reversed', 'abandoned', 'blocked', 'rejected']

const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0)

/** One and a half in a hundred, as the live tariff of a small payment. */
const feeOf = (amount: number) => Math.floor((amount * 15) / 1000)

export function insertTransaction(account: LiveAccount, wanted: Row & { email: string }): TransactionRow {
  const { email, metadata, ...rest } = wanted
  const row = {
    ...records.transaction,
    id: account.nextId(),
    status: 'abandoned',
    gateway_response: 'The transaction was not completed',
    paid_at: null,
    paidAt: null,
    channel: 'card',
    fees: null,
    currency: account.currency,
    ...rest,
    amount: Number(rest.amount),
    requested_amount: Number(rest.amount),
    metadata: parseMetadata(metadata),
    created_at: account.now(),
    createdAt: account.now(),
    authorization: records.noInstrument,
    customer: { ...records.customer, email },
  }
  account.transactions.push(row)
  return row
}

/** A text of JSON comes back as its object. */
function parseMetadata(metadata: unknown): unknown {
  if (typeof metadata !== 'string') return metadata ?? ''
  try {
    return JSON.parse(metadata)
  } catch {
    return metadata
  }
}

/** The payer pays, on a page, on a phone or by a saved instrument. */
export function pay(account: LiveAccount, reference: string, authorization: Row = records.card): TransactionRow {
  const row = findTransaction(account, reference)
  if (row.paid_at !== null) return row
  const fees = feeOf(row.requested_amount)
  Object.assign(row, {
    status: 'success',
    gateway_response: 'Successful',
    paid_at: account.now(),
    paidAt: account.now(),
    fees,
    amount: row.requested_amount + (account.feeBearer === 'payer' ? fees : 0),
    authorization: { ...authorization },
  })
  sendWebhook(account, 'charge.success', row)
  return row
}

export function decline(account: LiveAccount, reference: string): void {
  Object.assign(findTransaction(account, reference), { status: 'failed', gateway_response: 'Declined' })
}

/** The customer agrees to a mandate, or afterwards their bank: `created`, `active`. */
export function agree(account: LiveAccount, reference: string, how: 'created' | 'active'): void {
  const mandate = account.mandates.get(reference)
  if (mandate === undefined) throw new Error(`the account has no request ${reference}`)
  mandate.code ??= `AUTH_8Lol0p${account.mandates.size}t14`
  mandate.active = how === 'active'
  account.authorizations.set(mandate.code, { email: mandate.email, behaviour: 'takes_its_time' })
  const { id: _, ...customer } = introduce(account, { email: mandate.email })
  const whole = { integration: 463433, domain: 'live', reference }
  sendWebhook(account, `direct_debit.authorization.${how}`, {
    ...records.mandateWebhook,
    authorization_code: mandate.code,
    active: mandate.active,
    ...(how === 'active' ? whole : {}),
    customer: { ...customer, code: customer.customer_code },
  })
}

/** The customer with an e-mail, who is made if the account has none. */
export function introduce(account: LiveAccount, { email, ...names }: Row & { email: string }): CustomerRow {
  const known = account.customers.find((each) => each.email === email)
  if (known !== undefined) return known
  const id = account.nextId()
  const customer = { ...records.customer, ...names, id, email, customer_code: `CUS_${String(id).padStart(15, '0')}` }
  account.customers.push(customer)
  return customer
}

/** The customer saves an instrument, as by a payment. */
export function saveInstrument(account: LiveAccount, email: string, authorization: Row): void {
  introduce(account, { email })
  account.instruments.push({ email, authorization: { ...records.card, ...authorization } })
}

/** Somebody sends money to a dedicated account. */
export function receiveTransfer(account: LiveAccount, accountNumber: string, amount: number): TransactionRow {
  const reference = `0202${account.nextId()}`
  const holder = account.dedicatedAccounts.find(({ account_number }) => account_number === accountNumber)?.customer
  const email = holder?.email ?? 'customer@email.com'
  const row = insertTransaction(account, { email, amount, reference, channel: 'dedicated_nuban' })
  if (holder) row.customer = { ...holder }
  row.metadata = { receiver_account_number: accountNumber, receiver_bank: 'Wema Bank', receiver_account_type: null }
  return pay(account, reference, { ...records.bankTransfer, receiver_bank_account_number: accountNumber })
}

export function insertRefund(account: LiveAccount, transaction: TransactionRow, wanted: Row): RefundRow {
  const notes = { merchant_note: `Refund for transaction ${transaction.reference} by test@me.com` }
  const id = account.nextId()
  const row = {
    ...records.refund,
    ...notes,
    ...wanted,
    id,
    transaction,
    createdAt: account.now(),
    updatedAt: account.now(),
  }
  account.refunds.push(row)
  transaction.status = 'reversal-pending'
  tellRefund(account, row)
  return row
}

/** The bank moves a refund on. */
export function moveRefund(account: LiveAccount, refund: RefundRow, status: string): void {
  Object.assign(refund, { status, reason: status.toUpperCase(), updatedAt: account.now() })
  const { transaction } = refund
  const open = account.refunds.some((each) => each.transaction === transaction && isOpen(each))
  const back = sum(
    account.refunds
      .filter((each) => each.transaction === transaction && each.status === 'processed')
      .map(({ amount }) => amount),
  )
  transaction.status = open ? 'reversal-pending' : back === transaction.amount ? 'reversed' : 'success'
  tellRefund(account, refund)
}

const isOpen = ({ status }: RefundRow) => status !== 'processed' && status !== 'failed'

/** The amount is a text in three of these five. */
function tellRefund(
  account: LiveAccount,
  { id, status, amount, currency, transaction, merchant_note }: RefundRow,
): void {
  const data = {
    ...records.refundWebhook,
    status,
    transaction_reference: transaction.reference,
    amount: ['failed', 'needs-attention'].includes(status) ? amount : String(amount),
    currency,
    id: status === 'needs-attention' ? String(id) : id,
    merchant_note,
  }
  sendWebhook(account, `refund.${status}`, data)
}

/** The payer's bank asks for the money back. */
export function openDispute(account: LiveAccount, reference: string): Row {
  const transaction = findTransaction(account, reference)
  const { amount, currency, customer } = transaction
  const own = {
    id: account.nextId(),
    refund_amount: amount,
    currency,
    transaction: { ...transaction, customer: { international_format_phone: null } },
  }
  const row = { ...records.dispute, ...own, customer, created_at: account.now(), updated_at: account.now() }
  account.disputes.push(row)
  sendWebhook(account, 'charge.dispute.create', row)
  return row
}

export function resolveDispute(
  account: LiveAccount,
  dispute: Row,
  resolution: 'merchant-accepted' | 'auto-accepted' | 'declined',
): void {
  Object.assign(dispute, { status: 'resolved', resolution, resolvedAt: account.now() })
  const { reference } = dispute.transaction as TransactionRow
  const transaction = findTransaction(account, reference)
  transaction.status = resolution === 'declined' ? 'success' : 'reversed'
  Object.assign(dispute.transaction as Row, { status: transaction.status })
  sendWebhook(account, 'charge.dispute.resolve', dispute)
}

/** The refund by which the money of a dispute goes back. Not every account says which dispute a refund ends. */
export function refundDispute(account: LiveAccount, dispute: Row, { isNamed }: { isNamed: boolean }): RefundRow {
  const transaction = findTransaction(account, (dispute.transaction as TransactionRow).reference)
  const own = { amount: dispute.refund_amount, currency: dispute.currency, endsDispute: dispute.id }
  const row = insertRefund(account, transaction, { ...own, dispute: isNamed ? dispute.id : null })
  moveRefund(account, row, 'processed')
  return row
}

/** Somebody refunds a payment in the dashboard. */
export function refundInDashboard(account: LiveAccount, reference: string, amount: number): RefundRow {
  const transaction = findTransaction(account, reference)
  const row = insertRefund(account, transaction, { amount, currency: transaction.currency })
  moveRefund(account, row, 'processed')
  return row
}

/** Sends what was paid since the last time to the merchant's bank. */
export function settle(account: LiveAccount): void {
  const settled = new Set(account.settlements.flatMap(({ transactions }) => transactions))
  const transactions = account.transactions.filter((row) => row.paid_at !== null && !settled.has(row))
  const total_processed = sum(transactions.map(({ amount }) => amount))
  const total_fees = sum(transactions.map(({ fees }) => fees ?? 0))
  const total_amount = total_processed - total_fees
  const own = { id: account.nextId(), total_amount, effective_amount: total_amount, total_fees, total_processed }
  account.settlements.push({
    ...records.settlement,
    currency: account.currency,
    ...own,
    createdAt: account.now(),
    updatedAt: account.now(),
    transactions,
  })
}

function findTransaction(account: LiveAccount, reference: string): TransactionRow {
  const row = account.transactions.find((each) => each.reference === reference)
  if (row === undefined) throw new Error(`the account has no transaction ${reference}`)
  return row
}

/** Signs the bytes with the secret key, and sends them. */
export function sendWebhook(account: LiveAccount, event: string, data: Row): void {
  const body = JSON.stringify({ event, data })
  const signature = createHmac('sha512', account.secretKey).update(body).digest('hex')
  account.tell({ body, signature })
}
