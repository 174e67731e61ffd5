import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  AuthenticationError,
  CashfulClient,
  NotFoundError,
  PaystackClient,
  PermissionError,
  RateLimitError,
  ValidationError,
} from '../src/index.ts'
import { customer, paystackCustomer } from './samples.ts'
import { json, openScriptedServer, type ScriptedServer } from './scripted-server.ts'

/** Answers that the vendors' own services sent or document, where they differ from Mteja's answers. */
let server: ScriptedServer
let cashful: CashfulClient
let paystack: PaystackClient

beforeAll(async () => {
  server = await openScriptedServer()
  const options = { baseUrl: server.baseUrl, idempotency: false, maxRetries: 0 }
  cashful = new CashfulClient({ ...options, token: 't' })
  paystack = new PaystackClient({ ...options, secretKey: 's' })
})

afterAll(() => server.close())

describe('answers seen from Paystack', () => {
  test('a Paystack list is read from real rows, which have twelve members, null names and null metadata', async () => {
    const row = {
      integration: 463433,
      first_name: null,
      last_name: null,
      email: 'dom@gmail.com',
      phone: null,
      metadata: null,
      domain: 'test',
      customer_code: 'CUS_c6wqvwmvwopw4ms',
      risk_action: 'default',
      id: 90758908,
      createdAt: '2022-08-15T13:46:39.000Z',
      updatedAt: '2022-08-15T13:46:39.000Z',
    }
    const answer = { status: true, message: 'Customers retrieved', data: [row] }
    // Paystack was seen to send perPage as text.
    const meta = { total: 2, skipped: 0, perPage: '1', page: 1, pageCount: 2 }
    server.reply(
      json(200, { ...answer, meta }),
      json(200, { ...answer, data: [{ ...row, id: 1 }], meta: { ...meta, page: 2 } }),
    )
    expect(await Array.fromAsync(paystack.customers.list({ perPage: 1 }), ({ id }) => id)).toEqual([90758908, 1])
    expect(server.requests[1]?.url).toBe('/customer?perPage=1&page=2')
  })

  test('a Paystack cursor goes into the next request unchanged, and null ends the list', async () => {
    const page = (id: number, next: string | null) => ({
      status: true,
      message: 'Customers retrieved',
      data: [{ ...paystackCustomer, id }],
      meta: { next, previous: null, perPage: 1 },
    })
    server.reply(json(200, page(2, 'Y3VzdG9tZXI6OTAyMjU4MDk=')), json(200, page(1, null)))
    expect(await Array.fromAsync(paystack.customers.list({ use_cursor: true }), ({ id }) => id)).toEqual([2, 1])
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/customer?use_cursor=true',
      '/customer?use_cursor=true&next=Y3VzdG9tZXI6OTAyMjU4MDk%3D',
    ])
  })

  test('the short sample of a customer created at Paystack is accepted', async () => {
    const { first_name, last_name, phone, metadata, risk_action, ...short } = paystackCustomer
    server.reply(json(200, { status: true, message: 'Customer created', data: { ...short, identifications: null } }))
    expect((await paystack.customers.create({ email: 'a@b.co' })).customer_code).toBe(short.customer_code)
  })

  test('Paystack’s answer to a wrong key is an AuthenticationError', async () => {
    const body = {
      status: false,
      message: 'Invalid key',
      meta: { nextStep: 'Ensure that you provide the correct authorization key for the request' },
      type: 'validation_error',
      code: 'invalid_Key',
    }
    server.reply(json(401, body))
    const call = paystack.customers.fetch('a@b.co')
    await expect(call).rejects.toBeInstanceOf(AuthenticationError)
    await expect(call).rejects.toMatchObject({ message: 'Invalid key', code: 'invalid_Key', body })
  })

  test('old Paystack errors, with a message alone or with their status as text, have the right class', async () => {
    server.reply(json(404, { status: false, message: 'Customer email is invalid for your live domain.' }))
    await expect(paystack.customers.fetch('a@b.co')).rejects.toBeInstanceOf(NotFoundError)
    server.reply(json(400, { status: 'false', message: 'Invalid BVN' }))
    await expect(paystack.customers.fetch('a@b.co')).rejects.toBeInstanceOf(ValidationError)
  })

  test('Paystack’s answer for a feature that is turned off is a PermissionError', async () => {
    const message = 'You cannot modify risk level of customers on this integration'
    server.reply(json(403, { status: false, message }))
    const call = paystack.customers.setRiskAction({ customer: 'CUS_x', risk_action: 'deny' })
    await expect(call).rejects.toBeInstanceOf(PermissionError)
    await expect(call).rejects.toMatchObject({ message, isOutcomeUnknown: false })
  })

  test('Paystack’s answer to too many requests is a RateLimitError with the pause from Paystack’s own header', async () => {
    server.reply(json(429, { status: false, message: 'Too many' }, { 'x-ratelimit-reset': '1.5' }))
    const call = paystack.customers.fetch('a@b.co')
    await expect(call).rejects.toBeInstanceOf(RateLimitError)
    await expect(call).rejects.toMatchObject({ retryAfterMs: 1500 })
  })

  test('the request id is read from Paystack’s own header', async () => {
    server.reply(json(404, { status: false, message: 'x' }, { 'x-paystack-request-id': 'ps-1' }))
    await expect(paystack.customers.fetch('a@b.co')).rejects.toMatchObject({ requestId: 'ps-1' })
  })
})

describe('answers seen from Cashful', () => {
  test('a Cashful customer is accepted with null where the schema says optional, as in Cashful’s examples', async () => {
    server.reply(json(200, { ...customer, email: null, name: null, deletedAt: null }))
    expect((await cashful.customers.retrieve('customer_789')).id).toBe('customer_789')
  })

  test('a Cashful entry without the balance after it is accepted', async () => {
    const entry = {
      id: 'txn_002',
      customerId: 'customer_789',
      type: 'purchase',
      amount: -50,
      currency: 'ZAR',
      createdAt: '2025-01-15T11:00:00.000Z',
      updatedAt: '2025-01-15T11:00:00.000Z',
    }
    server.reply(json(200, { data: [entry], pagination: { limit: 50, offset: 0, total: 1, hasMore: false } }))
    expect((await cashful.customers.transactions('customer_789').page()).data).toEqual([entry])
  })

  test('a Cashful error with its message as text, as NestJS writes it, is read', async () => {
    server.reply(json(404, { statusCode: 404, message: 'Customer not found', error: 'Not Found' }))
    const call = cashful.customers.retrieve('x')
    await expect(call).rejects.toBeInstanceOf(NotFoundError)
    await expect(call).rejects.toThrow('Customer not found')
  })

  test('metadata, which Cashful’s schema requires, is always sent when a customer is created', async () => {
    server.reply(json(201, customer))
    await cashful.customers.create({ phoneNumber: '+27821234567', metadata: undefined })
    expect(server.requests[0]?.body).toBe('{"phoneNumber":"+27821234567","metadata":{}}')
    // Metadata is not added to an update, because it is not known how Cashful handles {} there.
    await cashful.customers.update('customer_789', { name: 'Jane' })
    expect(server.requests[1]?.body).toBe('{"name":"Jane"}')
  })

  test('a Cashful payment intent is retried safely, because its body holds a key', async () => {
    const intent = { id: 'pi_1', amount: 1, currency: 'ZAR', status: 'requires_action' }
    server.reply((response) => response.socket?.destroy(), json(201, intent))
    const options = { maxRetries: 1, backoffMs: 1 }
    await cashful.paymentIntents.create({ amount: 1, currency: 'ZAR' }, options)
    const [first, second] = server.requests
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(second?.body).toBe(first?.body)
  })
})
