import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import { settleDuePayments } from '../../domain/payments/due-payments.ts'
import { sandboxPhones } from '../../domain/sandbox/instruments.ts'

const successUrl = 'https://shop.example/paid?order=7'
const cancelUrl = 'https://shop.example/basket'

let api: TestApi
let tenant: TestTenant
let customerId: string

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { name: 'Duka <la> Zawadi' })
  customerId = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const balance = async () => (await call('GET', `/api/canary/customers/${customerId}/balance`)).json().amount
const statusOf = async (id: string) => (await call('GET', `/api/canary/checkout/sessions/${id}`)).json().status

async function open(more: object = {}): Promise<string> {
  const body = { customerId, mode: 'payin', totalAmount: 5000, currency: 'ZAR', successUrl, cancelUrl, metadata: {} }
  const answer = await call('POST', '/api/canary/checkout/sessions', { ...body, ...more })
  expect(answer.statusCode).toBe(201)
  return answer.json().id
}

const view = (id: string) => api.app.inject({ method: 'GET', url: `/checkout/${id}` })
const submit = (id: string, fields: Record<string, string>) =>
  api.app.inject({
    method: 'POST',
    url: `/checkout/${id}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  })
const card = (number: string) => ({ method: 'card', number, expiry: '12/30', cvv: '123' })
const good = card('4084 0840 8408 4081')

describe('the checkout page', () => {
  test('the checkout page shows the amount and the payee, escaped, and two forms that need no script', async () => {
    const { statusCode, body, headers } = await view(
      await open({ lineItems: [{ name: '<b>', amount: 5000, currency: 'ZAR' }] }),
    )
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(body).toContain('ZAR 50.00')
    expect(body).toContain('Duka &lt;la&gt; Zawadi')
    expect(body).toContain('<span><bdi>&lt;b&gt;</bdi></span><span class="amount">1 × 50.00</span>')
    expect(body.match(/<form method="post">/g)).toHaveLength(2)
    expect(body).toContain(`href="${cancelUrl}"`)
    expect(body).not.toMatch(/<script|src=|<link|@import|url\(/)
  })

  test('the checkout page loads and runs nothing, and its form leads to the merchant alone', async () => {
    const { headers } = await view(await open())
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src 'self'; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'$/,
    )
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['referrer-policy']).toBe('no-referrer')
    const withoutReturn = await view(await open({ successUrl: undefined }))
    expect(withoutReturn.headers['content-security-policy']).toContain("form-action 'self';")
  })

  test('a checkout page at an unknown address answers 404', async () => {
    for (const id of ['checkout_sess_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', 'checkout_sess_x', 'x', '%00']) {
      expect([id, (await view(id)).statusCode]).toEqual([id, 404])
      expect([id, (await submit(id, good)).statusCode]).toEqual([id, 404])
    }
  })
})

describe('paying on the checkout page', () => {
  test('paying by a test card fills the balance and leads to the merchant with the session’s id', async () => {
    const id = await open()
    const { statusCode, headers } = await submit(id, good)
    expect([statusCode, headers.location]).toEqual([303, `${successUrl}&session_id=${id}`])
    expect(await balance()).toBe(5000)
    expect(await statusOf(id)).toBe('complete')
    const { data } = (await call('GET', `/api/canary/customers/${customerId}/transactions`)).json()
    expect(data).toMatchObject([{ type: 'credit', relatedEntityType: 'CheckoutSession', relatedEntityId: id }])
  })

  test('paying by mobile money succeeds at once, or once the payer has agreed on the phone', async () => {
    const id = await open()
    const paid = await submit(id, { method: 'mobile_money', phone: sandboxPhones.atOnce })
    expect(paid.headers.location).toContain('shop.example')
    expect(await balance()).toBe(5000)
    const other = await open()
    await submit(other, { method: 'mobile_money', phone: sandboxPhones.later })
    const waiting = await view(other)
    expect([waiting.body, waiting.headers.refresh]).toEqual([
      expect.stringContaining('complete authorization process on your mobile phone'),
      '5',
    ])
    api.service.clock.advance(api.service.sandboxDelayMs)
    expect((await view(other)).headers.location).toContain('shop.example')
    expect(await balance()).toBe(10_000)
  })

  test.each(['12/30', '1230', '12 / 2030', '1/26'])(
    'the checkout page accepts an expiry typed as %s',
    async (expiry) => {
      const id = await open()
      await submit(id, { ...good, expiry })
      expect(await balance()).toBe(5000)
    },
  )

  test('paying a session without a customer fills the merchant’s balance', async () => {
    const id = await open({ customerId: undefined, mode: undefined })
    await submit(id, good)
    expect((await call('GET', '/api/canary/balance')).json().amount).toBe(5000)
  })

  test('a paid session without a success address says on its own page that it is paid', async () => {
    const id = await open({ successUrl: undefined })
    const { headers } = await submit(id, good)
    expect(headers.location).toBe(`/checkout/${id}`)
    const { body } = await view(id)
    expect(body).toContain('<h1 class="done">Paid <span class="amount">ZAR 50.00</span></h1>')
    expect(body).toContain('Into your balance with <strong><bdi>Duka &lt;la&gt; Zawadi</bdi></strong>')
    expect(body).toContain('You can close this page')
  })

  test('a declined payment shows the reason on the checkout page, and the payment can be tried again', async () => {
    const id = await open()
    const { statusCode, body: answered } = await submit(id, card('4084080000005408'))
    expect(statusCode).toBe(402)
    for (const body of [answered, (await view(id)).body]) {
      expect(body).toContain('The payment was declined by your bank. Try again')
      expect(body).not.toContain('issuer')
      expect(body).not.toContain('4084080000005408')
      expect(body).toContain('<form')
    }
    expect(await balance()).toBe(0)
    expect((await submit(id, good)).headers.location).toContain('shop.example')
    expect(await balance()).toBe(5000)
  })

  test('after a decline the typed texts stay in the form, but for the card number and the security code', async () => {
    const id = await open()
    const byPhone = await submit(id, { method: 'mobile_money', phone: '082 123 5408' })
    expect([byPhone.statusCode, byPhone.body]).toEqual([402, expect.stringContaining('value="082 123 5408"')])
    const byCard = await submit(id, { ...card('4084 0800 0000 5408'), cvv: '987' })
    expect([byCard.statusCode, byCard.body]).toEqual([402, expect.stringContaining('value="12/30"')])
    expect(byCard.body.slice(0, byCard.body.indexOf('<details'))).not.toMatch(/4084|"987"/)
    // Nobody else who opens the page sees them.
    expect((await view(id)).body).not.toMatch(/value="(082|12\/30)/)
  })

  test('after a decline that follows the page of a payment under way, the browser that typed the phone keeps it', async () => {
    const id = await open()
    const sent = await submit(id, { method: 'mobile_money', phone: '082 123 0007' })
    expect([sent.statusCode, sent.headers.location]).toEqual([303, `/checkout/${id}`])
    const [kept = '', ...attributes] = String(sent.headers['set-cookie']).split('; ')
    expect(attributes).toEqual([`Path=/checkout/${id}`, 'Max-Age=600', 'HttpOnly', 'SameSite=Lax'])
    expect((await view(id)).body).toContain('being processed')
    await call('POST', `/v1/sandbox/payments/${id}/notice`, { outcome: 'declined' })
    const headed = (cookie: string) => api.app.inject({ method: 'GET', url: `/checkout/${id}`, headers: { cookie } })
    const own = (await headed(`theme=dark; ${kept}`)).body
    expect(own).toContain('The payment was declined by your bank. Try again')
    expect(own).toContain('value="082 123 0007"')
    expect((await view(id)).body).not.toContain('0007"')
    for (const cookie of ['mteja_phone=%zz', 'mteja_phone=4084084084084081', 'mteja_phone="><b>', 'x=mteja_phone=1']) {
      const { statusCode, body } = await headed(cookie)
      expect([cookie, statusCode]).toEqual([cookie, 200])
      expect(body).not.toMatch(/4084084084084081"|<b>|value="1"/)
    }
    const byCard = await submit(await open(), card('4084080000060007'))
    expect(byCard.headers['set-cookie']).toBeUndefined()
  })

  test('a declined form that is sent twice more pays once', async () => {
    const id = await open()
    for (let i = 0; i < 2; i++) await submit(id, card('4084080000005408'))
    await Promise.all([submit(id, good), submit(id, card('4084080000005408')), submit(id, good)])
    await settleDuePayments(api.service)
    await submit(id, good)
    expect(await balance()).toBe(5000)
  })

  test('the checkout page of a payment under way can be refreshed, and leads to the merchant after the payment', async () => {
    const id = await open()
    await submit(id, card('4084080000040009'))
    const waiting = await view(id)
    expect([waiting.statusCode, waiting.headers.refresh]).toEqual([200, '5'])
    expect(waiting.body).toContain('being processed')
    expect(waiting.body).not.toContain('<form')
    api.service.clock.advance(api.service.sandboxDelayMs)
    const { statusCode, headers } = await view(id)
    expect([statusCode, headers.location]).toEqual([303, `${successUrl}&session_id=${id}`])
    expect(await balance()).toBe(5000)
  })

  test.each([
    [{ ...good, number: '4084084084084082' }, 'card number'],
    [{ ...good, number: 'x'.repeat(100) }, 'card number'],
    [{ ...good, number: '' }, 'card number'],
    [{ ...good, expiry: '13/30' }, 'expires'],
    [{ ...good, expiry: '12/25' }, 'has expired'],
    [{ ...good, cvv: 'abc' }, 'CVV'],
    [{ method: 'mobile_money', phone: 'me' }, 'phone'],
    [{ method: 'mobile_money', phone: '' }, 'phone'],
    [{}, 'card number'],
  ])('the checkout page asks again for the fields %o, and charges nothing', async (fields, words) => {
    const id = await open()
    const { statusCode, body } = await submit(id, fields as Record<string, string>)
    expect([statusCode, body]).toEqual([400, expect.stringContaining(words)])
    expect(body).toContain('<form')
    expect(await statusOf(id)).toBe('open')
    expect(await balance()).toBe(0)
  })

  test('paying into the balance of a denied customer is refused with the reason', async () => {
    const [into, of] = [await open(), await open({ mode: 'payment' })]
    await call('POST', '/customer/set_risk_action', { customer: customerId, risk_action: 'deny' })
    for (const id of [into, of]) {
      const { statusCode, body } = await submit(id, good)
      expect([statusCode, body]).toEqual([403, expect.stringContaining('cannot take this payment from you')])
    }
    expect(await balance()).toBe(0)
  })
})

describe('the methods of a checkout page', () => {
  const phone = { method: 'mobile_money', phone: '0821234567' }

  test.each([
    [['card'], ['card'], good, phone],
    [['wallet', 'bank'], ['mobile_money'], phone, good],
  ])(
    'a page with the methods %j offers %j only, and refuses a form of another',
    async (methods, offered, own, other) => {
      const id = await open({ hostedCheckoutConfig: { methods } })
      const shown = (body: string) => [...body.matchAll(/name="method" value="(\w+)"/g)].map(([, method]) => method)
      expect(shown((await view(id)).body)).toEqual(offered)
      // Whether the other form has a fault or not.
      for (const fields of [other, { ...other, phone: '', number: '' }]) {
        const { statusCode, body } = await submit(id, fields)
        expect([statusCode, body]).toEqual([400, expect.stringContaining('cannot be made in that way')])
        expect(shown(body)).toEqual(offered)
      }
      expect([await statusOf(id), await balance()]).toEqual(['open', 0])
      await submit(id, own)
      expect([await statusOf(id), await balance()]).toEqual(['complete', 5000])
    },
  )

  test.each([{}, { methods: [] }, { methods: ['card', 'wallet'] }])(
    'a page with %j offers card and mobile money',
    async (config) => {
      const id = await open({ hostedCheckoutConfig: config })
      expect((await view(id)).body.match(/<form method="post">/g)).toHaveLength(2)
    },
  )
})

describe('paying a checkout session once', () => {
  test('a double submission, two tabs and the back button pay a checkout session once', async () => {
    const id = await open()
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit(id, good)))
    expect(new Set(answers.map((each) => each.statusCode))).toEqual(new Set([303]))
    await submit(id, good)
    await submit(id, { method: 'mobile_money', phone: '0821234567' })
    await settleDuePayments(api.service)
    expect(await balance()).toBe(5000)
    expect((await view(id)).headers.location).toContain('shop.example')
  })

  test('a second submission during a payment starts no other payment', async () => {
    const id = await open()
    await submit(id, card('4084080000060007'))
    const { headers } = await submit(id, good)
    expect(headers.location).toBe(`/checkout/${id}`)
    await call('POST', `/v1/sandbox/payments/${id}/notice`, { outcome: 'succeeded' })
    expect(await balance()).toBe(5000)
  })

  test('a checkout session is expired after 48 hours and takes no money', async () => {
    const id = await open()
    api.service.clock.advance(48 * 60 * 60 * 1000)
    expect((await view(id)).body).toContain('has expired')
    expect((await submit(id, good)).headers.location).toBe(`/checkout/${id}`)
    await settleDuePayments(api.service)
    expect(await statusOf(id)).toBe('expired')
    const { body } = await view(id)
    expect(body).toContain('has expired')
    expect(body).toContain(cancelUrl)
    expect(await balance()).toBe(0)
  })
})
