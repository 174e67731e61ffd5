import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { forgetOldKeys } from '../../../domain/idempotency/once.ts'
import { requireProcessor } from '../../../domain/payments/payment-processor.ts'

const now = '2026-01-15T10:30:00.000Z'
const tomorrow = '2026-01-16T10:30:00.000Z'
const path = '/api/canary/payment-intents'

let api: TestApi
let tenant: TestTenant
let customerId: string

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
  customerId = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
})

const call = (method: string, url: string, body?: unknown, key?: string) =>
  api.app.inject({
    method: method as 'GET',
    url,
    headers: { authorization: `Bearer ${tenant.secret}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    ...(body === undefined ? {} : { payload: body as object }),
  })
const create = async (more: object = {}) =>
  (await call('POST', path, { customerId, amount: 5000, currency: 'ZAR', ...more })).json()
const confirm = (id: string, body?: object, key?: string) => call('POST', `${path}/${id}/confirm`, body, key)
const balance = async () => (await call('GET', `/api/canary/customers/${customerId}/balance`)).json().amount
const saveCard = async (number: string) =>
  (await call('POST', '/v1/sandbox/payment-methods', { customerId, type: 'card', number })).json().id

describe('creating a payment intent', () => {
  test('creating a payment intent answers 201 with exactly the documented members', async () => {
    const answer = await call('POST', path, {
      customerId,
      amount: 5000,
      currency: 'ZAR',
      mode: 'payment',
      description: 'Top-up',
      metadata: { orderId: 'order_456' },
    })
    expect([answer.statusCode, answer.json()]).toEqual([
      201,
      {
        id: expect.stringMatching(/^pi_/),
        merchantId: tenant.merchant.code,
        customerId,
        paymentMethodId: null,
        amount: 5000,
        currency: 'ZAR',
        status: 'requires_payment_method',
        mode: 'payment',
        description: 'Top-up',
        metadata: { orderId: 'order_456' },
        idempotencyKey: expect.stringMatching(/^idem_/),
        expiresAt: tomorrow,
        createdAt: now,
        updatedAt: now,
      },
    ])
  })

  test('a created payment intent leaves out members not given, except the two that may be null', async () => {
    const made = (
      await call('POST', path, { amount: '5000', currency: 'ZAR', customerId: null, metadata: null })
    ).json()
    expect(made).toMatchObject({ customerId: null, paymentMethodId: null, amount: 5000 })
    expect(Object.keys(made)).not.toEqual(expect.arrayContaining(['description', 'metadata', 'deletedAt']))
  })

  test('creating a payment intent with a payment method charges it at once', async () => {
    const paymentMethodId = await saveCard('4084084084084081')
    expect(await create({ paymentMethodId })).toMatchObject({ status: 'succeeded', paymentMethodId })
    expect(await balance()).toBe(5000)
  })

  test('a declined charge answers 402 to the creation of its payment intent and to the repeat', async () => {
    const paymentMethodId = await saveCard('4084080000670037')
    const body = { customerId, paymentMethodId, amount: 5000, currency: 'ZAR' }
    const first = await call('POST', path, body, 'key-1')
    expect([first.statusCode, first.json()]).toEqual([
      402,
      { statusCode: 402, error: 'Payment Required', message: [expect.stringContaining('insufficient funds')] },
    ])
    const again = await call('POST', path, body, 'key-1')
    expect([again.statusCode, again.body, again.headers['idempotent-replayed']]).toEqual([402, first.body, 'true'])
    expect((await call('GET', path)).json().pagination.total).toBe(1)
  })

  test('creating a payment intent under one key makes one intent and answers the same bytes', async () => {
    const body = { customerId, amount: 5000, currency: 'ZAR' }
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('POST', path, body, 'key-2')))
    expect(new Set(answers.map((each) => `${each.statusCode} ${each.body}`)).size).toBe(1)
    expect(answers[0]?.json().idempotencyKey).toBe('key-2')
    const other = await call('POST', path, { ...body, amount: 1 }, 'key-2')
    expect(other.statusCode).toBe(409)
    expect((await call('GET', path)).json().pagination.total).toBe(1)
  })

  test('a creation that broke off is finished by its repeat, with one payment intent and one charge', async () => {
    const paymentMethodId = await saveCard('4084084084084081')
    const body = { customerId, paymentMethodId, amount: 5000, currency: 'ZAR' }
    const processor = await requireProcessor(api.service, api.tenant)
    const { charge } = processor
    vi.spyOn(processor, 'charge').mockImplementationOnce(async (...given) => {
      await charge(...given)
      throw new Error('the connection broke')
    })
    expect((await call('POST', path, body, 'key-3')).statusCode).toBe(500)
    const answer = await call('POST', path, body, 'key-3')
    expect([answer.statusCode, answer.json().status]).toEqual([201, 'succeeded'])
    expect(answer.headers['idempotent-replayed']).toBeUndefined()
    expect((await call('POST', path, body, 'key-3')).body).toBe(answer.body)
    expect([await balance(), (await call('GET', path)).json().pagination.total]).toEqual([5000, 1])
  })

  test('creating a payment intent under one idempotencyKey in the body makes one intent', async () => {
    const [first, second] = [await create({ idempotencyKey: 'mine' }), await create({ idempotencyKey: 'mine' })]
    expect(second).toEqual(first)
    const spelled = await call(
      'POST',
      path,
      { customerId, amount: '5000', currency: 'zar', idempotencyKey: 'mine' },
      'a-header',
    )
    expect([spelled.statusCode, spelled.json(), spelled.headers['idempotent-replayed']]).toEqual([201, first, 'true'])
    const other = await call('POST', path, { customerId, amount: 1, currency: 'ZAR', idempotencyKey: 'mine' })
    const message = 'The idempotencyKey "mine" was used with another amount; use a new key for a new request'
    expect([other.statusCode, other.json()]).toEqual([409, { statusCode: 409, message: [message], error: 'Conflict' }])
  })

  test('the idempotencyKey of a payment intent is no key of another call, and the intent keeps it when the answer is forgotten', async () => {
    expect((await call('POST', '/api/canary/customers', { email: 'own@example.com' }, 'own')).statusCode).toBe(201)
    const made = await create({ idempotencyKey: 'own' })
    await forgetOldKeys(api.service, { days: -1, limit: 5000 })
    expect(await create({ idempotencyKey: 'own' })).toEqual(made)
    expect((await call('POST', path, { customerId, amount: 5000, currency: 'ZAR' }, 'own')).json()).toEqual(made)
  })

  test('a declined charge under one idempotencyKey in the body is answered again, and not made again', async () => {
    const paymentMethodId = await saveCard('4084080000670037')
    const body = { customerId, paymentMethodId, amount: 5000, currency: 'ZAR', idempotencyKey: 'declined' }
    const answers = [await call('POST', path, body), await call('POST', path, body)]
    expect(answers.map((each) => [each.statusCode, each.headers['idempotent-replayed']])).toEqual([
      [402, undefined],
      [402, 'true'],
    ])
    expect(answers[1]?.body).toBe(answers[0]?.body)
    expect((await call('GET', path)).json().pagination.total).toBe(1)
  })

  test.each([
    [400, { amount: 0 }],
    [400, { currency: 'XXX' }],
    [400, { currency: 'KES' }],
    [400, { mode: 'subscription' }],
    [400, { expiresAt: '2020-01-01T00:00:00Z' }],
    [404, { customerId: 'CUS_000000000000000' }],
    [404, { paymentMethodId: 'pm_0000000000' }],
    [404, { paymentMethodId: 'card' }],
    [404, { merchantId: 'mer_000000000000000' }],
  ])('creating a payment intent answers %i to %o', async (status, more) => {
    const answer = await call('POST', path, { customerId, amount: 5000, currency: 'ZAR', ...more })
    expect(answer.statusCode).toBe(status)
  })

  test('creating a payment intent is refused in live mode', async () => {
    tenant = await addTestKey(api.service, tenant.merchant, 'live')
    const answer = await call('POST', path, { amount: 5000, currency: 'ZAR' })
    expect([answer.statusCode, answer.json().message[0]]).toEqual([400, expect.stringContaining('live mode')])
  })

  test('creating a payment intent is refused for a denied customer', async () => {
    await call('POST', '/customer/set_risk_action', { customer: customerId, risk_action: 'deny' })
    const answer = await call('POST', path, { customerId, amount: 5000, currency: 'ZAR' })
    expect([answer.statusCode, answer.json().message[0]]).toEqual([402, expect.stringContaining('denied')])
  })
})

describe('confirming a payment intent', () => {
  test('confirming without a body answers the payment intent', async () => {
    const intent = await create()
    const answer = await confirm(intent.id)
    expect([answer.statusCode, answer.json()]).toEqual([200, { ...intent, status: 'succeeded' }])
    const { data } = (await call('GET', `/api/canary/customers/${customerId}/transactions`)).json()
    expect(data).toMatchObject([
      { type: 'credit', amount: 5000, relatedEntityType: 'PaymentIntent', relatedEntityId: intent.id },
    ])
  })

  test('confirming with a card answers the payment intent inside, and the members of 0.9.0', async () => {
    const intent = await create()
    const card = { pAN: 'ev:debug:abc', expiryDate: 'ev:x', cardSecurityCode: 'ev:y', cardholderName: 'ev:z' }
    const answer = await confirm(intent.id, { evervaultEncryptedCard: card, tokenizeCard: false, firstName: null })
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      {
        paymentIntent: { ...intent, status: 'succeeded' },
        iveriParams: {},
        iVeri3dsEndpoint: '',
        sandboxMode: true,
        status: 'succeeded',
        transactionId: expect.stringMatching(/^txn_/),
        amount: 5000,
        currency: 'ZAR',
      },
    ])
  })

  test.each(['01/20', '12/2025', '1225', '13/30', '00/30', '12', '99999'])(
    'confirming with a test card whose expiry is %s is refused, and nothing is charged',
    async (expiryDate) => {
      const { id } = await create()
      const number = { pAN: '4084084084084081' }
      for (const card of [
        { ...number, expiryDate },
        { ...number, ExpiryDate: expiryDate },
      ]) {
        const answer = await confirm(id, { evervaultEncryptedCard: card })
        expect([answer.statusCode, answer.json().message[0]]).toEqual([400, expect.stringMatching(/^expiryDate /)])
      }
      expect((await call('GET', `${path}/${id}`)).json().status).toBe('requires_payment_method')
    },
  )

  test.each(['01/26', '12/2030', '0130', ' 1 / 30 ', 'ev:RFVC:abc', 'ev:01/20'])(
    'confirming with a test card whose expiry is %s pays, and saves the card with that expiry where it can be read',
    async (expiryDate) => {
      const { id } = await create()
      const card = { pAN: '4084084084084081', expiryDate }
      const { paymentIntent } = (await confirm(id, { evervaultEncryptedCard: card, tokenizeCard: true })).json()
      expect(paymentIntent.status).toBe('succeeded')
      const saved = (await call('GET', `/api/canary/payment-methods/${paymentIntent.paymentMethodId}`)).json()
      const expected = { '01/26': [1, 2026], '0130': [1, 2030], ' 1 / 30 ': [1, 2030] }[expiryDate] ?? [12, 2030]
      expect([saved.expiryMonth, saved.expiryYear]).toEqual(expected)
    },
  )

  test('confirming without a card but with another member answers as clients from 0.8.4 on expect', async () => {
    const { id } = await create()
    const body = (await confirm(id, { paymentDescription: 'Top-up' })).json()
    expect(body).toMatchObject({ paymentIntent: { id, status: 'succeeded' }, iveriParams: {}, iVeri3dsEndpoint: '' })
    expect((await confirm(id, { evervaultEncryptedCard: null, tokenizeCard: null })).json()).toMatchObject({ id })
  })

  test('confirming takes a test card’s number in plain text, under its older name too', async () => {
    const { id } = await create()
    const answer = await confirm(id, { evervaultEncryptedCard: { PAN: '4084 0800 0000 5408' } })
    expect([answer.statusCode, answer.json()]).toMatchObject([
      200,
      { paymentIntent: { status: 'failed' }, status: 'failed', reason: 'The payment was declined by the issuer' },
    ])
    expect(await balance()).toBe(0)
  })

  test('confirming leaves out the status while the payment is processed', async () => {
    const { id } = await create()
    const answer = (await confirm(id, { evervaultEncryptedCard: { pAN: '4084080000060007' } })).json()
    expect(answer.paymentIntent.status).toBe('processing')
    expect(answer).not.toHaveProperty('status')
  })

  test('confirming saves the card when asked to', async () => {
    const { id } = await create()
    const body = { evervaultEncryptedCard: { pAN: '4242424242424242' }, tokenizeCard: true, firstName: 'Zawadi' }
    const { paymentMethodId } = (await confirm(id, body)).json().paymentIntent
    const answer = await call('GET', `/api/canary/payment-methods/${paymentMethodId}`)
    expect(answer.json()).toMatchObject({ customerId, last4: '4242', brand: 'visa', provider: 'iveri' })
  })

  test('confirming again pays once, and under one key answers the same bytes', async () => {
    const { id } = await create()
    const answers = await Promise.all(Array.from({ length: 10 }, () => confirm(id, {}, 'confirm-1')))
    expect(new Set(answers.map((each) => each.body)).size).toBe(1)
    expect((await confirm(id)).json().status).toBe('succeeded')
    expect(await balance()).toBe(5000)
    expect((await confirm(id, { evervaultEncryptedCard: {} }, 'confirm-1')).statusCode).toBe(409)
  })

  test('confirming answers 400 to a canceled intent and a missing card number, 402 to a denied customer, 404 to an unknown intent', async () => {
    const canceled = await create()
    await call('POST', `${path}/${canceled.id}/cancel`)
    expect((await confirm(canceled.id)).statusCode).toBe(400)
    const { id } = await create()
    expect((await confirm(id, { evervaultEncryptedCard: { pAN: '4084084084084082' } })).statusCode).toBe(400)
    expect((await confirm(id, { evervaultEncryptedCard: 'card' })).statusCode).toBe(400)
    await call('POST', '/customer/set_risk_action', { customer: customerId, risk_action: 'deny' })
    expect((await confirm(id)).statusCode).toBe(402)
    expect((await confirm('pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d')).statusCode).toBe(404)
    expect((await confirm('pi_none')).statusCode).toBe(404)
  })
})

test('canceling answers the canceled payment intent, 400 once it has succeeded, and 404 to an unknown one', async () => {
  const intent = await create()
  const answer = await call('POST', `${path}/${intent.id}/cancel`)
  expect([answer.statusCode, answer.json()]).toEqual([200, { ...intent, status: 'canceled' }])
  const paid = await create()
  await confirm(paid.id)
  const late = await call('POST', `${path}/${paid.id}/cancel`, undefined, 'cancel-1')
  expect([late.statusCode, late.json().message[0]]).toEqual([400, expect.stringContaining('has succeeded')])
  expect((await call('POST', `${path}/pi_none/cancel`)).statusCode).toBe(404)
})

test('payment intents are retrieved and listed the same, filtered by status', async () => {
  const [first, second] = [await create(), await create({ amount: 1 })]
  await confirm(first.id)
  const paid = (await call('GET', `${path}/${first.id}`)).json()
  expect(paid.status).toBe('succeeded')
  expect((await call('GET', path)).json()).toEqual({
    data: [second, paid],
    pagination: { limit: 50, offset: 0, total: 2, hasMore: false },
  })
  const succeeded = await call('GET', `${path}?status=succeeded&limit=1&merchantId=${tenant.merchant.code}`)
  expect(succeeded.json()).toEqual({ data: [paid], pagination: { limit: 1, offset: 0, total: 1, hasMore: false } })
  expect((await call('GET', `${path}?status=requires_capture`)).json().data).toEqual([])
  expect((await call('GET', `${path}?status=paid`)).statusCode).toBe(400)
  expect((await call('GET', `${path}?merchantId=mer_0`)).statusCode).toBe(404)
  expect((await call('GET', `${path}/pi_none`)).statusCode).toBe(404)
})

describe('a notice about a payment', () => {
  const notice = (reference: string, body: object = {}) =>
    call('POST', `/v1/sandbox/payments/${reference}/notice`, body)
  const timeout = { evervaultEncryptedCard: { pAN: '4084080000060007' } }

  test('a notice decides a payment under way and repeats a decided outcome', async () => {
    const { id } = await create()
    await confirm(id, timeout)
    expect((await notice(id)).json()).toMatchObject({ status: 'processing', transactionId: null, reason: null })
    const answer = await notice(id, { outcome: 'succeeded' })
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { paymentIntentId: id, status: 'succeeded', transactionId: expect.any(String), reason: null },
    ])
    expect((await notice(id, { outcome: 'declined' })).json()).toEqual(answer.json())
    expect(await balance()).toBe(5000)
  })

  test('a notice of a decline fails the payment', async () => {
    const { id } = await create()
    await confirm(id, timeout)
    expect((await notice(id, { outcome: 'insufficient_funds' })).json()).toMatchObject({
      status: 'failed',
      reason: 'The account has insufficient funds',
    })
  })

  test('a notice is refused for a payment never charged or unknown, for an unknown outcome and in live mode', async () => {
    const { id } = await create()
    expect([(await notice(id)).statusCode, (await notice(id)).json().error.code]).toEqual([
      409,
      'payment_intent_not_open',
    ])
    expect((await notice('pi_none')).statusCode).toBe(404)
    expect((await notice('checkout_sess_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d')).statusCode).toBe(404)
    expect((await notice(id, { outcome: 'maybe' })).statusCode).toBe(400)
    tenant = await addTestKey(api.service, tenant.merchant, 'live')
    expect((await notice(id)).statusCode).toBe(403)
  })
})
