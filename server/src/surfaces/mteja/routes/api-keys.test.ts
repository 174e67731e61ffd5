import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import { scopes } from '../../../domain/merchants/scopes.ts'

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
        role: 'owner',
        scopes: [...scopes],
        personId: null,
        createdBy: expect.stringMatching(/^[0-9a-f-]{36}$/),
        replaces: null,
        createdAt: now,
        expiresAt: null,
        lastUsedAt: null,
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

  test.each(['till\u001b[31m', 'till\u200b', '\u202etill'])(
    'creating a key refuses a name with a character that nobody sees',
    async (name) => {
      const answer = await call('POST', '/v1/api-keys', { name })
      expect([answer.statusCode, answer.json().error]).toMatchObject([400, { code: 'invalid_request', field: 'name' }])
    },
  )

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
    expect(data).toMatchObject([
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

  test.each(['none', 'x'.repeat(3000), '-'.repeat(36), '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', '%00'])(
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

describe('what a key gives and leaves behind', () => {
  const make = async (body: object, bearer = tenant.secret) => {
    const answer = await call('POST', '/v1/api-keys', body, bearer)
    expect(answer.statusCode, answer.body).toBe(201)
    return answer.json()
  }
  const statusWith = async (bearer: string) => (await call('GET', '/v1/merchant', undefined, bearer)).statusCode

  test('a key gives no scope that it lacks, by a role or by a list, and gives what it has', async () => {
    const { secret } = await make({ role: 'developer' })
    for (const [body, field] of [
      [{}, 'role'],
      [{ role: 'finance' }, 'role'],
      [{ scopes: ['read', 'money:write'] }, 'scopes'],
    ] as const) {
      const answer = await call('POST', '/v1/api-keys', body, secret)
      expect([answer.statusCode, answer.json().error]).toMatchObject([403, { code: 'scope_missing', field }])
    }
    expect(await make({ scopes: ['payments:write', 'read'] }, secret)).toMatchObject({
      role: null,
      scopes: ['read', 'payments:write'],
    })
    expect((await call('POST', '/v1/api-keys', { role: 'viewer', scopes: ['read'] })).statusCode).toBe(400)
  })

  test('revoking a key ends its tokens, and the keys it made, and theirs, unless those are kept', async () => {
    const family = async () => {
      const parent = await make({})
      const child = await make({}, parent.secret)
      const grandchild = await make({}, child.secret)
      const path = '/api/canary/authentication/token'
      const { token } = (await call('GET', path, undefined, parent.secret)).json()
      return { parent, all: [parent.secret, child.secret, grandchild.secret, token] }
    }
    const statuses = (bearers: string[]) => Promise.all(bearers.map((each) => statusWith(each)))
    const [first, second] = [await family(), await family()]
    expect(await statuses(first.all)).toEqual([200, 200, 200, 200])
    const ended = await call('DELETE', `/v1/api-keys/${first.parent.id}`)
    expect([ended.json().alsoRevoked, await statuses(first.all)]).toEqual([2, [401, 401, 401, 401]])
    const kept = await call('DELETE', `/v1/api-keys/${second.parent.id}?keepMade=true`)
    expect([kept.json().alsoRevoked, await statuses(second.all)]).toEqual([0, [401, 200, 200, 401]])
  })

  test('an expired key is refused with its tokens, and a time that has passed is no expiry', async () => {
    const at = new Date(api.service.clock.now().getTime() + 60_000).toISOString()
    const { secret } = await make({ expiresAt: at })
    const { token } = (await call('GET', '/api/canary/authentication/token', undefined, secret)).json()
    expect([await statusWith(secret), await statusWith(token)]).toEqual([200, 200])
    api.service.clock.advance(60_000)
    expect([await statusWith(secret), await statusWith(token)]).toEqual([401, 401])
    const late = await call('POST', '/v1/api-keys', { expiresAt: at })
    expect([late.statusCode, late.json().error.field]).toEqual([400, 'expiresAt'])
    api.service.clock.advance(-60_000)
  })

  test('a replaced key and its successor are both accepted during the overlap, and can do the same', async () => {
    const person = (await call('POST', '/v1/people', { name: 'Amina', email: 'amina@example.com' })).json()
    const old = await make({ name: 'desk', role: 'support', personId: person.id })
    const answer = await call('POST', `/v1/api-keys/${old.id}/replace`, { overlapHours: 1 })
    const made = answer.json()
    expect([answer.statusCode, made]).toMatchObject([
      201,
      { name: 'desk', role: 'support', personId: person.id, replaces: old.id, replaced: { id: old.id } },
    ])
    expect([await statusWith(old.secret), await statusWith(made.secret)]).toEqual([200, 200])
    api.service.clock.advance(60 * 60 * 1000)
    expect([await statusWith(old.secret), await statusWith(made.secret)]).toEqual([401, 200])
    const again = await call('POST', `/v1/api-keys/${old.id}/replace`, {})
    expect([again.statusCode, again.json().error.code]).toEqual([409, 'api_key_ended'])
    api.service.clock.advance(-60 * 60 * 1000)
  })

  test('a key that ends makes no key, and no replacement, that ends later', async () => {
    const at = new Date(api.service.clock.now().getTime() + 60_000).toISOString()
    const later = new Date(api.service.clock.now().getTime() + 120_000).toISOString()
    const ending = await make({ role: 'developer', expiresAt: at })
    expect((await make({ role: 'developer', expiresAt: null }, ending.secret)).expiresAt).toBe(at)
    const replace = (expiresAt: string | null, bearer: string) =>
      call('POST', `/v1/api-keys/${ending.id}/replace`, { expiresAt }, bearer)
    expect((await replace(null, ending.secret)).json().expiresAt).toBe(at)
    expect((await replace(null, tenant.secret)).json().expiresAt).toBe(at)
    for (const answer of [
      await call('POST', '/v1/api-keys', { role: 'developer', expiresAt: later }, ending.secret),
      await replace(later, ending.secret),
      await replace(later, tenant.secret),
    ]) {
      expect([answer.statusCode, answer.json().error]).toMatchObject([400, { field: 'expiresAt' }])
    }
  })

  test('a replacement stays when the replaced key is revoked, and ends with the maker of both', async () => {
    const maker = await make({})
    const old = await make({}, maker.secret)
    const next = (await call('POST', `/v1/api-keys/${old.id}/replace`, { overlapHours: 1 }, old.secret)).json()
    const made = await make({}, old.secret)
    expect(next.createdBy).toBe(maker.id)
    const revoked = (await call('DELETE', `/v1/api-keys/${old.id}`)).json()
    expect(revoked).toMatchObject({ alsoRevoked: 1, replacedBy: [next.id] })
    expect([await statusWith(next.secret), await statusWith(made.secret)]).toEqual([200, 401])
    // A replacement that another key asked for ends with this key, and with the maker of the replaced key.
    const other = await make({})
    const last = (await call('POST', `/v1/api-keys/${next.id}/replace`, {}, other.secret)).json()
    expect(last.createdBy).toBe(other.id)
    expect((await call('DELETE', `/v1/api-keys/${maker.id}`)).json()).toMatchObject({ alsoRevoked: 2, replacedBy: [] })
    expect([await statusWith(next.secret), await statusWith(last.secret)]).toEqual([401, 401])
  })

  test('after a leak the replacements of a key are revoked with it where this is asked for', async () => {
    const old = await make({})
    const next = (await call('POST', `/v1/api-keys/${old.id}/replace`, {}, old.secret)).json()
    const revoked = (await call('DELETE', `/v1/api-keys/${old.id}?withReplacements=true`)).json()
    expect([revoked.alsoRevoked, revoked.replacedBy, await statusWith(next.secret)]).toEqual([1, [], 401])
  })

  test('revoking a key names the webhook endpoints that it made or changed, and deletes the made ones on request', async () => {
    const thief = await make({ role: 'developer' })
    const made = await make({ role: 'developer' }, thief.secret)
    const hook = (path: string) => ({ url: `https://thief.example/${path}` })
    const own = (await call('POST', '/v1/webhook-endpoints', hook('owner'))).json()
    await call('PATCH', `/v1/webhook-endpoints/${own.id}`, hook('taken'), thief.secret)
    const first = (await call('POST', '/v1/webhook-endpoints', hook('one'), thief.secret)).json()
    const listed = { events: ['*'], ...hook('two') }
    const second = (await call('POST', '/api/canary/webhook-endpoints', listed, made.secret)).json()
    const endpoints = (body: { endpoints: { url: string }[] }) =>
      body.endpoints.sort((one, other) => one.url.localeCompare(other.url))
    const kept = endpoints((await call('DELETE', `/v1/api-keys/${thief.id}`)).json())
    expect(kept).toEqual([
      { id: first.id, style: 'standard', url: hook('one').url, made: true, deleted: false },
      { id: own.id, style: 'standard', url: hook('taken').url, made: false, deleted: false },
      { id: second.id, style: 'standard', url: hook('two').url, made: true, deleted: false },
    ])
    const again = endpoints((await call('DELETE', `/v1/api-keys/${thief.id}?deleteEndpoints=true`)).json())
    expect(again).toMatchObject([{ deleted: true }, { deleted: false }, { deleted: true }])
    const left = (await call('GET', '/v1/webhook-endpoints')).json().data
    expect(left.map((each: { id: string }) => each.id)).toEqual([own.id])
  })

  test('a key makes none in the name of another person whose keys can do more', async () => {
    const person = (await call('POST', '/v1/people', { name: 'Neema', email: 'neema@example.com' })).json()
    const developer = await make({ role: 'developer' })
    await make({ role: 'developer', personId: person.id }, developer.secret)
    const own = await make({ role: 'developer', personId: person.id })
    await make({ role: 'owner', personId: person.id })
    const body = { role: 'developer', personId: person.id }
    const refused = await call('POST', '/v1/api-keys', body, developer.secret)
    expect([refused.statusCode, refused.json().error]).toMatchObject([
      403,
      { code: 'scope_missing', field: 'personId' },
    ])
    const byOther = await call('POST', `/v1/api-keys/${own.id}/replace`, {}, developer.secret)
    expect([byOther.statusCode, byOther.json().error.field]).toEqual([403, 'personId'])
    await make(body, own.secret)
  })

  test('a key renames and ends nobody whose keys can do more, except its own person', async () => {
    const owner = (await call('POST', '/v1/people', { name: 'Owino', email: 'owino@example.com' })).json()
    const { secret: ownersSecret } = await make({ role: 'owner', personId: owner.id })
    const dev = (await call('POST', '/v1/people', { name: 'Devi', email: 'devi@example.com' })).json()
    const developer = await make({ role: 'developer', personId: dev.id })
    for (const [method, path, body] of [
      ['PATCH', `/v1/people/${owner.id}`, { name: 'Mwizi' }],
      ['PATCH', `/v1/people/${owner.id}`, { email: 'mwizi@example.com' }],
      ['POST', `/v1/people/${owner.id}/end`, undefined],
    ] as const) {
      const answer = await call(method, path, body, developer.secret)
      expect([path, answer.statusCode, answer.json().error]).toMatchObject([path, 403, { code: 'scope_missing' }])
    }
    expect((await call('GET', `/v1/people/${owner.id}`)).json()).toMatchObject({ name: 'Owino', endedAt: null })
    expect(await statusWith(ownersSecret)).toBe(200)
    const colleague = (await call('POST', '/v1/people', { name: 'Ana', email: 'ana@example.com' })).json()
    await make({ role: 'viewer', personId: colleague.id })
    await make({ role: 'owner', personId: dev.id })
    // One's own name, whatever the other keys of the person can do; and a person who can do less.
    for (const id of [colleague.id, dev.id]) {
      expect((await call('PATCH', `/v1/people/${id}`, { name: 'New' }, developer.secret)).statusCode).toBe(200)
      expect((await call('POST', `/v1/people/${id}/end`, undefined, ownersSecret)).statusCode).toBe(200)
    }
  })

  test('a key replaces no key that can do more', async () => {
    const { secret } = await make({ role: 'developer' })
    const owner = await make({})
    const answer = await call('POST', `/v1/api-keys/${owner.id}/replace`, {}, secret)
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'scope_missing'])
    expect(answer.json().error.message).toContain('ask with a key that has it')
  })

  test('the last use of a key is kept to the hour', async () => {
    const { id, secret } = await make({})
    const lastUse = async () => (await call('GET', `/v1/api-keys/${id}`)).json().lastUsedAt
    expect(await lastUse()).toBeNull()
    await statusWith(secret)
    await expect.poll(lastUse).toBe('2026-01-15T10:00:00.000Z')
    api.service.clock.advance(60 * 60 * 1000)
    await statusWith(secret)
    await expect.poll(lastUse).toBe('2026-01-15T11:00:00.000Z')
    api.service.clock.advance(-60 * 60 * 1000)
  })

  test('ending a person revokes the keys of the person, and gives the person no new one', async () => {
    const person = (await call('POST', '/v1/people', { name: 'Juma', email: 'Juma@example.com' })).json()
    expect(person).toMatchObject({ email: 'juma@example.com', endedAt: null })
    const { secret } = await make({ role: 'viewer', personId: person.id })
    const ended = await call('POST', `/v1/people/${person.id}/end`)
    expect(ended.json()).toMatchObject({ id: person.id, endedAt: now, revokedKeys: 1 })
    expect(await statusWith(secret)).toBe(401)
    const refused = await call('POST', '/v1/api-keys', { personId: person.id })
    expect([refused.statusCode, refused.json().error]).toMatchObject([404, { code: 'person_not_found' }])
    for (const change of [{ name: 'Jumanne' }, { email: 'jumanne@example.com' }]) {
      const changed = await call('PATCH', `/v1/people/${person.id}`, change)
      expect([changed.statusCode, changed.json().error.code]).toEqual([404, 'person_not_found'])
    }
    expect((await call('GET', `/v1/people/${person.id}`)).json()).toMatchObject({ name: 'Juma', updatedAt: now })
    // The e-mail is free again.
    expect((await call('POST', '/v1/people', { name: 'Juma', email: 'juma@example.com' })).statusCode).toBe(201)
  })
})
