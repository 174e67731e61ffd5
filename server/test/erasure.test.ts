import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OwnedDb } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'
import { inTransaction } from '../src/domain/context.ts'
import { foldSearchTexts } from '../src/domain/customers/search-folding.ts'
import { accountOfLateFact } from '../src/domain/ledger/late-facts.ts'
import { settleDueRefunds } from '../src/domain/payments/refunds.ts'
import { advanceDuePayouts } from '../src/domain/payouts/advancing.ts'
import { continueErasures } from '../src/domain/personal-data/erasing.ts'
import { eraseCustomer } from '../src/domain/personal-data/erasure.ts'
import { claimDeliveries } from '../src/domain/webhooks/claims.ts'
import { createDeliver } from '../src/domain/webhooks/deliveries.ts'
import { eventRenderers } from '../src/start/webhook-bodies.ts'
import { openTestApi, type TestApi } from './api.ts'
import { suspend } from './belongings.ts'
import { unsoundBooks } from './books.ts'
import { deliverDue } from './deliver.ts'
import { testEngine } from './engines.ts'
import { finishErasures } from './erasures.ts'
import { addTestKey, createTestTenant, type TestTenant } from './service.ts'
import { findTexts, listTextColumns } from './stored-texts.ts'

// A person with unmistakable values comes in by every door, and is erased. Then every column of every table is searched.

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})

const dayMs = 24 * 60 * 60 * 1000

/** Values of the person, by the doors through which they come. Each is searched in the forms in which it can be stored. */
const person = {
  first: 'Zanzibára',
  last: 'Quetzalsen',
  email: 'Z.Quetzalsen@erase.example',
  formerEmail: 'zquetz@former.example',
  phone: '082 123 9876',
  metadata: 'left-handed-quilt',
  bvn: '22155544433',
  accountNumber: '0987612345',
  street: '77 Nowhere Lane',
  holder: 'QUETZALSEN HOLDER',
  wallet: '+27829990001',
  sender: 'Uncle Quizlotl',
  narration: 'for the quokka',
  transferText: 'rent of the quagga house',
  holdText: 'deposit for the quinoa bed',
  intentText: 'intent of the quartz ring',
  item: 'quilted mandolin',
  page: 'https://shop.example/back?who=zquetzalsen',
  paymentNote: 'gift-for-quentin',
  stated: 'asked about quinces',
  unknown: 'transfer of a Mrs Quetzal',
}

/** What the database may hold of the person, folded as a search of the test folds. */
const traces = [
  ...Object.values(person),
  'zanzibara',
  '27821239876',
  '0821239876',
  '821239876',
  '221*****433',
  '098****345',
  'gift-for-quentin',
  // The card that the sandbox saves.
  '408408',
]

/** The columns in which something personal of a customer can stand. Every one of them is filled before the erasure. */
const personal: Record<string, readonly string[]> = {
  adjustments: ['reason', 'refusal'],
  approvals: ['details', 'reason'],
  checkout_sessions: ['cancel_url', 'hosted_config', 'line_items', 'metadata', 'success_url'],
  customers: ['deleted_email', 'email', 'first_name', 'last_name', 'metadata', 'phone', 'phone_e164', 'search_text'],
  dedicated_accounts: ['account_name'],
  deliveries: ['body'],
  differences: ['reason'],
  disputes: ['attachments', 'complaint', 'evidence', 'messages', 'state_reason'],
  delivery_attempts: ['response_body', 'response_headers'],
  events: ['data'],
  holds: ['description'],
  idempotency_keys: ['answer', 'snapshot'],
  identity_checks: [
    ...['credentials_hmac', 'details', 'details_hmac', 'masked', 'notice', 'outside_reference', 'reason'],
  ],
  ledger_transactions: ['description'],
  mandates: ['account_number', 'address', 'bank_code', 'callback_url', 'outside_reference', 'page_url'],
  pay_ins: ['description', 'metadata', 'refusal'],
  payment_intents: ['asks', 'charge_key', 'description', 'failure_reason', 'idempotency_key', 'metadata', 'to_save'],
  payment_methods: [
    ...[
      'account_name',
      'account_number',
      'bank',
      'bank_code',
      'bin',
      'brand',
      'country',
      'last4',
      'phone',
      'signature',
      'token',
    ],
  ],
  sent_charges: ['email', 'page_code', 'page_url'],
  sandbox_charges: ['late_reason', 'reason'],
  sandbox_outcomes: ['reason'],
  payments: ['callback_url', 'failure_reason', 'incoming', 'metadata', 'request_key'],
  risk_changes: ['reason'],
  refunds: ['customer_note', 'merchant_note', 'proof', 'reason', 'state_reason'],
  recipients: ['account_number', 'description', 'email', 'metadata', 'name', 'name_at_bank'],
  payouts: ['metadata', 'proof', 'reason', 'state_reason'],
}

/** Every other column that could hold a text, and why it may stay. A new column must be added here or above. */
const staying: Record<string, Record<string, readonly string[]>> = {
  'names of kinds and states': {
    adjustments: ['currency', 'direction', 'mode', 'state'],
    approvals: ['currency', 'kind', 'mode', 'needs', 'status'],
    checkout_sessions: ['mode', 'purpose'],
    customers: ['mode', 'risk_action'],
    dedicated_account_requests: ['mode', 'status', 'wanted'],
    dedicated_accounts: ['currency', 'mode'],
    deliveries: ['event_type', 'mode', 'status'],
    disputes: ['after_decline', 'borne_by', 'category', 'currency', 'history', 'mode', 'resolution', 'state'],
    events: ['mode', 'type'],
    holds: ['currency', 'mode', 'purpose', 'status'],
    idempotency_keys: ['mode', 'refusal', 'results'],
    identity_checks: ['mode', 'status'],
    ledger_accounts: ['currency', 'kind', 'mode'],
    ledger_transactions: ['currency', 'kind', 'mode'],
    mandates: ['mode', 'status'],
    pay_ins: ['currency', 'fee_bearer', 'mode', 'source', 'state'],
    suspense_decisions: ['mode', 'outcome', 'state'],
    differences: ['currency', 'kind', 'mode', 'state', 'subject'],
    imports: ['counts', 'mode', 'stage', 'state'],
    import_skips: ['detail', 'kind', 'reason'],
    imported_payments: ['channel', 'currency', 'mode', 'status'],
    imported_things: ['kind', 'mode'],
    opening_balances: ['currency', 'mode'],
    reconciliations: ['balances', 'mode', 'stage', 'state'],
    statement_items: ['currency', 'kind', 'mode', 'state'],
    payment_intents: ['currency', 'mode', 'status'],
    payment_methods: ['mode', 'provider', 'type'],
    payments: ['channel', 'channels', 'currency', 'mode', 'origin', 'purpose', 'status'],
    fan_outs: ['mode'],
    // Of the ending the reason goes, as that of the charge.
    sandbox_charges: ['currency', 'ending', 'mode', 'return_outcome', 'script', 'shown', 'status'],
    sandbox_outcomes: ['mode', 'operation', 'outcome'],
    sent_charges: ['currency', 'differences', 'fee_bearer', 'mode', 'state'],
    refunds: ['currency', 'kind', 'mode', 'state', 'verdict'],
    risk_changes: ['mode', 'risk_action'],
    customers_with_money: ['mode'],
    customers_without_money: ['mode'],
    sandbox_returns: ['currency', 'mode', 'status'],
    sandbox_payouts: ['currency', 'mode', 'next_status', 'status'],
    recipients: ['currency', 'mode', 'name_answer', 'type'],
    payouts: [
      'attention',
      'currency',
      'fee_borne_by',
      'mode',
      'processor',
      'state',
      'state_code',
      'verdict',
      'waited_for',
    ],
  },
  'codes, references and ids': {
    adjustments: ['reference', 'request_id'],
    approvals: ['asker_keys', 'asker_people', 'reference', 'request_id'],
    checkout_sessions: ['product_id'],
    customers: ['code'],
    fan_outs: ['endpoint_ids', 'event_ids'],
    // By its number and bank, money that is sent later is known and refused.
    dedicated_accounts: ['account_number', 'bank_name', 'provider', 'split_code', 'subaccount'],
    disputes: [
      'given_back',
      'movement_ids',
      'outside_id',
      'outside_reference',
      'refund_name',
      'refund_names',
      'takings',
    ],
    idempotency_keys: ['key'],
    ledger_transactions: ['details', 'request_id'],
    mandates: ['access_code', 'reference'],
    pay_ins: ['reference', 'request_id'],
    sent_charges: ['marker', 'outside_id', 'reference', 'sent_reference'],
    // A refusal names the customer by the code.
    suspense_decisions: ['dispute_turn', 'reference', 'refusal', 'request_id'],
    differences: ['effects', 'name', 'reference'],
    import_skips: ['name'],
    imported_payments: ['outside_id', 'reference'],
    // The account’s code of a customer: by it an import knows whom it must not bring back.
    imported_things: ['name'],
    reconciliations: ['compared'],
    statement_items: ['name', 'outside_id', 'payment_id', 'reference'],
    payment_intents: ['charge_reference'],
    payment_methods: ['code'],
    payments: ['access_code', 'reference'],
    sandbox_accounts: ['account_number', 'bank', 'customer_code', 'mode'],
    refunds: ['charge_reference', 'request_id', 'settled_as'],
    sandbox_charges: ['reference'],
    // Customers are named by their codes, and rows go within a day.
    sandbox_outcomes: ['match'],
    sandbox_returns: ['reference'],
    sandbox_payouts: ['reference'],
    // The bank alone names nobody.
    recipients: ['bank_code', 'code'],
    payouts: ['code', 'reference', 'request_id', 'sent_reference'],
    trail: ['action', 'after', 'before', 'mode', 'object', 'request_id'],
  },
  'sentences of Mteja, which name nobody': {
    payouts: ['attention_reason'],
  },
  'cut to the part that only the service key can compare': {
    // An import knows the e-mail again, and leaves the person out.
    erasures: ['email_digests'],
    idempotency_keys: ['fingerprint'],
    payment_intents: ['fingerprint'],
  },
  'how a webhook was sent, without what it told': {
    deliveries: ['failure_reason'],
    delivery_attempts: ['error', 'request_headers', 'url'],
  },
  'the erasure itself, sealed and removed at its end': {
    erasures: ['emails', 'horizon', 'mode', 'position', 'stage'],
  },
  'of the service and the merchant, and of no customer': {
    reconciliations: ['failure'],
    imports: ['failure'],
    // Names of payments and disputes at an account, until it has answered.
    account_questions: ['about', 'mode', 'name'],
    actors: ['issuer', 'kind', 'subject', 'surface'],
    api_keys: ['hash', 'hint', 'mode', 'name', 'role', 'scopes'],
    approval_limits: ['currency', 'mode'],
    approval_settings: ['mode'],
    // The ids of people and keys.
    approval_sums: ['asker', 'currency', 'mode', 'time_zone'],
    dispute_settings: ['borne_by', 'mode'],
    installation: ['encryption_key_fingerprint'],
    merchant_counters: ['mode'],
    merchants: ['code', 'country', 'currencies', 'name', 'time_zone'],
    arrival_notices: ['mode', 'reference'],
    payment_numbers: ['mode'],
    payment_settings: ['fees_borne_by', 'known_customers', 'mode'],
    payout_settings: ['approval_secret', 'approval_url', 'fees_borne_by', 'mode', 'name_differences', 'waiting_secret'],
    payment_totals: ['currency', 'mode'],
    people: ['email', 'mode', 'name'],
    processor_accounts: ['credentials', 'direction', 'hint', 'last_error', 'mode', 'processor', 'state'],
    removals: ['kind'],
    // The random name of a payment, refund or payout at an account.
    sending_pauses: ['cause', 'mode', 'reference'],
    schema_migrations: ['checksum', 'name'],
    signing_keys: ['id', 'private_jwk', 'public_jwk'],
    webhook_endpoints: [
      ...['disabled_reason', 'event_types', 'metadata', 'mode', 'previous_secret', 'secret', 'style', 'url'],
    ],
  },
}

const namesOf = (tables: Record<string, readonly string[]>) =>
  Object.entries(tables).flatMap(([table, columns]) => columns.map((column) => `${table}.${column}`))

/** A page of one of the customer's payments at a Paystack account, as it was sent there. */
async function sendCharge(code: string): Promise<void> {
  const { id } = tenant.merchant
  const statements = [
    `insert into processor_accounts (merchant_id, id, mode, direction, processor, credentials, hint, created_at, updated_at)
     values (${id}, 2, 'test', 'out', 'paystack', 'x', 'x', now(), now())`,
    `insert into sent_charges (
       merchant_id, id, mode, account_id, payment_intent_id, reference, sent_reference, marker, amount, currency, email,
       page_url, page_code, created_at, updated_at
     )
     select merchant_id, payment_intent_id, 'test', 2, payment_intent_id, payment_intent_id || '_page', 'mteja-1', 'm', 1,
       'ZAR', '${person.email}', 'https://checkout.paystack.com/${person.paymentNote}', '${person.paymentNote}', now(), now()
     from payments
     where merchant_id = ${id} and customer_id = (
       select id from customers where merchant_id = ${id} and code = '${code}'
     )
     order by purpose limit 1`,
  ]
  await (api.service.db as OwnedDb).asOwner(async (owner) => {
    for (const statement of statements) await owner.execute(statement)
  })
}

/** A difference that somebody has closed with a reason: about nothing, a movement, or a payment that was sent to an account. */
async function closeDifference(reason: string, about: { transactionId?: string; reference?: string } = {}) {
  const { id } = await ask('POST', '/v1/sandbox/differences', { kind: 'fee', amount: 5 })
  await api.service.db.query(sql`
    update differences set transaction_id = ${about.transactionId ?? null}::uuid, reference = ${about.reference ?? null}
    where merchant_id = ${tenant.merchant.id} and id = ${id}
  `)
  await ask('POST', `/v1/differences/${id}/close`, { outcome: 'accepted', reason })
}

/** The rows of the customer in tables that do not name a customer, by their conditions. */
const rowsOf: Record<string, string> = {
  deliveries:
    'event_id in (select e.id from events e where e.merchant_id = t.merchant_id and e.customer_id = CUSTOMER)',
  delivery_attempts: `delivery_id in (
    select d.id from deliveries d join events e on e.merchant_id = d.merchant_id and e.id = d.event_id
    where d.merchant_id = t.merchant_id and e.customer_id = CUSTOMER
  )`,
  recipients:
    'id in (select p.recipient_id from payouts p where p.merchant_id = t.merchant_id and p.customer_id = CUSTOMER)',
  sandbox_charges: `reference in (
    select 'pi_' || i.id || '_1' from payment_intents i where i.merchant_id = t.merchant_id and i.customer_id = CUSTOMER
  )`,
  sent_charges:
    'payment_intent_id in (select p.payment_intent_id from payments p where p.merchant_id = t.merchant_id and p.customer_id = CUSTOMER)',
}

/** Written by no call about a customer who is gone, or by the calls of the test itself. */
const notLater = ['customers', 'differences', 'idempotency_keys', 'ledger_transactions', 'sandbox_outcomes']

/** Writes a text into every other personal column of the customer's rows that can have one by then, and answers the columns. */
async function writeLater(code: string, text: string): Promise<string[]> {
  const columns = await listTextColumns(api.service.db)
  const customer = `(select id from customers c where c.merchant_id = ${tenant.merchant.id} and c.code = '${code}')`
  const written: string[] = []
  for (const { table, column, type } of columns) {
    if (notLater.includes(table) || !personal[table]?.includes(column)) continue
    const value = `'${text} ' || gen_random_uuid()`
    const wrapped =
      { bytea: `convert_to(${value}, 'UTF8')`, json: `json_build_object('note', ${value})` }[type] ?? value
    // Those of one constraint are written together.
    const names = column === 'account_number' && table === 'recipients' ? `name = ${value}, account_number` : column
    const rows = (rowsOf[table] ?? 'customer_id = CUSTOMER').replaceAll('CUSTOMER', customer)
    const statement = `update ${table} t set ${names} = ${wrapped} where t.merchant_id = ${tenant.merchant.id} and ${rows}`
    const tries = [statement, `${statement} and ${column} is not null`]
    for (const each of `${table}.${column}` === 'recipients.name' ? [] : tries) {
      const done = await (api.service.db as OwnedDb)
        .asOwner((owner) => owner.execute(each))
        .then(
          () => true,
          (error: { code?: string }) => {
            // A constraint says that a text goes with a state.
            if (error.code === '23514') return false
            throw error
          },
        )
      if (!done) continue
      written.push(`${table}.${column}`)
      break
    }
  }
  return written
}

/** Fills the columns that no call fills here: a server of before did, or an upstream does. */
async function fillRest(code: string, filled: ReadonlySet<string>): Promise<void> {
  const columns = await listTextColumns(api.service.db)
  for (const { table, column, type } of columns) {
    const name = `${table}.${column}`
    if (!namesOf(personal).includes(name) || filled.has(name) || name === 'customers.deleted_email') continue
    const text = `'${person.metadata} ' || id`
    if (table === 'differences') continue
    const value = { bytea: `convert_to(${text}, 'UTF8')`, json: `to_json(${text})` }[type] ?? text
    const condition = ['reason', 'refusal'].includes(column) ? `${column} is not null` : 'true'
    const customer = `(select id from customers where merchant_id = ${tenant.merchant.id} and code = '${code}')`
    const rows = (rowsOf[table] ?? 'customer_id = CUSTOMER').replaceAll('CUSTOMER', customer)
    const statement = `
      update ${table} t set ${column} = ${value}
      where t.merchant_id = ${tenant.merchant.id} and ${condition} and ${rows}`
    await (api.service.db as OwnedDb).asOwner((owner) => owner.execute(statement))
  }
}

const ask = async (method: string, path: string, body?: object, key?: string) => {
  const answer = await api.app.inject({
    method: method as 'GET',
    url: path,
    headers: {
      authorization: `Bearer ${tenant.secret}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { payload: body }),
  })
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.body}`)
  return answer.body === '' ? undefined : answer.json()
}

/** A receiver that answers with the body it got. */
async function openEcho(status: number) {
  const bodies: string[] = []
  const server = http.createServer(async (request, response) => {
    const body = await text(request)
    bodies.push(body)
    response.writeHead(status, { 'x-echo': encodeURIComponent(body.slice(0, 500)) }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
  return { url, bodies, close: () => server.close() }
}

const creation = {
  name: `${person.first} ${person.last}`,
  email: person.formerEmail,
  phoneNumber: person.phone,
  metadata: { note: person.metadata },
}

/** Brings the person in, with everything that a customer can have, and to the point at which nothing binds them any more. */
async function comeIn(): Promise<{ code: string; other: string; payout: object; refused: object; paidLate: string }> {
  const { id: code } = await ask('POST', '/api/canary/customers', creation, 'create-person')
  const { id: other } = await ask('POST', '/api/canary/customers', { phoneNumber: '+27821234999', name: 'Ben Other' })
  await ask('PATCH', `/api/canary/customers/${code}`, { email: person.email }, 'new-email')
  await ask('POST', '/customer', { email: person.email, first_name: person.first }, 'known-email')
  // A remembered refusal that names the e-mail alone.
  await ask('POST', '/api/canary/customers', { phoneNumber: '+27821234111', email: person.email }, 'taken').catch(
    () => {},
  )
  const { data: customer } = await ask('GET', `/customer/${code}`)
  await ask('PUT', `/customer/${code}`, { metadata: { note: person.metadata } })
  await ask('PATCH', '/api/canary/customers/bulk', { ids: [code, other], metadata: { group: 'a' } }, 'bulk').catch(
    () => {},
  )

  // Identity by both ways: a check that fails, and a dedicated account that is asked for with one.
  const identity = {
    country: 'NG',
    type: 'bank_account',
    bvn: person.bvn,
    bank_code: '007',
    account_number: person.accountNumber,
    first_name: person.first,
    last_name: person.last,
  }
  await ask('POST', `/customer/${code}/identification`, identity, 'identify')
  await api.settle()
  const assignment = { email: person.email, first_name: person.first, last_name: person.last, phone: person.phone }
  const { country, bvn, bank_code, account_number } = identity
  const checked = { ...assignment, country, bvn, bank_code, account_number, preferred_bank: 'test-bank' }
  await ask('POST', '/dedicated_account/assign', checked, 'assign')
  await api.settle()
  const { data: account } = await ask('POST', '/dedicated_account', { customer: code }, 'account')

  // Instruments and a mandate.
  const card = { customerId: code, type: 'card', accountName: person.holder }
  const { authorizationCode } = await ask('POST', '/v1/sandbox/payment-methods', card, 'card')
  const wallet = { customerId: code, type: 'mobile_money', phone: person.wallet, provider: 'mpesa' }
  const { id: walletId } = await ask('POST', '/v1/sandbox/payment-methods', wallet)
  const address = { street: person.street, city: 'Lagos', state: 'Lagos' }
  const asked = { account: { number: person.accountNumber, bank_code: '058' }, address }
  const { data: mandate } = await ask('POST', `/customer/${customer.id}/initialize-direct-debit`, asked, 'mandate')
  await ask('POST', `/v1/sandbox/mandates/${mandate.reference}/approve`, { accountNumber: person.accountNumber })
  await api.settle()

  // Money in, around and out.
  const incoming = { amount: 700, senderName: person.sender, narration: person.narration }
  await ask('POST', `/v1/sandbox/dedicated-accounts/${account.account_number}/transfers`, incoming, 'incoming')
  await ask('POST', '/v1/sandbox/pay-ins', { customerId: code, amount: 1000, description: person.narration })
  const line = { customerId: code, currency: 'ZAR', source: 'bank_transfer', description: person.narration }
  const note = { note: person.paymentNote }
  await ask('POST', '/v1/pay-ins', { ...line, amount: 30, reference: 'line 17', metadata: note }, 'line')
  const goodwill = { customerId: code, currency: 'ZAR', direction: 'credit', reason: person.holdText }
  await ask('POST', '/v1/adjustments', { ...goodwill, amount: 20, reference: 'ticket 17' }, 'ticket')
  const allowed = { riskAction: 'allow', reason: person.holdText }
  await ask('POST', `/v1/customers/${code}/risk-action`, allowed, 'allowed')
  const suspended = await suspend(api.service, tenant, 60n, person.unknown)
  await ask('POST', `/v1/suspense/${suspended}/assign`, { customerId: code }, 'owner-found')
  // Refused ones keep a text as well.
  const most = Number.MAX_SAFE_INTEGER
  await ask('POST', '/v1/pay-ins', { ...line, amount: most, reference: 'line 18' }).catch(() => {})
  await ask('POST', '/v1/adjustments', { ...goodwill, amount: most, reference: 'ticket 18' }).catch(() => {})
  await ask('PATCH', '/v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 5000 }] })
  const large = { ...goodwill, amount: 5001, reference: 'ticket 19' }
  const { approvalId } = await ask('POST', '/v1/adjustments', large, 'large')
  await ask('POST', `/v1/approvals/${approvalId}/deny`, { reason: person.holdText }, 'denied')
  const moved = { fromCustomerId: code, toCustomerId: other, currency: 'ZAR', description: person.transferText }
  await ask('POST', '/api/canary/transfers', { ...moved, amount: 100 }, 'transfer')
  await ask('POST', '/v1/transfers/batch', { transfers: [{ ...moved, amount: 50 }] }, 'batch')
  const back = { ...moved, fromCustomerId: other, toCustomerId: code, amount: 20 }
  await ask('POST', '/api/canary/transfers', back)
  const purchase = { customerId: code, productId: 'airtime', amount: 100, currency: 'ZAR' }
  const bought = await ask('POST', '/api/canary/purchases', purchase)
  await ask('POST', '/v1/refunds', { transactionId: bought.id, amount: 10, reason: person.holdText })
  const held = { customerId: code, amount: 200, description: person.holdText }
  const { id: holdId } = await ask('POST', '/v1/holds', held, 'hold')
  await ask('POST', `/v1/holds/${holdId}/capture`, {})
  const intent = { customerId: code, amount: 300, currency: 'ZAR', description: person.intentText, metadata: note }
  await ask('POST', '/api/canary/payment-intents', intent, 'intent')
  const charged = { ...intent, paymentMethodId: `pm_${authorizationCode.slice(5)}`, amount: 150 }
  await ask('POST', '/api/canary/payment-intents', charged, 'charged-intent')
  const session = {
    customerId: code,
    totalAmount: 400,
    currency: 'ZAR',
    mode: 'payin',
    lineItems: [{ name: person.item, amount: 400, currency: 'ZAR' }],
    successUrl: person.page,
    cancelUrl: person.page,
    metadata: note,
  }
  await ask('POST', '/api/canary/checkout/sessions', session, 'session').catch((error) => {
    throw error
  })
  const paid = { email: person.email, amount: 500, metadata: note, callback_url: person.page }
  await ask('POST', '/transaction/initialize', paid, 'initialize')
  const charge = { email: person.email, amount: 600, authorization_code: authorizationCode, metadata: note }
  const { data: taken } = await ask('POST', '/transaction/charge_authorization', charge, 'charge')
  const { data: late } = await ask('POST', '/transaction/charge_authorization', { ...charge, amount: 630 })
  const notes = { customer_note: person.holdText, merchant_note: person.holdText }
  await ask('POST', '/refund', { transaction: taken.reference, amount: 100, ...notes }, 'refund')
  await ask('POST', '/v1/refunds', { transactionId: taken.reference, amount: 200, reason: person.holdText }, 'refund-2')
  await ask('POST', '/v1/sandbox/outcomes', { on: 'refund', outcome: 'unknown' })
  const lost = await ask('POST', '/v1/refunds', { transactionId: taken.reference, amount: 50 }, 'refund-3')
  const settlement = { outcome: 'failed', proof: person.holdText, reason: person.holdText }
  const { settlementApprovalId } = await ask('POST', `/v1/refunds/${lost.id}/settle`, settlement, 'settle-refund')
  await ask('POST', `/v1/sandbox/approvals/${settlementApprovalId}/approve`, undefined, 'approve-refund')
  await settleDueRefunds(api.service)
  const account_name = `${person.first} ${person.last}`
  const payee = {
    type: 'bank_account',
    bankCode: '058',
    accountNumber: `${person.accountNumber}0000000002`,
    accountName: account_name,
  }
  const details = { email: person.email, description: person.holdText, metadata: note }
  const { id: recipientId } = await ask('POST', '/v1/recipients', { ...payee, ...details }, 'recipient')
  const payout = { customerId: code, amount: 10, reason: person.holdText, metadata: note }
  await ask('POST', '/v1/payouts', { ...payout, destination: { recipientId }, reference: 'payout 17' }, 'payout')
  await advanceDuePayouts(api.service)
  // A recipient that nobody was paid out to, and an account whose payout was refused.
  await ask('POST', '/v1/recipients', { ...payee, ...details, accountNumber: `${person.accountNumber}0000000003` })
  const refused = {
    ...payout,
    amount: most,
    destination: { ...payee, accountNumber: `${person.accountNumber}0000000004` },
  }
  await ask('POST', '/v1/payouts', { ...refused, reference: 'payout 18' }, 'payout-18').catch(() => {})
  await closeDifference(`Given back to ${code}: ${person.holdText}`)
  await closeDifference(person.holdText, { transactionId: bought.id.replace('purchase_', '') })
  await closeDifference(person.holdText, { reference: 'mteja-1' })
  const complaint = { reference: taken.reference, reason: person.holdText }
  const { id: disputeId } = await ask('POST', '/v1/sandbox/disputes', complaint, 'dispute')
  const evidence = {
    customerEmail: person.email,
    customerName: person.paymentNote,
    customerPhone: '0800',
    serviceDetails: person.holdText,
  }
  await ask('POST', `/v1/disputes/${disputeId}/evidence`, evidence, 'evidence')
  const declined = { message: person.holdText, fileName: `${person.paymentNote}.pdf` }
  await ask('POST', `/v1/disputes/${disputeId}/decline`, declined, 'decline')
  const stated = {
    merchantId: tenant.merchant.code,
    type: 'custom.asked',
    data: { customer: code, text: person.stated },
  }
  await ask('POST', '/api/canary/events', stated, 'stated')
  // A program may name the person by number, by phone, or by an e-mail in an address.
  for (const [i, data] of [
    { order: { customerNumber: customer.id }, text: person.stated },
    { text: `${person.stated} ${person.phone}` },
    { page: `https://shop.example/?for=${encodeURIComponent(person.email)}`, text: person.stated },
  ].entries()) {
    await ask('POST', '/api/canary/events', { ...stated, data }, `stated-${i}`)
  }
  // Outcomes of the sandbox say why: two that are used, the second late, and a third that is not.
  const outcome = { on: 'charge', outcome: 'decline', match: { customerId: code }, reason: person.stated }
  await ask('POST', '/v1/sandbox/outcomes', outcome)
  await ask('POST', '/transaction/charge_authorization', { ...charge, amount: 610 }).catch(() => {})
  await ask('POST', '/v1/sandbox/outcomes', { ...outcome, after: 5000 })
  const { data: slow } = await ask('POST', '/transaction/charge_authorization', { ...charge, amount: 620 })
  api.service.clock.advance(5000)
  await ask('GET', `/transaction/verify/${slow.reference}`)
  await ask('POST', '/v1/sandbox/outcomes', outcome)
  await ask('POST', `/v1/customers/${code}/statement-links`, { from: '2026-01-01', to: '2026-12-31' }, 'link')
  await ask('POST', '/customer/set_risk_action', { customer: code, risk_action: 'allow' })

  // A webhook that is delivered, one that fails, and those that are still to be sent.
  await deliverDue(api.service, eventRenderers)
  await ask('DELETE', `/api/canary/payment-methods/${walletId}`).catch(() => {})
  await ask('DELETE', `/dedicated_account/${account.id}`)
  const mandates = await ask('GET', `/customer/${customer.id}/directdebit-mandate-authorizations`)
  const { authorization_code } = mandates.data[0]
  await ask('POST', '/customer/authorization/deactivate', { authorization_code })
  for (const { currency, available } of (await ask('GET', `/v1/customers/${code}/balances`)).balances) {
    if (available > 0) await ask('POST', '/api/canary/purchases', { ...purchase, amount: available, currency })
  }
  return {
    code,
    other,
    payout: { ...payout, destination: { recipientId }, reference: 'payout 17' },
    refused: { ...refused, reference: 'payout 18' },
    paidLate: late.reference,
  }
}

describe('an erased person', () => {
  let code: string
  let other: string
  let paidLate: string
  let paidOut: object
  let refusedPayout: object
  let delivered: Awaited<ReturnType<typeof openEcho>>
  let failing: Awaited<ReturnType<typeof openEcho>>
  let before: Map<string, string[]>
  let neighbours: unknown

  beforeAll(async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR', 'NGN'] })
    delivered = await openEcho(200)
    failing = await openEcho(500)
    await ask('POST', '/v1/webhook-endpoints', { url: delivered.url })
    await ask('POST', '/v1/webhook-endpoints', { url: failing.url })
    await ask('POST', '/v1/webhook-endpoints', { url: failing.url, style: 'paystack' }).catch(() => {})
    const people = await comeIn()
    code = people.code
    other = people.other
    paidLate = people.paidLate
    paidOut = people.payout
    refusedPayout = people.refused
    await sendCharge(code)
    await fillRest(code, new Set([...(await findTexts(api.service, traces)).values()].flat()))
    before = await findTexts(api.service, traces)
    neighbours = await ask('GET', `/api/canary/customers/${other}`)
    await ask('POST', `/v1/customers/${code}/erase`, {}, 'erase')
  })
  afterAll(() => {
    delivered.close()
    failing.close()
  })

  test('the values of the person were in the database, so that this test can fail', () => {
    const missing = traces.filter((trace) => !before.has(trace))
    expect(missing).toEqual([])
    const columns = new Set([...before.values()].flat())
    expect(namesOf(personal).filter((name) => !columns.has(name))).toEqual(['customers.deleted_email'])
    const moving = namesOf(personal)
    expect([...columns].filter((name) => !moving.includes(name))).toEqual([])
  })

  test('every column that can hold a text is said to be personal or to stay', async () => {
    const names = (await listTextColumns(api.service.db)).map(({ table, column }) => `${table}.${column}`)
    const known = [...namesOf(personal), ...Object.values(staying).flatMap(namesOf)]
    expect(known.sort()).toEqual(names.sort())
  })

  test('the person is hidden from the first commit on, and the e-mail is free', async () => {
    for (const path of [`/api/canary/customers/${code}`, `/customer/${code}`, `/v1/customers/${code}/balances`]) {
      expect((await api.call('GET', path, undefined, tenant.secret)).statusCode).toBe(404)
    }
    const found = await ask('GET', `/v1/customers/${code}/erasure`)
    expect(found).toEqual({ customerId: code, startedAt: expect.any(String), erasedAt: null })
    const columns = await findTexts(api.service, [person.email.toLowerCase(), person.last, person.holder])
    expect(
      [...columns.values()].flat().filter((column) => /^(customers|payment_methods|mandates)\./.test(column)),
    ).toEqual([])
  })

  test('after the erasure no column of any table has a value of the person, in any form', async () => {
    await finishErasures(api.service)
    expect(Object.fromEntries(await findTexts(api.service, traces))).toEqual({})
    expect((await ask('GET', `/v1/customers/${code}/erasure`)).erasedAt).toEqual(expect.any(String))
  })

  test('webhooks that were still to be sent are sent without anything personal, and the erasure is told', async () => {
    const from = delivered.bodies.length
    for (let round = 0; round < 100 && (await deliverDue(api.service, eventRenderers)) > 0; round++) {
      api.service.clock.advance(60_000)
    }
    const sent = delivered.bodies.slice(from)
    expect(sent.map((body) => JSON.parse(body).type)).toContain('customer.erased')
    expect(sent.filter((body) => /quetz|zanzib|left-handed/i.test(body))).toEqual([])
    expect(Object.fromEntries(await findTexts(api.service, traces))).toEqual({})
  })

  test('the books, the sums and the references of the person stay under the code', async () => {
    const [row] = await api.service.db.query<{ count: bigint }>(sql`
      select count(*) from entries e
      join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
      join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
      where c.merchant_id = ${tenant.merchant.id} and c.code = ${code}
    `)
    expect(row?.count).toBeGreaterThan(5n)
    const trail = await ask('GET', `/v1/audit?object=${code}`)
    expect(trail.data.map((each: { action: string }) => each.action)).toContain('eraseCustomer')
    expect(trail.data.map((each: { action: string }) => each.action)).toContain('createCustomer')
    expect(await ask('GET', `/api/canary/customers/${other}`)).toEqual(neighbours)
  })

  test('every list that shows something of the person can still be read', async () => {
    for (const path of [
      '/v1/events?limit=100',
      '/v1/deliveries?limit=100',
      '/v1/refunds',
      '/v1/disputes',
      '/dispute',
      '/v1/audit',
      '/v1/pay-ins',
      '/v1/adjustments',
      '/v1/approvals',
      '/v1/suspense',
      '/api/canary/events',
      '/api/canary/transfers',
      '/api/canary/payment-intents',
      '/api/canary/checkout/sessions',
      '/transaction',
      '/transaction/export',
      '/dedicated_account?active=false',
      `/v1/customers/${other}/statement?from=2026-01-01&to=2026-12-31`,
    ]) {
      const answer = await api.call('GET', path, undefined, tenant.secret)
      expect([path, answer.statusCode]).toEqual([path, 200])
      expect(answer.body).not.toMatch(/quetzalsen|zanzib/i)
    }
    const { data } = await ask('GET', '/v1/events?limit=100')
    for (const { id } of data) await ask('GET', `/v1/events/${id}`)
  })

  test('a request about the person that comes again with its key is refused, and not done again', async () => {
    const count = async () => (await ask('GET', '/api/canary/customers')).total
    const customers = await count()
    const again = await api.app.inject({
      method: 'POST',
      url: '/api/canary/customers',
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'create-person' },
      payload: creation,
    })
    expect([again.statusCode, again.json().message]).toEqual([404, [`There is no customer "${code}"`]])
    const changed = await api.app.inject({
      method: 'PATCH',
      url: `/api/canary/customers/${code}`,
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'new-email' },
      payload: { email: person.email },
    })
    expect(changed.statusCode).toBe(404)
    expect(await count()).toBe(customers)
    for (const key of ['payout', 'another', undefined]) {
      const repeated = await api.app.inject({
        method: 'POST',
        url: '/v1/payouts',
        headers: { authorization: `Bearer ${tenant.secret}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
        payload: paidOut,
      })
      expect([key, repeated.statusCode, repeated.json().error?.code]).toEqual([key, 404, 'customer_not_found'])
    }
    // The ledger's refusal of a payout has the code alone, like that of any movement.
    const refused = await api.app.inject({
      method: 'POST',
      url: '/v1/payouts',
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'payout-18' },
      payload: refusedPayout,
    })
    expect([refused.statusCode, refused.json()]).toEqual([
      402,
      { error: { code: 'insufficient_funds', message: expect.stringMatching(/^[^@+]*$/) } },
    ])
    const batch = await ask(
      'POST',
      '/v1/transfers/batch',
      {
        transfers: [
          { fromCustomerId: code, toCustomerId: other, currency: 'ZAR', description: person.transferText, amount: 50 },
        ],
      },
      'batch',
    )
    expect(batch.outcomes[0].status).toBe('completed')
  })

  test('texts that come after the erasure, in whatever column, are removed by erasing again', async () => {
    const later = 'quibble-of-the-late-hour'
    const disputed = await ask('POST', '/v1/sandbox/disputes', { reference: paidLate, reason: later }, 'late-dispute')
    const evidence = { customerEmail: 'a@b.example', customerName: later, customerPhone: '0800', serviceDetails: later }
    await ask('POST', `/v1/disputes/${disputed.id}/evidence`, evidence, 'late-evidence')
    const refused = await api.call('POST', `/v1/customers/${code}/erase`, undefined, tenant.secret)
    expect([refused.statusCode, refused.json().error.message]).toEqual([409, expect.stringContaining(disputed.id)])
    await ask('POST', `/v1/disputes/${disputed.id}/decline`, { message: later }, 'late-decline')
    await closeDifference(`${later} of ${code}`)
    await deliverDue(api.service, eventRenderers)
    const columns = await writeLater(code, later)
    const found = (await findTexts(api.service, [later])).get(later) ?? []
    // Of these a row has no text in any state that is left.
    const empty = ['payments.incoming', 'sandbox_charges.late_reason', 'sandbox_charges.reason']
    expect(columns.filter((column) => !found.includes(column) && !empty.includes(column))).toEqual([])
    expect(found).toEqual(expect.arrayContaining(['differences.reason', 'recipients.account_number']))
    expect(found.length).toBeGreaterThan(50)

    const before = await ask('GET', `/v1/customers/${code}/erasure`)
    const again = await ask('POST', `/v1/customers/${code}/erase`, undefined, 'erase-again')
    expect(again).toEqual({ ...before, erasedAt: null })
    await finishErasures(api.service)
    expect(Object.fromEntries(await findTexts(api.service, [...traces, later]))).toEqual({})
    const [deed] = (await ask('GET', `/v1/audit?object=${code}&action=eraseCustomer`)).data
    expect([deed.before, deed.after]).toEqual([{ erased: true }, { erased: true }])
  })

  test('erasing again while it is under way answers the same erasure, and a new customer may have the e-mail', async () => {
    const again = await ask('POST', `/v1/customers/${code}/erase`)
    expect(await ask('POST', `/v1/customers/${code}/erase`)).toEqual(again)
    await finishErasures(api.service)
    expect((await ask('GET', `/v1/customers/${code}/erasure`)).erasedAt).toEqual(expect.any(String))
    const made = await ask('POST', '/api/canary/customers', { phoneNumber: person.phone, email: person.email })
    expect(made.id).not.toBe(code)
    expect((await api.call('GET', `/v1/customers/${code}/export`, undefined, tenant.secret)).statusCode).toBe(404)
  })

  test('what comes later is booked to the merchant for an erased customer, and to anybody else’s cash', async () => {
    expect(await accountOfLateFact(api.service, tenant, code)).toEqual({ kind: 'merchant_balance' })
    expect(await accountOfLateFact(api.service, tenant, other)).toEqual({ kind: 'customer_cash', customer: other })
  })
})

test('a webhook that is under way while its customer is erased is recorded without what it told', async () => {
  tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
  const echo = await openEcho(200)
  await ask('POST', '/v1/webhook-endpoints', { url: echo.url })
  const late = { name: 'Wilhelmina Latecomer', phoneNumber: '0829876002' }
  const { id: code } = await ask('POST', '/api/canary/customers', late)
  const claimed = await claimDeliveries(api.service)
  await ask('POST', `/v1/customers/${code}/erase`)
  await finishErasures(api.service)
  await Promise.all(claimed.map(createDeliver(api.service, eventRenderers)))
  echo.close()
  expect(echo.bodies.some((body) => body.includes('Latecomer'))).toBe(true)
  expect(Object.fromEntries(await findTexts(api.service, ['Latecomer', '829876002']))).toEqual({})
})

describe('the answers stored for repeats', () => {
  const send = (method: string, path: string, payload?: object | undefined, key?: string) =>
    api.app.inject({
      method: method as 'GET',
      url: path,
      headers: { authorization: `Bearer ${tenant.secret}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(payload === undefined ? {} : { payload }),
    })

  test('from the 202 of an erasure on, a repeat of any request about the person gets no personal value, and one of a movement or the erasure its answer', async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
    const body = { name: 'Quintessa Roe', email: 'roe@erase.example', phoneNumber: '0829876003' }
    const made = await send('POST', '/api/canary/customers', body, 'roe')
    const code = made.json().id
    const { id: other } = await ask('POST', '/api/canary/customers', { phoneNumber: '0829876004' }, 'other')
    const paid = { customerId: code, amount: 5, currency: 'ZAR' }
    type Call = [method: string, path: string, body: object | undefined, key: string]
    const about: Call[] = [
      ['POST', '/api/canary/customers', body, 'roe'],
      ['PATCH', `/api/canary/customers/${code}`, { name: 'Quintessa Poe' }, 'rename'],
      ['POST', '/customer', { email: body.email, first_name: 'Q' }, 'paystack'],
      ['POST', '/api/canary/customers', { phoneNumber: '0829876005', email: body.email }, 'taken'],
      ['PUT', `/customer/${code}`, { metadata: { note: 'a' } }, 'put'],
    ]
    const bystanders: Call[] = [
      ['POST', '/api/canary/customers', { phoneNumber: '0829876004' }, 'other'],
      ['POST', '/v1/sandbox/pay-ins', paid, 'paid'],
      [
        'POST',
        '/api/canary/transfers',
        { fromCustomerId: code, toCustomerId: other, amount: 5, currency: 'ZAR' },
        'moved',
      ],
    ]
    const erase: Call = ['POST', `/v1/customers/${code}/erase`, undefined, 'erase']
    for (const each of about) await send(...each)
    const before: unknown[] = []
    for (const each of bystanders) before.push((await send(...each)).json())
    const begun = await send(...erase)
    expect(begun.statusCode, begun.body).toBe(202)
    const check = async () => {
      for (const each of about) {
        const again = await send(...each)
        expect([each[3], again.statusCode]).toEqual([each[3], 404])
        expect(again.body).not.toMatch(/quintessa|roe@|829876003/i)
      }
      const after: unknown[] = []
      for (const each of bystanders) after.push((await send(...each)).json())
      expect(after).toEqual(before)
      const repeated = await send(...erase)
      expect([repeated.statusCode, repeated.json()]).toEqual([202, begun.json()])
    }
    await check()
    await oneStep()
    await check()
    await finishErasures(api.service)
    await check()
  })

  test('lists of history can be asked for by the code of a customer who was erased, and of nobody else’s', async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
    const { id: code } = await ask('POST', '/api/canary/customers', { phoneNumber: '0829876006' })
    await ask('POST', `/v1/customers/${code}/erase`)
    await finishErasures(api.service)
    const types = async () =>
      (await ask('GET', `/v1/events?customerId=${code}`)).data.map(({ type }: { type: string }) => type)
    expect(await types()).toEqual(['customer.erased', 'customer.deleted', 'customer.created'])
    const stranger = await createTestTenant(api.service)
    for (const list of ['events', 'deliveries', 'refunds', 'holds', 'pay-ins', 'adjustments']) {
      const path = `/v1/${list}?customerId=${code}`
      expect([list, (await send('GET', path)).statusCode]).toEqual([list, 200])
      expect((await api.call('GET', path, undefined, stranger.secret)).statusCode).toBe(404)
    }
    expect((await ask('GET', `/v1/audit?object=${code}`)).data.length).toBeGreaterThan(0)
  })
})

describe('a customer who was deleted', () => {
  test('a customer who was deleted before is erased, with the e-mail that was kept and the search text that was folded', async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
    const gone = { name: 'Yolanthe Xerxes', email: 'xerxes@gone.example', phoneNumber: '0829876001' }
    const { id: code } = await ask('POST', '/api/canary/customers', gone, 'gone')
    await ask('DELETE', '/api/canary/customers/bulk', { ids: [code] })
    await foldSearchTexts(api.service)
    const texts = ['Xerxes', 'xerxes@gone.example', '829876001']
    expect((await findTexts(api.service, texts)).get('Xerxes')).toContain('customers.last_name')
    // The e-mail belongs to somebody else by now, whose answers stay.
    const next = { email: gone.email, first_name: 'Other' }
    const { data } = await ask('POST', '/customer', next, 'next')
    await ask('POST', `/v1/customers/${code}/erase`)
    await finishErasures(api.service)
    expect(Object.fromEntries(await findTexts(api.service, ['Yolanthe', '829876001']))).toEqual({})
    const again = await ask('POST', '/customer', next, 'next')
    expect([again.data.customer_code, again.data.email]).toEqual([data.customer_code, gone.email])
  })
})

describe('a customer who cannot be erased', () => {
  test('everything that still binds a customer is named, and nothing is removed', async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR', 'NGN'] })
    const { id: code } = await ask('POST', '/api/canary/customers', {
      phoneNumber: '0821234567',
      name: 'Ada Bound',
      email: 'a@b.example',
    })
    await ask('POST', '/v1/sandbox/pay-ins', { customerId: code, amount: 70 })
    await ask('POST', '/v1/holds', { customerId: code, amount: 30 })
    const { data: account } = await ask('POST', '/dedicated_account', { customer: code })
    const { data: customer } = await ask('GET', `/customer/${code}`)
    const asked = {
      account: { number: '0987612345', bank_code: '058' },
      address: { street: 'a', city: 'b', state: 'c' },
    }
    const { data: mandate } = await ask('POST', `/customer/${customer.id}/initialize-direct-debit`, asked)
    await ask('POST', `/v1/sandbox/mandates/${mandate.reference}/approve`, {})
    const refused = await api.call('POST', `/v1/customers/${code}/erase`, undefined, tenant.secret)
    expect([refused.statusCode, refused.json().error]).toEqual([
      409,
      {
        code: 'customer_not_erasable',
        message:
          `Customer ${code} was not erased, and has a balance of ZAR 0.70 and the dedicated account ${account.account_number} ` +
          `and a hold of ZAR 0.30 and the mandate ${mandate.reference}. Bring each balance to 0 first. ` +
          'Deactivate each dedicated account first. Capture or release each hold first. Revoke each mandate first',
      },
    ])
    expect((await ask('GET', `/api/canary/customers/${code}`)).name).toBe('Ada Bound')
  })

  test('what waits for a second person is named as what it is, with its approval and what to do', async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
    const [ada, ben] = ['0821234567', '0821234568'].map((phoneNumber) =>
      ask('POST', '/api/canary/customers', { phoneNumber }),
    )
    const { id: code } = await ada
    const { id: other } = await ben
    await ask('PUT', '/v1/processors/out', { processor: 'manual' })
    for (const customerId of [code, other]) await ask('POST', '/v1/sandbox/pay-ins', { customerId, amount: 500 })
    const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', accountName: 'Ada' }
    const payout = { amount: 500, currency: 'ZAR', destination }
    const sent = await ask('POST', '/v1/payouts', { ...payout, customerId: other, reference: 'o1' })
    await ask('PATCH', '/v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 100 }] })
    const line = { customerId: code, amount: 200, currency: 'ZAR' }
    const goodwill = { ...line, direction: 'credit', reason: 'Goodwill', reference: 'a1' }
    const adjustment = await ask('POST', '/v1/adjustments', goodwill)
    const payIn = await ask('POST', '/v1/pay-ins', { ...line, source: 'cash', reference: 'p1' })
    const waiting = await ask('POST', '/v1/payouts', { ...payout, customerId: code, reference: 'o2' })
    const settling = await ask('POST', `/v1/payouts/${sent.id}/settle`, {
      outcome: 'failed',
      proof: 'none at the bank',
    })
    const refusalOf = async (path: string) =>
      (await api.call('POST', path, undefined, tenant.secret)).json().error.message
    const erased = await refusalOf(`/v1/customers/${code}/erase`)
    for (const named of [
      `the adjustment ${adjustment.id} (approval ${adjustment.approvalId}), which waits for approval`,
      `the pay-in by hand ${payIn.id} (approval ${payIn.approvalId}), which waits for approval`,
      `the payout ${waiting.id} (approval ${waiting.approvalId}), which waits for approval`,
      'Approve or deny first what waits for approval',
    ])
      expect(erased).toContain(named)
    expect(erased).not.toContain('payment')
    expect(await refusalOf(`/v1/customers/${other}/erase`)).toContain(
      `the payout ${sent.id} (approval ${settling.settlementApprovalId}), whose settlement by hand waits for approval`,
    )
    const deleted = await api.call('DELETE', '/api/canary/customers/bulk', { ids: [code] }, tenant.secret)
    expect(deleted.statusCode).toBe(409)
    expect(deleted.body).toContain(`the adjustment ${adjustment.id} (approval ${adjustment.approvalId}), which waits`)
    await ask('POST', `/v1/approvals/${adjustment.approvalId}/deny`, {})
    expect(await refusalOf(`/v1/customers/${code}/erase`)).not.toContain('adjustment')
  })

  test('a payment by card keeps a customer from being erased until its time for disputes is over', async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
    const { id: code } = await ask('POST', '/api/canary/customers', { phoneNumber: '0821234567', email: 'c@b.example' })
    const card = await ask('POST', '/v1/sandbox/payment-methods', { customerId: code, type: 'card' })
    await ask('POST', '/api/canary/payment-intents', {
      customerId: code,
      paymentMethodId: card.id,
      amount: 90,
      currency: 'ZAR',
    })
    await ask('POST', '/api/canary/purchases', { customerId: code, productId: 'a', amount: 90, currency: 'ZAR' })
    // Recorded later from a terminal of the merchant's own: its time counts.
    api.service.clock.advance(60 * dayMs)
    const terminal = { customerId: code, amount: 5, currency: 'ZAR', source: 'card', reference: 'slip 4' }
    const { createdAt } = await ask('POST', '/v1/pay-ins', terminal)
    await ask('POST', '/api/canary/purchases', { customerId: code, productId: 'a', amount: 5, currency: 'ZAR' })
    const context = { ...api.service, disputeWindowDays: { live: 120, test: 120 } }
    const erase = () => inTransaction(context, (tx) => eraseCustomer(tx, tenant, code))
    const at = `${createdAt.slice(0, 19)}Z`
    await expect(erase()).rejects.toThrow(`a payment by card of ${at}, which can still be disputed`)
    api.service.clock.advance(100 * dayMs)
    await expect(erase()).rejects.toThrow(at)
    api.service.clock.advance(21 * dayMs)
    expect((await erase()).erasedAt).toBe(null)
    await finishErasures(api.service)
  })

  test('a customer of another tenant or mode is not found, and a key without the scope settings may not erase', async () => {
    tenant = await createTestTenant(api.service)
    const { id: code } = await ask('POST', '/api/canary/customers', { phoneNumber: '0821234567' })
    const stranger = await createTestTenant(api.service)
    const live = await addTestKey(api.service, tenant.merchant, 'live')
    for (const { secret } of [stranger, live]) {
      expect((await api.call('POST', `/v1/customers/${code}/erase`, undefined, secret)).statusCode).toBe(404)
    }
    const { secret } = await ask('POST', '/v1/api-keys', { name: 'desk', role: 'support' })
    expect((await api.call('POST', `/v1/customers/${code}/erase`, undefined, secret)).statusCode).toBe(403)
  })
})

// The embedded database has one session, so nothing happens between the statements of a function.
describe.runIf(testEngine === 'postgresql')(
  'a payment that comes at the moment in which its customer is hidden',
  () => {
    test.each([
      { what: 'erased', hide: (code: string) => api.call('POST', `/v1/customers/${code}/erase`, {}) },
      { what: 'deleted', hide: (code: string) => api.call('DELETE', '/api/canary/customers/bulk', { ids: [code] }) },
    ])('a customer whose payment is charged while they are $what stays', async ({ what, hide }) => {
      const { db } = api.service
      const merchantId = api.tenant.merchant.id
      const email = `${what}@race.example`
      const code = (await api.call('POST', '/customer', { email })).json().data.customer_code
      const { reference } = (await api.call('POST', '/transaction/initialize', { email, amount: '5000' })).json().data
      const ofPayment = sql`where merchant_id = ${merchantId} and reference = ${reference}`
      // The first look does not see the payment.
      await db.query(sql`update payments set status = 'succeeded', paid_at = now() ${ofPayment}`)
      let hiding: ReturnType<typeof hide> | undefined
      let charging: Promise<void> | undefined
      const steps = new EventEmitter()
      await (db as OwnedDb).asOwner(async (queue) => {
        await queue.execute('begin')
        await queue.query(sql`select from merchant_counters where merchant_id = ${merchantId} for update`)
        hiding = hide(code)
        // It has looked for payments, and waits for the queue.
        await untilLockWanted()
        await db.query(sql`update payments set status = 'unpaid', paid_at = null ${ofPayment}`)
        charging = db.transaction(async (charge) => {
          await charge.query(sql`
          update payment_intents i
          set status = 'processing', charge_count = 1, charge_reference = i.id || '_1', charge_key = 'race', charged_at = now()
          from payments p
          where p.merchant_id = ${merchantId} and p.reference = ${reference}
            and i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
        `)
          steps.emit('charged')
          await once(steps, 'end')
        })
        await once(steps, 'charged')
        await queue.execute('commit')
      })
      await untilLockWanted()
      steps.emit('end')
      await charging
      const hidden = (await hiding) as Awaited<ReturnType<typeof hide>>
      expect(hidden.statusCode).toBe(409)
      expect(hidden.body).toContain('payment')
      expect((await api.call('GET', `/customer/${code}`)).statusCode).toBe(200)
      expect((await api.call('GET', `/v1/customers/${code}/erasure`)).statusCode).toBe(404)
    })

    async function untilLockWanted(): Promise<void> {
      await expect
        .poll(() =>
          api.service.db.query(sql`
          select from pg_locks l
          join pg_stat_activity s on s.pid = l.pid
          where s.datname = current_database() and not l.granted
        `),
        )
        .toHaveLength(1)
    }
  },
)

describe('the steps of an erasure', () => {
  test('an erasure whose server is killed at any step goes on where it was, a hundred rows in a step, and may remove nothing but texts', async () => {
    tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
    const { id: code } = await ask('POST', '/api/canary/customers', {
      phoneNumber: '0821234567',
      email: 'many@b.example',
    })
    await api.service.db.query(sql`
      insert into events (merchant_id, mode, type, customer_id, data, created_at)
      select ${tenant.merchant.id}, 'test', 'customer.updated', c.id,
        json_build_object('customer', json_build_object('code', c.code, 'email', 'old' || n || '@quetz.example'), 'details', '{}'::json),
        now()
      from customers c, generate_series(1, 450) n
      where c.merchant_id = ${tenant.merchant.id} and c.code = ${code}
    `)
    await ask('POST', '/v1/sandbox/pay-ins', { customerId: code, amount: 5, description: 'a text' })
    await ask('POST', '/api/canary/purchases', { customerId: code, productId: 'a', amount: 5, currency: 'ZAR' })
    const change = (assignment: string) =>
      (api.service.db as OwnedDb).asOwner((owner) =>
        owner.execute(`update ledger_transactions set ${assignment} where merchant_id = ${tenant.merchant.id}`),
      )
    await expect(change('description = null')).rejects.toThrow('posted history is never changed')
    await ask('POST', `/v1/customers/${code}/erase`)
    for (const assignment of ['amount = 1', "description = 'other'", 'description = null, amount = 1']) {
      await expect(change(assignment)).rejects.toThrow('posted history is never changed')
    }
    const left = async () => {
      const [row] = await api.service.db.query<{ count: bigint }>(sql`
        select count(*) from events where merchant_id = ${tenant.merchant.id} and data::text like '%@quetz.example%'
      `)
      return Number(row?.count)
    }
    const seen = [await left()]
    while (seen.at(-1) !== 0 && seen.length < 300) {
      await oneStep()
      seen.push(await left())
      // It first waits for the transactions of other tests on the same server.
      if (seen.at(-1) === seen.at(-2)) await sleep(100)
    }
    expect(seen.at(-1)).toBe(0)
    expect(Math.max(...seen.slice(1).map((count, i) => (seen[i] ?? 0) - count))).toBe(100)
    await finishErasures(api.service)
    expect((await ask('GET', `/v1/customers/${code}/erasure`)).erasedAt).toEqual(expect.any(String))
  })
})

/** One step, as of a server that ends right after it. */
async function oneStep(): Promise<void> {
  const stop = new AbortController()
  const service = { ...api.service, failures: { ...api.service.failures, worked: () => stop.abort() } }
  await continueErasures(service as never, stop.signal)
  api.service.clock.advance(1000)
}
