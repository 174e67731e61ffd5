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
    ['+254720000000', 'mpesa', 'KES'],
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
    [{}, 'Give one of card'],
    [{ card, authorization_code: 'AUTH_x' }, 'Give one of card'],
    [{ card, bank: { code: '057', account_number: '0000000000' } }, 'Give one of card'],
    [{ card, ussd: { type: '737' } }, 'Give one of card'],
    [{ qr: { provider: 'scan-to-pay' } }, '"qr" is not served here'],
    [{ card, capitec_pay: { identifier_key: 'CELLPHONE' } }, '"capitec_pay" is not served here'],
    [{ authorization_code: 'AUTH_x', pin: '1111' }, '"pin" goes with a card'],
    [{ card: {} }, '"card.number" is required'],
    [{ card: { ...card, number: '4084084084084082' } }, 'card number'],
    [{ card: { ...card, expiry_month: '13' } }, 'card.expiry_month'],
    [{ card: { ...card, expiry_year: '203' } }, 'card.expiry_year'],
    [{ card: { ...card, expiry_month: 12, expiry_year: 25 } }, 'expired'],
    [{ card: { ...card, cvv: 'abc' } }, 'card.cvv'],
    [{ mobile_money: { phone: 'me' } }, 'phone'],
    [{ mobile_money: { provider: 'mtn' } }, '"mobile_money.phone" is required'],
    [{ mobile_money: { provider: 'mptill' } }, '"mobile_money.account" is required'],
    [{ mobile_money: { phone: '0551234987', provider: 'mpesa' } }, 'Invalid provider'],
    [{ mobile_money: { phone: '0551234987', provider: 'nobody' } }, 'Invalid provider'],
    [{ bank: { code: '057' } }, '"bank" must have account_number, or phone and token'],
    [{ ussd: { type: '999' } }, '"ussd.type" must be one of'],
    [{ eft: { provider: 'nobody' } }, '"eft.provider" must be one of'],
    [{ bank_transfer: { account_expires_at: '2020-01-01T00:00:00Z' } }, 'account_expires_at'],
    [{ bank_transfer: { account_expires_at: 'soon' } }, 'account_expires_at'],
    [{ bank_transfer: { account_expires_at: 'Sat, 01 Jan 2028 10:00:00 GMT' } }, 'must be a time such as'],
    [{ bank_transfer: { account_expires_at: '2027-02-30T10:00:00Z' } }, 'must be a day and a time that exist'],
    [{ card, reference: 'a b' }, 'reference'],
    [{ card, currency: 'KES' }, 'Currency not supported by merchant'],
  ])('a charge with %j is refused and creates no customer', async (body, words) => {
    const answer = await charge(body)
    expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining(words)])
    expect(answer.body).not.toContain('4084')
    expect((await call('GET', `/customer/${email}`)).statusCode).toBe(404)
  })
})

describe('the steps of a charge', () => {
  const cards = {
    pin: { ...card, number: '507850785078507812', cvv: '081' },
    pinOtp: { ...card, number: '5060 6666 6666 6666 666', cvv: '123' },
    pinPhoneOtp: { ...card, number: '507850785078507804', cvv: '884' },
    noToken: { ...card, number: '507850785078507853', cvv: '082' },
    bankPage: { ...card, number: '5192 6027 2058 4796', cvv: '123' },
    address: { ...card, number: '4084080000020001' },
  }
  const bank = { code: '057', account_number: '0000000000' }
  const address = { address: '140 N 2ND ST', city: 'Stroudsburg', state: 'PA', zip_code: '18360' }
  const submit = (step: string, body: object, headers = {}) =>
    api.app.inject({
      method: 'POST',
      url: `/charge/submit_${step}`,
      headers: { authorization: `Bearer ${tenant.secret}`, ...headers },
      payload: body,
    })
  const check = async (reference: string) => (await call('GET', `/charge/${reference}`)).json()
  const verify = async (reference: string) => (await call('GET', `/transaction/verify/${reference}`)).json().data
  const wait = () => api.service.clock.advance(api.service.sandboxDelayMs)

  /** The instruments, with each step: the status that asks for it, its text, and the right answer. */
  const paths: [name: string, body: object, steps: [status: string, text: string | undefined, answer: object][]][] = [
    ['a card with a PIN', { card: cards.pin }, [['send_pin', undefined, { pin: '1111' }]]],
    [
      'a card with a PIN and a password',
      { card: cards.pinOtp },
      [
        ['send_pin', undefined, { pin: '1234' }],
        ['send_otp', 'Please enter OTP (none will be sent to your phone)', { otp: '123456' }],
      ],
    ],
    [
      'a card with a PIN, a phone and a password',
      { card: cards.pinPhoneOtp },
      [
        ['send_pin', undefined, { pin: '0000' }],
        ['send_phone', 'Kindly enter a mobile no (at least 10 digits)', { phone: '08012345678' }],
        ['send_otp', 'Please enter OTP (none will be sent to your phone)', { otp: '123456' }],
      ],
    ],
    [
      'a card with an address',
      { card: cards.address },
      [['send_address', 'Please send details for address verification', address]],
    ],
    [
      'a bank account with a birthday and a password',
      { bank },
      [
        ['send_birthday', 'Please enter your birthday', { birthday: '2007-04-15' }],
        [
          'send_otp',
          'To confirm that you own this account, kindly enter the OTP sent to your phone',
          { otp: '123456' },
        ],
      ],
    ],
  ]

  test.each(paths)('%s pays after its steps, and nothing is credited before', async (_name, body, steps) => {
    const reference = 'order-17'
    let answer = await charge({ ...body, reference })
    for (const [status, text, given] of steps) {
      const { statusCode, message, data } = { statusCode: answer.statusCode, ...answer.json() }
      expect([statusCode, message, data.display_text]).toEqual([200, 'Charge attempted', text])
      expect(data).toMatchObject({ reference, status })
      expect(Object.keys(data)).not.toContain('amount')
      expect(await check(reference)).toEqual({ status: true, message: 'Reference check successful', data })
      expect((await verify(reference)).status).toBe(status === 'send_pin' ? 'abandoned' : 'ongoing')
      expect(await merchantBalance()).toBe(0)
      answer = await submit(status.slice('send_'.length), { ...given, reference })
    }
    expect([answer.statusCode, answer.json().message]).toEqual([200, 'Charge attempted'])
    const { data } = answer.json()
    expect(data).toMatchObject({ status: 'success', reference, amount: 20000, gateway_response: 'Successful' })
    expect(data).toEqual({ ...(await verify(reference)), metadata: null })
    expect(await merchantBalance()).toBe(20000)
  })

  test('a wrong answer ends the charge for good, with the status 400 and its reason', async () => {
    for (const [body, before, step, wrong, right, message] of [
      [{ card: cards.pin }, [], 'pin', { pin: '9999' }, { pin: '1111' }, 'Incorrect PIN'],
      [
        { card: cards.pinOtp },
        [['pin', { pin: '1234' }]],
        'otp',
        { otp: '000000' },
        { otp: '123456' },
        'Token Authorization Not Successful. Incorrect Token Supplied',
      ],
      [
        { bank },
        [],
        'birthday',
        { birthday: '2000-01-01' },
        { birthday: '2007-04-15' },
        'The birthday is not that of the account',
      ],
    ] as [object, [string, object][], string, object, object, string][]) {
      const { reference } = await charged(body)
      for (const [name, given] of before) await submit(name, { ...given, reference })
      const dead = { status: false, message: 'Charge attempted', data: { reference, status: 'failed', message } }
      for (const given of [wrong, right]) {
        const answer = await submit(step, { ...given, reference })
        expect([answer.statusCode, answer.json()]).toEqual([400, dead])
      }
      expect(await verify(reference)).toMatchObject({ status: 'failed', gateway_response: message })
      expect((await check(reference)).data).toMatchObject({ status: 'failed', message })
      wait()
      expect((await verify(reference)).status).toBe('failed')
    }
    expect(await merchantBalance()).toBe(0)
  })

  test('a card whose password cannot be sent fails after its right PIN', async () => {
    const { reference } = await charged({ card: cards.noToken })
    const answer = await submit('pin', { pin: '0000', reference })
    expect([answer.statusCode, answer.json().data.message]).toEqual([
      400,
      'Token Not Generated. Customer Not Registered on Token Platform',
    ])
  })

  test('a step that is not asked for yet is refused, and the charge goes on', async () => {
    const { reference } = await charged({ card: cards.pinOtp })
    const early = await submit('otp', { otp: '123456', reference })
    expect([early.statusCode, early.json().message]).toEqual([
      400,
      'The charge waits for the PIN first, not for the one-time password',
    ])
    const never = await submit('birthday', { birthday: '2007-04-15', reference })
    expect([never.statusCode, never.json().message]).toEqual([400, 'The charge does not ask for the birthday'])
    expect((await submit('pin', { pin: '1234', reference })).json().data.status).toBe('send_otp')
    expect((await submit('otp', { otp: '123456', reference })).json().data.status).toBe('success')
  })

  test('a step counts once, however often it is sent, with a key and without', async () => {
    const { reference } = await charged({ card: cards.pinOtp })
    const key = { 'idempotency-key': 'the-pin' }
    const answers = [
      await submit('pin', { pin: '1234', reference }, key),
      await submit('pin', { pin: '1234', reference }),
      ...(await Promise.all(Array.from({ length: 4 }, () => submit('pin', { pin: '1234', reference })))),
    ]
    expect(answers.map((each) => each.json().data.status)).toEqual(Array(6).fill('send_otp'))
    const ends = await Promise.all(Array.from({ length: 4 }, () => submit('otp', { otp: '123456', reference })))
    expect(ends.map((each) => [each.statusCode, each.json().data.status])).toEqual(Array(4).fill([200, 'success']))
    // The key keeps its answer, although the charge has gone on.
    const again = await submit('pin', { pin: '1234', reference }, key)
    expect([again.json().data.status, again.headers['idempotent-replayed']]).toEqual(['send_otp', 'true'])
    expect(await merchantBalance()).toBe(20000)
  })

  test('a wrong answer is repeated for its key with the same status', async () => {
    const { reference } = await charged({ card: cards.pin })
    const sent = () => submit('pin', { pin: '9999', reference }, { 'idempotency-key': 'wrong' })
    const [first, second] = [await sent(), await sent()]
    expect([second.statusCode, second.body]).toEqual([400, first.body])
  })

  test('of a right and a wrong PIN at once one counts', async () => {
    const { reference } = await charged({ card: cards.pin })
    const pins = ['1111', '9999', '1111', '9999']
    await Promise.all(pins.map((pin) => submit('pin', { pin, reference })))
    const { status } = await verify(reference)
    expect(await merchantBalance()).toBe(status === 'success' ? 20000 : 0)
    expect(['success', 'failed']).toContain(status)
  })

  test('a PIN and a birthday that come with the charge are given at once', async () => {
    expect(await charged({ card: cards.pinOtp, pin: '1234' })).toMatchObject({ status: 'send_otp' })
    expect(await charged({ bank, birthday: '2007-04-15' })).toMatchObject({ status: 'send_otp' })
    expect(await charged({ card, pin: '1234' })).toMatchObject({ status: 'success' })
    const wrong = await charge({ card: cards.pin, pin: '9999' })
    expect([wrong.statusCode, wrong.json().data.message]).toEqual([400, 'Incorrect PIN'])
  })

  test.each([
    ['pin', { pin: '12' }, '"pin"'],
    ['pin', {}, '"pin" is required'],
    ['otp', { otp: '12 34' }, '"otp"'],
    ['phone', { phone: '' }, '"phone"'],
    ['birthday', { birthday: '15.04.2007' }, '"birthday"'],
    ['address', { ...address, zip_code: undefined }, '"zip_code" is required'],
    ['address', { ...address, city: '' }, '"city"'],
  ])('submit_%s with %j is refused, and the charge goes on', async (step, given, words) => {
    const { reference } = await charged({ card: cards.pin })
    const answer = await submit(step, { ...given, reference })
    expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining(words)])
    expect((await check(reference)).data.status).toBe('send_pin')
  })

  test('an unknown reference, and a payment that was never charged, take no step', async () => {
    const answers = { pin: { pin: '1111' }, otp: { otp: '1' }, phone: { phone: '1' }, address }
    for (const [step, given] of Object.entries({ ...answers, birthday: { birthday: '2007-04-15' } })) {
      const answer = await submit(step, { ...given, reference: 'nobody' })
      expect([answer.statusCode, answer.json()]).toMatchObject([
        400,
        { message: 'Transaction reference is invalid', code: 'transaction_not_found' },
      ])
    }
    await call('POST', '/transaction/initialize', { email, amount: 100, reference: 'page-1' })
    expect((await submit('pin', { pin: '1111', reference: 'page-1' })).json().message).toMatch(/does not ask/)
  })

  test('the charge of a card is not asked about while its customer is away', async () => {
    const { reference } = await charged({ card: cards.pin })
    await submit('pin', { pin: '1111', reference })
    const { authorization } = await verify(reference)
    const { authorization_code } = authorization
    const again = await call('POST', '/transaction/charge_authorization', { email, amount: 500, authorization_code })
    expect(again.json().data).toMatchObject({ status: 'success', authorization: { authorization_code } })
  })

  test('an outcome that is decided for a charge ends its steps', async () => {
    const { reference } = await charged({ card: cards.pinOtp })
    await call('POST', `/v1/sandbox/payments/${reference}/notice`, { outcome: 'declined' })
    expect((await submit('pin', { pin: '1234', reference })).json().data.status).toBe('failed')
  })

  test('Kuda is paid by a password that comes with the charge, a moment later', async () => {
    const kuda = (token: string) => charged({ bank: { code: '50211', phone: '+2348100000000', token } })
    const { reference, status } = await kuda('123456')
    expect(status).toBe('pending')
    wait()
    expect((await verify(reference)).status).toBe('success')
    expect(await kuda('654321')).toMatchObject({ status: 'failed', gateway_response: expect.stringMatching(/^Token/) })
  })

  test('USSD and a transfer are paid elsewhere, and the charge says how', async () => {
    const ussd = await charged({ ussd: { type: '737' } })
    expect(ussd).toEqual({
      reference: ussd.reference,
      status: 'pay_offline',
      display_text: `Please dial ${ussd.ussd_code} on your mobile phone to complete the transaction`,
      ussd_code: expect.stringMatching(/^\*737\*33\*4\*\d{5}#$/),
    })
    const transfer = await charged({ bank_transfer: { account_expires_at: null } })
    expect(transfer).toEqual({
      reference: transfer.reference,
      status: 'pending_bank_transfer',
      display_text: 'Please make a transfer to the account specified',
      account_name: 'TEST-MANAGED-ACCOUNT',
      account_number: expect.stringMatching(/^\d{10}$/),
      bank: { slug: 'test-bank', name: 'Test Bank', id: 24 },
      account_expires_at: new Date(api.service.clock.now().getTime() + 8 * 3600_000).toISOString(),
    })
    wait()
    for (const { reference } of [ussd, transfer]) {
      expect((await check(reference)).data).toMatchObject({ status: 'success', amount: 20000 })
    }
    expect(await merchantBalance()).toBe(40000)
  })

  test('M-Pesa waits for the payer’s phone, a till for the payer, and Orange asks for a password', async () => {
    tenant = await createTestTenant(api.service, { country: 'KE', currencies: ['KES', 'XOF'] })
    const mpesa = await charged({ mobile_money: { phone: '+254710000000', provider: 'mpesa' } })
    const text = 'Please complete authorization process on your mobile phone'
    expect(mpesa).toEqual({ reference: mpesa.reference, status: 'pay_offline', display_text: text })
    const till = await charged({ mobile_money: { account: '1234567', provider: 'mptill' } })
    expect(till).toMatchObject({
      status: 'pay_offline',
      account_number: '1234567',
      account_reference: expect.any(Number),
    })
    wait()
    for (const { reference } of [mpesa, till]) expect((await verify(reference)).status).toBe('success')
    const orange = { phone: '0700000000', provider: 'orange' }
    const { reference, status } = await charged({ currency: 'XOF', mobile_money: orange })
    expect(status).toBe('send_otp')
    expect((await submit('otp', { otp: '1234', reference })).json().data.status).toBe('success')
  })

  test.each([
    ['a card whose bank has a page', { card: cards.bankPage }],
    ['a transfer by Ozow', { eft: { provider: 'ozow' } }],
  ])('%s opens a page, on which the payer agrees or does not', async (_name, body) => {
    for (const [agrees, status] of [
      ['yes', 'success'],
      ['no', 'failed'],
    ] as const) {
      const { reference, status: open, url } = await charged(body)
      expect(open).toBe('open_url')
      expect((await verify(reference)).status).toBe('ongoing')
      const path = new URL(url).pathname
      expect((await api.call('GET', path)).body).toContain('Do you agree')
      const sent = await api.app.inject({
        method: 'POST',
        url: path,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: `method=step&agrees=${agrees}`,
      })
      expect(sent.statusCode).toBe(303)
      expect((await verify(reference)).status).toBe(status)
    }
    expect(await merchantBalance()).toBe(20000)
  })
})
