import { type LiveAccount, type RecipientRow, type Row, sendWebhook, type TransferRow } from './live-account.ts'
import { type Asked, list, type Reply, type Routes } from './live-wire.ts'
import { transferRecords, transferRefusals } from './transfer-samples.ts'

/** The one-time password that the account's owner gets. */
export const liveOtp = '928783'

/** Per transfer, by the amount, in hundredths: the tariff of Nigeria. */
const feeOf = (amount: number) => (amount <= 500_000 ? 1000 : amount <= 5_000_000 ? 2500 : 5000)
const smallest = 5000

export const transferRoutes: Routes = {
  'GET /bank/resolve': resolve,
  'POST /transferrecipient': createRecipient,
  'GET /transferrecipient/:': ({ account, given }) => {
    const row = account.recipients.find((each) => [each.recipient_code, String(each.id)].includes(given[0] as string))
    return row === undefined ? transferRefusals.noSuchRecipient : { message: 'Recipient retrieved', data: row }
  },
  'GET /transferrecipient': ({ account, query }) =>
    list('Recipients retrieved', account.recipients.toReversed(), query),
  'POST /transfer/finalize_transfer': finalize,
  'POST /transfer': initiate,
  'GET /transfer/verify/:': ({ account, given }) => {
    if (/[:.]/.test(given[0] as string)) return transferRefusals.illegalReference
    const row = account.transfers.find(({ reference, isJudged }) => reference === given[0] && !isJudged)
    return row === undefined
      ? transferRefusals.unknownTransfer
      : { message: 'Transfer retrieved', data: asRetrieved(row) }
  },
  'GET /transfer/:': ({ account, given }) => {
    const row = account.transfers.find((each) => [each.transfer_code, String(each.id)].includes(given[0] as string))
    return row === undefined
      ? transferRefusals.unknownTransfer
      : { message: 'Transfer retrieved', data: asRetrieved(row) }
  },
  'GET /transfer': ({ account, query }) => {
    const [status, from, to] = [query.get('status'), query.get('from'), query.get('to')]
    const rows = account.transfers.filter(
      (row) =>
        (status === null || row.status === status) &&
        (account.ignoresPeriods ||
          ((from === null || String(row.createdAt) >= from) && (to === null || String(row.createdAt) <= to))),
    )
    return list('Transfers retrieved', rows.toReversed().map(asRetrieved), query)
  },
}

function resolve({ query }: Asked): Reply {
  const [account_number, bank_code] = [query.get('account_number'), query.get('bank_code')]
  if (account_number === '0000000404') return transferRefusals.unresolvedName
  if (account_number === '0000000429') return transferRefusals.tooManyResolves
  if (bank_code === '000') return transferRefusals.unknownBankCode
  const data = { ...transferRecords.resolved, account_number }
  return { message: 'Account number resolved', data }
}

/** The same account of the same bank is the same recipient. */
function createRecipient({ account, body }: Asked): Reply {
  const { type, name, account_number, bank_code, currency = account.currency } = body
  if (bank_code === '000') return transferRefusals.unknownBank
  if (account_number === '0000000404') return transferRefusals.unresolved
  if (!/^\d{10,12}$/.test(String(account_number))) return transferRefusals.invalidAccount
  const message = 'Transfer recipient created successfully'
  const known = account.recipients.find(
    (row) =>
      row.type === type &&
      row.currency === currency &&
      row.details.account_number === account_number &&
      row.details.bank_code === bank_code,
  )
  if (known !== undefined) return { message, data: known, status: 201 }
  const id = account.nextId()
  const details = { ...transferRecords.recipient.details, account_number, bank_code }
  const own = { id, recipient_code: `RCP_${String(id).padStart(15, 'a')}`, type, name, currency, details }
  const row: RecipientRow = { ...transferRecords.recipient, ...own, createdAt: account.now(), updatedAt: account.now() }
  account.recipients.push(row)
  return { message, data: row, status: 201 }
}

/** What is refused makes no transfer, and leaves its reference free. */
function initiate({ account, body }: Asked): Reply {
  const { reference, amount, currency, reason = null } = body as Row & { reference: string; amount: number }
  if (!/^[a-z0-9_-]{16,50}$/.test(reference)) return transferRefusals.illegalReference
  if (account.transfers.some((row) => row.reference === reference)) return transferRefusals.duplicateTransfer
  if (account.isStarter) return transferRefusals.starter
  const recipient = account.recipients.find((row) => row.recipient_code === body.recipient && row.active)
  if (recipient === undefined || recipient.currency !== currency) return transferRefusals.unknownRecipient
  if (amount < smallest) return transferRefusals.tooSmall
  const fee_charged = feeOf(amount)
  if (account.balance() < amount + fee_charged) return transferRefusals.shortOfFunds
  const id = account.nextId()
  const own = { id, transfer_code: `TRF_${String(id).padStart(16, 'b')}`, reference, amount, currency, reason }
  const status = account.asksOtp ? 'otp' : 'pending'
  const row: TransferRow = {
    ...transferRecords.transfer,
    ...own,
    status,
    recipient,
    fee_charged,
    createdAt: account.now(),
    updatedAt: account.now(),
    isJudged: account.isSlowToJudge,
  }
  account.transfers.push(row)
  if (!account.asksOtp) return { message: 'Transfer has been queued', data: asMade(row, transferRecords.newTransfer) }
  return { message: 'Transfer requires OTP to continue', data: asMade(row, transferRecords.otpTransfer) }
}

/** A wrong one-time password ends the transfer. */
function finalize({ account, body }: Asked): Reply {
  const row = account.transfers.find(({ transfer_code }) => transfer_code === body.transfer_code)
  if (row === undefined) return transferRefusals.invalidCode
  if (row.status !== 'otp') return transferRefusals.notAwaitingOtp
  if (body.otp !== liveOtp) {
    moveTransfer(account, row, 'failed')
    return transferRefusals.wrongOtp
  }
  row.status = 'pending'
  return { message: 'Transfer has been queued', data: asMade(row, transferRecords.newTransfer) }
}

/** A new transfer has the number of its recipient, and no fee. */
function asMade(row: TransferRow, sample: Row): Row {
  const told = { ...row, recipient: row.recipient.id } as Row
  return Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, told[name] ?? value]))
}

function asRetrieved({ isJudged: _, ...row }: TransferRow): Row {
  return row
}

/** The account has judged all transfers: whoever asks for them is told. */
export function judge(account: LiveAccount): void {
  for (const row of account.transfers) row.isJudged = false
}

/** The bank moves a transfer on. Only three of the ends are told by a webhook. */
export function moveTransfer(
  account: LiveAccount,
  row: TransferRow,
  status: string,
  cause: string | null = null,
): void {
  const ended = status === 'success' || status === 'reversed' ? account.now() : null
  Object.assign(row, { status, gateway_response: cause, transferred_at: ended, updatedAt: account.now() })
  if (!['success', 'failed', 'reversed'].includes(status)) return
  const sample = status === 'success' ? transferRecords.successWebhook : transferRecords.failedWebhook
  const told = { ...row, created_at: row.createdAt, updated_at: row.updatedAt } as Row
  const data = Object.entries(sample).map(([name, value]) =>
    name === 'integration' ? [name, value] : [name, name in told ? told[name] : value],
  )
  sendWebhook(account, `transfer.${status}`, Object.fromEntries(data))
}

/** The transfer with that reference. */
export function transferOf(account: LiveAccount, reference: string): TransferRow {
  const row = account.transfers.find((each) => each.reference === reference)
  if (row === undefined) throw new Error(`the account has no transfer ${reference}`)
  return row
}
