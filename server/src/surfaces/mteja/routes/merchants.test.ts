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
      },
    ])
    expect((await ask('GET', `/v1/merchants/${id}/api-keys`)).json()).toEqual({ data: [] })
  })

  test('a created merchant counts its days in another time zone if the request says so', async () => {
    expect(await createMerchant({ name: 'Soko', timeZone: 'africa/nairobi' })).toMatchObject({
      timeZone: 'Africa/Nairobi',
    })
    for (const timeZone of ['Lagos', '+01:00', '', 'W. Central Africa Standard Time']) {
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
