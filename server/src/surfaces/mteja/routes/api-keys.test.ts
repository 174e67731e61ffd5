import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'

const now = '2026-01-15T10:30:00.000Z'

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
})

const call = (method: string, path: string, body?: unknown, bearer = tenant.secret) =>
  api.call(method, path, body, bearer)

describe('making a key', () => {
  test('creating a key answers the key with its secret, in the mode of the key that asks', async () => {
    const answer = await call('POST', '/v1/api-keys', { name: 'checkout' })
    const { id, secret } = answer.json()
    expect([answer.statusCode, answer.json()]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        mode: 'test',
        name: 'checkout',
        hint: secret.slice(-4),
        createdAt: now,
        revokedAt: null,
        secret: expect.stringMatching(/^sk_test_[A-Za-z0-9]{40}$/),
      },
    ])
    expect((await call('GET', '/v1/api-keys', undefined, secret)).statusCode).toBe(200)
    expect((await call('GET', '/v1/api-keys')).json().data.map((key: { id: string }) => key.id)).toContain(id)
    expect((await call('GET', '/v1/api-keys')).body).not.toContain(secret)
  })

  test('creating a key needs no name, and null means no name', async () => {
    for (const body of [undefined, {}, { name: null }]) {
      expect((await call('POST', '/v1/api-keys', body)).json()).toMatchObject({ name: null })
    }
  })

  test('a live key creates a live key', async () => {
    const live = await addTestKey(api.service, tenant.merchant, 'live')
    const { secret } = (await call('POST', '/v1/api-keys', {}, live.secret)).json()
    expect(secret).toMatch(/^sk_live_/)
  })

  test.each([
    [{ name: 7 }, { code: 'invalid_request', message: 'name must be a string, not 7', field: 'name' }],
    [
      { name: 'x'.repeat(201) },
      {
        code: 'invalid_request',
        message: expect.stringMatching(/^name must be at most 200 characters/),
        field: 'name',
      },
    ],
  ])('creating a key refuses a name that is no short text', async (body, error) => {
    const answer = await call('POST', '/v1/api-keys', body)
    expect([answer.statusCode, answer.json()]).toEqual([400, { error }])
  })

  test('the database holds no key’s secret', async () => {
    const { secret } = (await call('POST', '/v1/api-keys', {})).json()
    const rows = await api.service.db.query<{ row: string }>(sql`select row_to_json(k)::text as row from api_keys k`)
    for (const { row } of rows) expect(row).not.toContain(secret.slice(8))
  })
})

describe('listing keys', () => {
  test('keys are listed in their own mode, newest first, with the revoked ones', async () => {
    await addTestKey(api.service, tenant.merchant, 'live')
    api.service.clock.advance(1)
    const made = (await call('POST', '/v1/api-keys', { name: 'second' })).json()
    await call('DELETE', `/v1/api-keys/${made.id}`)
    const { data } = (await call('GET', '/v1/api-keys')).json()
    const at = api.service.clock.now().toISOString()
    expect(data).toEqual([
      { id: made.id, mode: 'test', name: 'second', hint: made.hint, createdAt: at, revokedAt: at },
      {
        id: expect.any(String),
        mode: 'test',
        name: null,
        hint: tenant.secret.slice(-4),
        createdAt: expect.any(String),
        revokedAt: null,
      },
    ])
    api.service.clock.advance(-1)
  })

  test('a page of keys has as many keys as were asked for, and the number of all keys', async () => {
    const holder = await createTestTenant(api.service)
    const made = []
    for (const name of ['b', 'c', 'd']) {
      api.service.clock.advance(1)
      made.push((await api.call('POST', '/v1/api-keys', { name }, holder.secret)).json().id)
    }
    api.service.clock.advance(-3)
    const page = async (query: string) =>
      (await api.call('GET', `/v1/api-keys?${query}`, undefined, holder.secret)).json()
    expect(await page('limit=2')).toMatchObject({ data: [{ id: made[2] }, { id: made[1] }], total: 4 })
    expect(await page('limit=2&offset=2')).toMatchObject({ data: [{ id: made[0] }, { name: null }], total: 4 })
    expect(await page('offset=4')).toEqual({ data: [], total: 4 })
  })
})

describe('revoking a key', () => {
  test('revoking a key shuts it out at once from every surface', async () => {
    const { id, secret } = (await call('POST', '/v1/api-keys', {})).json()
    const answer = await call('DELETE', `/v1/api-keys/${id}`)
    expect([answer.statusCode, answer.json()]).toMatchObject([200, { id, revokedAt: now }])
    for (const path of ['/v1/api-keys', '/customer', '/api/canary/customers']) {
      expect((await call('GET', path, undefined, secret)).statusCode).toBe(401)
    }
  })

  test('revoking a key again changes nothing', async () => {
    const { id } = (await call('POST', '/v1/api-keys', {})).json()
    const first = await call('DELETE', `/v1/api-keys/${id}`)
    api.service.clock.advance(1000)
    expect((await call('DELETE', `/v1/api-keys/${id}`)).json()).toEqual(first.json())
    api.service.clock.advance(-1000)
  })

  test.each(['none', '-'.repeat(36), '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', '%00'])(
    'revoking an unknown key, %s, answers 404',
    async (id) => {
      const answer = await call('DELETE', `/v1/api-keys/${id}`)
      expect([answer.statusCode, answer.json().error.code]).toEqual([404, expect.stringMatching(/not_found$/)])
    },
  )

  test('revoking a key ignores a body, because some clients send one with DELETE', async () => {
    const { id } = (await call('POST', '/v1/api-keys', {})).json()
    const answer = await api.app.inject({
      method: 'DELETE',
      url: `/v1/api-keys/${id}`,
      headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' },
      payload: '[not json',
    })
    expect(answer.statusCode).toBe(200)
  })
})

describe('requests without a valid key', () => {
  test.each([
    [null, 'No Authorization header was found'],
    ['sk_test_0000000000', 'The key or token is not valid, was revoked or has expired'],
    ['a b', 'The Authorization header must be: Bearer <key>'],
  ])('a /v1 request with the credential %s answers 401 in the envelope', async (bearer, message) => {
    const answer = await api.call('GET', '/v1/api-keys', undefined, bearer)
    expect([answer.statusCode, answer.json()]).toEqual([401, { error: { code: 'unauthorized', message } }])
  })

  test('an unknown address under /v1 answers 404 in the envelope', async () => {
    for (const path of ['/v1', '/v1/nothing', '//v1//nothing']) {
      const answer = await call('GET', path)
      const shown = path.replaceAll('//', '/')
      expect([answer.statusCode, answer.json()]).toEqual([
        404,
        { error: { code: 'not_found', message: `There is nothing at GET ${shown}` } },
      ])
    }
  })
})
