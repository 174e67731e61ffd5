import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import { settleDuePayments } from '../../domain/payments/due-payments.ts'

const email = 'zero@example.com'
const adminKey = 'operator-0123456789'
const callback_url = 'https://shop.example/done?order=7'

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi({ publicUrl: 'https://pay.example:8443', adminKey })
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { name: 'Duka <la> Zawadi' })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)

async function open(more: object = {}): Promise<{ path: string; reference: string }> {
  const answer = await call('POST', '/transaction/initialize', { email, amount: 5000, callback_url, ...more })
  expect(answer.statusCode, answer.body).toBe(200)
  const { authorization_url, reference } = answer.json().data
  const { origin, pathname } = new URL(authorization_url)
  expect(origin).toBe('https://pay.example:8443')
  return { path: pathname, reference }
}

const view = (path: string) => api.app.inject({ method: 'GET', url: path })
const submit = (path: string, fields: Record<string, string>) =>
  api.app.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  })
const card = (number: string) => ({ method: 'card', number, expiry: '12/30', cvv: '123' })
const good = card('4084 0840 8408 4081')
const statusOf = async (reference: string) => (await call('GET', `/transaction/verify/${reference}`)).json().data.status
const balance = async () => (await call('GET', '/api/canary/balance')).json().amount

describe('the pay page', () => {
  test('the pay page shows the amount and the payee, escaped, and needs no script', async () => {
    const { path, reference } = await open({ amount: 125_000_000 })
    const { statusCode, body, headers } = await view(path)
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(body.match(/<h1>.*<\/h1>/g)).toEqual(['<h1>Pay <span class="amount">ZAR 1,250,000.00</span></h1>'])
    expect(body).toContain('To <strong><bdi>Duka &lt;la&gt; Zawadi</bdi></strong>')
    expect(body).toContain(`<dd><bdi>${email}</bdi></dd>`)
    expect(body).toContain(`<dd><bdi>${reference}</bdi></dd>`)
    expect(body.match(/<form method="post">/g)).toHaveLength(2)
    expect(body).not.toMatch(/<script|src=|<link|@import|url\(/)
    expect(headers['content-security-policy']).toContain("form-action 'self' https:;")
    expect([headers['cache-control'], headers['referrer-policy']]).toEqual(['no-store', 'no-referrer'])
  })

  test('the pay page of a top-up says so, and offers only the channels asked for', async () => {
    const { path } = await open({ metadata: { purpose: 'wallet_topup' }, channels: ['bank', 'mobile_money'] })
    const { body } = await view(path)
    expect(body).toContain('Into your balance with')
    expect(body.match(/<form method="post">/g)).toHaveLength(1)
    expect(await submit(path, good)).toMatchObject({ statusCode: 400 })
    expect((await submit(path, { method: 'mobile_money', phone: '0821234567' })).statusCode).toBe(303)
  })

  test.each([
    ['https://shop.example/basket', true],
    ['javascript:alert(1)', false],
    [7, false],
  ])('the pay page has a link to the cancel_action %j: %s', async (cancel_action, isThere) => {
    const { path } = await open({ metadata: { cancel_action } })
    expect((await view(path)).body.includes(`href="${cancel_action}"`)).toBe(isThere)
  })

  test('a pay page at an unknown address answers 404', async () => {
    const { reference } = await open()
    for (const code of ['000000000000000', reference, '%00', 'x'.repeat(400)]) {
      expect([code, (await view(`/pay/${code}`)).statusCode]).toEqual([code, 404])
      expect([code, (await submit(`/pay/${code}`, good)).statusCode]).toEqual([code, 404])
    }
  })
})

describe('the form of the pay page', () => {
  /** The attributes of a field, as a browser reads them. */
  function fieldOf(body: string, name: string): Record<string, string> {
    const [, text = ''] = new RegExp(`<input (id="${name}"[^>]*)>`).exec(body) ?? []
    return Object.fromEntries([...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, key, value = '']) => [key, value]))
  }

  test.each([
    ['number', { autocomplete: 'cc-number', inputmode: 'numeric' }],
    ['expiry', { autocomplete: 'cc-exp', inputmode: 'numeric' }],
    ['cvv', { autocomplete: 'cc-csc', inputmode: 'numeric' }],
    ['phone', { autocomplete: 'tel', type: 'tel', inputmode: 'tel' }],
  ])('the field %s is filled in by the browser and has the right keyboard', async (name, attributes) => {
    const { body } = await view((await open()).path)
    expect(fieldOf(body, name)).toMatchObject(attributes)
    expect(body).toContain(`<label for="${name}">`)
    expect(fieldOf(body, name)).not.toHaveProperty('aria-invalid')
    expect(fieldOf(body, name)).not.toHaveProperty('value')
  })

  test('what is wrong with a field stands at the field, which has the focus, in words of a payer', async () => {
    const { path } = await open()
    const sent = await submit(path, { ...good, number: '4084084084084082', cvv: '1' })
    expect(sent.statusCode).toBe(400)
    expect(sent.body).toContain('<title>Not paid yet: Pay Duka')
    expect(sent.body).toContain('role="alert">Not paid yet. Check the fields below.</p>')
    expect(sent.body).toContain('id="number-fault">Check the card number.')
    expect(sent.body).toContain('id="cvv-fault">Enter the 3 or 4 digits of the security code')
    expect(fieldOf(sent.body, 'number')).toMatchObject({
      'aria-invalid': 'true',
      'aria-describedby': 'number-fault',
      autofocus: '',
    })
    expect(fieldOf(sent.body, 'cvv')).toMatchObject({ 'aria-invalid': 'true', 'aria-describedby': 'cvv-fault' })
    expect(sent.body.match(/autofocus/g)).toHaveLength(1)
    expect(fieldOf(sent.body, 'expiry')).not.toHaveProperty('aria-invalid')
    expect(sent.body).not.toMatch(/must be|invalid_request/)
  })

  test('a phone number that is none stands in its field again, with what is wrong', async () => {
    const { path } = await open()
    const { statusCode, body } = await submit(path, { method: 'mobile_money', phone: '"><b>12' })
    expect(statusCode).toBe(400)
    expect(body).toContain('value="&quot;&gt;&lt;b&gt;12"')
    expect(body).not.toContain('"><b>12')
    expect(body).toContain('id="phone-fault">Enter a whole phone number, such as')
    expect(fieldOf(body, 'phone')).toMatchObject({ 'aria-describedby': 'phone-fault phone-hint', autofocus: '' })
  })

  test('a card number and a security code are never put back into a page, whatever is wrong', async () => {
    const { path } = await open()
    for (const wrong of [{ expiry: '13/30' }, { number: '4084084084084082' }, { cvv: '12' }, { cvv: '98765' }]) {
      const typed = { ...good, cvv: '987', ...wrong }
      const { body } = await submit(path, typed)
      for (const secret of [typed.number, typed.number.replaceAll(' ', ''), `"${typed.cvv}"`]) {
        expect(body.slice(0, body.indexOf('<details'))).not.toContain(secret)
      }
      expect(fieldOf(body, 'expiry').value).toBe(typed.expiry)
    }
  })

  test('a card number that was typed into another field is not put back either', async () => {
    const { path } = await open()
    for (const typed of [
      { ...good, expiry: good.number },
      { method: 'mobile_money', phone: good.number },
    ]) {
      const { statusCode, body } = await submit(path, typed)
      expect(statusCode).toBe(400)
      expect(body.slice(0, body.indexOf('<details'))).not.toContain(good.number)
    }
  })

  test('a form that is sent to a paid page leads to the paid page', async () => {
    const { path } = await open({ callback_url: undefined })
    await submit(path, good)
    const { statusCode, headers } = await submit(path, { ...good, cvv: '' })
    expect([statusCode, headers.location]).toEqual([303, path])
  })

  test('a fault of the server tells the payer to look before paying again, and nothing of the fault', async () => {
    const { path } = await open()
    const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('relation "x" is gone'))
    const sent = await submit(path, good)
    outage.mockRestore()
    expect([sent.statusCode, sent.headers['content-type']]).toEqual([500, 'text/html; charset=utf-8'])
    expect(sent.body).toContain('Look again before you pay again')
    expect(sent.body).toContain(`href="${path}"`)
    expect(sent.body).not.toContain('relation')
  })
})

describe('paying on the pay page', () => {
  test('paying leads to the merchant with the reference twice in the address, and so does opening the paid page again', async () => {
    const { path, reference } = await open()
    const address = `${callback_url}&trxref=${reference}&reference=${reference}`
    const paid = await submit(path, good)
    expect([paid.statusCode, paid.headers.location]).toEqual([303, address])
    expect((await view(path)).headers.location).toBe(address)
    expect([await statusOf(reference), await balance()]).toEqual(['success', 5000])
  })

  test.each([undefined, 'myapp://done'])(
    'a paid page with the callback %s says on its own page that it is paid',
    async (callback_url) => {
      const { path } = await open({ callback_url })
      expect((await submit(path, good)).headers.location).toBe(path)
      const { body } = await view(path)
      expect(body).toContain('<h1 class="done">Paid <span class="amount">ZAR 50.00</span></h1>')
      expect(body).toContain('To <strong><bdi>Duka &lt;la&gt; Zawadi</bdi></strong>')
      expect(body).toContain('You can close this page')
    },
  )

  test('a declined payment shows the reason on the pay page, and the payment can be tried again', async () => {
    const { path, reference } = await open()
    const declined = await submit(path, card('4084080000670037'))
    expect([declined.statusCode, declined.body]).toEqual([402, expect.stringContaining('value="12/30"')])
    expect(await statusOf(reference)).toBe('failed')
    const { body } = await view(path)
    expect(body).toContain('The account has insufficient funds')
    expect(body).toContain('<form')
    expect((await submit(path, good)).headers.location).toContain('shop.example')
    expect([await statusOf(reference), await balance()]).toEqual(['success', 5000])
    const { log } = (await call('GET', `/transaction/verify/${reference}`)).json().data
    expect(log).toMatchObject({ attempts: 2, errors: 1, success: true })
  })

  test('the pay page of a payment under way says so, and leads to the merchant after the payment', async () => {
    const { path, reference } = await open()
    await submit(path, card('4084080000040009'))
    const waiting = await view(path)
    expect([waiting.headers.refresh, await statusOf(reference)]).toEqual(['5', 'pending'])
    expect(waiting.body).toContain('being processed')
    api.service.clock.advance(api.service.sandboxDelayMs)
    expect((await view(path)).headers.location).toContain('shop.example')
    expect(await balance()).toBe(5000)
  })

  test('paying by a customer denied meanwhile is refused with the reason', async () => {
    const { path } = await open()
    await call('POST', '/customer/set_risk_action', { customer: email, risk_action: 'deny' })
    const { statusCode, body } = await submit(path, good)
    expect([statusCode, body]).toEqual([403, expect.stringContaining('Zawadi cannot take this payment from you')])
    expect(body).not.toContain('denied')
    expect(await balance()).toBe(0)
  })

  test('the pay page of a merchant that was closed meanwhile takes no money, and names nothing internal', async () => {
    const { path } = await open()
    const closed = await api.call(
      'POST',
      `/v1/merchants/${tenant.merchant.code}/close`,
      { ignoreTestMode: true },
      adminKey,
    )
    expect(closed.statusCode, closed.body).toBe(200)
    const { statusCode, body } = await submit(path, good)
    expect([statusCode, body]).toEqual([403, expect.stringContaining('Payments cannot be made here now')])
    expect(body).not.toContain('can only be read')
  })

  test('a transaction paid in two browsers at once, and again, is paid once', async () => {
    const { path, reference } = await open()
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit(path, good)))
    expect(new Set(answers.map((each) => each.statusCode))).toEqual(new Set([303]))
    await submit(path, { method: 'mobile_money', phone: '0821234567' })
    await settleDuePayments(api.service)
    expect([await statusOf(reference), await balance()]).toEqual(['success', 5000])
    const { data } = (await call('GET', `/customer/${email}`)).json()
    expect(data).toMatchObject({ total_transactions: 1, authorizations: [{ last4: '4081' }] })
  })

  test('a pay page is expired after 48 hours, and its transaction stays abandoned', async () => {
    const { path, reference } = await open()
    api.service.clock.advance(48 * 60 * 60 * 1000)
    expect((await view(path)).body).toContain('has expired')
    expect((await submit(path, good)).headers.location).toBe(path)
    await settleDuePayments(api.service)
    expect((await view(path)).body).toContain('has expired')
    expect([await statusOf(reference), await balance()]).toEqual(['abandoned', 0])
  })
})

describe('the questions of the pay page', () => {
  const asking = card('5060 6666 6666 6666 666')
  const answer = (path: string, fields: Record<string, string>) => submit(path, { method: 'step', ...fields })

  test('the pay page asks for the PIN and the password of a card, and the card then pays', async () => {
    const { path, reference } = await open()
    expect((await submit(path, asking)).headers.location).toBe(path)
    const asksPin = await view(path)
    expect(asksPin.body).toContain('Your bank asks for the PIN of your card')
    expect(asksPin.body).toMatch(/<input id="pin" name="pin" type="password"[^>]* required>/)
    expect(asksPin.headers.refresh).toBeUndefined()
    expect(await statusOf(reference)).toBe('abandoned')
    expect((await answer(path, { pin: '1234' })).headers.location).toBe(path)
    expect((await view(path)).body).toContain('Please enter OTP')
    expect((await answer(path, { otp: '123456' })).statusCode).toBe(303)
    expect([await statusOf(reference), await balance()]).toEqual(['success', 5000])
  })

  test('a PIN that is no PIN is asked for again, and never shown', async () => {
    const { path, reference } = await open()
    await submit(path, asking)
    const again = await answer(path, { pin: '12x' })
    expect([again.statusCode, again.body]).toEqual([400, expect.stringContaining('Enter the four digits of the PIN')])
    expect(again.body).not.toContain('12x')
    expect(await statusOf(reference)).toBe('abandoned')
  })

  test('after a wrong PIN the pay page says so, and another card pays', async () => {
    const { path, reference } = await open()
    await submit(path, asking)
    await answer(path, { pin: '9999' })
    expect((await view(path)).body).toContain('Not paid yet. Incorrect PIN. Try again, or pay in another way.')
    // A form of the charge of before, in another tab.
    expect((await answer(path, { pin: '1234' })).headers.location).toBe(path)
    expect(await balance()).toBe(0)
    await submit(path, good)
    expect([await statusOf(reference), await balance()]).toEqual(['success', 5000])
  })

  test('the pay page asks whether the payer agrees, and for an address', async () => {
    const agreed = await open()
    await submit(agreed.path, card('5192 6027 2058 4796'))
    expect((await view(agreed.path)).body).toContain('Do you agree to this payment?')
    await answer(agreed.path, { agrees: 'no' })
    expect(await statusOf(agreed.reference)).toBe('failed')
    const { path, reference } = await open()
    await submit(path, card('4084 0800 0002 0001'))
    const address = { address: '1 Long Street', city: 'Lagos', state: 'Lagos', zip: '100001' }
    expect((await answer(path, { ...address, zip: '' })).body).toContain('Enter the postal code')
    await answer(path, address)
    expect(await statusOf(reference)).toBe('success')
  })
})
