import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { settleDueCharges } from '../../src/domain/payments/due-charges.ts'
import { settleDuePayments } from '../../src/domain/payments/due-payments.ts'
import { activateDueMandates } from '../../src/domain/payments/mandate-activations.ts'
import { dropReplacedCredentials } from '../../src/domain/payments/processor-accounts.ts'
import { settleDueRefunds } from '../../src/domain/payments/refunds.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { finishErasures } from '../erasures.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../service.ts'
import {
  chooseSometimes,
  type Fault,
  openFaultProxy,
  requestFaults,
  waitForNothingLate,
  webhookFaults,
} from './fault-proxy.ts'
import {
  agree,
  createLiveAccount,
  decline,
  insertTransaction,
  type LiveAccount,
  moveRefund,
  pay,
  type Webhook,
} from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'
import { records } from './samples.ts'

// A merchant in live mode whose processor is an account at the independent stub of Paystack, behind a proxy with faults.

let api: TestApi
let account: LiveAccount
let server: LiveServer
let proxy: Awaited<ReturnType<typeof openFaultProxy>>
let tenant: TestTenant
/** Webhooks of the account that are not sent yet. */
let told: Webhook[]

const openAnother = () => createLiveAccount((webhook) => told.push(webhook), api.service.clock)

const email = 'ada@example.com'

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
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'] })
  tenant = await addTestKey(api.service, merchant, 'live')
  await choose()
  return async () => {
    await proxy.close()
    await server.close()
  }
})

const ask = (method: string, path: string, body?: object) => api.call(method, path, body, tenant.secret)

async function choose(secretKey = account.secretKey) {
  const chosen = await ask('PUT', '/v1/processors/in', { processor: 'paystack', secretKey })
  expect(chosen.statusCode, chosen.body).toBe(200)
}

const topUp = (own: object = {}) => ({
  email,
  amount: 10_000,
  currency: 'NGN',
  metadata: { purpose: 'wallet_topup' },
  ...own,
})

async function initialize(own: object = {}) {
  const answer = await ask('POST', '/transaction/initialize', topUp(own))
  return { ...answer.json(), status: answer.statusCode } as {
    status: number
    message: string
    data: { authorization_url: string; access_code: string; reference: string }
  }
}

const lastSent = () => account.transactions.at(-1)?.reference as string

/** Sends the webhooks of the account, as the account would. */
async function tellAll(webhooks = told.splice(0), address = `/webhooks/paystack/${tenant.merchant.code}/live`) {
  const statuses: number[] = []
  for (const { body, signature } of webhooks) statuses.push(await tell(address, body, signature))
  return statuses
}

async function tell(url: string, payload: string, signature: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
  return (await api.app.inject({ method: 'POST', url, headers, payload })).statusCode
}

/** The background's rounds, now. */
async function settleDue() {
  await settleDueCharges(api.service)
  await settleDuePayments(api.service)
}

async function settleLater(ms: number) {
  api.service.clock.advance(ms)
  await settleDue()
}

/** How many charges of the tenant are asked about, now or later. */
async function countAskedAbout(): Promise<number> {
  const rows = await api.service.db.query(sql`
    select id from sent_charges where merchant_id = ${tenant.merchant.id} and due_at is not null
  `)
  return rows.length
}

const verify = async (reference: string) => (await ask('GET', `/transaction/verify/${reference}`)).json()

/** What each account of the tenant has, by its kind, without those that have nothing. */
async function books(): Promise<Record<string, number>> {
  const rows = await api.service.db.query<{ name: string; posted: bigint }>(sql`
    select a.kind || case when a.party_id <> 0 and a.kind = 'outside' then '/' || a.party_id else '' end as name,
      sum(a.posted)::bigint as posted
    from ledger_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.mode = 'live'
    group by 1
    having sum(a.posted) <> 0
  `)
  return Object.fromEntries(rows.map(({ name, posted }) => [name, Number(posted)]))
}

/** Both books: ours of the account, and the account's own. Amounts of NGN are hundredths on both sides. */
async function expectAgreement() {
  const own = await books()
  const outside = Object.entries(own).filter(([name]) => name.startsWith('outside/'))
  expect(outside.reduce((sum, [, posted]) => sum + posted, 0)).toBe(account.balance() === 0 ? 0 : -account.balance())
}

async function customerCode(): Promise<string> {
  return (await ask('GET', `/customer/${email}`)).json().data.customer_code
}

describe('a payment on the account’s page', () => {
  test('the payer is sent to Paystack, and the wallet is credited once, however often it is told', async () => {
    const callback_url = 'https://shop.example/thanks'
    const { status, data } = await initialize({ reference: 'order-17', callback_url })
    expect(status).toBe(200)
    expect(data).toMatchObject({
      reference: 'order-17',
      authorization_url: expect.stringContaining('checkout.paystack.com'),
    })
    const sent = lastSent()
    expect(sent).toMatch(/^mteja-/)
    expect(await verify('order-17')).toMatchObject({ data: { status: 'abandoned', reference: 'order-17' } })

    pay(account, sent)
    const webhooks = told.splice(0)
    expect(await tellAll([...webhooks, ...webhooks])).toEqual([200, 200])
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 })
    await expectAgreement()

    await tellAll(webhooks)
    await settleDue()
    await settleLater(60 * 60_000)
    expect(await verify('order-17')).toMatchObject({
      data: { status: 'success', amount: 10_000, channel: 'card', log: { attempts: 1, errors: 0, success: true } },
    })
    // A program in the payer's browser has the account's name.
    expect((await verify(sent)).data.reference).toBe('order-17')
    expect(await books()).toEqual({ customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 })

    // The payer comes back by this service's page, and is sent on under the merchant's own name.
    const [{ access_code: code } = { access_code: '' }] = await api.service.db.query<{ access_code: string }>(sql`
      select access_code from payments where merchant_id = ${tenant.merchant.id}
    `)
    const back = await api.app.inject({ method: 'GET', url: `/pay/${code}?trxref=${sent}&reference=${sent}` })
    expect([back.statusCode, back.headers.location]).toEqual([
      303,
      `${callback_url}?trxref=order-17&reference=order-17`,
    ])
  })

  test('a payment whose webhook is lost is found by the call that verifies it, and by the background', async () => {
    await initialize({ reference: 'asked' })
    pay(account, lastSent())
    await initialize({ reference: 'waited', amount: 20_000 })
    pay(account, lastSent())
    told = []
    expect(await verify('asked')).toMatchObject({ data: { status: 'success' } })
    await settleLater(2 * 60_000)
    expect(await books()).toMatchObject({ customer_cash: 30_000 })
    await expectAgreement()
  })

  test('a page on which a try was declined is asked about further, and can still be paid', async () => {
    await initialize({ reference: 'again' })
    decline(account, lastSent())
    await verify('again')
    expect(await countAskedAbout()).toBe(1)
    pay(account, lastSent())
    told = []
    await settleLater(10 * 60_000)
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
  })

  test('an account that cannot be asked leads the payer by this service’s page, which sends them on', async () => {
    proxy.choose = () => 'cut_before'
    const { data } = await initialize({ reference: 'away' })
    expect(data.authorization_url).toMatch(/^http:\/\/127\.0\.0\.1:9000\/pay\//)
    const { pathname } = new URL(data.authorization_url)
    proxy.choose = () => 'none'
    const page = await api.app.inject({ method: 'GET', url: pathname })
    expect([page.statusCode, page.headers.location]).toEqual([303, expect.stringContaining('checkout.paystack.com')])
    // The same page for whoever comes again, and no form for a card here.
    expect((await api.app.inject({ method: 'GET', url: pathname })).headers.location).toBe(page.headers.location)
    const form = { method: 'card', number: '4084 0840 8408 4081', expiry: '12/30', cvv: '408' }
    const typed = await api.app.inject({ method: 'POST', url: pathname, payload: form })
    expect([typed.statusCode, typed.headers.location]).toEqual([303, pathname])
    const waiting = await api.app.inject({ method: 'GET', url: `${pathname}?trxref=x&reference=x` })
    expect(waiting.body).toContain('being processed')
  })

  test('a page that the account refuses is refused in its words, and so is the same payment again', async () => {
    for (let i = 0; i < 2; i++) {
      const refused = await initialize({ currency: 'ZAR', reference: 'refused' })
      expect([refused.status, refused.message]).toEqual([
        400,
        'Paystack refused the payment: Currency not supported by merchant',
      ])
    }
    const other = await initialize({ reference: 'refused' })
    expect([other.status, other.message]).toEqual([400, expect.stringContaining('Duplicate')])
    // Nothing can come by it, so nothing is asked about.
    expect(await countAskedAbout()).toBe(0)
  })

  test('a checkout session is paid on the account’s page, also after it has expired', async () => {
    const { id: customerId } = (
      await ask('POST', '/api/canary/customers', { phoneNumber: '+2348012345678', email })
    ).json()
    const session = { mode: 'payin', customerId, totalAmount: 5_000, currency: 'NGN' }
    const { id } = (await ask('POST', '/api/canary/checkout/sessions', session)).json()
    const page = await api.app.inject({ method: 'GET', url: `/checkout/${id}` })
    expect(page.headers.location).toContain('checkout.paystack.com')
    await settleLater(49 * 60 * 60_000)
    expect((await ask('GET', `/api/canary/checkout/sessions/${id}`)).json().status).toBe('expired')
    pay(account, lastSent())
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 5_000 })
    expect((await ask('GET', `/api/canary/checkout/sessions/${id}`)).json().status).toBe('complete')
    const told = await api.service.db.query(sql`
      select type, data -> 'details' ->> 'checkoutSessionId' as session from events
      where merchant_id = ${tenant.merchant.id} and type like '%.succeeded' order by type
    `)
    expect(told).toEqual(['pay_in.succeeded', 'payment_intent.succeeded'].map((type) => ({ type, session: id })))
    await expectAgreement()
  })

  test('a page that was refused is asked for under the same name, and opens once the account takes the payment', async () => {
    const phoneNumber = '+2348012345678'
    const { id: customerId } = (await ask('POST', '/api/canary/customers', { phoneNumber, email })).json()
    const session = { mode: 'payin', customerId, totalAmount: 5_000, currency: 'NGN' }
    const { id } = (await ask('POST', '/api/canary/checkout/sessions', session)).json()
    const open = async () => (await api.app.inject({ method: 'GET', url: `/checkout/${id}` })).headers.location
    account.currency = 'GHS'
    expect([await open(), await open(), account.transactions.length]).toEqual([undefined, undefined, 0])
    account.currency = 'NGN'
    expect(await open()).toContain('checkout.paystack.com')
    pay(account, lastSent())
    told = []
    await settleLater(61_000)
    expect(await books()).toMatchObject({ customer_cash: 5_000 })
    const [names] = await api.service.db.query<{ count: bigint }>(sql`
      select count(*) as count from sent_charges where merchant_id = ${tenant.merchant.id}
    `)
    expect(names?.count).toBe(1n)
  })

  test('a checkout session without a payer’s e-mail is refused with what to do', async () => {
    const nobody = await ask('POST', '/api/canary/checkout/sessions', {
      totalAmount: 5_000,
      currency: 'NGN',
    })
    expect([nobody.statusCode, nobody.body]).toEqual([400, expect.stringContaining('knows payers by their e-mail')])
  })

  test('two pages of one payment that are both paid are both booked and shown', async () => {
    let asked = 0
    proxy.choose = ({ path }) => (path === '/transaction/initialize' && asked++ === 0 ? 'cut_after' : 'none')
    await initialize({ reference: 'twice' })
    const names = account.transactions.map(({ reference }) => reference)
    expect(names).toHaveLength(2)
    for (const name of names.toReversed()) pay(account, name)
    await tellAll()
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 20_000, processor_fees: -300, 'outside/2': -19_700 })
    const { data } = (await ask('GET', '/v1/transactions?reference=twice')).json()
    expect(data).toHaveLength(2)
    await expectAgreement()
  })
})

describe('a saved card', () => {
  async function saveCard(): Promise<string> {
    await initialize({ reference: 'first' })
    pay(account, lastSent())
    account.authorizations.set('AUTH_ekk8t49ogj', { email, behaviour: 'pays' })
    const { data } = await verify('first')
    expect(data.authorization).toMatchObject({ last4: '4081', reusable: true })
    expect(JSON.stringify(data)).not.toContain('AUTH_ekk8t49ogj')
    return data.authorization.authorization_code
  }
  const charge = async (code: string, own: object = {}) =>
    (await ask('POST', '/transaction/charge_authorization', topUp({ authorization_code: code, ...own }))).json()

  test('a card that has paid is charged again by the account’s name for it, which is stored sealed', async () => {
    const code = await saveCard()
    expect(await charge(code, { reference: 'again', amount: 4_000 })).toMatchObject({
      data: { status: 'success', amount: 4_000 },
    })
    expect(await charge(code, { reference: 'again', amount: 4_000 })).toMatchObject({ status: false })
    expect(await books()).toMatchObject({ customer_cash: 14_000 })
    const [row] = await api.service.db.query<{ token: Buffer; count: bigint }>(sql`
      select min(token) as token, count(*) as count from payment_methods where merchant_id = ${tenant.merchant.id}
    `)
    expect(row?.count).toBe(1n)
    expect(row?.token.includes('AUTH_')).toBe(false)
    await expectAgreement()
  })

  test('a card that has paid again under another name of the account is charged by this one', async () => {
    const code = await saveCard()
    await initialize({ reference: 'second' })
    pay(account, lastSent(), {
      ...(account.transactions[0]?.authorization as object),
      authorization_code: 'AUTH_newer',
    })
    expect((await verify('second')).data.authorization.authorization_code).toBe(code)
    account.authorizations = new Map([['AUTH_newer', { email, behaviour: 'pays' }]])
    expect(await charge(code)).toMatchObject({ data: { status: 'success' } })
  })

  test('a card is saved for each customer who pays by it, and each card of a customer besides', async () => {
    const codes = [await saveCard()]
    const same = account.transactions[0]?.authorization as object
    const other = { ...same, authorization_code: 'AUTH_other', signature: 'SIG_other', last4: '1111' }
    for (const [reference, payer, authorization] of [
      ['ben', 'ben@example.com', same],
      ['other', email, other],
    ] as const) {
      await initialize({ reference, email: payer })
      pay(account, lastSent(), { ...authorization })
      codes.push((await verify(reference)).data.authorization.authorization_code)
    }
    expect(new Set(codes).size).toBe(3)
  })

  test('a card that is declined, and a card that the account no longer knows, take nothing', async () => {
    const code = await saveCard()
    account.authorizations.set('AUTH_ekk8t49ogj', { email, behaviour: 'declines' })
    expect(await charge(code)).toMatchObject({ data: { status: 'failed', gateway_response: 'Declined' } })
    account.authorizations.clear()
    expect(await charge(code)).toMatchObject({
      data: { status: 'failed', gateway_response: 'Authorization code is invalid' },
    })
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
    expect(await countAskedAbout()).toBe(0)
  })

  test('a charge that has failed leaves the other ones to be asked about', async () => {
    await initialize({ reference: 'open' })
    const open = lastSent()
    const code = await saveCard()
    account.authorizations.set('AUTH_ekk8t49ogj', { email, behaviour: 'declines' })
    expect(await charge(code)).toMatchObject({ data: { status: 'failed' } })
    pay(account, open)
    told = []
    await settleLater(10 * 60_000)
    expect(await books()).toMatchObject({ customer_cash: 20_000 })
    await expectAgreement()
  })

  test('a first charge that pays after the second has paid is booked as well', async () => {
    const code = await saveCard()
    const intentOf = async () => {
      const method = (await ask('GET', `/api/canary/customers/${await customerCode()}/payment-methods`)).json()
      const [{ id: paymentMethodId }] = method.data ?? method
      const wanted = { amount: 3_000, currency: 'NGN', customerId: await customerCode(), paymentMethodId }
      return (await ask('POST', '/api/canary/payment-intents', wanted)).json()
    }
    expect(code).toBeTruthy()
    account.authorizations.set('AUTH_ekk8t49ogj', { email, behaviour: 'asks' })
    const { id, status } = await intentOf()
    expect(status).toBe('processing')
    const first = lastSent()
    // It is given up, and charged again.
    decline(account, first)
    await settleLater(61_000)
    expect((await ask('GET', `/api/canary/payment-intents/${id}`)).json().status).toBe('failed')
    account.authorizations.set('AUTH_ekk8t49ogj', { email, behaviour: 'pays' })
    expect((await ask('POST', `/api/canary/payment-intents/${id}/confirm`, {})).json().status).toBe('succeeded')
    pay(account, first)
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 16_000 })
    await expectAgreement()
  })

  test('an operator that asks the payer is answered through here, and a wrong answer ends the charge', async () => {
    const mobile_money = { phone: '0551234987', provider: 'vod' }
    const charge = async () => (await ask('POST', '/charge', topUp({ mobile_money }))).json().data
    const step = { status: 'send_otp', display_text: 'Please enter the voucher code' }
    const { reference, ...asked } = await charge()
    expect(asked).toEqual(step)
    // The account's verify does not tell the step: it is kept here.
    await settleLater(5_000)
    expect((await ask('GET', `/charge/${reference}`)).json().data).toEqual({ reference, ...step })
    const pin = await ask('POST', '/charge/submit_pin', { reference, pin: '1234' })
    expect([pin.statusCode, pin.json().message]).toEqual([400, expect.stringMatching(/PINs are not taken here/)])
    const paid = await ask('POST', '/charge/submit_otp', { reference, otp: '123456' })
    expect(paid.json().data).toMatchObject({ status: 'success', reference, amount: 10_000 })
    const other = await charge()
    const dead = await ask('POST', '/charge/submit_otp', { reference: other.reference, otp: '000000' })
    expect([dead.statusCode, dead.json().data]).toMatchObject([400, { status: 'failed' }])
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
    await expectAgreement()
  })

  test('a charge by a transfer tells the account to send the money to', async () => {
    const { data } = (await ask('POST', '/charge', topUp({ bank_transfer: {} }))).json()
    expect(data).toMatchObject({
      status: 'pending_bank_transfer',
      account_number: '1230001644',
      account_name: 'PAYSTACK CHECKOUT',
      bank: { slug: 'test-bank', name: 'Test Bank' },
      account_expires_at: expect.stringMatching(/Z$/),
    })
    pay(account, lastSent())
    await settleLater(5_000)
    expect((await ask('GET', `/charge/${data.reference}`)).json().data.status).toBe('success')
    await expectAgreement()
  })

  test('a card’s number is refused in live mode, with a sentence that says why and what to do', async () => {
    const asked = server.asked.length
    const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
    const refused = await ask('POST', '/charge', topUp({ card, pin: '1234' }))
    expect([refused.statusCode, refused.json().message]).toEqual([
      400,
      expect.stringMatching(/not taken here, because .* send the payer to the payment’s page/),
    ])
    expect(server.asked).toHaveLength(asked)
  })
})

describe('a mandate', () => {
  const address = { street: '1 Broad Street', city: 'Lagos', state: 'Lagos' }
  const wanted = { email, channel: 'direct_debit', account: { number: '0123456789', bank_code: '058' }, address }

  async function request(own: object = {}) {
    const { data } = (await ask('POST', '/customer/authorization/initialize', { ...wanted, ...own })).json()
    return data as { reference: string; redirect_url: string }
  }
  const open = async (url: string, query = '') => {
    const page = await api.app.inject({ method: 'GET', url: `${new URL(url).pathname}${query}` })
    return [page.statusCode, page.headers.location ?? page.body] as [number, string]
  }
  const lastRequest = () => [...account.mandates.keys()].at(-1) as string
  const verifyMandate = async (reference: string) => {
    const answer = await ask('GET', `/customer/authorization/verify/${reference}`)
    return answer.json().data ?? answer.statusCode
  }

  test('the customer agrees on the account’s page, and the bank account is charged by the account’s name of it', async () => {
    const { reference, redirect_url } = await request({ callback_url: 'https://shop.example/agreed' })
    expect(redirect_url).toMatch(/^http:\/\/127\.0\.0\.1:9000\/authorize\//)
    expect(account.mandates.size).toBe(0)
    expect(await open(redirect_url)).toEqual([303, expect.stringContaining('checkout.paystack.com')])
    expect(await open(redirect_url)).toEqual([303, expect.stringContaining('checkout.paystack.com')])
    expect(account.mandates.size).toBe(1)
    expect(account.mandates.get(lastRequest())).toMatchObject({ email, callbackUrl: redirect_url })
    // The customer comes back without an answer.
    const back = `https://shop.example/agreed?reference=${reference}`
    expect(await open(redirect_url, `?reference=${lastRequest()}`)).toEqual([303, back])
    expect(await verifyMandate(reference)).toBe(404)

    agree(account, lastRequest(), 'created')
    await tellAll()
    await activateDueMandates(api.service)
    const pending = await verifyMandate(reference)
    expect(pending).toMatchObject({ channel: 'direct_debit', bank: 'Guaranty Trust Bank', active: false })
    expect(JSON.stringify(pending)).not.toContain('AUTH_8Lol')
    const charge = { ...topUp(), authorization_code: pending.authorization_code, reference: 'debit' }
    expect((await ask('POST', '/transaction/charge_authorization', charge)).statusCode).toBe(400)

    agree(account, lastRequest(), 'active')
    const webhooks = told.splice(0)
    await tellAll([...webhooks, ...webhooks])
    await activateDueMandates(api.service)
    expect((await verifyMandate(reference)).active).toBe(true)
    const taken = (await ask('POST', '/transaction/charge_authorization', charge)).json()
    expect(taken.data).toMatchObject({ status: 'processing', channel: 'direct_debit' })
    pay(account, lastSent(), { ...records.bankDebit })
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
    // The bank account that has paid is the mandate's: it is not saved again.
    const customer = (await ask('GET', `/customer/${email}`)).json().data
    expect(customer.authorizations).toHaveLength(1)
    await expectAgreement()
  })

  /** A mandate to which the customer and the bank have agreed, by its code here. */
  async function activeMandate(own: object = {}): Promise<string> {
    const { reference, redirect_url } = await request(own)
    await open(redirect_url)
    agree(account, lastRequest(), 'active')
    await tellAll()
    await activateDueMandates(api.service)
    return (await verifyMandate(reference)).authorization_code
  }
  const debit = async (authorization_code: string, own: object = {}) =>
    (await ask('POST', '/transaction/charge_authorization', { ...topUp(own), authorization_code })).json()

  test('the debits of two customers are each of their own bank account', async () => {
    const debits: { code: string; reference: string; sent: string }[] = []
    for (const reference of ['ada', 'ben']) {
      const own = { email: `${reference}@example.com` }
      const code = await activeMandate(own)
      await debit(code, { ...own, reference })
      debits.push({ code, reference, sent: lastSent() })
    }
    for (const { sent } of debits.toReversed()) pay(account, sent, { ...records.bankDebit })
    await tellAll()
    await settleDue()
    for (const { code, reference } of debits) {
      expect((await verify(reference)).data.authorization.authorization_code).toBe(code)
    }
  })

  test('a debit whose answer was lost is asked about under the same name, and credited once', async () => {
    const authorization_code = await activeMandate()
    for (const fault of ['cut_after', 'oops_after', 'limited'] as const) {
      proxy.choose = ({ path }) => (path === '/transaction/charge_authorization' ? fault : 'none')
      expect((await debit(authorization_code, { reference: fault })).data.status).toBe('processing')
      proxy.choose = () => 'none'
      await settleLater(61_000)
      expect((await debit(authorization_code, { reference: fault })).message).toBe('Duplicate Transaction Reference')
    }
    // The last one was never received.
    expect(account.transactions).toHaveLength(2)
    for (const { reference } of account.transactions) pay(account, reference, { ...records.bankDebit })
    const webhooks = told.splice(0)
    await tellAll([...webhooks, ...webhooks])
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 20_000 })
    await expectAgreement()
  })

  test('a mandate that was ended at the account, or removed here, is charged no more', async () => {
    const ended = await activeMandate()
    account.authorizations.clear()
    expect((await debit(ended)).data).toMatchObject({
      status: 'failed',
      gateway_response: expect.stringContaining('Authorization code is invalid'),
    })
    const removed = await activeMandate()
    const body = { authorization_code: removed }
    expect((await ask('POST', '/customer/authorization/deactivate', body)).statusCode).toBe(200)
    const before = server.asked.length
    expect((await debit(removed)).message).toContain('Authorization may be inactive')
    expect([server.asked.length, account.transactions, await books()]).toEqual([before, [], {}])
  })

  test('a webhook about a mandate changes nothing of another merchant with the same customer', async () => {
    const { redirect_url } = await request()
    await open(redirect_url)
    const [first, other] = [tenant, await createTestTenant(api.service, { currencies: ['NGN'] })]
    tenant = await addTestKey(api.service, other.merchant, 'live')
    await choose()
    await ask('POST', '/customer', { email })
    agree(account, lastRequest(), 'active')
    const before = server.asked.length
    expect(await tellAll()).toEqual([200])
    await activateDueMandates(api.service)
    expect(server.asked).toHaveLength(before)
    tenant = first
    expect((await ask('GET', `/customer/${email}`)).json().data.authorizations).toEqual([])
  })

  test('a mandate to which nobody agrees is not asked about for ever', async () => {
    const { reference, redirect_url } = await request()
    await open(redirect_url)
    /** The status of the mandate after a round of the background, and whether another round will ask about it. */
    const look = async (days = 0) => {
      api.service.clock.advance(days * 24 * 60 * 60_000)
      await activateDueMandates(api.service)
      const [row] = await api.service.db.query<{ status: string; activates_at: Date | null }>(sql`
        select status, activates_at from mandates where merchant_id = ${tenant.merchant.id} and reference = ${reference}
      `)
      return [row?.status, row?.activates_at != null]
    }
    expect([await look(2), await look(2)]).toEqual([
      ['requested', true],
      ['requested', false],
    ])
    // The bank takes longer. Each is asked about again when the account tells of it.
    agree(account, lastRequest(), 'created')
    await tellAll()
    expect([await look(), await look(29), await look(2)]).toEqual([
      ['pending', true],
      ['pending', true],
      ['pending', false],
    ])
    agree(account, lastRequest(), 'active')
    await tellAll()
    expect((await look())[0]).toBe('active')
  })

  test('a mandate whose webhooks are lost is found when the customer returns, and by the background', async () => {
    const first = await request()
    await open(first.redirect_url)
    agree(account, lastRequest(), 'created')
    const [status, body] = await open(first.redirect_url, '?reference=x')
    expect([status, body]).toEqual([200, expect.stringContaining('You approved this request')])
    const second = await request()
    await open(second.redirect_url)
    agree(account, lastRequest(), 'active')
    told = []
    api.service.clock.advance(61_000)
    await activateDueMandates(api.service)
    expect([(await verifyMandate(first.reference)).active, (await verifyMandate(second.reference)).active]).toEqual([
      false,
      true,
    ])
  })

  test('a webhook about a mandate that the account does not confirm saves nothing', async () => {
    const { reference, redirect_url } = await request()
    await open(redirect_url)
    agree(account, lastRequest(), 'active')
    const mandate = account.mandates.get(lastRequest())
    Object.assign(mandate ?? {}, { code: null, active: false })
    expect(await tellAll()).toEqual([200])
    await activateDueMandates(api.service)
    expect(await verifyMandate(reference)).toBe(404)
  })

  test('a page that cannot be opened says so, and the form of this service is not shown', async () => {
    const { redirect_url } = await request()
    proxy.choose = () => 'cut_before'
    const [status, body] = await open(redirect_url)
    expect([status, body]).toEqual([503, expect.stringContaining('Something went wrong on our side')])
    proxy.choose = () => 'none'
    const form = { answer: 'approve', accountNumber: '0123456789', bankCode: '058' }
    const { pathname } = new URL(redirect_url)
    const typed = await api.app.inject({ method: 'POST', url: pathname, payload: form })
    expect([typed.statusCode, typed.headers.location]).toEqual([303, pathname])
  })
})

describe('money that cannot be booked to its owner', () => {
  const suspended = async () => (await ask('GET', '/v1/suspense')).json().data
  const statusesOfIntents = async () => {
    const rows = await api.service.db.query<{ status: string }>(sql`
      select status from payment_intents where merchant_id = ${tenant.merchant.id} order by id
    `)
    return rows.map(({ status }) => status)
  }

  test('a payment of another amount goes to suspense, with its differences, and its fee is booked', async () => {
    await initialize({ reference: 'other' })
    await initialize({ reference: 'half' })
    Object.assign(pay(account, lastSent()), { amount: 5_000 })
    await tellAll()
    await settleDue()
    await settleDue()
    expect(await suspended()).toMatchObject([{ amount: 5_000, details: { reason: expect.stringContaining('amount') } }])
    expect(await books()).toEqual({ suspense: 5_000, processor_fees: -150, 'outside/2': -4_850 })
    const inSuspense = { status: 'failed', message: expect.stringContaining('is in suspense') }
    expect(await verify('half')).toMatchObject({ data: { ...inSuspense, gateway_response: inSuspense.message } })
    // It waits for a payment that agrees.
    expect(await statusesOfIntents()).toEqual(['requires_payment_method', 'requires_payment_method'])
    expect(await verify('other')).toMatchObject({ data: { status: 'abandoned' } })
    await expectAgreement()
  })

  test('a payment without our marker is never the wallet’s, and one of the other mode is no money at all', async () => {
    await initialize({ reference: 'pretended' })
    Object.assign(pay(account, lastSent()), { domain: 'test' })
    await tellAll()
    await settleDue()
    expect(await books()).toEqual({})
    expect((await verify('pretended')).data.status).not.toBe('success')
    await initialize()
    Object.assign(pay(account, lastSent()), { metadata: { mteja: 'another' } })
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ suspense: 10_000 })
    expect(await suspended()).toHaveLength(1)
  })

  test('money that the account took before its cut-over waits for a person, and is told the same again', async () => {
    await initialize({ reference: 'older' })
    const { paid_at } = pay(account, lastSent())
    const cutOverAt = new Date(Date.parse(paid_at as string) + 1000).toISOString()
    const { secretKey } = account
    const moved = await ask('PUT', '/v1/processors/in', { processor: 'paystack', secretKey, cutOverAt })
    expect(moved.statusCode, moved.body).toBe(200)
    for (let i = 0; i < 2; i++) {
      await verify('older')
      expect(await books()).toMatchObject({ suspense: 10_000 })
      expect(await suspended()).toMatchObject([
        { details: { reason: expect.stringMatching(/^The account took the money at .*, before its cut-over at/) } },
      ])
      expect((await verify('older')).data).toMatchObject({
        status: 'failed',
        message: expect.stringContaining('is in suspense'),
      })
    }
    expect(await statusesOfIntents()).toEqual(['canceled'])
    await expectAgreement()
  })

  test('money that a crash kept from being noted is booked once, also where it would be booked elsewhere by now', async () => {
    await initialize({ reference: 'crashed' })
    const { paid_at } = pay(account, lastSent())
    const webhooks = told.splice(0)
    await verify('crashed')
    const credited = await books()
    await api.service.db.query(sql`
      update sent_charges set state = 'open', transaction_id = null, outside_id = null, fee = null
      where merchant_id = ${tenant.merchant.id}
    `)
    const cutOverAt = new Date(Date.parse(paid_at as string) + 1000).toISOString()
    const { secretKey } = account
    await ask('PUT', '/v1/processors/in', { processor: 'paystack', secretKey, cutOverAt })
    await tellAll(webhooks)
    await settleDue()
    expect(await books()).toEqual(credited)
    expect(await suspended()).toEqual([])
    const [row] = await api.service.db.query<{ state: string }>(sql`
      select state from sent_charges where merchant_id = ${tenant.merchant.id}
    `)
    expect(row).toEqual({ state: 'credited' })
  })

  test('a customer who was denied is credited, one who was deleted is not', async () => {
    await initialize({ reference: 'denied' })
    pay(account, lastSent())
    await ask('POST', '/customer/set_risk_action', { customer: await customerCode(), risk_action: 'deny' })
    await tellAll()
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 10_000 })

    await ask('POST', '/transaction/initialize', topUp({ email: 'ben@example.com', reference: 'gone' }))
    const { customer_code } = (await ask('GET', '/customer/ben@example.com')).json().data
    expect((await ask('DELETE', '/api/canary/customers/bulk', { ids: [customer_code] })).statusCode).toBeLessThan(300)
    pay(account, lastSent())
    await tellAll()
    await settleDue()
    expect(await suspended()).toMatchObject([{ amount: 10_000 }])
    expect(await books()).toMatchObject({ customer_cash: 10_000, suspense: 10_000 })
    await expectAgreement()
  })

  test.each([
    ['at once', []],
    ['after a deletion', [['DELETE', '/api/canary/customers/bulk']]],
  ] as const)(
    'a top-up of a customer who was erased %s is in suspense, and not the merchant’s own money',
    async (_, before) => {
      await ask('POST', '/transaction/initialize', topUp({ reference: 'forgotten' }))
      const code = await customerCode()
      for (const [method, path] of before) {
        expect((await ask(method, path, { ids: [code] })).statusCode).toBeLessThan(300)
      }
      expect((await ask('POST', `/v1/customers/${code}/erase`)).statusCode).toBe(202)
      await finishErasures(api.service)
      pay(account, lastSent())
      await tellAll()
      await settleDue()
      expect(await suspended()).toMatchObject([{ amount: 10_000, details: { reason: expect.stringContaining(code) } }])
      expect(await books()).toEqual({ suspense: 10_000, processor_fees: -150, 'outside/2': -9_850 })
      await settleLater(3_600_000)
      expect(await suspended()).toHaveLength(1)
      expect((await verify('forgotten')).data).toMatchObject({ status: 'failed' })
      await expectAgreement()
    },
  )

  test('a payer who bears the fee fills the wallet by what was asked for', async () => {
    account.feeBearer = 'payer'
    await initialize({ reference: 'dear' })
    pay(account, lastSent())
    await tellAll()
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 10_000, 'outside/2': -10_000 })
    await expectAgreement()
  })

  test('a fee that is known late is booked late', async () => {
    await initialize({ reference: 'late-fee' })
    const row = pay(account, lastSent())
    row.fees = null
    await tellAll()
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 10_000, 'outside/2': -10_000 })
    row.fees = 150
    await settleLater(61 * 60_000)
    expect(await books()).toEqual({ customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 })
  })
})

describe('a refund', () => {
  async function topUpOf(reference: string): Promise<string> {
    await initialize({ reference })
    pay(account, lastSent())
    await verify(reference)
    told = []
    return (await ask('GET', `/v1/transactions?reference=${reference}`)).json().data[0].id
  }
  const refund = async (transactionId: string, amount: number) =>
    (await ask('POST', '/v1/refunds', { transactionId, amount })).json()
  const stateOf = async (id: string) => (await ask('GET', `/v1/refunds/${id}`)).json().state
  const lastRefund = () => account.refunds.at(-1) as (typeof account.refunds)[number]

  test('a refund goes back by the account that took the money, and its webhooks lead to questions', async () => {
    const id = await topUpOf('back')
    const first = await refund(id, 4_000)
    expect(account.refunds).toHaveLength(1)
    expect(await books()).toEqual({ customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 })
    moveRefund(account, lastRefund(), 'processed')
    expect(await tellAll()).toEqual(expect.arrayContaining([200]))
    await settleDueRefunds(api.service)
    expect(await stateOf(first.id)).toBe('processed')
    expect(await books()).toEqual({ customer_cash: 6_000, processor_fees: -150, 'outside/2': -5_850 })
    await expectAgreement()

    // Another account is chosen: the money still goes back by the first.
    const old = account
    account = openAnother()
    account.secretKey = 'sk_live_third'
    await choose()
    const second = await refund(id, 1_000)
    expect([old.refunds.length, account.refunds.length]).toEqual([2, 0])
    api.service.clock.advance(25 * 60 * 60_000)
    await dropReplacedCredentials(api.service)
    moveRefund(old, old.refunds.at(-1) as (typeof old.refunds)[number], 'failed')
    await tellAll()
    await settleDueRefunds(api.service)
    expect(await stateOf(second.id)).toBe('failed')
    expect(await books()).toEqual({ customer_cash: 6_000, processor_fees: -150, 'outside/2': -5_850 })
  })

  test('a payment that is on its way back, and is told again, is not asked about for ever', async () => {
    await initialize({ reference: 'told' })
    pay(account, lastSent())
    const webhooks = told.splice(0)
    await verify('told')
    const { data } = (await ask('GET', '/v1/transactions?reference=told')).json()
    await refund(data[0].id, 4_000)
    await tellAll(webhooks)
    expect(await countAskedAbout()).toBe(1)
    await settleLater(61_000)
    expect(await countAskedAbout()).toBe(0)
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
  })

  test('a refund whose answer is lost is not sent again, and is found at the account', async () => {
    const id = await topUpOf('lost')
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_after' : 'none')
    const made = await refund(id, 10_000)
    proxy.choose = () => 'none'
    moveRefund(account, lastRefund(), 'processed')
    await tellAll()
    await settleDueRefunds(api.service)
    expect([account.refunds.length, await stateOf(made.id)]).toEqual([1, 'processed'])
    expect(await books()).toEqual({ processor_fees: -150, 'outside/2': 150 })
    expect(await verify('lost')).toMatchObject({ data: { status: 'reversed' } })
    await expectAgreement()
  })
})

describe('webhooks', () => {
  test('a webhook is taken with the account’s signature over its bytes, at the address of its merchant only', async () => {
    await initialize()
    pay(account, lastSent())
    const [webhook] = told.splice(0) as [Webhook]
    const own = `/webhooks/paystack/${tenant.merchant.code}/live`
    const other = await createTestTenant(api.service, { currencies: ['NGN'] })
    const forged = webhook.body.replace('"amount":10000', '"amount":99999')
    expect(forged).not.toBe(webhook.body)
    for (const [url, body, signature] of [
      [own, forged, webhook.signature],
      [own, webhook.body, ''],
      [own.replace('live', 'test'), webhook.body, webhook.signature],
      [own.replace('live', 'nowhere'), webhook.body, webhook.signature],
      [`/webhooks/paystack/${other.merchant.code}/live`, webhook.body, webhook.signature],
      ['/webhooks/paystack/mer_nobody/live', webhook.body, webhook.signature],
    ] as const) {
      expect(await tell(url, body, signature), url).toBe(401)
    }
    await settleDue()
    expect(await books()).toEqual({})
    expect(await tell(own, webhook.body, webhook.signature)).toBe(200)
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
  })

  test('a payment of a shop on the same account, and an event that says nothing of money, change nothing', async () => {
    insertTransaction(account, { email, amount: 700, reference: 'shop-1' })
    pay(account, 'shop-1')
    expect(await tellAll()).toEqual([200])
    await settleDue()
    expect(await books()).toEqual({})
  })
})

describe('the account', () => {
  const shown = async () => (await ask('GET', '/v1/processors')).json().data[0]

  test('an account that refuses its key is shown as failing, and as ready once it takes the key again', async () => {
    const { secretKey } = account
    account.secretKey = 'sk_live_another'
    await initialize({ reference: 'refused' })
    expect(await shown()).toMatchObject({
      processor: 'paystack',
      state: 'failing',
      lastError: expect.stringContaining('401'),
    })
    account.secretKey = secretKey
    await initialize({ reference: 'taken' })
    expect(await shown()).toMatchObject({ state: 'ready' })
  })

  test('a payment is asked about at the account that it was sent by, whose credentials are dropped when nothing is open', async () => {
    await initialize({ reference: 'before' })
    const first = { account, sent: lastSent() }
    account = openAnother()
    account.secretKey = 'sk_live_second'
    await choose()
    const keys = async () =>
      (
        await api.service.db.query<{ kept: boolean }>(sql`
          select credentials is not null as kept from processor_accounts
          where merchant_id = ${tenant.merchant.id} order by id
        `)
      ).map(({ kept }) => kept)
    pay(first.account, first.sent)
    expect(await tellAll()).toEqual([200])
    api.service.clock.advance(25 * 60 * 60_000)
    await dropReplacedCredentials(api.service)
    expect(await keys()).toEqual([true, true])
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 })
    await dropReplacedCredentials(api.service)
    expect(await keys()).toEqual([false, true])
  })

  test('another key of the same account is no reason to credit its money again', async () => {
    await initialize({ reference: 'own' })
    const sent = lastSent()
    pay(account, sent)
    await verify('own')
    insertTransaction(account, { email, amount: 2_000, reference: 'transfer-2' })
    pay(account, 'transfer-2')
    const line = { currency: 'NGN', source: 'bank_transfer', customerId: await customerCode() }
    const report = (amount: number, reference: string) => ask('POST', '/v1/pay-ins', { ...line, amount, reference })
    const first = (await report(2_000, 'transfer-2')).json()
    account.secretKey = 'sk_live_changed'
    await choose()
    expect((await report(2_000, 'transfer-2')).json()).toMatchObject({ id: first.id, processor: 'paystack' })
    expect((await report(2_001, 'transfer-2')).statusCode).toBe(409)
    const own = await report(10_000, sent)
    expect([own.statusCode, own.json().error.message]).toEqual([409, expect.stringContaining('the payment own')])
    expect(await books()).toMatchObject({ customer_cash: 12_000 })
    await expectAgreement()
  })

  test('money that is reported by the account’s name of it is looked up there, and never credited by hand', async () => {
    await initialize({ reference: 'own' })
    const sent = lastSent()
    pay(account, sent)
    const line = { amount: 10_000, currency: 'NGN', source: 'bank_transfer', customerId: await customerCode() }
    const own = await ask('POST', '/v1/pay-ins', { ...line, reference: sent })
    expect([own.statusCode, own.json().error.message]).toEqual([409, expect.stringContaining('the payment own')])
    expect(await books()).toMatchObject({ customer_cash: 10_000, processor_fees: -150 })

    insertTransaction(account, { email, amount: 2_000, reference: 'transfer-1' })
    const unpaid = await ask('POST', '/v1/pay-ins', { ...line, amount: 2_000, reference: 'transfer-1' })
    expect([unpaid.statusCode, unpaid.json().error.message]).toEqual([400, expect.stringContaining('not paid')])
    pay(account, 'transfer-1')
    const more = await ask('POST', '/v1/pay-ins', { ...line, amount: 2_001, reference: 'transfer-1' })
    expect([more.statusCode, more.json().error.field]).toEqual([400, 'amount'])
    for (let i = 0; i < 2; i++) {
      const taken = await ask('POST', '/v1/pay-ins', { ...line, amount: 2_000, reference: 'transfer-1' })
      expect([taken.statusCode, taken.json().processor]).toEqual([201, 'paystack'])
    }
    expect(await books()).toEqual({ customer_cash: 12_000, processor_fees: -180, 'outside/2': -11_820 })
    await expectAgreement()

    proxy.choose = () => 'cut_before'
    expect((await ask('POST', '/v1/pay-ins', { ...line, reference: 'unknown-yet' })).statusCode).toBe(503)
    proxy.choose = () => 'none'
    const byHand = await ask('POST', '/v1/pay-ins', { ...line, amount: 50, reference: 'unknown-yet' })
    expect(byHand.json()).toMatchObject({ processor: 'manual', amount: 50 })
    const refund = await ask('POST', '/v1/reversals', {
      transactionId: (await ask('GET', '/v1/pay-ins?reference=transfer-1')).json().data[0].id,
    })
    expect([refund.statusCode, refund.body]).toEqual([403, expect.stringContaining('came by a payment processor')])
  })
})

test('after all faults end, both books agree, and nothing was credited twice', async () => {
  waitForNothingLate(proxy)
  const random = randomFrom(seed)
  const count = 40
  await initialize({ reference: 'first', amount: 100 })
  pay(account, lastSent())
  const code = (await verify('first')).data.authorization.authorization_code
  account.authorizations.set('AUTH_ekk8t49ogj', { email, behaviour: 'pays' })
  told = []
  proxy.choose = chooseSometimes(random, requestFaults, 0.3)
  const webhookFault = chooseSometimes(random, webhookFaults, 0.5)
  const happened = new Set<Fault>()

  async function one(i: number) {
    if (random() < 0.5) {
      const wanted = topUp({ reference: `f-${i}`, authorization_code: code })
      await ask('POST', '/transaction/charge_authorization', wanted)
      return
    }
    const { data } = await initialize({ reference: `f-${i}` })
    if (data === undefined) return
    for (const row of [...account.transactions]) if (row.paid_at === null && random() < 0.3) pay(account, row.reference)
  }
  const numbers = Array.from({ length: count }, (_, i) => i)
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let i = numbers.shift(); i !== undefined; i = numbers.shift()) await one(i)
    }),
  )
  const held: Webhook[] = []
  for (const webhook of told.splice(0)) {
    const fault = webhookFault()
    happened.add(fault)
    if (fault === 'lost') continue
    if (fault === 'reordered') held.push(webhook)
    else if (fault === 'forged') await tellAll([{ ...webhook, body: webhook.body.replace('"amount":', '"amount":9') }])
    else await tellAll(fault === 'repeated' ? [webhook, webhook] : [webhook])
    if (random() < 0.3) await settleDue()
  }
  await tellAll(held)

  proxy.choose = () => 'none'
  for (let i = 0; i < 6; i++) await settleLater(61_000)
  const own = await books()
  const paid = account.transactions.filter(({ status }) => status === 'success')
  const said = `seed ${seed}: ${JSON.stringify({ own, paid: paid.length, happened: [...happened] })}`
  expect(own.customer_cash, said).toBe(paid.reduce((sum, { amount }) => sum + amount, 0))
  expect(own.suspense, said).toBeUndefined()
  await expectAgreement()
  const [open] = await api.service.db.query<{ count: bigint }>(sql`
    select count(*) as count from payment_intents
    where merchant_id = ${tenant.merchant.id} and status = 'processing'
  `)
  expect(open?.count, said).toBe(0n)
})
