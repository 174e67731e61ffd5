import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { inTransaction } from '../../src/domain/context.ts'
import { importAccount } from '../../src/domain/imports/import-runs.ts'
import { importedKinds, listSkips } from '../../src/domain/imports/imports.ts'
import { bookArrival, settleDueArrivals } from '../../src/domain/payments/account-arrivals.ts'
import { openToken } from '../../src/domain/payments/payment-methods.ts'
import { eraseCustomer } from '../../src/domain/personal-data/erasure.ts'
import { continueReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { dyingDb } from '../dying-db.ts'
import { finishErasures } from '../erasures.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../service.ts'
import { openFaultProxy } from './fault-proxy.ts'
import {
  createLiveAccount,
  insertTransaction,
  introduce,
  type LiveAccount,
  pay,
  type Row,
  receiveTransfer,
  refundInDashboard,
  saveInstrument,
  sendWebhook,
  type TransactionRow,
  type Webhook,
} from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'
import { records } from './samples.ts'

// An account of before Mteja is imported: the independent stub of Paystack, and a second Mteja.

let api: TestApi
let account: LiveAccount
let server: LiveServer
let proxy: Awaited<ReturnType<typeof openFaultProxy>>
let tenant: TestTenant
let told: Webhook[]

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  told = []
  account = createLiveAccount((webhook) => told.push(webhook), api.service.clock)
  server = await openLiveServer(account)
  proxy = await openFaultProxy(server.url)
  serveBy(proxy.url)
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'], country: 'NG' })
  tenant = await addTestKey(api.service, merchant, 'live')
  return async () => {
    await proxy.close()
    await server.close()
  }
})

function serveBy(paystackUrl: string) {
  Object.assign(
    api.service,
    chooseProviders(api.service, { sandboxDelayMs: 1000, upstreamPaystack: undefined, paystackUrl }),
  )
}

const ask = (method: string, path: string, body?: object) => api.call(method, path, body, tenant.secret)

/** The account is chosen: what it has by now is of before the cut-over. */
async function choose(body = {}) {
  api.service.clock.advance(60_000)
  const chosen = { processor: 'paystack', secretKey: account.secretKey, ...body }
  expect((await ask('PUT', '/v1/processors/in', chosen)).statusCode).toBe(200)
  told.splice(0)
}

/** Imports to the end, and answers the counts: created, merged, unchanged, skipped. */
async function importAll(service = api.service) {
  // An id begins with the time.
  service.clock.advance(1)
  for (let call = 0; call < 50; call += 1) {
    const run = await importAccount(service, tenant)
    if (run.state === 'done') {
      return Object.fromEntries(
        importedKinds.map((kind) => {
          const { created, merged, unchanged, skipped } = run.counts[kind]
          return [kind, [created, merged, unchanged, skipped]]
        }),
      )
    }
    if (run.retryAt !== null) service.clock.advance(run.retryAt.getTime() - service.clock.now().getTime())
  }
  throw new Error('the import does not end')
}

async function skipped() {
  const rows = await listSkips(api.service, tenant, { before: undefined, limit: 500 })
  return rows.map(({ kind, reason }) => `${kind} ${reason}`).sort()
}

/** A payment of before, by a customer of the account. */
function paidBefore(email: string, reference: string, amount = 10_000): TransactionRow {
  const row = insertTransaction(account, { email, amount, reference })
  row.customer = { ...introduce(account, { email }) }
  return pay(account, reference)
}

function openNumber(email: string, accountNumber: string, more: Row = {}) {
  const customer = introduce(account, { email })
  const row = { ...records.dedicatedAccount, id: account.nextId(), account_number: accountNumber, customer, ...more }
  account.dedicatedAccounts.push(row)
  return row
}

const customers = async () => (await ask('GET', '/v1/customers?limit=100')).json().data
const imported = async (query = '') => {
  const { data } = (await ask('GET', `/v1/imported-payments?limit=100${query}`)).json()
  return data.sort((a: { reference: string }, b: { reference: string }) => (a.reference < b.reference ? -1 : 1))
}

/** What every table has that an import fills, without times and random codes. */
async function contents() {
  const of = tenant.merchant.id
  const [people, methods, numbers, payments, things] = await Promise.all([
    api.service.db.query(
      sql`select email, first_name, last_name, phone, metadata::text as metadata, risk_action from customers where merchant_id = ${of} order by email`,
    ),
    api.service.db.query(
      sql`select c.email, p.type, p.last4, p.signature, p.is_default from payment_methods p join customers c on c.merchant_id = p.merchant_id and c.id = p.customer_id where p.merchant_id = ${of} order by 1, 2, 3, 4`,
    ),
    api.service.db.query(
      sql`select account_number, outside_id, account_id from dedicated_accounts where merchant_id = ${of} order by 1`,
    ),
    api.service.db.query(
      sql`select reference, status, amount, fee from imported_payments where merchant_id = ${of} order by 1`,
    ),
    api.service.db.query(
      sql`select kind, count(*) as count from imported_things where merchant_id = ${of} group by kind order by 1`,
    ),
  ])
  return { people, methods, numbers, payments, things }
}

/** An account with something of every kind. */
function fill() {
  introduce(account, {
    email: 'Ada@example.com',
    first_name: 'Ada',
    last_name: 'Obi',
    phone: '+2348031234567',
    metadata: { tier: 'gold' },
  })
  introduce(account, { email: 'ben@example.com', risk_action: 'deny' })
  introduce(account, { email: 'cleo@example.com' })
  saveInstrument(account, 'Ada@example.com', { authorization_code: 'AUTH_ada1', signature: 'SIG_ada' })
  saveInstrument(account, 'Ada@example.com', { authorization_code: 'AUTH_ada2', signature: 'SIG_ada' })
  saveInstrument(account, 'Ada@example.com', {
    authorization_code: 'AUTH_bank',
    channel: 'direct_debit',
    signature: null,
    bin: null,
    last4: null,
    exp_month: null,
    exp_year: null,
    brand: null,
  })
  saveInstrument(account, 'ben@example.com', { authorization_code: 'AUTH_once', reusable: false })
  saveInstrument(account, 'ben@example.com', { authorization_code: 'AUTH_old', exp_year: '2020', signature: 'SIG_old' })
  openNumber('Ada@example.com', '9930000001')
  openNumber('cleo@example.com', '9930000002', { active: false })
  paidBefore('Ada@example.com', 'order-1')
  refundInDashboard(account, paidBefore('ben@example.com', 'order-2').reference, 10_000)
  insertTransaction(account, { email: 'cleo@example.com', amount: 500, reference: 'never-paid' })
}

describe('an import of a live account', () => {
  test('brings in customers, saved instruments sealed, dedicated accounts and history without money, and says what it left out', async () => {
    fill()
    await choose()
    expect(await importAll()).toEqual({
      customer: [3, 0, 0, 0],
      authorization: [2, 1, 0, 2],
      dedicated_account: [1, 0, 0, 1],
      payment: [2, 0, 0, 1],
    })
    expect(await skipped()).toEqual([
      'authorization expired',
      'authorization not_reusable',
      'dedicated_account closed',
      'payment not_paid',
    ])
    const people = await customers()
    const [ada, ben] = ['ada@example.com', 'ben@example.com'].map((email) =>
      people.find((each: { email: string }) => each.email === email),
    )
    expect([people.length, ada.phoneNumber, ben.riskAction]).toEqual([3, '+2348031234567', 'deny'])
    const methods = (await ask('GET', `/api/canary/customers/${ada.id}/payment-methods`)).json().data
    expect(methods.map((each: { type: string }) => each.type).sort()).toEqual(['card', 'direct_debit'])
    const card = methods.find((each: { type: string }) => each.type === 'card')
    expect(await openToken(api.service, tenant, card.id.replace(/^pm_/, ''))).toBe('AUTH_ada1')
    expect(JSON.stringify(methods)).not.toContain('AUTH_ada1')
    const balance = (await ask('GET', `/v1/customers/${ada.id}/balances`)).json().balances
    expect(balance.every((each: { posted: number }) => each.posted === 0)).toBe(true)
    expect(await imported()).toMatchObject([
      { reference: 'order-1', customerId: ada.id, status: 'succeeded', amount: 10_000, fee: 150, channel: 'card' },
      { reference: 'order-2', customerId: ben.id, status: 'reversed' },
    ])
    expect((await imported(`&customerId=${ada.id}`)).length).toBe(1)
    const verified = await ask('GET', '/transaction/verify/order-1')
    expect(verified.json().data).toMatchObject({
      status: 'success',
      reference: 'order-1',
      amount: 10_000,
      domain: 'live',
    })
    expect(verified.json().data.customer.email).toBe('ada@example.com')
  })

  test('a second import changes nothing, and nothing that was removed here comes back', async () => {
    fill()
    await choose()
    await importAll()
    const first = await contents()
    api.service.clock.advance(1000)
    expect(await importAll()).toEqual({
      customer: [0, 0, 3, 0],
      authorization: [0, 0, 3, 2],
      dedicated_account: [0, 0, 1, 1],
      payment: [0, 0, 2, 1],
    })
    expect(await contents()).toEqual(first)
    const [ada] = (await customers()).filter((each: { email: string }) => each.email === 'ada@example.com')
    const [method] = (await ask('GET', `/api/canary/customers/${ada.id}/payment-methods`)).json().data
    expect((await ask('DELETE', `/api/canary/payment-methods/${method.id}`)).statusCode).toBeLessThan(300)
    const { data: numbers } = (await ask('GET', '/dedicated_account')).json()
    expect((await ask('DELETE', `/dedicated_account/${numbers[0].id}`)).statusCode).toBe(200)
    openNumber('Ada@example.com', '9930000001')
    expect(await importAll()).toMatchObject({ authorization: [0, 0, 3, 2], dedicated_account: [0, 0, 0, 3] })
    expect(await skipped()).toContain('dedicated_account removed_here')
    // What is new at the account comes in, and what was given back there is noted.
    saveInstrument(account, 'cleo@example.com', { authorization_code: 'AUTH_new', signature: 'SIG_new' })
    refundInDashboard(account, 'order-1', 10_000)
    expect(await importAll()).toMatchObject({ authorization: [1, 0, 3, 2], payment: [0, 1, 1, 1] })
  })

  test('customers who are here are merged by e-mail, else by the phone of the only one without an e-mail, and keep what they have', async () => {
    const create = async (body: object) => (await ask('POST', '/api/canary/customers', body)).json().id
    const known = await create({ email: 'ada@example.com', name: 'Adaeze' })
    const wallet = await create({ name: 'Ben', phoneNumber: '0803 765 4321' })
    for (const name of ['Twin', 'Other']) await create({ name, phoneNumber: '+2348039999999' })
    introduce(account, { email: 'ADA@example.com', first_name: 'Ada', last_name: 'Obi', phone: '+2348031234567' })
    introduce(account, { email: 'ben@example.com', first_name: 'Benjamin', phone: '+2348037654321' })
    introduce(account, { email: 'twin@example.com', phone: '+2348039999999' })
    await choose()
    expect(await importAll()).toMatchObject({ customer: [1, 2, 0, 0] })
    const people = await customers()
    const of = (id: string) => people.find((each: { id: string }) => each.id === id)
    expect(of(known)).toMatchObject({ email: 'ada@example.com', phoneNumber: '+2348031234567' })
    expect(of(wallet)).toMatchObject({ email: 'ben@example.com', phoneNumber: '+2348037654321' })
    const rows = await api.service.db.query(sql`
      select first_name, last_name from customers where merchant_id = ${tenant.merchant.id} order by id
    `)
    expect(rows.slice(0, 2)).toEqual([
      { first_name: 'Adaeze', last_name: null },
      { first_name: 'Ben', last_name: null },
    ])
    expect(people.length).toBe(5)
  })

  test('a person who was erased is not brought back, nor a customer who was deleted after an import', async () => {
    fill()
    const { id } = (await ask('POST', '/api/canary/customers', { email: 'ada@example.com' })).json()
    await inTransaction(api.service, (tx) => eraseCustomer(tx, tenant, id))
    await finishErasures(api.service)
    await choose()
    expect(await importAll()).toMatchObject({
      customer: [2, 0, 0, 1],
      dedicated_account: [0, 0, 0, 2],
      payment: [1, 0, 0, 2],
    })
    expect(await skipped()).toEqual(expect.arrayContaining(['customer erased', 'payment customer_skipped']))
    const cleo = (await customers()).find((each: { email: string }) => each.email === 'cleo@example.com')
    await inTransaction(api.service, (tx) => eraseCustomer(tx, tenant, cleo.id))
    await finishErasures(api.service)
    expect(await importAll()).toMatchObject({ customer: [0, 0, 1, 2] })
    expect((await customers()).map((each: { email: string }) => each.email)).toEqual(['ben@example.com'])
  })

  test('no door credits a payment that was imported: not its webhook, a pay-in, a charge, the cut-over moved back, or a reconciliation', async () => {
    fill()
    const number = openNumber('cleo@example.com', '9930000003')
    const transfer = receiveTransfer(account, number.account_number, 7_000)
    await choose()
    expect(await importAll()).toMatchObject({ payment: [3, 0, 0, 1] })
    for (const row of account.transactions) sendWebhook(account, 'charge.success', row)
    for (const { body, signature } of told.splice(0)) {
      const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
      const url = `/webhooks/paystack/${tenant.merchant.code}/live`
      await api.app.inject({ method: 'POST', url, headers, payload: body })
    }
    await settleDueArrivals(api.service)
    const payIn = { amount: 10_000, currency: 'NGN', source: 'card', reference: 'order-1' }
    const refused = await ask('POST', '/v1/pay-ins', payIn)
    expect([refused.statusCode, refused.json().error.message]).toEqual([
      409,
      expect.stringContaining('imported as history'),
    ])
    const again = { email: 'ada@example.com', amount: 10_000, currency: 'NGN', reference: 'order-1' }
    const duplicate = await ask('POST', '/transaction/initialize', again)
    expect([duplicate.statusCode, duplicate.json().code]).toEqual([400, 'duplicate_reference'])
    const refund = await ask('POST', '/refund', { transaction: 'order-1' })
    expect(refund.statusCode).toBeGreaterThanOrEqual(400)
    const own = await ask('POST', '/v1/refunds', { transactionId: 'order-1' })
    expect(own.json().error.message).toContain('give it back at the processor')
    // The cut-over is moved to before everything.
    await choose({ cutOverAt: '2020-01-01T00:00:00Z' })
    const processor = await api.service.processorOf(api.service, tenant, 'new')
    const found = await processor?.findPayment?.(tenant, transfer.reference)
    if (!found?.transfer || !processor) throw new Error('the account has the transfer')
    const arrival = {
      accountId: processor.accountId,
      reference: transfer.reference,
      found: { ...found, transfer: found.transfer },
    }
    expect(await bookArrival(api.service, tenant, arrival)).toBe(false)
    expect((await ask('POST', '/v1/reconciliations', { from: '2026-01-01' })).statusCode).toBe(201)
    await continueReconciliations(api.service)
    const moved = await api.service.db.query(sql`
      select id from ledger_transactions where merchant_id = ${tenant.merchant.id} and kind in ('pay_in', 'suspended')
    `)
    expect(moved).toEqual([])
  })

  test('a transfer to an imported dedicated account after the cut-over is the customer’s, and a payment paid after it is left to its webhook', async () => {
    fill()
    const late = insertTransaction(account, { email: 'cleo@example.com', amount: 900, reference: 'paid-late' })
    late.customer = { ...introduce(account, { email: 'cleo@example.com' }) }
    await choose()
    api.service.clock.advance(1000)
    pay(account, 'paid-late')
    expect(await importAll()).toMatchObject({ payment: [2, 0, 0, 2] })
    expect(await skipped()).toContain('payment after_cut_over')
    receiveTransfer(account, '9930000001', 25_000)
    const [{ body, signature }] = told.slice(-1) as [Webhook]
    const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
    await api.app.inject({
      method: 'POST',
      url: `/webhooks/paystack/${tenant.merchant.code}/live`,
      headers,
      payload: body,
    })
    await settleDueArrivals(api.service)
    const ada = (await customers()).find((each: { email: string }) => each.email === 'ada@example.com')
    const [ngn] = (await ask('GET', `/v1/customers/${ada.id}/balances`)).json().balances
    expect(ngn).toMatchObject({ currency: 'NGN', posted: 25_000 })
  })

  test('a row that cannot be read or is refused here is left out by name, and the others come in', async () => {
    introduce(account, { email: 'ada@example.com' })
    introduce(account, { email: 'ben@example.com', risk_action: 'unheard' })
    introduce(account, { email: 'cleo@example.com', first_name: 'Cleo\u202Eevil' })
    paidBefore('ada@example.com', 'order-1').currency = 'DOGE'
    paidBefore('ada@example.com', 'order-2')
    await choose()
    expect(await importAll()).toMatchObject({ customer: [1, 0, 0, 2], payment: [1, 0, 0, 1] })
    const rows = await listSkips(api.service, tenant, { before: undefined, limit: 10 })
    expect(rows.map(({ kind, reason, detail }) => [kind, reason, detail])).toEqual(
      expect.arrayContaining([
        ['customer', 'unreadable', 'risk_action'],
        ['customer', 'refused', 'invalid_request name'],
        ['payment', 'unreadable', 'currency'],
      ]),
    )
    const text = JSON.stringify(rows)
    for (const each of ['example.com', 'evil']) expect(text).not.toContain(each)
  })

  test('pages are read to the last, also with a customer who comes in between', async () => {
    for (let i = 0; i < 230; i += 1) introduce(account, { email: `customer-${i}@example.com` })
    for (let i = 0; i < 130; i += 1) paidBefore('customer-7@example.com', `order-${i}`)
    await choose()
    expect(await importAll()).toMatchObject({ customer: [230, 0, 0, 0], payment: [130, 0, 0, 0] })
    expect((await customers()).length).toBe(100)
  })

  test('an account that asks for patience is left alone for as long, one that fails is asked again, and one that refuses its key is told', async () => {
    fill()
    await choose()
    const faults = ['limited', 'oops_after', 'cut_before', 'fail_after', 'unreadable'] as const
    let asked = 0
    proxy.choose = () => {
      asked += 1
      return asked % 2 === 1 ? (faults[(asked - 1) / 2] ?? 'none') : 'none'
    }
    const first = await importAccount(api.service, tenant)
    expect(first).toMatchObject({ state: 'running', attempts: 1 })
    expect((first.retryAt?.getTime() ?? 0) - api.service.clock.now().getTime()).toBe(50)
    const before = asked
    await importAccount(api.service, tenant)
    expect(asked).toBe(before)
    api.service.clock.advance(50)
    expect(await importAll()).toMatchObject({ customer: [3, 0, 0, 0], payment: [2, 0, 0, 1] })
    expect(proxy.happened.filter((each) => each !== 'none')).toEqual([...faults])
    account.secretKey = 'sk_live_another0123456789'
    const refused = await importAccount(api.service, tenant)
    expect(refused).toMatchObject({ state: 'running', attempts: 1, retryAt: null })
    expect(refused.failure).toContain('401')
  })

  test('an import that is killed at any statement goes on, and ends as one that was never killed', async () => {
    fill()
    await choose()
    const counted = dyingDb(api.service.db, Number.POSITIVE_INFINITY, 'before')
    const whole = await importAll({ ...api.service, db: counted.db })
    const expected = await contents()
    const statements = counted.asked()
    for (let last = 1; last <= statements; last += 7) {
      const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'], country: 'NG' })
      tenant = await addTestKey(api.service, merchant, 'live')
      await choose({ cutOverAt: api.service.clock.now().toISOString() })
      const moment = last % 2 === 0 ? 'before' : 'after'
      const { db } = dyingDb(api.service.db, last, moment)
      await importAccount({ ...api.service, db }, tenant).catch((error: Error) => expect(error.message).toBe('killed'))
      expect([last, await importAll()]).toEqual([last, whole])
      expect(await contents()).toEqual(expected)
    }
  })

  test('two commands at once are one import', async () => {
    fill()
    await choose()
    await Promise.all([1, 2, 3].map(() => importAccount(api.service, tenant)))
    expect(await importAll()).toMatchObject({ customer: expect.anything() })
    expect((await contents()).people.length).toBe(3)
    expect((await contents()).methods.length).toBe(2)
  })

  test('the person’s file has what was imported of them', async () => {
    fill()
    await choose()
    await importAll()
    const ada = (await customers()).find((each: { email: string }) => each.email === 'ada@example.com')
    const file = (await ask('GET', `/v1/customers/${ada.id}/export`)).json()
    expect(file.importedPayments).toMatchObject([{ reference: 'order-1', amount: 10_000, status: 'succeeded' }])
  })
})

test('a second Mteja is imported as any account', async () => {
  const upstream = await openTestApi()
  serveBy(await upstream.app.listen({ port: 0, host: '127.0.0.1' }))
  try {
    const there = await createTestTenant(upstream.service, { currencies: ['NGN'], country: 'NG' })
    const call = (method: string, path: string, body?: object) => upstream.call(method, path, body, there.secret)
    const bearer = { email: 'ada@example.com', first_name: 'Ada', last_name: 'Obi', phone: '+2348031234567' }
    const { data: customer } = (await call('POST', '/customer', bearer)).json()
    const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
    const charged = await call('POST', '/charge', {
      email: bearer.email,
      amount: 5_000,
      currency: 'NGN',
      reference: 'order-1',
      card,
    })
    expect(charged.json().data.status).toBe('success')
    await upstream.settle()
    const opened = await call('POST', '/dedicated_account', { customer: customer.customer_code })
    expect(opened.statusCode).toBe(200)
    api.service.clock.advance(60_000)
    const { merchant } = tenant
    tenant = await addTestKey(api.service, merchant, 'test')
    const chosen = { processor: 'paystack', secretKey: there.secret }
    expect((await ask('PUT', '/v1/processors/in', chosen)).statusCode).toBe(200)
    expect(await importAll()).toEqual({
      customer: [1, 0, 0, 0],
      authorization: [1, 0, 0, 0],
      dedicated_account: [1, 0, 0, 0],
      payment: [1, 0, 0, 0],
    })
    const [ada] = await customers()
    expect(ada).toMatchObject({ email: 'ada@example.com', phoneNumber: '+2348031234567' })
    expect(await imported()).toMatchObject([{ reference: 'order-1', amount: 5_000, customerId: ada.id }])
    // The saved card pays at the account again, under its code there.
    upstream.service.clock.advance(api.service.clock.now().getTime() - upstream.service.clock.now().getTime() + 60_000)
    const [method] = (await ask('GET', `/api/canary/customers/${ada.id}/payment-methods`)).json().data
    const code = `AUTH_${method.id.replace(/^pm_/, '')}`
    const paid = await ask('POST', '/transaction/charge_authorization', {
      email: ada.email,
      amount: 700,
      currency: 'NGN',
      authorization_code: code,
    })
    expect(paid.json().data).toMatchObject({ status: 'success', gateway_response: 'Successful' })
    expect(await importAll()).toMatchObject({ customer: [0, 0, 1, 0], authorization: [0, 0, 1, 0] })
  } finally {
    await upstream.close()
  }
})
