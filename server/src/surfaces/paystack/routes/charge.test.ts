import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'

const email = 'zero@example.com'
const card = { number: '4084 0840 8408 4081', cvv: '408', expiry_month: '12', expiry_year: '2030' }

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'GH', currencies: ['GHS'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const charge = (more: object = {}) => call('POST', '/charge', { email, amount: '20000', ...more })
const charged = async (more: object = {}) => (await charge(more)).json().data
const merchantBalance = async () => (await call('GET', '/api/canary/balance')).json().amount

describe('a charge', () => {
  test.each([
    ['4084084084084081', 'success', 'Successful'],
    ['4084080000005408', 'failed', 'The payment was declined by the issuer'],
    ['4084080000670037', 'failed', 'The account has insufficient funds'],
    ['4084080000060007', 'pending', 'Transaction in progress'],
  ])('a charge of card %s is %s', async (number, status, response) => {
    const answer = await charge({ card: { ...card, number } })
    expect([answer.statusCode, answer.json().message]).toEqual([200, 'Charge attempted'])
    expect(answer.json().data).toMatchObject({ status, gateway_response: response, amount: 20000, channel: 'card' })
    expect(await merchantBalance()).toBe(status === 'success' ? 20000 : 0)
  })

  test.each([
    ['0551234987', 'mtn', 'GHS'],
    ['+254710000000', 'mpesa', 'KES'],
  ] as const)(
    'a charge of mobile money %s succeeds, and cannot be repeated without its holder',
    async (phone, provider, currency) => {
      tenant = await createTestTenant(api.service, { country: 'GH', currencies: [currency] })
      const { status, channel, authorization } = await charged({ mobile_money: { phone, provider } })
      expect([status, channel]).toEqual(['success', 'mobile_money'])
      expect(authorization).toMatchObject({
        authorization_code: expect.stringMatching(/^AUTH_/),
        channel: 'mobile_money',
        bank: provider,
        last4: phone.slice(-4),
        reusable: false,
        signature: null,
        card_type: null,
        bin: null,
      })
    },
  )

  test.each([
    ['GHS', ['mtn', 'ATL', 'vod'], ['mpesa', 'wave', 'x']],
    ['KES', ['mpesa', 'mptill', 'mpesa_offline'], ['mtn', 'vod', 'x']],
    ['XOF', ['orange', 'wave', 'mtn'], ['mpesa', 'atl', 'x']],
    ['ZAR', ['mpesa', 'mtn'], ['x']],
  ] as const)(
    'mobile money in %s is charged by %j, and a charge by %j is refused',
    async (currency, taken, refused) => {
      tenant = await createTestTenant(api.service, { country: 'GH', currencies: [currency] })
      const answerOf = async (provider: string) => {
        const { statusCode, body } = await charge({ mobile_money: { phone: '0551234987', provider } })
        const { message, code } = JSON.parse(body)
        return [statusCode, message, code]
      }
      for (const provider of taken) expect(await answerOf(provider)).toEqual([200, 'Charge attempted', undefined])
      for (const provider of refused)
        expect(await answerOf(provider)).toEqual([400, 'Invalid provider', 'invalid_params'])
    },
  )

  test('a charge accepts the instrument as JSON text, as a published client sends it', async () => {
    expect(await charged({ card: JSON.stringify(card) })).toMatchObject({ status: 'success', channel: 'card' })
    const mobile_money = JSON.stringify({ phone: '0551234987', provider: 'mtn' })
    expect(await charged({ mobile_money })).toMatchObject({ status: 'success', channel: 'mobile_money' })
    for (const text of ['no JSON', '"text"', '[]', '{}']) {
      expect([text, (await charge({ card: text })).statusCode]).toEqual([text, 400])
    }
  })

  test('charges of one card, also by two customers, have new codes and one signature', async () => {
    const made = [
      await charged({ card }),
      await charged({ card: { ...card, number: '4084084084084081' } }),
      await charged({ card, email: 'other@example.com' }),
      await charged({ card: { ...card, number: '4242424242424242' } }),
    ].map(({ authorization }) => authorization)
    expect(new Set(made.map((each) => each.authorization_code)).size).toBe(4)
    const [first, second, others, another] = made.map((each) => each.signature)
    expect([second, others]).toEqual([first, first])
    expect(another).not.toBe(first)
    const { authorizations } = (await call('GET', `/customer/${email}`)).json().data
    expect(authorizations.map((each: { signature: string }) => each.signature)).toEqual([another, first, first])
  })

  test('a charge of a saved authorization is like charge_authorization', async () => {
    const { authorization_code } = (await charged({ card })).authorization
    expect(await charged({ authorization_code })).toMatchObject({
      status: 'success',
      authorization: { authorization_code },
    })
    expect((await charge({ authorization_code, email: 'other@example.com' })).json().message).toMatch(/^Email does not/)
  })

  test('a charge shows its authorization also after the authorization is deactivated', async () => {
    const { reference, authorization } = await charged({ card })
    const { authorization_code } = authorization
    await call('POST', '/customer/authorization/deactivate', { authorization_code })
    const { data } = (await call('GET', `/transaction/verify/${reference}`)).json()
    expect(data.authorization).toEqual(authorization)
  })

  test('a pending charge can be checked until it is decided', async () => {
    const { reference } = await charged({ card: { ...card, number: '4084080000040009' } })
    const check = async () => (await call('GET', `/charge/${reference}`)).json()
    expect(await check()).toMatchObject({ message: 'Reference check successful', data: { status: 'pending' } })
    api.service.clock.advance(api.service.sandboxDelayMs)
    expect(await check()).toMatchObject({ data: { status: 'success', reference } })
    expect(await check()).toMatchObject({ data: { redirect_url: null, metadata: null, requested_amount: 20000 } })
  })

  test('a charge without an answer is decided by a notice with its reference', async () => {
    const { reference } = await charged({ card: { ...card, number: '4084080000060007' } })
    const notice = await call('POST', `/v1/sandbox/payments/${reference}/notice`, { outcome: 'insufficient_funds' })
    expect(notice.json()).toMatchObject({ status: 'failed' })
    const { data } = (await call('GET', `/transaction/verify/${reference}`)).json()
    expect(data).toMatchObject({ status: 'failed', gateway_response: 'The account has insufficient funds' })
  })

  test('charges of one reference many times at once credit once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => charge({ card, reference: 'order-17' })))
    expect(answers.map((each) => each.statusCode).sort()).toEqual([200, ...Array(7).fill(400)])
    expect(await merchantBalance()).toBe(20000)
  })

  test('a charge of a saved authorization without an e-mail is refused in Paystack’s words', async () => {
    const answer = await charge({ authorization_code: 'AUTH_x', email: null })
    expect([answer.statusCode, answer.json()]).toMatchObject([
      400,
      { message: 'Email address is required for association with card', code: 'missing_params' },
    ])
  })

  test.each([
    [{}, 'card, mobile_money or authorization_code'],
    [{ card, authorization_code: 'AUTH_x' }, 'card, mobile_money or authorization_code'],
    [{ bank: { code: '057', account_number: '0000000000' } }, 'card, mobile_money or authorization_code'],
    [{ card, bank: { code: '057', account_number: '0000000000' } }, 'card, mobile_money or authorization_code'],
    [{ card, ussd: { type: '737' } }, 'card, mobile_money or authorization_code'],
    [{ card: {} }, '"card.number" is required'],
    [{ card: { ...card, number: '4084084084084082' } }, 'card number'],
    [{ card: { ...card, expiry_month: '13' } }, 'card.expiry_month'],
    [{ card: { ...card, expiry_year: '203' } }, 'card.expiry_year'],
    [{ card: { ...card, expiry_month: 12, expiry_year: 25 } }, 'expired'],
    [{ card: { ...card, cvv: 'abc' } }, 'card.cvv'],
    [{ mobile_money: { phone: 'me' } }, 'phone'],
    [{ mobile_money: { phone: '0551234987', provider: 'mpesa' } }, 'Invalid provider'],
    [{ mobile_money: { phone: '0551234987', provider: 'nobody' } }, 'Invalid provider'],
    [{ card, reference: 'a b' }, 'reference'],
    [{ card, currency: 'KES' }, 'Currency not supported by merchant'],
  ])('a charge with %j is refused and creates no customer', async (body, words) => {
    const answer = await charge(body)
    expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining(words)])
    expect(answer.body).not.toContain('4084')
    expect((await call('GET', `/customer/${email}`)).statusCode).toBe(404)
  })
})
