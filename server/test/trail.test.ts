import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OwnedDb } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'
import { packRequestId, unpackRequestId } from '../src/domain/trail/trail.ts'
import { openTestApi, type TestApi } from './api.ts'
import { makeBelongings } from './belongings.ts'
import { openTestLog, type TestLog } from './log-lines.ts'
import { createTestTenant, type TestTenant } from './service.ts'

const adminKey = 'operator-0123456789'
const requestId = '7a4c1d52-9a6e-4c55-8f21-0c7d8e9f0a1b'

interface Entry {
  id: string
  mode: string | null
  action: string
  object: string | null
  by: { kind: string; apiKeyId: string | null; name: string | null; personName: string | null; surface: string | null }
  address: string | null
  requestId: string | null
  before: unknown
  after: unknown
}

let api: TestApi
let log: TestLog
beforeAll(async () => {
  log = openTestLog()
  api = await openTestApi({ adminKey, log: log.server })
})
afterAll(() => api.close())

const send = (method: string, url: string, payload?: object, bearer = api.tenant.secret, headers = {}) =>
  api.app.inject({
    method: method as 'GET',
    url,
    headers: { authorization: `Bearer ${bearer}`, 'x-request-id': requestId, ...headers },
    ...(payload === undefined ? {} : { payload }),
  })

async function audit(query = '', bearer = api.tenant.secret): Promise<Entry[]> {
  const answer = await send('GET', `/v1/audit?${query}`, undefined, bearer)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data
}

const testCard = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }

/** A merchant with a key of a person, and a customer with money. */
async function makeDesk() {
  const tenant = await createTestTenant(api.service)
  const person = (await send('POST', '/v1/people', { name: 'Amina', email: 'amina@example.com' }, tenant.secret)).json()
  const body = { name: 'desk', personId: person.id }
  const key = (await send('POST', '/v1/api-keys', body, tenant.secret)).json()
  const customer = (await send('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, key.secret)).json()
  const other = (await send('POST', '/customer', { email: 'other@example.com' }, key.secret)).json().data
  const payIn = (await send('POST', '/v1/sandbox/pay-ins', { customerId: customer.id, amount: 500 }, key.secret)).json()
  return { tenant, key, customer, other, payIn, person }
}

describe('what the trail has', () => {
  test('a read, and a call to an address that there is not, name nobody in the trail', async () => {
    const { merchant, secret } = await createTestTenant(api.service)
    const statuses = []
    for (const [method, url] of [
      ['GET', '/customer'],
      ['GET', '/v1/audit'],
      ['HEAD', '/api/canary/customers'],
      ['POST', '/api/canary/nothing'],
    ] as const) {
      statuses.push((await send(method, url, undefined, secret)).statusCode)
    }
    expect(statuses).toEqual([200, 200, 200, 404])
    const rows = await api.service.db.query(sql`select id from actors where merchant_id = ${merchant.id}`)
    expect(rows).toEqual([])
  })

  test('each way of writing leaves who, from which surface and with which request, once, and a repeat leaves nothing', async () => {
    const { tenant, key, customer, other, payIn } = await makeDesk()
    const by = { kind: 'key', apiKeyId: key.id, name: 'desk', personName: 'Amina' }
    const paid = { fromCustomerId: customer.id, toCustomerId: other.customer_code, amount: 50, currency: 'ZAR' }
    const keyed = { 'idempotency-key': 'once' }
    const sent = await send('POST', '/api/canary/transfers', paid, key.secret, keyed)
    await send('POST', '/api/canary/transfers', paid, key.secret, keyed)
    const risk = { customer: customer.id, risk_action: 'allow' }
    await send('POST', '/customer/set_risk_action', risk, key.secret, { 'idempotency-key': 'risk' })
    await send('POST', '/customer/set_risk_action', risk, key.secret, { 'idempotency-key': 'risk' })
    const hold = (await send('POST', '/v1/holds', { customerId: customer.id, amount: 10 }, key.secret)).json()
    await send('POST', `/v1/holds/${hold.id}/release`, undefined, key.secret)
    const charge = {
      email: 'payer@example.com',
      amount: 300,
      card: { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' },
    }
    await send('POST', '/charge', charge, key.secret)
    const entries = await audit(`by=${key.id}&limit=100`, tenant.secret)
    expect(entries.every((each) => each.requestId === requestId)).toBe(true)
    const told = entries.map(({ action, object, by: { surface, ...who } }) => [action, object, surface, who])
    const transferId = sent.json().id.replace('transfer_', '')
    const expected = [
      ['createCustomer', customer.id, 'cashful'],
      ['customer_create', other.customer_code, 'paystack'],
      ['pay_in', payIn.id, 'mteja'],
      ['transfer', transferId, 'cashful'],
      ['placeHold', hold.id, 'mteja'],
      ['releaseHold', hold.id, 'mteja'],
    ].map((each) => [...each, expect.objectContaining(by)])
    for (const each of expected)
      expect(told.filter(([action]) => action === each[0])).toEqual(expect.arrayContaining([each]))
    expect(entries.filter(({ action }) => action === 'transfer')).toHaveLength(1)
    const risks = entries.filter(({ object, before }) => object === customer.id && before !== null)
    expect(risks).toMatchObject([{ before: { riskAction: 'default' }, after: { riskAction: 'allow' } }])
    expect(entries.some(({ action, by: { surface } }) => /charge/i.test(action) && surface === 'paystack')).toBe(true)
  })

  test('a write leaves from where it came, and the writes from an address are found by it', async () => {
    const { secret } = await createTestTenant(api.service)
    const customers = '/api/canary/customers'
    const from = async (
      remoteAddress: string,
      phoneNumber: string,
      headers: Record<string, string> = {},
      on = api.app,
    ) => {
      const payload = { phoneNumber }
      const authorization = `Bearer ${secret}`
      const answer = await on.inject({
        ...{ method: 'POST', url: customers, remoteAddress, payload },
        headers: { authorization, ...headers },
      })
      expect(answer.statusCode, answer.body).toBe(201)
      api.service.clock.advance(1)
    }
    await from('::ffff:196.25.1.7', '0821234501')
    await from('2001:db8::17', '0821234502')
    // Nobody but a trusted proxy says where a call came from.
    await from('196.25.1.8', '0821234503', { 'x-forwarded-for': '203.0.113.9' })
    const behind = await api.openAnother({ trustProxy: ['196.25.1.8'] })
    await from('196.25.1.8', '0821234504', { 'x-forwarded-for': '203.0.113.9' }, behind.app)
    await from('196.25.1.8', '0821234505', { 'x-forwarded-for': 'unknown' }, behind.app)
    const addressesOf = async (query: string) =>
      (await send('GET', `/v1/audit?${query}`, undefined, secret)).json().data.map(({ address }: Entry) => address)
    expect(await addressesOf('')).toEqual([null, '203.0.113.9', '196.25.1.8', '2001:db8::17', '196.25.1.7'])
    expect(await addressesOf('by=203.0.113.9')).toEqual(['203.0.113.9'])
    expect(await addressesOf('by=key')).toHaveLength(5)
  })

  test('a refused write leaves nothing', async () => {
    const { tenant, key, customer } = await makeDesk()
    const before = await audit('limit=100', tenant.secret)
    await send(
      'POST',
      '/api/canary/purchases',
      { customerId: customer.id, productId: 'p', amount: 9999, currency: 'ZAR' },
      key.secret,
    )
    await send(
      'POST',
      '/customer/set_risk_action',
      { customer: 'CUS_000000000000000', risk_action: 'deny' },
      key.secret,
    )
    await send('DELETE', '/v1/api-keys/none', undefined, key.secret)
    expect(await audit('limit=100', tenant.secret)).toEqual(before)
  })

  test('a ledger transaction and a refund say who made them', async () => {
    const { key, payIn } = await makeDesk()
    const refund = (await send('POST', '/v1/refunds', { transactionId: payIn.id, amount: 1 }, key.secret)).json()
    const who = { kind: 'key', apiKeyId: key.id, personName: 'Amina', surface: 'mteja' }
    const shown = await send('GET', `/v1/transactions/${payIn.id}`, undefined, key.secret)
    expect(shown.json()).toMatchObject({ by: who, requestId })
    expect((await send('GET', `/v1/refunds/${refund.id}`, undefined, key.secret)).json().by).toMatchObject(who)
  })

  test('renaming a person renames no write of before, and the rename is a write itself', async () => {
    const { key, payIn, person } = await makeDesk()
    const rename = async (name: string) => {
      api.service.clock.advance(1)
      await send('PATCH', `/v1/people/${person.id}`, { name }, key.secret)
      api.service.clock.advance(1)
    }
    await rename('Bahati')
    const later = (await send('POST', '/customer', { email: 'later@example.com' }, key.secret)).json().data
    await rename('Chausiku')
    const entries = await audit('limit=100', key.secret)
    const nameOf = (object: string) => entries.find((each) => each.object === object)?.by.personName
    const names = [payIn.id, later.customer_code, person.id].map(nameOf)
    expect(names).toEqual(['Amina', 'Bahati', 'Chausiku'])
    const shown = await send('GET', `/v1/transactions/${payIn.id}`, undefined, key.secret)
    expect(shown.json().by.personName).toBe('Amina')
    expect(entries.find(({ action }) => action === 'updatePerson')).toMatchObject({
      before: { name: 'Bahati' },
      after: { name: 'Chausiku' },
    })
  })

  test('a token is told from its key, and the operator’s writes are in the trail of the merchant', async () => {
    const tenant = await createTestTenant(api.service)
    const { token } = (await send('GET', '/api/canary/authentication/token', undefined, tenant.secret)).json()
    await send('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, token)
    api.service.clock.advance(1)
    const path = `/v1/merchants/${tenant.merchant.code}`
    await send('PATCH', path, { name: 'Duka Kubwa' }, adminKey)
    const made = (await send('POST', `${path}/api-keys`, { mode: 'live', role: 'viewer' }, adminKey)).json()
    expect(await audit('', tenant.secret)).toMatchObject([
      {
        action: 'updateMerchant',
        mode: null,
        by: { kind: 'operator' },
        before: { name: 'Duka' },
        after: { name: 'Duka Kubwa' },
      },
      { action: 'createCustomer', by: { kind: 'token' } },
    ])
    const all = (await send('GET', `${path}/audit`, undefined, adminKey)).json().data as Entry[]
    expect(all.find(({ object }) => object === made.id)).toMatchObject({ mode: 'live', after: { role: 'viewer' } })
    // The operator's key of another mode does not show in this mode.
    expect((await audit('', tenant.secret)).some(({ object }) => object === made.id)).toBe(false)
  })

  test('the trail says after each write of settings what was set, and of a customer no more than the members', async () => {
    const tenant = await createTestTenant(api.service)
    const write = async (method: string, path: string, body?: object) => {
      const answer = await send(method, path, body, tenant.secret)
      expect([path, Math.floor(answer.statusCode / 100)]).toEqual([path, 2])
      return answer.json()
    }
    const url = 'http://localhost:1/hooks'
    const { id: endpoint } = await write('POST', '/v1/webhook-endpoints', { url })
    await write('POST', `/v1/webhook-endpoints/${endpoint}/rotate-secret`, { overlapHours: 1 })
    await write('POST', '/v1/people', { name: 'Amina', email: 'amina@example.com' })
    const { id: customer } = await write('POST', '/api/canary/customers', {
      phoneNumber: '0821234567',
      email: 'a@b.co',
    })
    await write('PATCH', `/api/canary/customers/${customer}`, { name: 'Siri' })
    await write('POST', `/v1/customers/${customer}/statement-links`, { from: '2026-01-01', to: '2026-01-31' })
    const account = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', accountName: 'Siri' }
    const { id: recipient } = await write('POST', '/v1/recipients', account)
    await write('PATCH', `/v1/recipients/${recipient}`, { accountName: 'Siri O', email: 'siri@b.co', active: false })
    await write('PUT', `/transferrecipient/${recipient}`, { name: 'Siri Otieno' })
    await write('POST', '/v1/sandbox/outcomes', { on: 'charge', outcome: 'decline', reason: 'Siri', times: 2 })
    await write('POST', '/v1/deliveries/resend', {})
    const entries = await audit('limit=100', tenant.secret)
    const told = entries.map(({ action, object, after }) => ({ action, object, after }))
    const expected = [
      ['createWebhookEndpoint', endpoint, { style: 'standard', url, eventTypes: null, enabled: true }],
      ['rotateWebhookSecret', endpoint, { secret: 'replaced', previousSecretExpiresAt: expect.any(String) }],
      ['createPerson', expect.any(String), { name: 'Amina', email: 'amina@example.com' }],
      ['updateCustomer', customer, { changed: ['name'] }],
      ['updateRecipient', recipient, { changed: ['accountName', 'email', 'active'], active: false }],
      ['transferrecipient_update', recipient, { changed: ['accountName'], active: false }],
      ['createStatementLink', customer, { currency: 'ZAR', from: expect.any(String), until: expect.any(String) }],
      ['createTestOutcome', expect.any(String), { on: 'charge', outcome: 'decline', match: {}, times: 2 }],
      ['resendDeliveries', null, { resent: 0 }],
    ].map(([action, object, after]) => ({ action, object, after }))
    for (const each of expected) expect(told).toContainEqual(each)
    expect(JSON.stringify(told)).not.toContain('Siri')
  })

  test('everything that is made is found in the trail by its id, with its amount', async () => {
    const { tenant, customer } = await makeDesk()
    const write = async (method: 'POST' | 'DELETE', path: string, body?: object) =>
      (await send(method, path, body, tenant.secret)).json()
    const intent = { amount: 500, currency: 'ZAR', customerId: customer.id }
    const { id } = await write('POST', '/api/canary/payment-intents', intent)
    const page = { email: 'a@b.co', amount: 700, currency: 'ZAR', reference: 'order-of-trail' }
    await write('POST', '/transaction/initialize', page)
    const charge = { email: 'a@b.co', amount: 900, currency: 'ZAR', authorization_code: 'AUTH_success' }
    await write('POST', '/transaction/charge_authorization', charge)
    const account = { type: 'nuban', name: 'Siri', account_number: '0123456789', bank_code: '058', currency: 'NGN' }
    const { data: recipient } = await write('POST', '/transferrecipient', account)
    expect(recipient).toBeDefined()
    const outcome = await write('POST', '/v1/sandbox/outcomes', { on: 'charge', outcome: 'decline', times: 2 })
    await write('DELETE', `/v1/sandbox/outcomes/${outcome.id}`)
    const told = (await audit('limit=100', tenant.secret)).filter(({ object }) => object !== null)
    const byAction = (name: string) => told.filter(({ action }) => action === name)
    expect(byAction('createPaymentIntent')).toMatchObject([{ object: id, after: { amount: '500', currency: 'ZAR' } }])
    expect(byAction('transaction_initialize')).toMatchObject([
      { object: expect.stringMatching(/^pi_/), after: { amount: '700', currency: 'ZAR' } },
    ])
    expect(byAction('transferrecipient_create')).toMatchObject([{ object: recipient.recipient_code }])
    expect(byAction('deleteTestOutcome')).toMatchObject([
      { object: outcome.id, before: { on: 'charge', outcome: 'decline', times: 2 }, after: { deleted: true } },
    ])
    expect(JSON.stringify(told)).not.toContain('order-of-trail')
  })

  test('a call that asks somebody outside leaves its outcome, once: what it changed, or why it was refused', async () => {
    const { tenant, customer } = await makeDesk()
    const write = (path: string, body?: object, key?: string) =>
      send('POST', path, body, tenant.secret, key === undefined ? {} : { 'idempotency-key': key })
    const destination = {
      type: 'bank_account',
      bankCode: '058',
      accountNumber: '0123456789',
      accountName: 'Siri Otieno',
    }
    const pay = async (reference: string) =>
      (await write('/v1/payouts', { customerId: customer.id, amount: 10, destination, reference })).json().id as string
    const cancelled = await pay('a')
    for (const key of ['cancel', 'cancel']) await write(`/v1/payouts/${cancelled}/cancel`, undefined, key)
    await send('PUT', '/v1/processors/out', { processor: 'manual' }, tenant.secret)
    const [paid, failed] = [await pay('b'), await pay('c')]
    await write(`/v1/payouts/${paid}/settle`, { outcome: 'paid', proof: 'Siri at the bank', fee: 2 })
    await write(`/v1/payouts/${failed}/settle`, { outcome: 'failed', proof: 'Siri has no account' }, 'failed')
    await write(`/v1/payouts/${paid}/cancel`)
    await write(`/v1/payouts/${paid}/cancel`, undefined, 'late')
    const { data: charge } = (
      await write('/charge', { email: 'payer@example.com', amount: 300, card: testCard })
    ).json()
    const dispute = async () =>
      (await write('/v1/sandbox/disputes', { reference: charge.reference, reason: 'Siri says no', amount: 100 })).json()
        .id as string
    const declined = await dispute()
    await write(`/v1/disputes/${declined}/evidence`, {
      customerEmail: 'siri@example.com',
      customerName: 'Siri',
      customerPhone: '0800',
      serviceDetails: 'Siri was there',
    })
    await write(`/v1/disputes/${declined}/decline`, { message: 'Siri was there' }, 'decline')
    const accepted = await dispute()
    await write(`/v1/disputes/${accepted}/accept`, {})
    const entries = await audit('limit=100', tenant.secret)
    // Of one moment: changes before refusals before beginnings.
    const told = (action: string, object: string) =>
      entries
        .filter((each) => each.action === action && each.object === object)
        .map(({ before, after }) => [before, after])
        .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? 1 : -1))
    const begun = [null, null]
    expect(told('cancelPayout', cancelled)).toEqual([
      [
        { state: 'pending', fee: null },
        { state: 'cancelled', fee: null },
      ],
      begun,
    ])
    expect(told('settlePayout', paid)).toEqual([
      [
        { state: 'pending', fee: null },
        { state: 'paid', fee: '2' },
      ],
      begun,
    ])
    expect(told('settlePayout', failed)[0]).toMatchObject([{ state: 'pending' }, { state: 'failed' }])
    const refused = [null, { refused: 'payout_not_open' }]
    expect(told('cancelPayout', paid)).toEqual([refused, refused, begun, begun])
    expect(told('addDisputeEvidence', declined)[0]).toEqual([{ hasEvidence: false }, { hasEvidence: true }])
    expect(told('declineDispute', declined)[0]).toMatchObject([
      { state: 'open' },
      { state: 'won', resolution: 'declined' },
    ])
    expect(told('acceptDispute', accepted)[0]).toMatchObject([
      { state: 'open', amount: '100' },
      { state: 'lost', resolution: 'merchant-accepted' },
    ])
    expect(JSON.stringify(entries.map(({ before, after }) => [before, after]))).not.toContain('Siri')
  })

  test('a new signing key is in the trail of the operator, which has a list of its own', async () => {
    const { kid } = (await send('POST', '/v1/signing-keys/rotate', undefined, adminKey)).json()
    api.service.clock.advance(1)
    const { kid: next } = (await send('POST', '/v1/signing-keys/rotate', undefined, adminKey)).json()
    const shown = await send('GET', '/v1/operator/audit?action=rotateSigningKey', undefined, adminKey)
    expect(shown.json().data[0]).toMatchObject({
      ...{
        mode: null,
        action: 'rotateSigningKey',
        object: next,
        requestId,
        by: { kind: 'operator', surface: 'mteja' },
      },
      ...{ before: { signsWith: kid }, after: { signsWith: next } },
    })
    const csv = await send('GET', '/v1/operator/audit?format=csv', undefined, adminKey)
    expect(csv.body).toContain(next)
  })

  test('revoking a key says which keys were revoked with it', async () => {
    const tenant = await createTestTenant(api.service)
    const parent = (await send('POST', '/v1/api-keys', {}, tenant.secret)).json()
    const child = (await send('POST', '/v1/api-keys', {}, parent.secret)).json()
    await send('DELETE', `/v1/api-keys/${parent.id}`, undefined, tenant.secret)
    const revoked = await audit('action=revokeApiKey', tenant.secret)
    expect(revoked.map(({ object }) => object).sort()).toEqual([parent.id, child.id].sort())
  })

  test('the trail has no e-mail, phone and name of a customer', async () => {
    const tenant = await createTestTenant(api.service)
    await makeBelongings(api, tenant, 'siri')
    const rows = await api.service.db.query<{ row: string }>(sql`
      select row_to_json(t)::text as row from trail t where merchant_id = ${tenant.merchant.id} and action <> 'createPerson'
    `)
    expect(rows.length).toBeGreaterThan(5)
    expect(rows.filter(({ row }) => /siri|Otieno|\+?27821234567/.test(row)).map(({ row }) => row)).toEqual([])
  })

  test.each([
    '0827654397',
    '+27827654397',
    '27827654397',
    'Zed%20Zulu,%2012%20Long%20Street',
    'zed@example.com',
    'Zed',
  ])('the trail keeps nothing of an address that names no thing: %s', async (name) => {
    const tenant = await createTestTenant(api.service)
    const refused = await send('POST', `/v1/disputes/${name}/decline`, { message: 'no' }, tenant.secret)
    expect(refused.statusCode).toBe(404)
    for (const { object } of await audit('limit=100', tenant.secret)) expect([null, '']).toContain(object)
  })
})

describe('reading the trail', () => {
  let tenant: TestTenant
  beforeAll(async () => {
    ;({ tenant } = await makeDesk())
  })

  test('the pages of the trail, one after the other, have each write once', async () => {
    const whole = await audit('limit=100', tenant.secret)
    const found: Entry[] = []
    for (let next: string | null = 'ffffffff-ffff-ffff-ffff-ffffffffffff'; next !== null; ) {
      const page: { data: Entry[]; nextBefore: string | null } = (
        await send('GET', `/v1/audit?limit=2&before=${next}`, undefined, tenant.secret)
      ).json()
      found.push(...page.data)
      next = page.nextBefore
    }
    expect(found).toEqual(whole)
    expect(whole.length).toBeGreaterThan(3)
  })

  test('the trail is filtered by action, object and time', async () => {
    const whole = await audit('limit=100', tenant.secret)
    const payIn = whole.find(({ action }) => action === 'pay_in') as Entry
    expect(await audit('action=pay_in', tenant.secret)).toEqual([payIn])
    expect(await audit(`object=${payIn.object}`, tenant.secret)).toEqual([payIn])
    expect(await audit('from=2026-01-15&to=2026-01-15&limit=100', tenant.secret)).toEqual(whole)
    expect(await audit('from=2026-01-16', tenant.secret)).toEqual([])
    expect(await audit('by=nobody', tenant.secret)).toEqual([])
  })

  test('the trail as CSV has the whole list', async () => {
    const answer = await send('GET', '/v1/audit?format=csv', undefined, tenant.secret)
    const lines = answer.body.trim().split('\r\n')
    expect(lines[0]).toBe(
      'at,mode,action,object,kind,apiKeyId,key,person,surface,requestId,before,after,issuer,subject,address',
    )
    expect(lines).toHaveLength(1 + (await audit('limit=100', tenant.secret)).length)
  })
})

describe('keeping the trail', () => {
  test.each(['trail', 'actors'])(
    'rows of %s cannot be changed or deleted, by the server’s role or by the owner',
    async (table) => {
      for (const statement of [`update ${table} set merchant_id = 1`, `delete from ${table}`]) {
        await expect(api.service.db.query({ text: statement, values: [], name: '' })).rejects.toMatchObject({
          code: '42501',
        })
        await expect((api.service.db as OwnedDb).asOwner((owner) => owner.execute(statement))).rejects.toMatchObject({
          code: 'MT001',
        })
      }
    },
  )

  test.each([requestId, 'order-17', 'exactly-16-chars', requestId.toUpperCase()])(
    'the request id %s comes back as it was',
    (id) => {
      expect(unpackRequestId(packRequestId(id))).toBe(id)
    },
  )
})

test('refused credentials are counted, and logged by the end of the key and the address', async () => {
  for (let i = 0; i < 3; i++) await send('GET', '/v1/merchant', undefined, 'sk_test_000000000000Ab9Z')
  await send('GET', '/v1/merchants', undefined, 'not-the-operators-key')
  for (let i = 1000; i < 1040; i++) await send('GET', '/v1/merchant', undefined, `sk_test_000000000000${i}`)
  const shown = await api.service.meter.render()
  expect(shown).toContain('mteja_authentication_failures_total{surface="mteja"} 43\n')
  expect(shown).toContain('mteja_authentication_failures_total{surface="operator"} 1\n')
  const subjects = log.lines.map(({ subject }) => subject)
  expect(
    subjects.filter((subject) => subject === 'authentication from 127.0.0.1 by a key ending in Ab9Z'),
  ).toHaveLength(1)
  // One who tries many keys does not fill the log.
  expect(subjects.filter((subject) => String(subject).startsWith('authentication from')).length).toBeLessThan(25)
  expect(JSON.stringify(log.lines)).not.toContain('0000000000')
})
