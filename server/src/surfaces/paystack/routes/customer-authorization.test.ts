import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'

const account = { number: '0123456789', bank_code: '058' }
const address = { street: '1 Long Street', city: 'Lagos', state: 'Lagos' }
const notFound = {
  status: false,
  message: 'Authorization does not exist or does not belong to integration',
  meta: { nextStep: 'Try again later' },
  type: 'api_error',
  code: 'unknown',
}

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi({ publicUrl: 'https://pay.example.com' })
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)

async function create(email = 'zero@example.com') {
  return (await call('POST', '/customer', { email, first_name: 'Zero', last_name: 'Sum' })).json().data
}

async function initialize(body: Record<string, unknown> = {}) {
  const answer = await call('POST', '/customer/authorization/initialize', {
    email: 'zero@example.com',
    channel: 'direct_debit',
    ...body,
  })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data
}

const approve = (reference: string, body = {}) => call('POST', `/v1/sandbox/mandates/${reference}/approve`, body)
const verify = (reference: string) => call('GET', `/customer/authorization/verify/${reference}`)
const mandates = async (id: number) => (await call('GET', `/customer/${id}/directdebit-mandate-authorizations`)).json()

describe('initializing an authorization', () => {
  test('initializing an authorization answers where to send the customer', async () => {
    const answer = await call('POST', '/customer/authorization/initialize', {
      email: 'zero@example.com',
      channel: 'direct_debit',
      callback_url: 'https://shop.example/done',
      account,
      address,
    })
    const { access_code } = answer.json().data
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      {
        status: true,
        message: 'Authorization initialized',
        data: {
          redirect_url: `https://pay.example.com/authorize/${access_code}`,
          access_code: expect.stringMatching(/^[a-z0-9]{15}$/),
          reference: expect.stringMatching(/^[a-z0-9]{15}$/),
        },
      },
    ])
  })

  test('initializing an authorization creates a customer for a new e-mail, and finds the customer of a known one', async () => {
    await initialize({ email: 'New@example.com' })
    const { data } = (await call('GET', '/customer/new@example.com')).json()
    expect(data).toMatchObject({ email: 'new@example.com', first_name: null, metadata: null })
    await initialize({ email: 'NEW@example.com' })
    expect((await call('GET', '/customer')).json().meta.total).toBe(1)
  })

  test('initializing an authorization accepts the channel’s other spelling, and null for optional members', async () => {
    const { reference } = await initialize({
      channel: 'direct-debit',
      callback_url: '/',
      account: null,
      address: null,
    })
    const stored = await api.service.db.query(sql`
      select reference, status, callback_url, bank_code, account_number, address from mandates
      where merchant_id = ${tenant.merchant.id}
    `)
    expect(stored).toEqual([
      { reference, status: 'requested', callback_url: null, bank_code: null, account_number: null, address: null },
    ])
  })

  test.each([
    [{ email: null }, 'Email Address is required'],
    [{ channel: null }, '"channel" is required'],
    [{ channel: 'card' }, '"channel" must be one of [direct_debit, direct-debit]'],
    [{ account: { number: '0123456789' } }, '"account.bank_code" is required'],
    [{ account: { number: '12', bank_code: '058' } }, '"account.number" must be written like "0123456789"'],
    [{ address: { ...address, city: null } }, '"address.city" is required'],
  ])('initializing an authorization refuses %j with 400 and creates no customer', async (body, message) => {
    const answer = await call('POST', '/customer/authorization/initialize', {
      email: 'zero@example.com',
      channel: 'direct_debit',
      ...body,
    })
    expect([answer.statusCode, answer.json().message]).toEqual([400, message])
    expect((await call('GET', '/customer')).json().meta.total).toBe(0)
  })

  test('initializing an authorization in live mode is refused with 403 and creates no customer', async () => {
    const { secret } = await addTestKey(api.service, tenant.merchant, 'live')
    const body = { email: 'zero@example.com', channel: 'direct_debit' }
    const answer = await api.call('POST', '/customer/authorization/initialize', body, secret)
    expect([answer.statusCode, answer.json()]).toMatchObject([403, { type: 'api_error', code: 'feature_unavailable' }])
    expect((await api.call('GET', '/customer', undefined, secret)).json().meta.total).toBe(0)
  })
})

describe('initializing direct debit of a known customer', () => {
  test('initializing direct debit of a known customer answers like initializing an authorization', async () => {
    const { id } = await create()
    const answer = await call('POST', `/customer/${id}/initialize-direct-debit`, { account, address })
    const { access_code, reference } = answer.json().data
    expect(answer.json()).toEqual({
      status: true,
      message: 'Authorization initialized',
      data: { redirect_url: `https://pay.example.com/authorize/${access_code}`, access_code, reference },
    })
  })

  test('initializing direct debit needs account and address, and the numeric id of a customer', async () => {
    const { id, customer_code } = await create()
    const ask = async (who: unknown, body: unknown) =>
      (await call('POST', `/customer/${who}/initialize-direct-debit`, body)).statusCode
    expect(await ask(id, { account })).toBe(400)
    expect(await ask(id, { address })).toBe(400)
    expect(await ask(1, { account, address })).toBe(404)
    expect(await ask(customer_code, { account, address })).toBe(404)
    expect(await ask('9'.repeat(30), { account, address })).toBe(404)
  })
})

describe('a mandate', () => {
  test('a mandate appears once the customer has answered, is pending, then active', async () => {
    const { id, customer_code } = await create()
    const { reference } = await initialize()
    const before = await verify(reference)
    expect([before.statusCode, before.json()]).toEqual([404, notFound])
    expect(await mandates(id)).toEqual({
      status: true,
      message: 'Mandate authorizations retrieved successfully',
      data: [],
      meta: { per_page: 50, next: null, count: 0, total: 0 },
    })

    const approved = (await approve(reference, { accountNumber: '0987654321', bankCode: '032' })).json()
    expect(approved).toEqual({
      reference,
      status: 'pending',
      authorizationCode: expect.stringMatching(/^AUTH_[a-z0-9]{10}$/),
    })
    const data = {
      authorization_code: approved.authorizationCode,
      channel: 'direct_debit',
      bank: 'TEST BANK',
      active: false,
      customer: { code: customer_code, email: 'zero@example.com' },
    }
    expect((await verify(reference)).json()).toEqual({
      status: true,
      message: 'Authorization retrieved successfully',
      data,
    })
    expect((await call('GET', `/customer/${id}`)).json().data.authorizations).toEqual([])

    await api.settle()
    expect((await verify(reference)).json().data).toEqual({ ...data, active: true })
    const list = await mandates(id)
    expect(list).toEqual({
      status: true,
      message: 'Mandate authorizations retrieved successfully',
      data: [
        {
          id: expect.any(Number),
          status: 'active',
          mandate_id: list.data[0].id,
          authorization_id: expect.any(Number),
          authorization_code: approved.authorizationCode,
          integration_id: tenant.merchant.id,
          account_number: '098****321',
          bank_code: '032',
          bank_name: 'TEST BANK',
          customer: { id, customer_code, email: 'zero@example.com', first_name: 'Zero', last_name: 'Sum' },
          authorized_at: expect.stringMatching(/^2026-01-15T/),
        },
      ],
      meta: { per_page: 50, next: null, count: 1, total: 1 },
    })
    expect((await call('GET', `/customer/${id}`)).json().data.authorizations).toEqual([
      {
        authorization_code: approved.authorizationCode,
        bin: null,
        last4: null,
        exp_month: null,
        exp_year: null,
        channel: 'direct_debit',
        card_type: null,
        bank: 'TEST BANK',
        country_code: 'NG',
        brand: null,
        reusable: true,
        signature: null,
        account_name: null,
      },
    ])
  })

  test('a mandate approved twice is one mandate', async () => {
    const { id } = await create()
    const { reference } = await initialize()
    const [first, again] = [await approve(reference), await approve(reference)]
    expect(again.json()).toEqual(first.json())
    expect((await mandates(id)).data).toHaveLength(1)
  })

  test('a mandate is revoked with its authorization', async () => {
    const { id } = await create()
    const { reference } = await initialize()
    const { authorizationCode } = (await approve(reference)).json()
    await api.settle()
    await call('POST', '/customer/authorization/deactivate', { authorization_code: authorizationCode })
    expect((await mandates(id)).data[0]).toMatchObject({ status: 'revoked' })
    expect((await verify(reference)).json().data.active).toBe(false)
    expect((await call('GET', `/customer/${id}`)).json().data.authorizations).toEqual([])
  })

  test('a mandate revoked while it was pending does not become active', async () => {
    const { id } = await create()
    const { reference } = await initialize()
    const { authorizationCode } = (await approve(reference)).json()
    await call('POST', '/customer/authorization/deactivate', { authorization_code: authorizationCode })
    await api.settle()
    expect((await mandates(id)).data[0]).toMatchObject({ status: 'revoked' })
  })

  test('a mandate’s activation is tried again on request', async () => {
    const { id } = await create()
    const { reference } = await initialize()
    await approve(reference)
    const { authorization_id } = (await mandates(id)).data[0]
    const path = `/customer/${id}/directdebit-activation-charge`
    const answer = await call('PUT', path, { authorization_id })
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: true, message: 'Mandate is queued for retry' }])
    expect((await call('PUT', path, { authorization_id: String(authorization_id) })).statusCode).toBe(200)
    expect((await call('PUT', path, {})).json().message).toBe('"authorization_id" is required')
    expect((await call('PUT', path, { authorization_id: 'x' })).statusCode).toBe(400)
    expect((await call('PUT', path, { authorization_id: 1 })).json()).toEqual(notFound)
    expect((await call('PUT', '/customer/1/directdebit-activation-charge', { authorization_id })).statusCode).toBe(404)
  })

  test('a mandate of an unknown reference answers 404', async () => {
    const answer = await verify('nothing')
    expect([answer.statusCode, answer.json()]).toEqual([404, notFound])
  })
})
