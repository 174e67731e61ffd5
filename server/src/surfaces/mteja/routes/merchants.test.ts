import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { trustConnection } from '../operator.ts'

const now = '2026-01-15T10:30:00.000Z'
const adminKey = 'operator-0123456789'

let api: TestApi

beforeAll(async () => {
  api = await openTestApi({ adminKey })
})
afterAll(() => api.close())

const ask = (method: string, path: string, body?: unknown, bearer: string | null = adminKey) =>
  api.call(method, path, body, bearer)

const createMerchant = async (body: Record<string, unknown> = { name: 'Soko' }) =>
  (await ask('POST', '/v1/merchants', body)).json()

describe('creating a merchant', () => {
  test('creating a merchant answers the merchant, without any key', async () => {
    const answer = await ask('POST', '/v1/merchants', {
      name: ' Soko ',
      country: 'ng',
      currencies: ['ngn', 'USD', 'NGN'],
    })
    const { id } = answer.json()
    expect([answer.statusCode, answer.json()]).toEqual([
      201,
      {
        id: expect.stringMatching(/^mer_[a-z0-9]{15}$/),
        integration: expect.any(Number),
        name: 'Soko',
        country: 'NG',
        currencies: ['NGN', 'USD'],
        timeZone: 'Africa/Lagos',
        createdAt: now,
        closedAt: null,
      },
    ])
    expect((await ask('GET', `/v1/merchants/${id}/api-keys`)).json()).toEqual({ data: [], total: 0 })
  })

  test('a created merchant counts its days in another time zone if the request says so', async () => {
    expect(await createMerchant({ name: 'Soko', timeZone: 'africa/nairobi' })).toMatchObject({
      timeZone: 'Africa/Nairobi',
    })
    for (const timeZone of ['Lagos', '+01:00', 'W. Central Africa Standard Time']) {
      const answer = await ask('POST', '/v1/merchants', { name: 'Soko', timeZone })
      const message = `timeZone must be the IANA name of a time zone, such as Africa/Lagos, not "${timeZone}"`
      expect([answer.statusCode, answer.json().error]).toEqual([
        400,
        { code: 'invalid_request', message, field: 'timeZone' },
      ])
    }
  })

  test('a created merchant is in South Africa with rand unless the request says otherwise', async () => {
    expect(await createMerchant({ name: 'Soko', country: null })).toMatchObject({ country: 'ZA', currencies: ['ZAR'] })
  })

  test.each([
    [{}, 'name'],
    [{ name: '  ' }, 'name'],
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ name: 'Soko', country: 'Kenya' }, 'country'],
    [{ name: 'Soko', country: 'XX' }, 'country'],
    [{ name: 'Soko', currencies: [] }, 'currencies'],
    [{ name: 'Soko', currencies: ['BTC'] }, 'currencies'],
    [{ name: 'Soko', currencies: 'ZAR' }, 'currencies'],
  ])('creating a merchant from %j is refused and names %s', async (body, field) => {
    const answer = await ask('POST', '/v1/merchants', body)
    expect([answer.statusCode, answer.json().error]).toMatchObject([400, { code: 'invalid_request', field }])
  })
})

test('merchants are listed oldest first', async () => {
  const made = [await createMerchant(), await createMerchant()]
  const { data } = (await ask('GET', '/v1/merchants')).json()
  expect(data.slice(-2)).toEqual(made)
})

describe('keys of a merchant', () => {
  test('a merchant’s keys are created in either mode, listed and revoked, by the merchant’s code or integration', async () => {
    const merchant = await createMerchant()
    const path = `/v1/merchants/${merchant.id}/api-keys`
    const test = (await ask('POST', path, {})).json()
    api.service.clock.advance(1)
    const live = (
      await ask('POST', `/v1/merchants/${merchant.integration}/api-keys`, { mode: 'live', name: 'shop' })
    ).json()
    api.service.clock.advance(-1)
    expect([test.secret, live.secret]).toEqual([expect.stringMatching(/^sk_test_/), expect.stringMatching(/^sk_live_/)])
    const { data } = (await ask('GET', path)).json()
    expect(data.map((key: { mode: string; name: string | null }) => [key.mode, key.name])).toEqual([
      ['live', 'shop'],
      ['test', null],
    ])
    const made = await api.call('POST', '/customer', { email: 'a@example.com' }, live.secret)
    expect(made.json().data).toMatchObject({ domain: 'live', integration: merchant.integration })
    expect((await ask('DELETE', `${path}/${live.id}`)).json()).toMatchObject({
      id: live.id,
      mode: 'live',
      revokedAt: now,
    })
    expect((await api.call('GET', '/customer', undefined, live.secret)).statusCode).toBe(401)
  })

  test('the keys of an unknown merchant answer 404', async () => {
    for (const [method, path] of [
      ['GET', '/v1/merchants/mer_nobody/api-keys'],
      ['POST', '/v1/merchants/999999999/api-keys'],
      ['DELETE', '/v1/merchants/mer_nobody/api-keys/x'],
    ] as const) {
      expect((await ask(method, path)).json().error.code).toBe('merchant_not_found')
    }
  })
})

describe('callers other than the operator', () => {
  test.each([null, 'operator-012345678', 'operator-01234567890', 'sk_test_nobody0000'])(
    'the operator’s routes refuse the key %s with 401',
    async (bearer) => {
      const answer = await ask('POST', '/v1/merchants', { name: 'Soko' }, bearer)
      expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'unauthorized'])
    },
  )

  test('the operator’s routes refuse a merchant’s own key', async () => {
    expect((await ask('GET', '/v1/merchants', undefined, api.tenant.secret)).statusCode).toBe(401)
  })

  test('the operator’s key opens no merchant’s routes', async () => {
    for (const path of ['/v1/api-keys', '/customer', '/api/canary/customers']) {
      expect((await ask('GET', path)).statusCode).toBe(401)
    }
  })
})

describe('a server without an operator’s key', () => {
  let closed: TestApi
  beforeAll(async () => {
    closed = await api.openAnother({})
  })
  afterAll(() => closed.close())

  test.each(['/v1/merchants', '/v1/merchants/x/api-keys'])(
    '%s answers 404 where no operator’s key is configured',
    async (path) => {
      for (const bearer of [null, adminKey, closed.tenant.secret, 'undefined']) {
        const answer = await closed.call('GET', path, undefined, bearer)
        expect([answer.statusCode, answer.json()]).toEqual([
          404,
          { error: { code: 'not_found', message: `There is nothing at GET ${path}` } },
        ])
      }
    },
  )

  test('a caller through the data folder’s socket is the operator', async () => {
    const server = createServer((request, response) => {
      trustConnection(request.socket)
      closed.app.routing(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const answer = await fetch(`http://127.0.0.1:${port}/v1/merchants`)
      expect(answer.status).toBe(200)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

describe('changing a merchant', () => {
  test('a merchant is read by its id, by its integration and by its own key', async () => {
    const made = await createMerchant()
    const { secret } = (await ask('POST', `/v1/merchants/${made.id}/api-keys`, {})).json()
    expect((await ask('GET', `/v1/merchants/${made.id}`)).json()).toEqual(made)
    expect((await ask('GET', `/v1/merchants/${made.integration}`)).json()).toEqual(made)
    expect((await ask('GET', '/v1/merchant', undefined, secret)).json()).toEqual(made)
  })

  test('a merchant is renamed', async () => {
    const made = await createMerchant()
    const changed = (await ask('PATCH', `/v1/merchants/${made.id}`, { name: ' Duka Kuu ' })).json()
    expect(changed).toEqual({ ...made, name: 'Duka Kuu' })
    expect((await ask('GET', `/v1/merchants/${made.id}`)).json()).toEqual(changed)
  })

  test('a currency is added behind those that the merchant holds, and customers can have money in it at once', async () => {
    const made = await createMerchant({ name: 'Soko', currencies: ['ZAR', 'NGN'] })
    const { secret } = (await ask('POST', `/v1/merchants/${made.id}/api-keys`, {})).json()
    const { id } = (await ask('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, secret)).json()
    const payIn = () => ask('POST', '/v1/sandbox/pay-ins', { customerId: id, amount: 5, currency: 'KES' }, secret)
    expect((await payIn()).json().error.code).toBe('currency_not_held')
    const body = { addCurrencies: ['kes', 'ZAR', 'KES'] }
    expect((await ask('PATCH', `/v1/merchants/${made.id}`, body)).json().currencies).toEqual(['ZAR', 'NGN', 'KES'])
    expect((await payIn()).statusCode).toBe(201)
  })

  test('a merchant gets another time zone, and a statement of a day is of that zone from then on', async () => {
    const made = await createMerchant({ name: 'Soko', country: 'NG', currencies: ['NGN'] })
    const { secret } = (await ask('POST', `/v1/merchants/${made.id}/api-keys`, {})).json()
    const { id } = (await ask('POST', '/api/canary/customers', { phoneNumber: '+2348031234567' }, secret)).json()
    const statement = async () => {
      const answer = await ask('GET', `/v1/customers/${id}/statement?from=2026-01-01&to=2026-01-01`, undefined, secret)
      return [answer.json().timeZone, answer.json().from]
    }
    expect(await statement()).toEqual(['Africa/Lagos', '2025-12-31T23:00:00.000Z'])
    const changed = (await ask('PATCH', `/v1/merchants/${made.id}`, { timeZone: 'africa/nairobi' })).json()
    expect(changed).toEqual({ ...made, timeZone: 'Africa/Nairobi' })
    expect(await statement()).toEqual(['Africa/Nairobi', '2025-12-31T21:00:00.000Z'])
  })

  test('two currencies that are added at once are both held', async () => {
    const { id } = await createMerchant()
    await Promise.all(
      ['KES', 'USD', 'UGX'].map((each) => ask('PATCH', `/v1/merchants/${id}`, { addCurrencies: [each] })),
    )
    const { currencies } = (await ask('GET', `/v1/merchants/${id}`)).json()
    expect([currencies[0], [...currencies].sort()]).toEqual(['ZAR', ['KES', 'UGX', 'USD', 'ZAR']])
  })

  test.each([
    [{ name: ' ' }, 'name'],
    [{ addCurrencies: ['BTC'] }, 'addCurrencies'],
    [{ addCurrencies: [] }, 'addCurrencies'],
    [{ timeZone: 'Africa/Nowhere' }, 'timeZone'],
    [{ currencies: ['USD'] }, 'currencies'],
  ])('a change of a merchant to %j is refused and names %s', async (body, field) => {
    const { id } = await createMerchant()
    const answer = await ask('PATCH', `/v1/merchants/${id}`, body)
    expect([answer.statusCode, answer.json().error.field]).toEqual([400, field])
  })
})

describe('closing a merchant', () => {
  /** A merchant with a customer who has 100, and a key. */
  async function createBusy() {
    const made = await createMerchant({ name: 'Soko', currencies: ['ZAR', 'NGN'] })
    const { secret } = (await ask('POST', `/v1/merchants/${made.id}/api-keys`, {})).json()
    const own = (method: string, path: string, body?: unknown) => ask(method, path, body, secret)
    const customer = (await own('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id as string
    const payIn = (await own('POST', '/v1/sandbox/pay-ins', { customerId: customer, amount: 100 })).json()
    return { id: made.id as string, own, customer, payInId: payIn.id as string }
  }
  const close = (id: string, body: object = {}) => ask('POST', `/v1/merchants/${id}/close`, body)

  test('a merchant is not closed while customers have money or a hold is open, and the message counts them', async () => {
    const { id, own, customer, payInId } = await createBusy()
    await own('POST', '/v1/holds', { customerId: customer, amount: 40 })
    const refused = await close(id)
    expect([refused.statusCode, refused.json().error]).toEqual([
      409,
      {
        code: 'merchant_in_use',
        message:
          'The merchant cannot be closed: 1 customer has ZAR 1.00 in test mode; 1 hold is open, of ZAR 0.40 in test mode',
      },
    ])
    expect((await ask('GET', `/v1/merchants/${id}`)).json().closedAt).toBeNull()
    const [hold] = (await own('GET', `/v1/holds?customerId=${customer}`)).json().data
    await own('POST', `/v1/holds/${hold.id}/release`)
    await own('POST', '/v1/refunds', { transactionId: payInId })
    expect((await close(id)).json()).toMatchObject({ closedAt: now })
  })

  test('a merchant is not closed while a dedicated account can receive money', async () => {
    const { id, own, customer, payInId } = await createBusy()
    await own('POST', '/v1/refunds', { transactionId: payInId })
    const holder = { customer, first_name: 'Ada', last_name: 'Obi', phone: '0821234567' }
    const { data } = (await own('POST', '/dedicated_account', holder)).json()
    expect((await close(id)).json().error.message).toContain('1 dedicated account can still receive money')
    await own('DELETE', `/dedicated_account/${data.id}`)
    expect((await close(id)).statusCode).toBe(200)
  })

  test('test mode is ignored on request', async () => {
    const { id } = await createBusy()
    expect((await close(id, { ignoreTestMode: true })).statusCode).toBe(200)
  })

  test('the keys and tokens of a closed merchant read everything and change nothing', async () => {
    const { id, own, customer } = await createBusy()
    const { token } = (await own('GET', '/api/canary/authentication/token')).json()
    await close(id, { ignoreTestMode: true })
    for (const path of [
      `/api/canary/customers/${customer}/balance`,
      `/v1/customers/${customer}/statement?from=2026-01-01&to=2027-01-01`,
      '/v1/merchant',
      '/customer',
    ]) {
      expect([path, (await own('GET', path)).statusCode]).toEqual([path, 200])
    }
    // A call that only asks somebody outside is a read, whatever its method; a GET that does something is none.
    const document = { document_type: 'identityNumber', document_number: '1234567890123', country_code: 'ZA' }
    const asked = { account_number: '0123456789', account_name: 'A', account_type: 'personal', bank_code: '632005' }
    const validated = await own('POST', '/bank/validate', { ...asked, ...document })
    expect(validated.body).not.toContain('was closed')
    const requery = await own('GET', '/dedicated_account/requery?account_number=1&provider_slug=test-bank')
    expect([requery.statusCode, requery.body]).toEqual([403, expect.stringMatching(/was closed on/)])
    const writes = [
      ['POST', '/api/canary/customers', { phoneNumber: '0821234568' }],
      ['POST', '/v1/sandbox/pay-ins', { customerId: customer, amount: 1 }],
      ['POST', '/customer', { email: 'a@example.com' }],
      ['POST', '/v1/api-keys', {}],
    ] as const
    for (const [method, path, body] of writes) {
      const answer = await own(method, path, body)
      expect([path, answer.statusCode, answer.body]).toEqual([
        path,
        403,
        expect.stringMatching(/was closed on 2026-01-15/),
      ])
    }
    const byToken = await ask('POST', '/v1/holds', { customerId: customer, amount: 1 }, token)
    expect(byToken.json().error.code).toBe('merchant_closed')
    expect((await ask('PATCH', `/v1/merchants/${id}`, { name: 'x' })).json().error.code).toBe('merchant_closed')
  })

  test('a closed merchant erases a customer, and shuts out a key that leaked', async () => {
    const { id, own } = await createBusy()
    const gone = (await own('POST', '/api/canary/customers', { phoneNumber: '0821234599' })).json().id
    const leaked = (await own('POST', '/v1/api-keys', {})).json()
    await close(id, { ignoreTestMode: true })
    expect((await own('POST', `/v1/customers/${gone}/erase`)).statusCode).toBe(202)
    expect((await own('DELETE', `/v1/api-keys/${leaked.id}`)).statusCode).toBe(200)
    expect((await ask('GET', '/v1/merchant', undefined, leaked.secret)).statusCode).toBe(401)
  })

  test('the pages of a closed merchant show no form and take no payment', async () => {
    const { id, own } = await createBusy()
    const session = { mode: 'payment', totalAmount: 500, currency: 'ZAR' }
    const { id: sessionId } = (await own('POST', '/api/canary/checkout/sessions', session)).json()
    const debit = { email: 'b@example.com', channel: 'direct_debit' }
    const mandate = (await own('POST', '/customer/authorization/initialize', debit)).json().data
    const opened = (await own('POST', '/transaction/initialize', { email: 'a@example.com', amount: 500 })).json().data
    await close(id, { ignoreTestMode: true })
    const path = new URL(opened.authorization_url).pathname
    const answer = await ask('POST', path, { method: 'mobile_money', phone: '0821234567' }, null)
    expect([answer.statusCode, answer.body]).toEqual([403, expect.stringContaining('Payments cannot be made here now')])
    expect(answer.body).not.toContain('closed')
    for (const page of [path, `/checkout/${sessionId}`, new URL(mandate.redirect_url).pathname]) {
      const shown = await ask('GET', page, undefined, null)
      expect([page, shown.statusCode, shown.body]).toEqual([page, 403, expect.stringMatching(/cannot be .* here now/)])
      expect(shown.body).not.toContain('<form')
    }
  })

  test('a closed merchant is answered as it is when it is closed again, and works again when it is opened', async () => {
    const { id, own } = await createBusy()
    const closed = (await close(id, { ignoreTestMode: true })).json()
    expect((await close(id)).json()).toEqual(closed)
    expect((await ask('POST', `/v1/merchants/${id}/reopen`, {})).json()).toMatchObject({ closedAt: null })
    expect((await own('POST', '/api/canary/customers', { phoneNumber: '0821234568' })).statusCode).toBe(201)
  })
})

test('an operator who has read an earlier choice of a processor does not replace the later one', async () => {
  const { id } = await createMerchant()
  const url = `/v1/merchants/${id}/processors/out`
  const put = async (processor: string, seenAt?: string) => {
    const headers = { authorization: `Bearer ${adminKey}`, ...(seenAt !== undefined && { 'if-match': `"${seenAt}"` }) }
    const answer = await api.app.inject({ method: 'PUT', url, headers, payload: { processor } })
    return { status: answer.statusCode, body: answer.json() }
  }
  const first = await put('manual')
  api.service.clock.advance(1000)
  const second = await put('sandbox', first.body.chosenAt)
  expect(second).toMatchObject({ status: 200, body: { processor: 'sandbox' } })
  expect(await put('manual', first.body.chosenAt)).toMatchObject({
    status: 412,
    body: { error: { code: 'changed_meanwhile' } },
  })
  expect(await put('manual', second.body.chosenAt)).toMatchObject({ status: 200, body: { processor: 'manual' } })
})
