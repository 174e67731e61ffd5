import http from 'node:http'
import { text } from 'node:stream/consumers'
import { listenAnywhere } from '../proxies.ts'
import {
  type CustomerRow,
  decline,
  insertRefund,
  insertTransaction,
  introduce,
  type LiveAccount,
  moveRefund,
  pay,
  type RefundRow,
  type Row,
  resolveDispute,
  type TransactionRow,
} from './live-account.ts'
import { transferRoutes } from './live-transfers.ts'
import { type Asked, list, type Refusal, type Reply, type Routes } from './live-wire.ts'
import { records, refusals } from './samples.ts'

/** The live service over HTTP, as its samples show it. */
export interface LiveServer {
  url: string
  /** What it was asked, in order: method and path. */
  asked: string[]
  close(): Promise<void>
}

const routes: Routes = {
  ...transferRoutes,
  'POST /transaction/initialize': initialize,
  'POST /transaction/charge_authorization': chargeAuthorization,
  'GET /transaction/verify/:': ({ account, given }) => {
    const isKnown = !account.unconfirmed.has(given[0] as string)
    const row = isKnown ? account.transactions.find(({ reference }) => reference === given[0]) : undefined
    return row === undefined ? refusals.unknownTransaction : { message: 'Verification successful', data: row }
  },
  'GET /transaction/:': ({ account, given }) => {
    const row = account.transactions.find(({ id }) => String(id) === given[0])
    return row === undefined ? refusals.unknownTransactionId : { message: 'Transaction retrieved', data: row }
  },
  'GET /transaction': ({ account, query }) => {
    const status = query.get('status')
    const customer = query.get('customer')
    const rows = account.transactions.filter(
      (row) =>
        (status === null || row.status === status) &&
        (customer === null || String((row.customer as Row).id) === customer) &&
        isOfPeriod(row, query),
    )
    return list('Transactions retrieved', rows.toReversed().map(asListed), query)
  },
  'POST /charge': charge,
  'POST /charge/submit_otp': ({ account, body }) => {
    const row = account.transactions.find(({ reference }) => reference === body.reference)
    if (row === undefined) return refusals.invalidReference
    if (body.otp === '123456') return { message: 'Charge attempted', data: pay(account, row.reference) }
    decline(account, row.reference)
    const data = { reference: row.reference, status: 'failed', message: 'Token Authorization Not Successful' }
    return { message: 'Charge attempted', data, status: 400, succeeded: false }
  },
  'POST /customer': ({ account, body }) => {
    if (typeof body.email !== 'string') return refusals.noEmail
    return { message: 'Customer created', data: introduce(account, { ...body, email: body.email }) }
  },
  'GET /customer': ({ account, query }) => {
    const rows = account.customers.map(listedCustomer).filter((row) => isOfPeriod(row, query))
    return list('Customers retrieved', rows.toReversed(), query)
  },
  'GET /customer/:': ({ account, given }) => {
    const known = account.customers.find((each) => each.customer_code === given[0] || each.email === given[0])
    if (known === undefined) return refusals.unknownCustomer
    const authorizations = account.instruments.filter(({ email }) => email === known.email)
    const row = listedCustomer(known)
    return {
      message: 'Customer retrieved',
      data: {
        transactions: [],
        subscriptions: [],
        authorizations: authorizations.map(({ authorization }) => authorization),
        ...row,
        created_at: row.createdAt,
        updated_at: row.updatedAt,
        total_transactions: 0,
        total_transaction_value: [],
        dedicated_account: null,
        dedicated_accounts: [],
        identified: false,
        identifications: null,
      },
    }
  },
  'POST /customer/authorization/initialize': ({ account, body }) => {
    if (body.channel !== 'direct_debit') return refusals.noEmail
    const access_code = `ac${account.nextId()}`
    const reference = `da${account.nextId()}`
    const { email, callback_url: callbackUrl } = body as { email: string; callback_url: string }
    account.mandates.set(reference, { email, callbackUrl, code: null, active: false })
    const redirect_url = `https://checkout.paystack.com/${access_code}`
    return { message: 'Authorization initialized', data: { redirect_url, access_code, reference } }
  },
  'GET /customer/authorization/verify/:': ({ account, given }) => {
    const mandate = account.mandates.get(given[0] as string)
    if (!mandate?.code) return refusals.unknownAuthorizationRequest
    const { code: authorization_code, active, email } = mandate
    const customer = { code: introduce(account, { email }).customer_code, email }
    const data = { authorization_code, channel: 'direct_debit', bank: 'Guaranty Trust Bank', active, customer }
    return { message: 'Authorization retrieved successfully', data }
  },
  'GET /dedicated_account/available_providers': () => ({
    message: 'Dedicated account providers retrieved',
    data: records.accountProviders,
  }),
  'POST /dedicated_account': ({ account, body }) => {
    if (!account.hasDedicatedAccounts) return refusals.noDedicatedAccounts
    const known = account.customers.find(({ customer_code }) => customer_code === body.customer)
    const { customer: code, preferred_bank: slug, ...names } = body
    const bank = { ...records.dedicatedAccount.bank, slug }
    const id = account.nextId()
    const account_number = `99300${String(id).slice(-5)}`
    const customer = Object.assign(known ?? { ...records.customer, customer_code: code }, names)
    const row = { ...records.dedicatedAccount, bank, account_number, id, customer }
    account.dedicatedAccounts.push(row)
    return { message: 'NUBAN successfully created', data: row }
  },
  'DELETE /dedicated_account/:': ({ account, given }) => {
    const row = account.dedicatedAccounts.find(({ id }) => String(id) === given[0])
    if (row === undefined) return refusals.unknownDedicatedAccount
    Object.assign(row, { assigned: false, active: false, customer: null })
    return { message: 'Managed Account Successfully Unassigned', data: row }
  },
  'POST /dedicated_account/assign': () => ({ message: 'Assign dedicated account in progress' }),
  'GET /dedicated_account/requery': () => ({
    message: 'Transaction requery in progress. You will get a webhook when it is done',
  }),
  'GET /dedicated_account/:': ({ account, given }) => {
    const row = account.dedicatedAccounts.find(({ id }) => String(id) === given[0])
    return row === undefined
      ? refusals.unknownDedicatedAccount
      : { message: 'Managed account successfully retrieved', data: row }
  },
  'GET /dedicated_account': ({ account, query }) => {
    const [customer, active] = [query.get('customer'), query.get('active')]
    const rows = account.dedicatedAccounts.filter(
      (row) =>
        (customer === null || String(row.customer?.id) === customer) &&
        (active === null || String(row.active) === active),
    )
    return list('Managed accounts successfully retrieved', rows.toReversed(), query)
  },
  'POST /refund/retry_with_customer_details/:': ({ account, given }) => {
    const row = account.refunds.find(({ id }) => String(id) === given[0])
    if (row === undefined) return refusals.unknownRefund
    if (row.status !== 'needs-attention') return refusals.refundState
    moveRefund(account, row, 'processing')
    return { message: 'Refund retried and has been queued for processing', data: withNumber(row) }
  },
  'POST /refund': refund,
  'GET /refund/:': ({ account, given }) => {
    const row = account.refunds.find(({ id }) => String(id) === given[0])
    return row === undefined ? refusals.unknownRefund : { message: 'Refund retrieved', data: withNumber(row) }
  },
  'GET /refund': listRefunds,
  'PUT /dispute/:/resolve': ({ account, given, body }) => {
    const row = account.disputes.find(({ id }) => String(id) === given[0])
    if (row === undefined) return refusals.unknownDispute
    const missing = ['resolution', 'message', 'refund_amount', 'uploaded_filename'].find((name) => !(name in body))
    if (missing !== undefined) return refusals.missing(missing)
    if (row.status === 'resolved') return refusals.resolvedDispute
    if (Number(body.refund_amount) > (row.transaction as TransactionRow).amount) return refusals.disputeTooLarge
    if (body.resolution === 'merchant-accepted') row.refund_amount = Number(body.refund_amount)
    resolveDispute(account, row, body.resolution as 'declined')
    const message = { ...records.disputeMessage, dispute: row.id, body: body.message }
    return { message: 'Dispute successfully resolved', data: { ...row, message } }
  },
  'POST /dispute/:/evidence': ({ account, given, body }) => {
    const row = account.disputes.find(({ id }) => String(id) === given[0])
    if (row === undefined) return refusals.unknownDispute
    const evidence = { ...records.evidence, ...body, dispute: row.id, id: account.nextId() }
    row.evidence = evidence
    return { message: 'Evidence created', data: evidence }
  },
  'GET /dispute/:/upload_url': ({ query }) => ({
    message: 'Upload url generated',
    data: {
      signedUrl: 'https://s3.eu-west-1.amazonaws.com/files.paystack.co/qesp8a4df1xejihd9x5q',
      fileName: `qesp8a4df1xejihd9x5q${query.get('upload_filename')?.replace(/^[^.]*/, '') ?? ''}`,
    },
  }),
  'PUT /dispute/:': ({ account, given, body }) => {
    const row = account.disputes.find(({ id }) => String(id) === given[0])
    if (row === undefined) return refusals.unknownDispute
    if (Number(body.refund_amount) > (row.transaction as TransactionRow).amount) return refusals.disputeTooLarge
    row.refund_amount = Number(body.refund_amount)
    return { message: 'Dispute updated successfully', data: [row] }
  },
  'GET /dispute/:': ({ account, given }) => {
    const row = account.disputes.find(({ id }) => String(id) === given[0])
    return row === undefined ? refusals.unknownDispute : { message: 'Dispute retrieved', data: row }
  },
  'GET /dispute': ({ account, query }) => {
    const wanted = query.get('transaction')
    const isWanted = (row: Row) =>
      (wanted === null || String((row.transaction as TransactionRow).id) === wanted) && isOfPeriod(row, query)
    return list('Disputes retrieved', account.disputes.filter(isWanted).toReversed().map(asListedDispute), query)
  },
  'GET /settlement/:/transactions': ({ account, given, query }) => {
    const row = account.settlements.find(({ id }) => String(id) === given[0])
    return row === undefined ? refusals.unknownSettlement : list('Transactions retrieved', row.transactions, query)
  },
  'GET /settlement': ({ account, query }) => {
    const rows = account.settlements
      .filter((row) => isOfPeriod(row, query))
      .toReversed()
      .map(({ transactions: _, ...row }) => row)
    return list('Settlements retrieved', rows, query)
  },
  'GET /balance': ({ account }) => ({
    message: 'Balances retrieved',
    data: [{ currency: account.currency, balance: account.balance() }],
  }),
}

export async function openLiveServer(account: LiveAccount): Promise<LiveServer> {
  const asked: string[] = []
  const server = http.createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url as string, 'http://stub')
    asked.push(`${request.method} ${pathname}`)
    const body = readBody(await text(request))
    const [status, answer] = answerTo(request, { account, body, query: searchParams, given: [] }, pathname)
    const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' }
    if (status === 429) headers['x-ratelimit-reset'] = '2.5'
    response.writeHead(status, headers).end(answer)
  })
  const url = await listenAnywhere(server)
  return {
    url,
    asked,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function readBody(sent: string): Row {
  return sent === '' ? {} : JSON.parse(sent)
}

function answerTo({ method, headers }: http.IncomingMessage, asked: Asked, pathname: string): Refusal {
  if (headers.authorization !== `Bearer ${asked.account.secretKey}`) return refusals.invalidKey
  for (const [route, answer] of Object.entries(routes)) {
    const given = new RegExp(`^${route.replaceAll(':', '([^/]+)')}$`).exec(`${method} ${pathname}`)
    if (given !== null) return render(answer({ ...asked, given: given.slice(1).map(decodeURIComponent) }))
  }
  return [404, '{"status":false,"message":"Not found"}']
}

function render(reply: Reply): Refusal {
  if (!('message' in reply)) return reply
  const { message, data, meta, status = 200, succeeded = true } = reply
  return [status, JSON.stringify({ status: succeeded, message, data, meta })]
}

/** The account never takes a reference twice, whatever became of it. */
function refusalOf({ account, body }: Asked): Refusal | null {
  if (account.transactions.some(({ reference }) => reference === body.reference)) return refusals.duplicateReference
  return body.currency === account.currency ? null : refusals.currency
}

function insert({ account, body }: Asked, more: Row = {}): TransactionRow {
  const { email, amount, currency, reference, metadata } = body
  return insertTransaction(account, { email: email as string, amount, currency, reference, metadata, ...more })
}

function initialize(asked: Asked): Reply {
  const refused = refusalOf(asked)
  if (refused !== null) return refused
  const { reference } = insert(asked)
  const access_code = `ac${asked.account.nextId()}`
  const authorization_url = `https://checkout.paystack.com/${access_code}`
  return { message: 'Authorization URL created', data: { authorization_url, access_code, reference } }
}

function chargeAuthorization(asked: Asked): Reply {
  const { account, body } = asked
  const known = account.authorizations.get(body.authorization_code as string)
  if (known === undefined) return refusals.unknownAuthorization
  if (known.email !== body.email) return refusals.otherEmail
  const refused = refusalOf(asked)
  if (refused !== null) return refused
  const row = insert(asked, { gateway_response: null })
  const { reference } = row
  if (known.behaviour === 'asks') {
    const access_code = `ac${account.nextId()}`
    const data = {
      authorization_url: `https://checkout.paystack.com/${access_code}`,
      reference,
      access_code,
      paused: true,
    }
    return { message: 'Please, redirect your customer to the authorization url provided', data }
  }
  if (known.behaviour === 'takes_its_time') {
    Object.assign(row, { status: 'processing', channel: 'direct_debit', gateway_response: 'Transaction in progress' })
  }
  if (known.behaviour === 'declines') decline(account, reference)
  if (known.behaviour === 'pays') pay(account, reference)
  if (known.behaviour === 'pays_half') Object.assign(pay(account, reference), { amount: Math.floor(row.amount / 2) })
  return { message: 'Charge attempted', data: row }
}

function charge(asked: Asked): Reply {
  const refused = refusalOf(asked)
  if (refused !== null) return refused
  const { account, body } = asked
  const { reference } = insert(asked, {
    status: 'ongoing',
    channel: body.bank_transfer === undefined ? 'mobile_money' : 'bank_transfer',
  })
  const message = 'Charge attempted'
  if (body.bank_transfer !== undefined) {
    const bank = { slug: 'test-bank', name: 'Test Bank', id: 24 }
    const account_expires_at = new Date(Date.parse(account.now()) + 3_600_000).toISOString()
    const own = { account_name: 'PAYSTACK CHECKOUT', account_number: '1230001644', bank, account_expires_at }
    return {
      message,
      data: {
        reference,
        status: 'pending_bank_transfer',
        display_text: 'Please make a transfer to the account specified',
        ...own,
      },
    }
  }
  const { phone, provider } = body.mobile_money as Row
  if (String(phone).length < 10) {
    decline(account, reference)
    return { message, data: { reference, status: 'failed', message: 'Invalid phone number' } }
  }
  const asks = provider === 'vod' ? { status: 'send_otp', display_text: 'Please enter the voucher code' } : null
  const waits = { status: 'pay_offline', display_text: 'Please complete authorisation process on your mobile phone' }
  return { message, data: { reference, ...(asks ?? waits) } }
}

function refund({ account, body }: Asked): Reply {
  const name = String(body.transaction)
  const transaction = account.transactions.find(({ id, reference }) => String(id) === name || reference === name)
  if (transaction === undefined || transaction.paid_at === null) return refusals.noSuchTransaction
  const amount = Number(body.amount ?? transaction.amount)
  const back = account.refunds
    .filter((row) => row.transaction === transaction && row.status !== 'failed')
    .reduce((total, row) => total + row.amount, 0)
  const disputed = account.disputes
    .filter((row) => account.keepsDisputed && (row.transaction as TransactionRow).id === transaction.id)
    .filter((row) => row.resolution !== 'declined')
    .reduce((total, row) => total + Number(row.refund_amount), 0)
  if (back === transaction.amount) return refusals.fullyReversed
  if (amount > transaction.amount) return refusals.refundTooLarge
  if (back + disputed + amount > transaction.amount) return refusals.refundsTooLarge
  const note = body.merchant_note === undefined ? {} : { merchant_note: body.merchant_note }
  const row = insertRefund(account, transaction, { amount, currency: transaction.currency, ...note })
  const { id, reference, paid_at, channel, currency } = transaction
  const own = {
    id,
    reference,
    amount: transaction.amount,
    paid_at,
    channel,
    currency,
    paidAt: paid_at,
    requested_amount: transaction.requested_amount,
  }
  const { transaction: _, ...rest } = row
  return {
    message: 'Refund has been queued for processing',
    data: { transaction: { ...records.refundedTransaction, ...own }, ...rest },
  }
}

/** Only a payment's number filters; any other name finds nothing. */
function listRefunds({ account, query }: Asked): Reply {
  const wanted = query.get('transaction')
  const rows = account.refunds.filter(
    (row) => (wanted === null || String(row.transaction.id) === wanted) && isOfPeriod(row, query),
  )
  return list('Refunds retrieved', rows.toReversed().map(withNumber), query, {
    totalRetriable: 0,
    partialAmountLeft: 0,
  })
}

/** A list has the attachments as a text, and the times in another spelling. */
function asListedDispute({ created_at, updated_at, ...row }: Row): Row {
  return { ...row, attachments: '[]', createdAt: created_at, updatedAt: updated_at }
}

/** The payment is its number wherever the refund is not new. */
function withNumber({ transaction, endsDispute: _, ...row }: RefundRow): Row {
  return { ...row, transaction: transaction.id, transaction_reference: transaction.reference }
}

/** A list tells fewer members of a payment than its verification. */
function asListed({ receipt_number: _, plan_object: __, ...row }: TransactionRow): Row {
  return { ...row, plan: {}, source: { source: 'merchant_api', type: 'api', identifier: null, entry_point: 'charge' } }
}

/** A customer has other members in a list than inside of other records. */
function listedCustomer({ international_format_phone: _, ...customer }: CustomerRow): Row {
  return { ...records.listedCustomer, ...customer }
}

/** `from` and `to` are of the time at which a record was made, and both are in the period. */
function isOfPeriod({ created_at, createdAt }: Row, query: URLSearchParams): boolean {
  const made = String(created_at ?? createdAt)
  const [from, to] = [query.get('from'), query.get('to')]
  return (from === null || made >= from) && (to === null || made <= to)
}
