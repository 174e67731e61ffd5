import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { uuidV7 } from '../../src/base/ids.ts'
import { sql } from '../../src/db/sql.ts'
import { finishAccountRequests } from '../../src/domain/banking/account-requests.ts'
import { findCustomer } from '../../src/domain/customers/customers.ts'
import { settleDueArrivals } from '../../src/domain/payments/account-arrivals.ts'
import { askDueQuestions } from '../../src/domain/payments/dispute-lookups.ts'
import { settleDueCharges } from '../../src/domain/payments/due-charges.ts'
import { settleDuePayments } from '../../src/domain/payments/due-payments.ts'
import { insertPayment } from '../../src/domain/payments/payments.ts'
import { dropReplacedCredentials } from '../../src/domain/payments/processor-accounts.ts'
import { settleDueRefunds } from '../../src/domain/payments/refunds.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../service.ts'
import { chooseSometimes, openFaultProxy, requestFaults, waitForNothingLate, webhookFaults } from './fault-proxy.ts'
import {
  createLiveAccount,
  type LiveAccount,
  moveRefund,
  receiveTransfer,
  refundInDashboard,
  sendWebhook,
  type Webhook,
} from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'

// Dedicated accounts at a merchant's own Paystack account, and the transfers that arrive at them: against the independent stub.

let api: TestApi
let account: LiveAccount
let server: LiveServer
let proxy: Awaited<ReturnType<typeof openFaultProxy>>
let tenant: TestTenant
/** Webhooks of the account that are not sent yet. */
let told: Webhook[]

const openAnother = () => createLiveAccount((webhook) => told.push(webhook), api.service.clock)

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  told = []
  account = openAnother()
  server = await openLiveServer(account)
  proxy = await openFaultProxy(server.url)
  const own = { sandboxDelayMs: 1000, upstreamPaystack: undefined, paystackUrl: proxy.url }
  Object.assign(api.service, chooseProviders(api.service, own))
  tenant = await openMerchant()
  api.service.clock.advance(1000)
  return async () => {
    await proxy.close()
    await server.close()
  }
})

async function openMerchant(): Promise<TestTenant> {
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'] })
  const opened = await addTestKey(api.service, merchant, 'live')
  const body = { processor: 'paystack', secretKey: account.secretKey }
  expect((await api.call('PUT', '/v1/processors/in', body, opened.secret)).statusCode).toBe(200)
  return opened
}

async function call(method: string, path: string, body?: object) {
  const answer = await api.call(method, path, body, tenant.secret)
  return { status: answer.statusCode, body: answer.json() }
}

const names = { first_name: 'Ada', last_name: 'Obi', phone: '+2348012345678' }

async function createHolder(email: string | undefined = 'ada@example.com'): Promise<string> {
  const { body } = await call('POST', '/customer', { email, ...names })
  return body.data.customer_code
}

async function openDedicated(customer: string) {
  const { status, body } = await call('POST', '/dedicated_account', { customer, preferred_bank: 'wema-bank' })
  expect([status, body.message]).toEqual([200, 'NUBAN successfully created'])
  return body.data as { id: number; account_number: string; bank: object; account_name: string }
}

/** Sends the webhooks of the account, as the account would. */
async function tellAll(webhooks = told.splice(0), of = tenant): Promise<number[]> {
  const statuses: number[] = []
  for (const { body: payload, signature } of webhooks) {
    const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
    const url = `/webhooks/paystack/${of.merchant.code}/live`
    statuses.push((await api.app.inject({ method: 'POST', url, headers, payload })).statusCode)
  }
  return statuses
}

/** The same account under another key. */
async function changeKey() {
  account.secretKey = 'sk_live_rotated'
  const body = { processor: 'paystack', secretKey: account.secretKey }
  expect((await call('PUT', '/v1/processors/in', body)).status).toBe(200)
}

/** The background's rounds, now. */
async function settleDue() {
  await settleDueArrivals(api.service)
  await settleDueCharges(api.service)
  await settleDuePayments(api.service)
}

/** What each account of a tenant has, by its kind, without those that have nothing. */
async function books(of = tenant): Promise<Record<string, number>> {
  const rows = await api.service.db.query<{ name: string; posted: bigint }>(sql`
    select a.kind || case when a.party_id <> 0 and a.kind = 'outside' then '/' || a.party_id else '' end as name,
      sum(a.posted)::bigint as posted
    from ledger_accounts a
    where a.merchant_id = ${of.merchant.id} and a.mode = 'live'
    group by 1
    having sum(a.posted) <> 0
  `)
  return Object.fromEntries(rows.map(({ name, posted }) => [name, Number(posted)]))
}

/** How many messages of transfers are still asked about. */
async function countNotices(): Promise<number> {
  const rows = await api.service.db.query(sql`
    select id from arrival_notices where merchant_id = ${tenant.merchant.id}
  `)
  return rows.length
}

const credited = { customer_cash: 50_000, processor_fees: -750, 'outside/2': -49_250 }
const inSuspense = { suspense: 50_000, processor_fees: -750, 'outside/2': -49_250 }

describe('a transfer that has gone back before its webhook is worked on', () => {
  test.each([
    ['of a customer', true],
    ['of nobody', false],
  ])('is booked with its fee and goes: %s', async (_whose, isOwned) => {
    const number = isOwned ? (await openDedicated(await createHolder())).account_number : '9900000001'
    const { reference } = receiveTransfer(account, number, 50_000)
    const arrival = told.splice(0)
    refundInDashboard(account, reference, 50_000)
    told.splice(0)
    await tellAll(arrival)
    await settleDue()
    await Promise.all([askDueQuestions(api.service), askDueQuestions(api.service)])
    expect(await books()).toEqual({ processor_fees: -750, 'outside/2': 750 })
    expect(await countNotices()).toBe(0)
  })

  test('waits while the account does not show what has taken it', async () => {
    const { account_number: number } = await openDedicated(await createHolder())
    const row = receiveTransfer(account, number, 50_000)
    row.status = 'reversed'
    await tellAll()
    await settleDue()
    expect([await books(), await countNotices()]).toEqual([{}, 1])
  })
})

describe('a dedicated account', () => {
  test('it is opened at Paystack for the customer’s e-mail, shown, and deactivated there', async () => {
    const customer = await createHolder()
    const providers = await call('GET', '/dedicated_account/available_providers')
    expect(providers.body.data[0]).toMatchObject({ provider_slug: 'wema-bank', bank_id: 20 })
    const opened = await openDedicated(customer)
    const [outside] = account.dedicatedAccounts
    expect(opened).toMatchObject({
      account_number: outside?.account_number,
      account_name: 'KAROKART / RHODA CHURCH',
      bank: { slug: 'wema-bank' },
    })
    expect(outside?.customer).toMatchObject({ email: 'ada@example.com', ...names })
    // The number of the account at Paystack is its own: here is another.
    expect(opened.id).not.toBe(outside?.id)
    expect((await openDedicated(customer)).id).toBe(opened.id)
    expect(account.dedicatedAccounts).toHaveLength(1)
    const listed = await call('GET', `/dedicated_account?customer=${customer}`)
    expect(listed.body.data.map(({ id }: { id: number }) => id)).toEqual([opened.id])
    expect((await call('GET', `/dedicated_account/${opened.id}`)).body.data.account_number).toBe(opened.account_number)
    const removed = await call('DELETE', `/dedicated_account/${opened.id}`)
    expect([removed.status, removed.body.data.assigned, outside?.assigned]).toEqual([200, false, false])
    expect((await call('DELETE', `/dedicated_account/${opened.id}`)).status).toBe(404)
  })

  test('one whose answer was lost is found there by the next call, and not opened twice', async () => {
    const customer = await createHolder()
    proxy.choose = ({ method, path }) => (method === 'POST' && path === '/dedicated_account' ? 'cut_after' : 'none')
    const wanted = { customer, preferred_bank: 'wema-bank' }
    expect((await call('POST', '/dedicated_account', wanted)).status).toBe(503)
    proxy.choose = () => 'none'
    await openDedicated(customer)
    expect(account.dedicatedAccounts).toHaveLength(1)
  })

  test('a refusal of Paystack is told in its words, and a customer without an e-mail is refused before', async () => {
    const customer = await createHolder()
    const unknown = await call('POST', '/dedicated_account', { customer, preferred_bank: 'no-bank' })
    expect([unknown.status, unknown.body.message]).toEqual([
      400,
      expect.stringContaining('[wema-bank, titan-paystack]'),
    ])
    account.hasDedicatedAccounts = false
    const refused = await call('POST', '/dedicated_account', { customer })
    expect([refused.status, refused.body.message]).toEqual([
      400,
      expect.stringContaining('Dedicated NUBAN is not available for your business'),
    ])
    const { body } = await call('POST', '/api/canary/customers', { phoneNumber: '+2348012345679' })
    const phoned = await call('POST', '/dedicated_account', { customer: body.id, ...names })
    expect([phoned.status, phoned.body.message]).toEqual([400, expect.stringMatching(/by their e-mail/)])
    expect(account.dedicatedAccounts).toEqual([])
  })

  test('one that is assigned is opened in the background, and a bank that Paystack does not have fails it', async () => {
    const wanted = { email: 'bo@example.com', ...names, country: 'NG' }
    const types = async () =>
      (
        await api.service.db.query<{ type: string }>(sql`
          select type from events where merchant_id = ${tenant.merchant.id} and type like 'dedicated_account.%' order by id
        `)
      ).map(({ type }) => type)
    await call('POST', '/dedicated_account/assign', { ...wanted, preferred_bank: 'no-bank' })
    await finishAccountRequests(api.service)
    expect(await types()).toEqual(['dedicated_account.assignment_failed'])
    const asked = await call('POST', '/dedicated_account/assign', { ...wanted, preferred_bank: 'titan-paystack' })
    expect(asked.body.message).toBe('Assign dedicated account in progress')
    proxy.choose = () => 'cut_before'
    await finishAccountRequests(api.service)
    proxy.choose = () => 'none'
    api.service.clock.advance(31_000)
    await finishAccountRequests(api.service)
    expect(account.dedicatedAccounts.map(({ bank }) => bank.slug)).toEqual(['titan-paystack'])
    expect(await types()).toEqual(['dedicated_account.assignment_failed', 'dedicated_account.assigned'])
  })
})

describe('a transfer to a dedicated account', () => {
  test('it is credited once to the customer of the number, however often it is told, and is a payment of theirs', async () => {
    const customer = await createHolder()
    const { account_number } = await openDedicated(customer)
    const sent = receiveTransfer(account, account_number, 50_000)
    const webhooks = told.splice(0)
    expect(await tellAll([...webhooks, ...webhooks])).toEqual([200, 200])
    expect(await books()).toEqual({})
    await settleDue()
    expect(await books()).toEqual(credited)
    await tellAll(webhooks)
    await settleDue()
    expect([await books(), await countNotices()]).toEqual([credited, 0])
    const { body } = await call('GET', `/transaction/verify/${sent.reference}`)
    expect(body.data).toMatchObject({
      status: 'success',
      amount: 50_000,
      channel: 'dedicated_nuban',
      customer: { customer_code: customer },
      authorization: {
        sender_name: 'RANDALL AKANBI HORTON',
        sender_bank_account_number: 'XXXXXX0011',
        receiver_bank_account_number: account_number,
      },
    })
    const [event] = await api.service.db.query<{ reference: string }>(sql`
      select data -> 'details' -> 'transaction' ->> 'reference' as reference from events
      where merchant_id = ${tenant.merchant.id} and type = 'payment_intent.succeeded'
    `)
    expect(event?.reference).toBe(sent.reference)
  })

  test('its webhook changes nothing that verification does not confirm', async () => {
    const { account_number } = await openDedicated(await createHolder())
    receiveTransfer(account, account_number, 50_000)
    const [webhook] = told.splice(0) as [Webhook]
    expect(await tellAll([{ ...webhook, body: webhook.body.replace('"amount":', '"amount":9') }])).toEqual([401])
    const row = account.transactions[0] as (typeof account.transactions)[number]
    // Signed, and told before the account shows it as paid.
    for (const change of [{ status: 'pending' }, { domain: 'test' }]) {
      const before = { ...row }
      Object.assign(row, change)
      await tellAll([webhook])
      await settleDue()
      expect(await books()).toEqual({})
      Object.assign(row, before)
    }
    Object.assign(row, { amount: 20_000, requested_amount: 20_000, fees: 300 })
    api.service.clock.advance(61_000)
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 20_000, processor_fees: -300, 'outside/2': -19_700 })
  })

  test('one whose webhook was lost is found by a requery, and its late webhook credits nothing more', async () => {
    const { account_number } = await openDedicated(await createHolder())
    receiveTransfer(account, account_number, 50_000)
    const webhooks = told.splice(0)
    const requery = `/dedicated_account/requery?account_number=${account_number}`
    expect((await call('GET', requery)).status).toBe(200)
    expect(server.asked).toContain('GET /dedicated_account/requery')
    await settleDue()
    expect(await books()).toEqual(credited)
    await tellAll(webhooks)
    await settleDue()
    expect(await books()).toEqual(credited)
  })

  test('one to a number of nobody is in suspense once, and a person assigns it', async () => {
    const customer = await createHolder()
    receiveTransfer(account, '9939999999', 50_000)
    const webhooks = told.splice(0)
    for (let i = 0; i < 2; i += 1) {
      await tellAll(webhooks)
      await settleDue()
    }
    expect(await books()).toEqual(inSuspense)
    const [suspended] = (await call('GET', '/v1/suspense')).body.data
    expect(suspended).toMatchObject({
      amount: 50_000,
      details: { reason: 'No customer has the dedicated account 9939999999' },
    })
    await call('POST', `/v1/suspense/${suspended.id}/assign`, { customerId: customer })
    expect(await books()).toEqual(credited)
    await changeKey()
    for (const row of account.transactions) sendWebhook(account, 'charge.success', row)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(credited)
  })

  test('one to a number of nobody stays in suspense, also when a customer has the number later', async () => {
    receiveTransfer(account, '9938888888', 50_000)
    const webhooks = told.splice(0)
    await tellAll(webhooks)
    await settleDue()
    expect(await books()).toEqual(inSuspense)
    await openDedicated(await createHolder())
    await api.service.db.query(sql`
      update dedicated_accounts set account_number = '9938888888' where merchant_id = ${tenant.merchant.id}
    `)
    for (let i = 0; i < 2; i += 1) {
      await tellAll(webhooks)
      api.service.clock.advance(61_000)
      await settleDue()
    }
    expect(await books()).toEqual(inSuspense)
  })

  test('one of before the cut-over is not credited: a customer’s is in suspense, nobody’s is left to be recorded by hand', async () => {
    const customerId = await createHolder()
    const { account_number } = await openDedicated(customerId)
    const cutOverAt = new Date(api.service.clock.now().getTime() + 1)
    const body = { processor: 'paystack', secretKey: account.secretKey, cutOverAt: cutOverAt.toISOString() }
    expect((await call('PUT', '/v1/processors/in', body)).status).toBe(200)
    receiveTransfer(account, account_number, 50_000)
    const { reference } = receiveTransfer(account, '9939999999', 20_000)
    const webhooks = told.splice(0)
    await tellAll(webhooks)
    await settleDue()
    expect([await books(), await countNotices()]).toEqual([inSuspense, 0])
    const line = { customerId, amount: 20_000, currency: 'NGN', source: 'bank_transfer', reference }
    expect((await call('POST', '/v1/pay-ins', line)).status).toBe(201)
    await tellAll(webhooks)
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 20_000, suspense: 50_000 })
    api.service.clock.advance(1)
    receiveTransfer(account, account_number, 3_000)
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 23_000, suspense: 50_000 })
  })

  test('one in a currency that the merchant does not hold is in suspense, and its payment says so', async () => {
    const { account_number } = await openDedicated(await createHolder())
    account.currency = 'GHS'
    const { reference } = receiveTransfer(account, account_number, 50_000)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(inSuspense)
    const { body } = await call('GET', `/transaction/verify/${reference}`)
    expect(body.data).toMatchObject({ status: 'failed', message: expect.stringContaining('is in suspense') })
  })

  test('one of a customer who was deleted since is in suspense', async () => {
    const customer = await createHolder()
    const { id, account_number } = await openDedicated(customer)
    receiveTransfer(account, account_number, 50_000)
    api.service.clock.advance(1000)
    await call('DELETE', `/dedicated_account/${id}`)
    expect((await call('DELETE', '/api/canary/customers/bulk', { ids: [customer] })).status).toBe(200)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(inSuspense)
  })

  test('one that a crash left unbooked is credited, also after its payment has expired', async () => {
    const code = await createHolder()
    const { account_number } = await openDedicated(code)
    const sent = receiveTransfer(account, account_number, 50_000)
    const money = { amount: 50_000n, currency: 'NGN' } as const
    const { service } = api
    await insertPayment(service, tenant, {
      ...money,
      uuid: uuidV7(service.random, service.clock.now()),
      customer: await findCustomer(service, tenant, { code }),
      reference: sent.reference,
      purpose: 'wallet_topup',
      origin: 'incoming',
      metadata: null,
      incoming: {
        code: '0123456789',
        senderName: 'RANDALL AKANBI HORTON',
        senderBank: 'First City Monument Bank',
        senderAccountNumber: 'XXXXXX0011',
        senderCountry: 'NG',
        narration: null,
        receiverBank: 'Wema Bank',
        receiverAccountNumber: account_number,
      },
      arrived: { ...money, accountId: 2n, sentReference: sent.reference, outsideId: String(sent.id) },
    })
    service.clock.advance(49 * 60 * 60_000)
    await settleDuePayments(service)
    expect(await books()).toEqual(credited)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(credited)
  })

  test('one that was paid before the account was taken away is the customer’s, and a later one is in suspense', async () => {
    const { id, account_number } = await openDedicated(await createHolder())
    receiveTransfer(account, account_number, 50_000)
    api.service.clock.advance(1000)
    await call('DELETE', `/dedicated_account/${id}`)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(credited)
    receiveTransfer(account, account_number, 50_000)
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 50_000, suspense: 50_000 })
  })

  test('a denied customer is credited, because the money has come', async () => {
    const customer = await createHolder()
    const { account_number } = await openDedicated(customer)
    await call('POST', '/customer/set_risk_action', { customer, risk_action: 'deny' })
    receiveTransfer(account, account_number, 50_000)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(credited)
  })

  test('one that another merchant’s account tells of is left to the merchant whose customer has the number', async () => {
    const { account_number } = await openDedicated(await createHolder())
    receiveTransfer(account, account_number, 50_000)
    const stolen = told.splice(0)
    const other = await openMerchant()
    // The same account at both merchants: the number is of a customer of the first only.
    expect(await tellAll(stolen, other)).toEqual([200])
    await settleDue()
    expect([await books(), await books(other)]).toEqual([{}, {}])
    for (const row of account.transactions) sendWebhook(account, 'charge.success', row)
    await tellAll()
    await settleDue()
    expect([await books(), await books(other)]).toEqual([credited, {}])
  })

  test('another key of the same account is no reason to credit it again, and the old key is dropped', async () => {
    const { account_number } = await openDedicated(await createHolder())
    receiveTransfer(account, account_number, 50_000)
    await tellAll()
    await settleDue()
    await changeKey()
    const held = async () =>
      (
        await api.service.db.query(sql`
          select id from processor_accounts where merchant_id = ${tenant.merchant.id} and credentials is not null
        `)
      ).length
    api.service.clock.advance(25 * 60 * 60_000)
    await dropReplacedCredentials(api.service)
    expect(await held()).toBe(2)
    for (const row of account.transactions) sendWebhook(account, 'charge.success', row)
    receiveTransfer(account, account_number, 30_000)
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 80_000 })
    await dropReplacedCredentials(api.service)
    expect(await held()).toBe(1)
  })

  test('one that a person records by the account’s name of it is credited by itself, once', async () => {
    const customerId = await createHolder()
    const { account_number } = await openDedicated(customerId)
    const { reference } = receiveTransfer(account, account_number, 50_000)
    const line = { customerId, amount: 50_000, currency: 'NGN', source: 'bank_transfer', reference }
    const taken = await call('POST', '/v1/pay-ins', line)
    expect([taken.status, taken.body.error.message]).toEqual([409, expect.stringContaining('credited by itself')])
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(credited)
    // Nobody can be asked any more, and it is known all the same.
    expect((await call('PUT', '/v1/processors/in', { processor: 'manual' })).status).toBe(200)
    expect((await call('POST', '/v1/pay-ins', line)).status).toBe(409)
    expect(await books()).toEqual(credited)
  })

  test('one that a person recorded before the account showed it is not credited a second time, but in suspense', async () => {
    const customerId = await createHolder()
    const { account_number } = await openDedicated(customerId)
    const sent = receiveTransfer(account, account_number, 50_000)
    const shown = account.transactions.splice(0)
    const line = { amount: 50_000, currency: 'NGN', source: 'bank_transfer', reference: sent.reference }
    expect((await call('POST', '/v1/pay-ins', { ...line, customerId })).status).toBe(201)
    account.transactions.push(...shown)
    const webhooks = told.splice(0)
    await tellAll([...webhooks, ...webhooks])
    await settleDue()
    expect(await books()).toEqual({ ...inSuspense, customer_cash: 50_000, outside: -50_000 })
    const [suspended] = (await call('GET', '/v1/suspense')).body.data
    expect(suspended.details.reason).toMatch(/recorded by hand under the name of this transfer/)
  })

  test('one whose name the merchant has given to a payment of its own is credited under another', async () => {
    const { account_number } = await openDedicated(await createHolder())
    const sent = receiveTransfer(account, account_number, 50_000)
    const own = { email: 'ada@example.com', amount: 700, currency: 'NGN', reference: sent.reference }
    expect((await call('POST', '/transaction/initialize', own)).status).toBe(200)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(credited)
    expect((await call('GET', `/transaction/verify/${sent.reference}-${sent.id}`)).body.data.amount).toBe(50_000)
    expect((await call('GET', `/transaction/verify/${sent.reference}`)).body.data.amount).toBe(700)
  })

  test('a refund of it goes back by the account', async () => {
    const { account_number } = await openDedicated(await createHolder())
    const { reference } = receiveTransfer(account, account_number, 50_000)
    await tellAll()
    await settleDue()
    const made = await call('POST', '/refund', { transaction: reference, amount: 20_000 })
    expect([made.status, made.body.message]).toEqual([200, 'Refund has been queued for processing'])
    await settleDueRefunds(api.service)
    const [refund] = account.refunds
    expect(refund).toMatchObject({ amount: 20_000, status: 'pending' })
    moveRefund(account, refund as (typeof account.refunds)[number], 'processed')
    await tellAll()
    await settleDueRefunds(api.service)
    expect(await books()).toEqual({ customer_cash: 30_000, processor_fees: -750, 'outside/2': -29_250 })
  })
})

test('after all faults end, every transfer is credited once, and both books agree', async () => {
  waitForNothingLate(proxy)
  const random = randomFrom(seed)
  const { account_number } = await openDedicated(await createHolder())
  proxy.choose = chooseSometimes(random, requestFaults, 0.3)
  const webhookFault = chooseSometimes(random, webhookFaults, 0.5)
  const held: Webhook[] = []
  for (let i = 0; i < 25; i += 1) {
    receiveTransfer(account, account_number, 1000 * (i + 1))
    const [webhook] = told.splice(0) as [Webhook]
    const fault = webhookFault()
    if (fault === 'reordered') held.push(webhook)
    else if (fault === 'forged') await tellAll([{ ...webhook, body: webhook.body.replace('"amount":', '"amount":9') }])
    else if (fault !== 'lost') await tellAll(fault === 'repeated' ? [webhook, webhook] : [webhook])
    if (random() < 0.4) await Promise.all([settleDueArrivals(api.service), settleDue()])
    if (random() < 0.4) api.service.clock.advance(61_000)
  }
  await tellAll(held)
  proxy.choose = () => 'none'
  api.service.clock.advance(11 * 60_000)
  expect((await call('GET', `/dedicated_account/requery?account_number=${account_number}`)).status).toBe(200)
  for (let i = 0; i < 3; i += 1) {
    await settleDue()
    api.service.clock.advance(2 * 60 * 60_000)
  }
  const own = await books()
  expect(own.customer_cash, `seed ${seed}`).toBe(account.transactions.reduce((sum, { amount }) => sum + amount, 0))
  expect([own['outside/2'], await countNotices()], `seed ${seed}`).toEqual([-account.balance(), 0])
})
