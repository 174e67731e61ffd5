import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import { finishAccountRequests } from '../../../domain/banking/account-requests.ts'
import type { RecordedEvent } from '../../../domain/events/events.ts'
import { failureReasons } from '../../../domain/identity/identity-verifier.ts'
import { sandboxAccounts } from '../../../domain/sandbox/verifier.ts'
import { renderDedicatedAccountEvent } from '../events.ts'
import { renderChargeEvent } from '../render-transaction.ts'

const person = { first_name: 'Zero', last_name: 'Sum', phone: '+2348123456789' }
const identity = { bvn: '222222222221', bank_code: '007', account_number: '0111111111' }
const applicant = { email: 'zero@example.com', ...person, preferred_bank: 'test-bank', country: 'NG' }
const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { name: 'Duka' })
})
afterAll(() => api.close())

async function call(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await api.app.inject({
    method: method as 'GET',
    url: path,
    headers: { authorization: `Bearer ${tenant.secret}`, ...headers },
    ...(body === undefined ? {} : { payload: body as object }),
  })
  return { status: answer.statusCode, body: answer.json() }
}

async function create(more: Record<string, unknown> = person) {
  const { body } = await call('POST', '/customer', { email: 'zero@example.com', ...more })
  return body.data as { id: number; customer_code: string }
}

async function createAccount(customer: string | number, more: Record<string, unknown> = {}) {
  const answer = await call('POST', '/dedicated_account', { customer, preferred_bank: 'test-bank', ...more })
  expect(answer).toMatchObject({ status: 200 })
  return answer.body.data
}

async function events() {
  return api.service.db.query<Pick<RecordedEvent, 'type' | 'mode' | 'data'>>(sql`
    select type, mode, data from events
    where merchant_id = ${tenant.merchant.id} and type like 'dedicated_account.%' order by id
  `)
}

/** The webhooks for the events so far. */
async function webhooks() {
  return (await events()).map(renderDedicatedAccountEvent).filter((each) => each !== null)
}

async function pay(account_number: string, body: Record<string, unknown>, headers?: Record<string, string>) {
  return call('POST', `/v1/sandbox/dedicated-accounts/${account_number}/transfers`, body, headers)
}

async function balance(code: string): Promise<number> {
  const { body } = await call('GET', `/v1/customers/${code}/balances`)
  const { balances } = body as { balances: { currency: string; posted: number }[] }
  return balances.find(({ currency }) => currency === 'NGN')?.posted ?? 0
}

describe('creating a dedicated account', () => {
  test('a dedicated account is a customer’s own, in naira, under the merchant’s and the customer’s names', async () => {
    const customer = await create()
    const { status, body } = await call('POST', '/dedicated_account', {
      customer: customer.id,
      preferred_bank: 'test-bank',
    })
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        status: true,
        message: 'NUBAN successfully created',
        data: {
          id: expect.any(Number),
          bank: { name: 'Test Bank', id: 20, slug: 'test-bank' },
          account_name: 'DUKA/ZERO SUM',
          account_number: expect.stringMatching(/^\d{10}$/),
          assigned: true,
          active: true,
          currency: 'NGN',
          metadata: null,
          created_at: iso,
          updated_at: iso,
          assignment: {
            integration: tenant.merchant.id,
            assignee_id: customer.id,
            assignee_type: 'Customer',
            expired: false,
            account_type: 'PAY-WITH-TRANSFER-RECURRING',
            assigned_at: iso,
            expired_at: null,
          },
          customer: {
            id: customer.id,
            ...person,
            email: 'zero@example.com',
            customer_code: customer.customer_code,
            metadata: {},
            risk_action: 'default',
            international_format_phone: '+2348123456789',
          },
        },
      },
    })
    const { body: fetched } = await call('GET', `/customer/${customer.customer_code}`)
    const { customer: _1, metadata: _2, assignment, ...shown } = body.data
    const { expired: _3, assigned_at: _4, expired_at: _5, ...assigned } = assignment
    expect(fetched.data.dedicated_account).toEqual({ ...shown, assignment: assigned })
    expect(fetched.data.dedicated_accounts).toEqual([fetched.data.dedicated_account])
  })

  test('a dedicated account is in the merchant’s own currency where the merchant holds no naira', async () => {
    tenant = await createTestTenant(api.service, { currencies: ['KES'] })
    expect((await createAccount((await create()).id)).currency).toBe('KES')
  })

  test('a dedicated account asked for again is the same account, and of another bank another account', async () => {
    const { customer_code } = await create()
    const first = await createAccount(customer_code)
    expect((await createAccount(customer_code)).account_number).toBe(first.account_number)
    const other = await createAccount(customer_code, { preferred_bank: 'wema-bank' })
    expect(other.account_number).not.toBe(first.account_number)
    expect(await webhooks()).toHaveLength(2)
    const { data } = (await call('GET', `/customer/${customer_code}`)).body
    expect(data.dedicated_accounts.map(({ id }: { id: number }) => id)).toEqual([other.id, first.id])
  })

  test('a dedicated account asked for many times at once is one account', async () => {
    const { customer_code } = await create()
    const made = await Promise.all(Array.from({ length: 8 }, () => createAccount(customer_code)))
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
  })

  test.each([
    [{ last_name: 'Sum', phone: '0803' }, 'first_name'],
    [{ first_name: 'Zero', phone: '0803' }, 'last_name'],
    [{ first_name: 'Zero', last_name: 'Sum' }, 'phone'],
  ])('a dedicated account is refused to a customer who has only %j', async (given, missing) => {
    const { customer_code } = await create(given)
    const { status, body } = await call('POST', '/dedicated_account', { customer: customer_code })
    expect([status, body.message]).toEqual([
      400,
      `A customer needs first_name, last_name and phone for a dedicated account; ${missing} is missing`,
    ])
    expect(await events()).toEqual([])
    const account = await createAccount(customer_code, person)
    expect(account.customer).toMatchObject(person)
  })

  test.each([
    [{ preferred_bank: 'no-bank' }, 400, '"preferred_bank" must be one of [test-bank, wema-bank, titan-paystack]'],
    [{ customer: 'CUS_nobody' }, 404, 'Customer code/email specified is invalid'],
    [{ customer: null }, 400, '"customer" is required'],
  ])('creating a dedicated account with %j is refused', async (more, status, message) => {
    const { customer_code } = await create()
    const answer = await call('POST', '/dedicated_account', { customer: customer_code, ...more })
    expect([answer.status, answer.body.message]).toEqual([status, message])
  })

  test('dedicated accounts are refused in live mode', async () => {
    const live = await addTestKey(api.service, tenant.merchant, 'live')
    for (const [method, path] of [
      ['GET', '/dedicated_account'],
      ['GET', '/dedicated_account/1'],
      ['DELETE', '/dedicated_account/1'],
      ['GET', '/dedicated_account/available_providers'],
    ] as const) {
      const answer = await api.call(method, path, undefined, live.secret)
      expect([path, answer.statusCode, answer.json().code]).toEqual([path, 403, 'feature_unavailable'])
    }
  })
})

describe('listing and changing dedicated accounts', () => {
  test('dedicated accounts are listed newest first, by page and by filter', async () => {
    const customers = []
    for (const name of ['a', 'b', 'c']) customers.push(await create({ ...person, email: `${name}@example.com` }))
    const [a, b, c] = await Promise.all(customers.map(({ id }) => createAccount(id)))
    const wema = await createAccount(customers[0]?.id ?? 0, { preferred_bank: 'wema-bank' })
    await call('DELETE', `/dedicated_account/${b.id}`)
    const ids = async (query: string) => {
      const { status, body } = await call('GET', `/dedicated_account${query}`)
      expect([status, body.message]).toEqual([200, 'Managed accounts successfully retrieved'])
      return body.data.map(({ id }: { id: number }) => id).sort()
    }
    const sorted = (...accounts: { id: number }[]) => accounts.map(({ id }) => id).sort()
    expect(await ids('')).toEqual(sorted(a, b, c, wema))
    expect(await ids('?active=true')).toEqual(sorted(a, c, wema))
    expect(await ids('?active=false')).toEqual(sorted(b))
    expect(await ids('?active=True&currency=NGN')).toEqual(sorted(a, c, wema))
    expect(await ids('?active=False')).toEqual(sorted(b))
    expect(await ids('?provider_slug=wema-bank')).toEqual(sorted(wema))
    expect(await ids('?bank_id=629')).toEqual([])
    expect(await ids('?currency=ngn')).toEqual(sorted(a, b, c, wema))
    expect(await ids('?currency=GHS')).toEqual([])
    expect(await ids(`?customer=${customers[0]?.id}`)).toEqual(sorted(a, wema))
    expect(await ids(`?customer=${customers[1]?.customer_code}&active=true`)).toEqual([])
    expect(await ids('?customer=CUS_nobody')).toEqual([])
    const { body } = await call('GET', '/dedicated_account?perPage=3&page=2')
    expect(body.meta).toEqual({ total: 4, skipped: 3, perPage: 3, page: 2, pageCount: 2 })
    expect(body.data).toHaveLength(1)
    expect((await call('GET', '/dedicated_account?perPage=1')).body.data[0].id).toBe(wema.id)
  })

  test.each(['active=maybe', 'bank_id=x', 'bank_id=99999999999', 'perPage=0'])(
    'the list of dedicated accounts refuses %s',
    async (query) => {
      expect((await call('GET', `/dedicated_account?${query}`)).status).toBe(400)
    },
  )

  test('the providers of dedicated accounts are listed', async () => {
    const { body } = await call('GET', '/dedicated_account/available_providers')
    expect(body.message).toBe('Dedicated account providers retrieved')
    expect(body.data).toContainEqual({ provider_slug: 'test-bank', bank_id: 20, bank_name: 'Test Bank', id: 1 })
  })

  test('a dedicated account is requeried for transfers at most every ten minutes', async () => {
    const { account_number } = await createAccount((await create()).id)
    const path = `/dedicated_account/requery?account_number=${account_number}&provider_slug=test-bank`
    expect((await call('GET', path)).status).toBe(200)
    expect((await call('GET', path)).status).toBe(400)
    api.service.clock.advance(10 * 60 * 1000)
    expect((await call('GET', path)).status).toBe(200)
    expect((await call('GET', '/dedicated_account/requery?account_number=9000000000')).status).toBe(404)
    expect((await call('GET', '/dedicated_account/requery')).body.message).toBe('"account_number" is required')
    const { status, body } = await call('GET', `${path}&date=2026-13-01`)
    expect([status, body.message]).toEqual([400, expect.stringContaining('date')])
  })

  test.each([
    [{ split_code: 'SPL_a' }, 'Invalid Split code.'],
    [{ subaccount: 'ACCT_a' }, 'Invalid Subaccount.'],
  ])('a dedicated account with %j is refused, because nothing splits what is paid to it', async (split, message) => {
    const { customer_code } = await create()
    const { account_number } = await createAccount(customer_code)
    const refused = [
      await call('POST', '/dedicated_account', { customer: customer_code, preferred_bank: 'wema-bank', ...split }),
      await call('POST', '/dedicated_account/assign', { ...applicant, ...split }),
      await call('POST', '/dedicated_account/split', { account_number, ...split }),
    ]
    expect(refused.map(({ status, body }) => [status, body.message, body.code])).toEqual(
      Array(3).fill([404, message, 'not_found']),
    )
    expect((await call('GET', '/dedicated_account')).body.meta.total).toBe(1)
    const missing = await call('POST', '/dedicated_account/split', { account_number, split_code: '' })
    expect([missing.status, missing.body.message]).toEqual([400, '"split_code" is required'])
  })

  test('the split that a former release stored with a dedicated account is shown and can be removed', async () => {
    const { id, account_number } = await createAccount((await create()).customer_code)
    await api.service.db.query(sql`
      update dedicated_accounts set split_code = 'SPL_a' where merchant_id = ${tenant.merchant.id}
    `)
    const fetched = async () => (await call('GET', `/dedicated_account/${id}`)).body.data.split_config
    expect(await fetched()).toBe('{"split_code":"SPL_a"}')
    const { body } = await call('GET', '/dedicated_account')
    expect(body.data[0].split_config).toEqual({ split_code: 'SPL_a', subaccount: null })
    const removed = await call('DELETE', '/dedicated_account/split', { account_number })
    expect(removed.body).toMatchObject({ status: true, message: 'Subaccount unassigned', data: { id } })
    expect(await fetched()).toBeNull()
  })

  test('a removed dedicated account is no longer the customer’s, and a new one can be created', async () => {
    const { customer_code } = await create()
    const { id, account_number } = await createAccount(customer_code)
    const { status, body } = await call('DELETE', `/dedicated_account/${id}`)
    expect([status, body.message]).toEqual([200, 'Managed Account Successfully Unassigned'])
    expect(body.data).toMatchObject({ id, account_number, assigned: false, active: false })
    expect((await call('DELETE', `/dedicated_account/${id}`)).status).toBe(404)
    expect((await call('GET', `/customer/${customer_code}`)).body.data.dedicated_account).toBeNull()
    expect((await createAccount(customer_code)).account_number).not.toBe(account_number)
    expect((await events()).map(({ type }) => type)).toEqual([
      'dedicated_account.assigned',
      'dedicated_account.removed',
      'dedicated_account.assigned',
    ])
  })
})

describe('assigning a dedicated account', () => {
  const asked = applicant
  const accepted = { status: 200, body: { status: true, message: 'Assign dedicated account in progress' } }
  const assign = (more: Record<string, unknown> = {}) =>
    call('POST', '/dedicated_account/assign', { ...asked, ...more })
  const fetchCustomer = async () => (await call('GET', '/customer/zero@example.com')).body.data

  test('assigning a dedicated account creates the customer at once and the account later, and sends a webhook', async () => {
    expect(await assign()).toEqual(accepted)
    expect(await fetchCustomer()).toMatchObject({ ...person, dedicated_account: null })
    await api.settle()
    const customer = await fetchCustomer()
    const [webhook] = await webhooks()
    expect(webhook).toEqual({
      event: 'dedicatedaccount.assign.success',
      data: {
        customer: {
          id: customer.id,
          ...person,
          email: 'zero@example.com',
          customer_code: customer.customer_code,
          metadata: null,
          risk_action: 'default',
          international_format_phone: '+2348123456789',
        },
        dedicated_account: {
          ...customer.dedicated_account,
          metadata: null,
          assignment: {
            ...customer.dedicated_account.assignment,
            expired: false,
            assigned_at: iso,
            expired_at: null,
          },
        },
        identification: { status: 'not_requested' },
      },
    })
  })

  test('assigning with a BVN identifies the customer first, and the dedicated account has the bank’s names', async () => {
    expect(await assign(identity)).toEqual(accepted)
    await finishAccountRequests(api.service)
    expect((await fetchCustomer()).dedicated_account).toBeNull()
    await assign({ ...identity, first_name: 'Uchenna', last_name: 'Okoro' })
    await api.settle()
    const customer = await fetchCustomer()
    expect(customer).toMatchObject({
      identified: true,
      dedicated_account: { account_name: 'DUKA/UCHENNA OKORO' },
    })
    // The account does not belong to Zero Sum, but to Uchenna Okoro.
    const told = await webhooks()
    expect(told.map(({ event }) => event).sort()).toEqual([
      'dedicatedaccount.assign.failed',
      'dedicatedaccount.assign.success',
    ])
  })

  test('assigning with a failed identification creates no dedicated account and reports the reason', async () => {
    await assign({ ...identity, account_number: sandboxAccounts.unresolved })
    await api.settle()
    expect((await fetchCustomer()).dedicated_account).toBeNull()
    expect(await webhooks()).toMatchObject([
      {
        event: 'dedicatedaccount.assign.failed',
        data: { dedicated_account: null, identification: { status: 'failed' }, customer: { email: asked.email } },
      },
    ])
    const [event] = await events()
    expect(event?.data.details?.reason).toBe(failureReasons.unresolved)
  })

  test('assigning to a customer identified by the same details does not identify again', async () => {
    const named = { ...identity, first_name: 'Uchenna', last_name: 'Okoro' }
    await create()
    await call('POST', '/customer/zero@example.com/identification', { ...named, type: 'bank_account', country: 'NG' })
    await api.settle()
    expect(await assign(named)).toEqual(accepted)
    await finishAccountRequests(api.service)
    expect(await webhooks()).toMatchObject([{ data: { identification: { status: 'success' } } }])
  })

  test('assigning to a customer who has a dedicated account reports that account', async () => {
    const { account_number } = await createAccount((await create()).id)
    await assign()
    await api.settle()
    const told = await webhooks()
    expect(told).toHaveLength(2)
    expect(told[1]).toMatchObject({ data: { dedicated_account: { account_number } } })
  })

  test('assigning a dedicated account by many servers at once happens once', async () => {
    await assign()
    await Promise.all(Array.from({ length: 4 }, () => finishAccountRequests(api.service)))
    expect(await webhooks()).toHaveLength(1)
  })

  test('assigning to a customer whose name was removed meanwhile fails', async () => {
    await assign()
    await api.service.db.query(sql`
      update customers set first_name = null where merchant_id = ${tenant.merchant.id}
    `)
    await api.settle()
    expect((await events()).map(({ type }) => type)).toEqual(['dedicated_account.assignment_failed'])
  })

  test.each([
    [{ phone: null }, '"phone" is required'],
    [{ first_name: '  ' }, expect.stringContaining('first_name is missing')],
    [{ country: 'ZA' }, '"country" must be one of [NG, GH]'],
    [{ preferred_bank: 'no-bank' }, expect.stringContaining('"preferred_bank"')],
    [{ bvn: '222222222221' }, '"bank_code" is required'],
    [{ bvn: '222222222221', bank_code: '007' }, '"account_number" is required'],
  ])('assigning a dedicated account with %j is refused', async (more, message) => {
    const { status, body } = await assign(more)
    expect([status, body.message]).toEqual([400, message])
  })
})

describe('money sent to a dedicated account', () => {
  test('money sent to a dedicated account is the customer’s cash, on both APIs', async () => {
    tenant = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'] })
    const { customer_code } = await create()
    const { account_number } = await createAccount(customer_code)
    const sent = { amount: 5000, senderName: 'Ada Obi', narration: 'Rent', reference: '000013260115' }
    expect(await pay(account_number, sent)).toEqual({
      status: 201,
      body: {
        reference: '000013260115',
        paymentIntentId: expect.stringMatching(/^pi_/),
        customerId: customer_code,
        accountNumber: account_number,
        amount: 5000,
        currency: 'NGN',
        senderName: 'Ada Obi',
        narration: 'Rent',
        status: 'succeeded',
        reason: null,
        createdAt: iso,
      },
    })
    expect(await balance(customer_code)).toBe(5000)
    const { body } = await call('GET', `/api/canary/customers/${customer_code}/transactions`)
    expect(body.data).toMatchObject([{ type: 'credit', amount: 5000 }])
  })

  test('money sent to a dedicated account is the customer’s transaction, and is sent once as charge.success', async () => {
    const { customer_code, id } = await create()
    const { account_number } = await createAccount(customer_code)
    const sent = {
      amount: 5000,
      senderName: 'Ada Obi',
      senderBank: 'Zenith Bank',
      senderAccountNumber: '2088888888',
      narration: 'Rent',
      reference: '000013260115',
    }
    await pay(account_number, sent)
    await pay(account_number, sent)
    const { status, body } = await call('GET', '/transaction/verify/000013260115')
    expect(status).toBe(200)
    expect(body.data).toMatchObject({
      status: 'success',
      amount: 5000,
      currency: 'NGN',
      channel: 'dedicated_nuban',
      customer: { id, customer_code },
      authorization: {
        authorization_code: expect.stringMatching(/^AUTH_[a-z0-9]{10}$/),
        channel: 'dedicated_nuban',
        card_type: 'transfer',
        brand: 'Managed Account',
        reusable: false,
        country_code: 'NG',
        sender_bank: 'Zenith Bank',
        sender_bank_account_number: 'XXXXXX8888',
        sender_country: 'NG',
        sender_name: 'Ada Obi',
        narration: 'Rent',
        receiver_bank_account_number: account_number,
        receiver_bank: 'Test Bank',
      },
    })
    const told = await api.service.db.query<Pick<RecordedEvent, 'type' | 'data'>>(sql`
      select type, data from events
      where merchant_id = ${tenant.merchant.id} and data -> 'details' -> 'transaction' is not null
    `)
    expect(told.map(renderChargeEvent)).toEqual([
      {
        event: 'charge.success',
        data: expect.objectContaining({ ...body.data, plan: {}, source: expect.any(Object) }),
      },
    ])
    expect((await call('GET', `/customer/${customer_code}`)).body.data.authorizations).toEqual([])
  })

  test('money sent to a dedicated account under a reference in other use is refused', async () => {
    const { customer_code } = await create()
    const first = await createAccount(customer_code)
    const other = await createAccount(customer_code, { preferred_bank: 'wema-bank' })
    const asked = { email: 'zero@example.com', amount: 100, currency: 'NGN', reference: 'order-1' }
    await call('POST', '/transaction/initialize', asked)
    expect((await pay(first.account_number, { amount: 5, reference: 'order-1' })).status).toBe(409)
    await pay(first.account_number, { amount: 5, reference: 'bank-1' })
    expect((await pay(other.account_number, { amount: 5, reference: 'bank-1' })).status).toBe(409)
    expect(await balance(customer_code)).toBe(5)
  })

  test('money sent to a dedicated account is credited once for a reference, also at once and with different keys', async () => {
    const { customer_code } = await create()
    const { account_number } = await createAccount(customer_code)
    const sent = { amount: 700, reference: 'ref-1' }
    const answers = await Promise.all([
      pay(account_number, sent),
      pay(account_number, sent),
      pay(account_number, sent, { 'idempotency-key': 'a' }),
      pay(account_number, sent, { 'idempotency-key': 'b' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.paymentIntentId)).size).toBe(1)
    expect(await balance(customer_code)).toBe(700)
    await pay(account_number, { amount: 1 })
    await pay(account_number, { amount: 1 })
    expect(await balance(customer_code)).toBe(702)
  })

  test('money sent twice under an Idempotency-Key without a reference is one transfer', async () => {
    const { customer_code } = await create()
    const { account_number } = await createAccount(customer_code)
    const key = { 'idempotency-key': 'transfer-1' }
    const [first, again] = [
      await pay(account_number, { amount: 5 }, key),
      await pay(account_number, { amount: 5 }, key),
    ]
    expect(again).toEqual(first)
    expect(await balance(customer_code)).toBe(5)
    expect((await pay(account_number, { amount: 6 }, key)).status).toBe(409)
  })

  test('money sent to a dedicated account under a used reference with another amount is refused, and the amount is named', async () => {
    const { customer_code } = await create()
    const { account_number } = await createAccount(customer_code)
    await pay(account_number, { amount: 5000, reference: '000_1' })
    const { status, body } = await pay(account_number, { amount: 6000, reference: '000_1' })
    expect([status, body.error]).toEqual([
      409,
      {
        code: 'reference_taken',
        message: 'The transfer "000_1" was of 50.00 NGN; another amount needs another reference',
        field: 'reference',
      },
    ])
    expect(await balance(customer_code)).toBe(5000)
  })

  test.each(['a b', 'a/b', 'é', '😀', ''])(
    'money sent to a dedicated account is refused under the reference %j',
    async (reference) => {
      const { customer_code } = await create()
      const { account_number } = await createAccount(customer_code)
      expect((await pay(account_number, { amount: 5, reference })).status).toBe(400)
      expect(await balance(customer_code)).toBe(0)
    },
  )

  test('money sent to a removed dedicated account is refused', async () => {
    const { customer_code } = await create()
    const { account_number, id } = await createAccount(customer_code)
    await call('DELETE', `/dedicated_account/${id}`)
    const { status, body } = await pay(account_number, { amount: 5 })
    expect([status, body.error.code]).toEqual([404, 'dedicated_account_not_found'])
    expect(await balance(customer_code)).toBe(0)
  })

  test('money sent to a denied customer’s dedicated account is credited, because it has come', async () => {
    const { customer_code } = await create()
    const { account_number } = await createAccount(customer_code)
    await call('POST', '/customer/set_risk_action', { customer: customer_code, risk_action: 'deny' })
    const sent = { amount: 5, reference: 'sent-to-denied' }
    for (let told = 0; told < 2; told += 1) {
      expect(await pay(account_number, sent)).toMatchObject({
        status: 201,
        body: { status: 'succeeded', reason: null },
      })
    }
    expect(await balance(customer_code)).toBe(5)
    const { body } = await call('GET', '/transaction/verify/sent-to-denied')
    expect(body.data).toMatchObject({ status: 'success', amount: 5 })
  })

  test.each([[0], [-1], [1.5], ['x'], [null]])(
    'money sent to a dedicated account is refused with the amount %j',
    async (amount) => {
      const { account_number } = await createAccount((await create()).id)
      expect((await pay(account_number, { amount })).status).toBe(400)
    },
  )
})
