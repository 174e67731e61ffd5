import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import { settleDueRefunds } from '../payments/refunds.ts'
import { advanceDuePayouts } from '../payouts/advancing.ts'
import { removeExpiredOutcomes } from './outcomes.ts'

const email = 'zero@example.com'
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN', 'GHS'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const choose = async (wanted: object) =>
  (await call('POST', '/v1/sandbox/outcomes', { on: 'charge', ...wanted })).json()
const listed = async () => (await call('GET', '/v1/sandbox/outcomes')).json()
const charge = async (more: object = {}) => call('POST', '/charge', { email, amount: 20000, card, ...more })
const charged = async (more: object = {}) => (await charge(more)).json().data
const verified = async (reference: string) => (await call('GET', `/transaction/verify/${reference}`)).json().data
const balance = async () => (await call('GET', '/api/canary/balance?currency=NGN')).json().amount

describe('an outcome of the sandbox', () => {
  test('an outcome is used once, by the next charge, and then it is gone', async () => {
    const made = await choose({ outcome: 'decline', reason: 'Do not honour' })
    expect(made).toMatchObject({ on: 'charge', match: {}, outcome: 'decline', after: 0, timesLeft: 1 })
    expect(await listed()).toEqual({ data: [made], total: 1 })
    expect(await charged()).toMatchObject({ status: 'failed', gateway_response: 'Do not honour' })
    expect(await listed()).toEqual({ data: [], total: 0 })
    expect((await charged()).status).toBe('success')
    expect(await balance()).toBe(20000)
  })

  test.each([
    [{ outcome: 'succeed' }, '4084080000005408', 'success', 'success'],
    [{ outcome: 'succeed', after: 5000 }, '4084084084084081', 'pending', 'success'],
    [{ outcome: 'decline', after: 5000 }, '4084084084084081', 'pending', 'failed'],
    [{ outcome: 'pending' }, '4084084084084081', 'pending', 'pending'],
    [{ outcome: 'unknown' }, '4084084084084081', 'pending', 'success'],
    [{ outcome: 'unknown', after: 5000 }, '4084080000005408', 'pending', 'failed'],
  ] as const)('%j makes a charge of %s %s at first, and %s in the end', async (wanted, number, first, last) => {
    await choose(wanted)
    const { reference, status } = await charged({ card: { ...card, number } })
    expect(status).toBe(first)
    api.service.clock.advance(5000)
    expect((await verified(reference)).status).toBe(last)
    expect(await balance()).toBe(last === 'success' ? 20000 : 0)
  })

  test('an error of the processor leaves a charge that fails, and the next charge is made', async () => {
    await choose({ outcome: 'error' })
    const answer = await charge({ reference: 'order-17' })
    expect([answer.statusCode, answer.json().type]).toEqual([503, 'api_error'])
    expect((await verified('order-17')).status).toBe('pending')
    api.service.clock.advance(31_000)
    expect((await verified('order-17')).status).toBe('failed')
    expect((await charged()).status).toBe('success')
    expect(await balance()).toBe(20000)
  })

  test('the payer is still asked, and the outcome is how the charge ends', async () => {
    await choose({ outcome: 'decline', reason: 'Do not honour' })
    const asking = { ...card, number: '507850785078507812' }
    const { reference, status } = await charged({ card: asking })
    expect(status).toBe('send_pin')
    const answer = await call('POST', '/charge/submit_pin', { pin: '1111', reference })
    expect(answer.json().data).toEqual({ reference, status: 'failed', message: 'Do not honour' })
  })

  test('an outcome is for the charges that fit every member of its match', async () => {
    const { data: customer } = (await call('POST', '/customer', { email })).json()
    for (const [match, fits, others] of [
      [{ reference: 'mine' }, { reference: 'mine' }, { reference: 'theirs' }],
      [{ amount: 500 }, { amount: 500 }, { amount: 501 }],
      [{ currency: 'ghs' }, { currency: 'GHS' }, { currency: 'NGN' }],
      [{ customerId: customer.customer_code }, {}, { email: 'other@example.com' }],
      [
        { customerId: customer.customer_code, amount: 500 },
        { amount: 500 },
        { amount: 500, email: 'other@example.com' },
      ],
    ] as const) {
      await choose({ match, outcome: 'decline' })
      expect([match, (await charged(others)).status]).toEqual([match, 'success'])
      expect([match, (await charged(fits)).status]).toEqual([match, 'failed'])
    }
  })

  test('an outcome names a payment intent and a checkout session too', async () => {
    const asked = { amount: 900, currency: 'NGN' }
    const intent = (await call('POST', '/api/canary/payment-intents', asked)).json()
    await choose({ match: { reference: intent.id }, outcome: 'decline' })
    const confirmed = await call('POST', `/api/canary/payment-intents/${intent.id}/confirm`, {})
    expect(confirmed.json().status).toBe('failed')
    const session = (
      await call('POST', '/api/canary/checkout/sessions', { mode: 'payment', totalAmount: 900, currency: 'NGN' })
    ).json()
    await choose({ match: { reference: session.id }, outcome: 'pending' })
    const paying = await api.app.inject({
      method: 'POST',
      url: `/checkout/${session.id}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `method=card&number=${card.number}&expiry=12%2F30&cvv=408`,
    })
    expect(paying.statusCode).toBe(303)
    expect((await listed()).total).toBe(0)
  })

  test('of charges at once, so many are bent as the outcome has times', async () => {
    await choose({ outcome: 'decline', times: 2 })
    await choose({ outcome: 'pending' })
    const states = await Promise.all(Array.from({ length: 6 }, async () => (await charged()).status))
    expect(states.sort()).toEqual(['failed', 'failed', 'pending', 'success', 'success', 'success'])
    expect((await listed()).total).toBe(0)
  })

  test('an outcome can be taken back once, and ends by itself after a day', async () => {
    const [first, second] = [await choose({ outcome: 'decline' }), await choose({ outcome: 'decline' })]
    const remove = () => call('DELETE', `/v1/sandbox/outcomes/${first.id}`)
    expect((await remove()).json()).toEqual({ id: first.id, deleted: true })
    expect((await remove()).statusCode).toBe(404)
    expect((await listed()).data).toEqual([second])
    api.service.clock.advance(24 * 3600_000)
    expect((await listed()).total).toBe(0)
    expect((await call('DELETE', `/v1/sandbox/outcomes/${second.id}`)).statusCode).toBe(404)
    expect((await charged()).status).toBe('success')
  })

  test('an outcome names a customer of its own merchant and mode, and goes with the customer', async () => {
    const { customer_code: code } = (await call('POST', '/customer', { email: 'payer@example.com' })).json().data
    const stranger = await createTestTenant(api.service)
    const wanted = { on: 'charge', outcome: 'decline', reason: 'Zero has no money' }
    for (const [customerId, secret] of [
      [code, stranger.secret],
      ['CUS_000000000000000', tenant.secret],
    ] as const) {
      const body = { ...wanted, match: { customerId } }
      const answer = await api.call('POST', '/v1/sandbox/outcomes', body, secret)
      expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'customer_not_found'])
    }
    const { data: page } = (
      await call('POST', '/transaction/initialize', { email: 'payer@example.com', amount: 100, reference: 'order-18' })
    ).json()
    expect(page.reference).toBe('order-18')
    await choose({ ...wanted, match: { customerId: code } })
    await choose({ ...wanted, match: { reference: 'order-18' } })
    const other = await choose({ ...wanted, match: { reference: 'order-19' } })
    expect((await call('POST', `/v1/customers/${code}/erase`)).statusCode).toBe(202)
    expect((await listed()).data).toEqual([other])
    api.service.clock.advance(25 * 60 * 60 * 1000)
    expect(await removeExpiredOutcomes(api.service)).toBeGreaterThanOrEqual(1)
  })

  test('the same key stores an outcome once', async () => {
    const send = () =>
      api.app.inject({
        method: 'POST',
        url: '/v1/sandbox/outcomes',
        headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'once' },
        payload: { on: 'charge', outcome: 'decline' },
      })
    const [first, second] = [await send(), await send()]
    expect([first.statusCode, second.body]).toEqual([201, first.body])
    expect((await listed()).total).toBe(1)
  })

  test.each([
    [{ outcome: 'explode' }, 'outcome'],
    [{ outcome: 'succeed', reason: 'Because' }, 'reason'],
    [{ outcome: 'pending', after: 5 }, 'after'],
    [{ outcome: 'decline', times: 0 }, 'times'],
    [{ outcome: 'decline', after: -1 }, 'after'],
    [{ outcome: 'decline', match: { email } }, 'match.email'],
    [{ outcome: 'decline', match: { currency: 'XOF' } }, undefined],
    [{ on: 'mandate', outcome: 'decline' }, 'on'],
    [{ outcome: 'needs_attention' }, 'outcome'],
    [{ on: 'refund', outcome: 'decline', reason: 'No' }, 'reason'],
    [{ on: 'refund', outcome: 'decline', after: 5 }, 'after'],
  ])('an outcome with %j is refused', async (wanted, field) => {
    const answer = await call('POST', '/v1/sandbox/outcomes', { on: 'charge', ...wanted })
    expect(answer.statusCode).toBe(400)
    expect(field === undefined ? 'currency_not_held' : answer.json().error.field).toBe(
      field ?? answer.json().error.code,
    )
    expect((await listed()).total).toBe(0)
  })

  test('a merchant has at most 100 outcomes', async () => {
    for (let i = 0; i < 100; i += 1) await choose({ outcome: 'decline' })
    const answer = await call('POST', '/v1/sandbox/outcomes', { on: 'charge', outcome: 'decline' })
    expect([answer.statusCode, answer.json().error.message]).toEqual([
      400,
      'There are 100 outcomes already; delete some first',
    ])
  })
})

describe('an outcome for refunds', () => {
  const refunded = async (reference: string) =>
    (await call('POST', '/refund', { transaction: reference, amount: 500 })).json().data.id
  const statusOf = async (id: number) => (await call('GET', `/refund/${id}`)).json().data.status

  test.each([
    ['decline', 'failed'],
    ['pending', 'processing'],
    ['needs_attention', 'needs-attention'],
  ] as const)('a refund with the outcome %s is %s, and the next one is processed', async (outcome, status) => {
    const { reference } = await charged()
    await choose({ on: 'refund', match: { reference }, outcome })
    const ids = [await refunded(reference)]
    await settleDueRefunds(api.service)
    expect(await statusOf(ids[0])).toBe(status)
    expect((await listed()).total).toBe(0)
    ids.push(await refunded(reference))
    await settleDueRefunds(api.service)
    expect(await statusOf(ids[1])).toBe('processed')
  })

  test('a refund that succeeds late is under way until then, and a charge does not use its outcome', async () => {
    const { reference } = await charged()
    await choose({ on: 'refund', outcome: 'succeed', after: 600_000 })
    expect((await charged()).status).toBe('success')
    const id = await refunded(reference)
    await settleDueRefunds(api.service)
    expect(await statusOf(id)).toBe('processing')
    api.service.clock.advance(600_000)
    await settleDueRefunds(api.service)
    expect(await statusOf(id)).toBe('processed')
  })

  test('a refund that the processor could not take is sent again', async () => {
    const { reference } = await charged()
    await choose({ on: 'refund', outcome: 'error' })
    const id = await refunded(reference)
    await settleDueRefunds(api.service)
    expect(await statusOf(id)).not.toBe('processed')
    api.service.clock.advance(3_600_000)
    await settleDueRefunds(api.service)
    expect(await statusOf(id)).toBe('processed')
  })
})

describe('an outcome of a payout', () => {
  test.each([
    [{ outcome: 'succeed' }, '0000000002', 'paid', 'paid'],
    [{ outcome: 'succeed', after: 60_000 }, '0123456789', 'sent', 'paid'],
    [{ outcome: 'decline' }, '0123456789', 'failed', 'failed'],
    [{ outcome: 'pending' }, '0123456789', 'sent', 'sent'],
    [{ outcome: 'unknown' }, '0123456789', 'sending', 'paid'],
    [{ outcome: 'error' }, '0123456789', 'pending', 'paid'],
    [{ outcome: 'needs_attention' }, '0123456789', 'sent', 'sent'],
    [{ outcome: 'return' }, '0123456789', 'paid', 'returned'],
    [{ outcome: 'return', after: 150_000 }, '0123456789', 'paid', 'returned'],
  ] as const)('%j makes a payout to %s %s at first, and %s in the end', async (wanted, accountNumber, first, last) => {
    const { id: customerId } = (await call('POST', '/api/canary/customers', { phoneNumber: '+2348012345678' })).json()
    await call('POST', '/v1/sandbox/pay-ins', { customerId, amount: 1000 })
    await choose({ on: 'payout', match: { reference: 'another' }, outcome: 'pending' })
    await choose({ on: 'payout', match: { reference: 'wages', customerId, amount: 100, currency: 'NGN' }, ...wanted })
    const destination = { type: 'bank_account', bankCode: '058', accountNumber }
    const made = await call('POST', '/v1/payouts', { customerId, amount: 100, destination, reference: 'wages' })
    const stateNow = async () => (await call('GET', `/v1/payouts/${made.json().id}`)).json().state
    await advanceDuePayouts(api.service)
    expect(await stateNow()).toBe(first)
    for (let round = 0; round < 5; round++) {
      api.service.clock.advance(60_000)
      await advanceDuePayouts(api.service)
    }
    expect(await stateNow()).toBe(last)
    expect((await listed()).total).toBe(1)
  })

  test('is chosen as it can be', async () => {
    for (const wanted of [
      { on: 'charge', outcome: 'return' },
      { on: 'payout', outcome: 'decline', reason: 'No' },
    ]) {
      expect((await call('POST', '/v1/sandbox/outcomes', wanted)).statusCode).toBe(400)
    }
  })
})
