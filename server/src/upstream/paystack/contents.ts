import { UpstreamError } from '../../base/upstream-error.ts'
import { riskActions } from '../../domain/customers/customers.ts'
import type {
  AccountAuthorization,
  AccountContents,
  AccountCustomer,
  AccountNumber,
  AccountPayment,
  ContentsPage,
  ReadRow,
} from '../../domain/imports/account-contents.ts'
import type { Ask } from './ask.ts'
import { readDedicatedAccount } from './dedicated-accounts.ts'
import { describeAuthorization } from './facts.ts'
import { type Listing, readPage } from './pages.ts'
import {
  cutText,
  type Members,
  optionalText,
  readList,
  readMembers,
  readMetadata,
  readMode,
  readOneOf,
  readSuccess,
  readText,
  Unreadable,
} from './reading.ts'
import { markerIn } from './references.ts'
import { readAuthorization, readTransaction } from './transactions.ts'

/** What a Paystack account has: customers, authorizations, dedicated accounts and payments. A row that cannot be read is named. */
export function createPaystackContents(unheeding: Ask): AccountContents {
  const ask = heedLimits(unheeding)
  return {
    readCustomers: ({ until, page }) =>
      readRows(ask, { operation: 'list_customers', path: '/customer', to: justBefore(until) }, page, {
        name: (row) => nameOf(row, 'customer_code'),
        read: readCustomer,
      }),
    async readAuthorizations(customerCode) {
      const operation = 'fetch_customer'
      const path = `/customer/${encodeURIComponent(customerCode)}`
      const answer = await ask({ operation, method: 'GET', path })
      if (answer.status === 404 && answer.body.status === false) return []
      return readSuccess(operation, answer, (data) =>
        readList(readMembers(data).authorizations, 'authorizations', (row) =>
          leniently(row, { name: describeInstrument, read: readSaved }),
        ),
      )
    },
    readAccountNumbers: ({ page }) =>
      ifServed(
        readRows(ask, { operation: 'list_dedicated_accounts', path: '/dedicated_account' }, page, {
          name: (row) => nameOf(row, 'id'),
          read: readNumber,
        }),
      ),
    readPayments: ({ until, page }) =>
      readRows(ask, { operation: 'list_transactions', path: '/transaction', to: justBefore(until) }, page, {
        name: (row) => nameOf(row, 'reference'),
        read: readPayment,
      }),
  }
}

/** The account's `to` is the last instant that it lists. */
function justBefore(until: Date): Date {
  return new Date(until.getTime() - 1)
}

/** An answer that asks for patience is an error that says for how long. */
function heedLimits(ask: Ask): Ask {
  return async (question) => {
    const answer = await ask(question)
    const { status, retryAfterMs } = answer
    if (status === 429) throw new UpstreamError(question.operation, 'refused', status, { retryAfterMs })
    return answer
  }
}

/** An account whose business may not have dedicated accounts, or that has no such list, has none of them. */
async function ifServed<Row>(page: Promise<ContentsPage<Row>>): Promise<ContentsPage<Row>> {
  return page.catch((error) => {
    const isUnserved = error instanceof UpstreamError && (error.status === 403 || error.status === 404)
    if (isUnserved) return { rows: [], isLast: true, total: 0 }
    throw error
  })
}

interface Reading<Row> {
  /** What the row is called in a report. It never has an e-mail or a secret. */
  name(row: Members): string
  read(row: Members): Row
}

function readRows<Row>(ask: Ask, listing: Listing, page: number, reading: Reading<Row>): Promise<ContentsPage<Row>> {
  return readPage(ask, { ...listing, readRow: (row) => leniently(row, reading) }, page)
}

function leniently<Row>(members: Members, { name, read }: Reading<Row>): ReadRow<Row> {
  try {
    return { name: name(members), row: read(members) }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { name: name(members), row: null, unreadable: error.member }
  }
}

function nameOf(members: Members, name: string): string {
  const value = members[name]
  return typeof value === 'string' || typeof value === 'number' ? cutText(String(value), 100) : ''
}

/** The code of an authorization is secret, so it is told by what may be shown. */
function describeInstrument(members: Members): string {
  return [nameOf(members, 'channel'), nameOf(members, 'brand').trim(), nameOf(members, 'last4')]
    .filter((part) => part !== '')
    .join(' ')
}

function readCustomer(members: Members): AccountCustomer {
  return {
    code: readText(members, 'customer_code'),
    email: readText(members, 'email'),
    firstName: optionalText(members, 'first_name'),
    lastName: optionalText(members, 'last_name'),
    phone: optionalText(members, 'phone'),
    metadata: readMetadata(members.metadata),
    riskAction: members.risk_action === undefined ? 'default' : readOneOf(members, 'risk_action', riskActions),
    mode: members.domain === undefined ? null : readMode(members),
  }
}

function readSaved(members: Members): AccountAuthorization {
  const authorization = readAuthorization(members)
  if (authorization === null) throw new Unreadable('authorization_code')
  const { code: token, reusable: isReusable } = authorization
  return { token, isReusable, method: describeAuthorization(authorization) }
}

function readNumber(members: Members): AccountNumber {
  const { id, accountNumber, accountName, currency, bank, active, assigned, customerCode } =
    readDedicatedAccount(members)
  return {
    opened: {
      outsideId: id,
      accountNumber,
      accountName,
      currency,
      bank: { id: 0, slug: bank.slug, bankName: bank.name, bankId: Number(bank.id) },
    },
    customerCode,
    isOpen: active && assigned,
  }
}

function readPayment(members: Members): AccountPayment {
  const { id, mode, status, reference, amount, currency, fees, channel, paidAt, metadata, customer } =
    readTransaction(members)
  const isPaid = status === 'success' || status === 'reversal-pending'
  return {
    id: String(id),
    mode,
    reference,
    status: isPaid ? 'succeeded' : status === 'reversed' ? 'reversed' : 'unpaid',
    amount,
    currency,
    fee: fees,
    channel,
    paidAt,
    marker: markerIn(metadata),
    customerCode: customer?.code ?? null,
  }
}
