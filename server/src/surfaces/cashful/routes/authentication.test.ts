import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'

const issuer = 'https://login.example.com'
const audience = 'mteja-test'
const adminKey = 'operator-0123456789'

let api: TestApi
let tenant: TestTenant
let outside: OutsideIssuer

beforeAll(async () => {
  outside = await startIssuer()
  api = await openTestApi({ adminKey, outsideIssuer: { issuer, jwksUrl: outside.jwksUrl, audience } })
})
afterAll(async () => {
  await api.close()
  outside.server.close()
})
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
})

async function getToken(bearer = tenant.secret): Promise<string> {
  const answer = await api.call('GET', '/api/canary/authentication/token', undefined, bearer)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().token
}

const statusWith = async (bearer: string) =>
  (await api.call('GET', '/api/canary/customers', undefined, bearer)).statusCode

function decode(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  return { header: JSON.parse(header as string), payload: JSON.parse(payload as string) }
}

describe('tokens of this server', () => {
  test('our token names the merchant, the mode and the key, and lasts 15 minutes', async () => {
    const { header, payload } = decode(await getToken())
    expect(header).toEqual({ alg: 'EdDSA', kid: expect.any(String), typ: 'JWT' })
    const iat = api.service.clock.now().getTime() / 1000
    expect(payload).toEqual({
      merchant_id: tenant.merchant.code,
      mode: 'test',
      api_key_id: expect.any(String),
      auth_time: iat,
      sub: tenant.merchant.code,
      iss: 'mteja',
      aud: 'mteja',
      iat,
      exp: iat + 900,
    })
  })

  test('our token opens the Cashful surface and /v1 as its key does, but not the Paystack surface', async () => {
    const token = await getToken()
    expect(await statusWith(token)).toBe(200)
    expect((await api.call('GET', '/v1/api-keys', undefined, token)).statusCode).toBe(200)
    expect((await api.call('GET', '/customer', undefined, token)).json()).toMatchObject({ message: 'Invalid key' })
  })

  test('our token acts in the mode of the key it was made with', async () => {
    const live = await addTestKey(api.service, tenant.merchant, 'live')
    const created = await api.call(
      'POST',
      '/api/canary/customers',
      { phoneNumber: '0821234567' },
      await getToken(live.secret),
    )
    const { id } = created.json()
    const get = async (bearer: string) =>
      (await api.call('GET', `/api/canary/customers/${id}`, undefined, bearer)).statusCode
    expect([await get(live.secret), await get(tenant.secret)]).toEqual([200, 404])
  })

  test('our token cannot be exchanged for a new one, so a stolen token ends', async () => {
    const answer = await api.call('GET', '/api/canary/authentication/token', undefined, await getToken())
    expect([answer.statusCode, answer.json().message]).toEqual([
      403,
      ['A token cannot get another token; ask with a secret key'],
    ])
  })

  test('our token makes no key, secret and webhook endpoint, which would outlive it', async () => {
    const token = await getToken()
    const endpoint = (
      await api.call('POST', '/v1/webhook-endpoints', { url: 'https://example.com/' }, tenant.secret)
    ).json()
    for (const [path, body] of [
      ['/v1/api-keys', { role: 'viewer' }],
      ['/v1/webhook-endpoints', { url: 'https://example.com/' }],
      [`/v1/webhook-endpoints/${endpoint.id}/rotate-secret`, {}],
      ['/api/canary/webhook-endpoints', { url: 'https://example.com/', events: ['*'] }],
    ] as const) {
      const answer = await api.call('POST', path, body, token)
      expect([path, answer.statusCode, answer.body]).toMatchObject([path, 403, expect.stringContaining('developers')])
    }
  })

  test('our token can do what its key can do at this moment', async () => {
    const limited = await api.call('POST', '/v1/api-keys', { role: 'finance' }, tenant.secret)
    const token = await getToken(limited.json().secret)
    const refund = async () => (await api.call('POST', '/v1/refunds', { transactionId: 'none' }, token)).statusCode
    const create = await api.call('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, token)
    expect([create.statusCode, await refund()]).toEqual([403, 404])
    const { id } = limited.json()
    await api.service.db.query(sql`update api_keys set role = 'viewer' where id = ${id}`)
    expect(await refund()).toBe(403)
  })

  test('our token is refused once it has expired', async () => {
    const token = await getToken()
    api.service.clock.advance(15 * 60 * 1000 - 1000)
    expect(await statusWith(token)).toBe(200)
    api.service.clock.advance(1000)
    expect(await statusWith(token)).toBe(401)
  })

  test('our token is refused from the moment its key is revoked', async () => {
    const token = await getToken()
    const key = decode(token).payload.api_key_id
    expect((await api.call('DELETE', `/v1/api-keys/${key}`, undefined, tenant.secret)).statusCode).toBe(200)
    expect([await statusWith(token), await statusWith(tenant.secret)]).toEqual([401, 401])
  })

  test('our token is refused when any part of it was changed', async () => {
    const token = await getToken()
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const other = await createTestTenant(api.service)
    const claims = { ...decode(token).payload, merchant_id: other.merchant.code }
    const forged = Buffer.from(JSON.stringify(claims)).toString('base64url')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    for (const bad of [
      `${header}.${forged}.${signature}`,
      `${none}.${payload}.`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${token}x`,
    ]) {
      expect(await statusWith(bad)).toBe(401)
    }
  })
})

describe('a credential in the header x-api-key', () => {
  const ask = async (headers: Record<string, string>, url = '/api/canary/customers') => {
    const answer = await api.app.inject({ method: 'GET', url, headers })
    return [answer.statusCode, answer.json().message?.[0]]
  }
  const invalid = [401, 'The key or token is not valid, was revoked or has expired']
  const different = [401, 'The headers Authorization and x-api-key name different merchants or modes; send one of them']

  test('a key or a token in x-api-key opens the Cashful surface as the bearer does', async () => {
    for (const credential of [tenant.secret, await getToken()]) {
      expect(await ask({ 'x-api-key': credential })).toEqual([200, undefined])
      expect(await ask({ 'x-api-key': ` ${credential} `, authorization: '' })).toEqual([200, undefined])
    }
    const made = await api.call('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, tenant.secret)
    const path = `/api/canary/customers/${made.json().id}`
    expect(await ask({ 'x-api-key': tenant.secret }, path)).toEqual([200, undefined])
    const other = await createTestTenant(api.service)
    expect(await ask({ 'x-api-key': other.secret }, path)).toEqual([
      404,
      expect.stringContaining('There is no customer'),
    ])
  })

  test('two credentials of one merchant and mode are accepted together, also two different keys', async () => {
    const second = await addTestKey(api.service, tenant.merchant, 'test')
    const authorization = `Bearer ${tenant.secret}`
    for (const other of [tenant.secret, second.secret, await getToken()]) {
      expect(await ask({ authorization, 'x-api-key': other })).toEqual([200, undefined])
    }
  })

  test('two credentials of different merchants or modes are refused', async () => {
    const other = await createTestTenant(api.service)
    const live = await addTestKey(api.service, tenant.merchant, 'live')
    for (const secret of [other.secret, live.secret]) {
      expect(await ask({ authorization: `Bearer ${tenant.secret}`, 'x-api-key': secret })).toEqual(different)
    }
  })

  test('a wrong credential is refused in either header, whatever the other header holds', async () => {
    const unknown = `sk_test_${'0'.repeat(40)}`
    const good = { bearer: `Bearer ${tenant.secret}`, key: tenant.secret }
    expect(await ask({ 'x-api-key': unknown })).toEqual(invalid)
    expect(await ask({ 'x-api-key': 'no key at all' })).toEqual(invalid)
    expect(await ask({ authorization: good.bearer, 'x-api-key': unknown })).toEqual(invalid)
    expect(await ask({ authorization: `Bearer ${unknown}`, 'x-api-key': good.key })).toEqual(invalid)
    expect(await ask({ authorization: 'Basic abc', 'x-api-key': good.key })).toEqual([
      401,
      'The Authorization header must be: Bearer <key>',
    ])
  })

  test('x-api-key opens no other surface', async () => {
    for (const url of ['/v1/api-keys', '/customer']) {
      const answer = await api.app.inject({ method: 'GET', url, headers: { 'x-api-key': tenant.secret } })
      expect(answer.statusCode).toBe(401)
    }
  })
})

describe('the published signing keys', () => {
  const published = async () => (await api.call('GET', '/api/canary/authentication/jwks', undefined, null)).json().keys
  const rotate = async () => (await api.call('POST', '/v1/signing-keys/rotate', undefined, adminKey)).json().kid

  test('the published signing keys verify our tokens and hold nothing that signs', async () => {
    const { header } = decode(await getToken())
    const [key] = await published()
    expect(key).toEqual({
      kid: header.kid,
      kty: 'OKP',
      alg: 'EdDSA',
      use: 'sig',
      crv: 'Ed25519',
      x: expect.any(String),
    })
  })

  test('after a rotation the new key signs, and tokens of the old key are accepted until they expire', async () => {
    const old = await getToken()
    const kid = await rotate()
    const token = await getToken()
    expect(decode(token).header.kid).toBe(kid)
    expect(decode(old).header.kid).not.toBe(kid)
    expect([await statusWith(old), await statusWith(token)]).toEqual([200, 200])
    expect((await published()).map((key: { kid: string }) => key.kid)).toEqual(
      expect.arrayContaining([kid, decode(old).header.kid]),
    )
    api.service.clock.advance(15 * 60 * 1000)
    expect((await published()).map((key: { kid: string }) => key.kid)).toEqual([kid])
  })
})

describe('tokens of an outside issuer', () => {
  const claims = () => ({ merchant_id: tenant.merchant.code })

  test('a token of an outside issuer opens the Cashful surface, in test mode unless it says live', async () => {
    const made = await api.call(
      'POST',
      '/api/canary/customers',
      { phoneNumber: '0821234567' },
      await outside.sign(claims()),
    )
    expect(made.statusCode).toBe(201)
    const path = `/api/canary/customers/${made.json().id}`
    expect((await api.call('GET', path, undefined, tenant.secret)).statusCode).toBe(200)
    const live = await outside.sign({ ...claims(), mode: 'live' })
    expect((await api.call('GET', path, undefined, live)).statusCode).toBe(404)
    for (const mode of ['LIVE', 'production', '', null, true]) {
      expect((await api.call('GET', path, undefined, await outside.sign({ ...claims(), mode }))).statusCode).toBe(401)
    }
  })

  test('a token of an outside issuer cannot be exchanged for one of ours, and makes no key', async () => {
    const token = await outside.sign(claims())
    const exchange = await api.call('GET', '/api/canary/authentication/token', undefined, token)
    const key = await api.call('POST', '/v1/api-keys', {}, token)
    expect([exchange.statusCode, key.statusCode]).toEqual([403, 403])
  })

  test('a token of an outside issuer that names a key can do what the key can, and dies with it', async () => {
    const key = (await api.call('POST', '/v1/api-keys', { role: 'viewer' }, tenant.secret)).json()
    const token = await outside.sign({ ...claims(), api_key_id: key.id })
    const write = await api.call('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, token)
    expect([await statusWith(token), write.statusCode]).toEqual([200, 403])
    await api.call('DELETE', `/v1/api-keys/${key.id}`, undefined, tenant.secret)
    expect(await statusWith(token)).toBe(401)
  })

  test('a write by a token of an outside issuer has the issuer and the subject of the token in the trail', async () => {
    const key = (await api.call('POST', '/v1/api-keys', {}, tenant.secret)).json()
    const tokens = {
      amina: await outside.sign({ ...claims(), sub: 'amina|1' }),
      biko: await outside.sign({ ...claims(), sub: 'biko|2', api_key_id: key.id }),
      nobody: await outside.sign(claims()),
      own: await getToken(key.secret),
    }
    const who = {
      amina: { kind: 'token', apiKeyId: null, issuer, subject: 'amina|1' },
      biko: { kind: 'token', apiKeyId: key.id, issuer, subject: 'biko|2' },
      nobody: { kind: 'token', apiKeyId: null, issuer, subject: null },
      own: { kind: 'token', apiKeyId: key.id, issuer: null, subject: null },
    }
    const read = async (path: string) => (await api.call('GET', path, undefined, tenant.secret)).json()
    for (const name of ['amina', 'biko', 'nobody', 'own'] as const) {
      const person = await api.call('POST', '/api/canary/customers', { phoneNumber: '0821234567' }, tokens[name])
      expect(person.statusCode, person.body).toBe(201)
      const { data } = await read(`/v1/audit?object=${person.json().id}`)
      expect(data.map((each: { by: unknown }) => each.by)).toEqual([expect.objectContaining(who[name])])
    }
    const { id: customerId } = await read('/api/canary/customers').then(({ data }) => data[0])
    const payIn = { customerId, amount: 5, currency: 'ZAR', source: 'cash', reference: 'by-amina' }
    const paid = await api.call('POST', '/v1/pay-ins', payIn, tokens.amina)
    expect(paid.statusCode, paid.body).toBe(201)
    expect(paid.json().by).toMatchObject(who.amina)
    const movement = await read('/v1/transactions/by-amina')
    expect(movement.by).toMatchObject(who.amina)
    const { data: hers } = await read('/v1/audit?by=amina%7C1')
    expect(hers.length).toBeGreaterThan(1)
    for (const each of hers) expect(each.by).toMatchObject(who.amina)
    const csv = await api.call('GET', '/v1/audit?by=biko%7C2&format=csv', undefined, tenant.secret)
    expect(csv.body).toContain(`,${issuer},biko|2,127.0.0.1\r\n`)
  })

  test.each<[string, () => Promise<string>]>([
    ['with a subject that cannot be stored', () => outside.sign({ ...claims(), sub: 'a\0' })],
    ['with an empty subject', () => outside.sign({ ...claims(), sub: '' })],
    ['with a blank subject', () => outside.sign({ ...claims(), sub: ' \t' })],
    ['with a subject of 256 characters', () => outside.sign({ ...claims(), sub: 'a'.repeat(256) })],
    ['of another issuer', () => outside.sign(claims(), { issuer: 'https://elsewhere.example.com' })],
    ['for another audience', () => outside.sign(claims(), { audience: 'somebody' })],
    ['that have expired', () => outside.sign(claims(), { lifetimeSeconds: -1 })],
    ['that never expire', () => outside.sign(claims(), { lifetimeSeconds: null })],
    ['signed with a key the issuer does not publish', () => outside.sign(claims(), { key: 'unpublished' })],
    ['of a merchant there is none of', () => outside.sign({ merchant_id: 'mer_nobody' })],
    ['of a merchant with a NUL', () => outside.sign({ merchant_id: 'mer_\0' })],
    ['of no merchant', () => outside.sign({})],
    ['of a key there is none of', () => outside.sign({ ...claims(), api_key_id: 'none' })],
  ])('tokens of an outside issuer %s are refused', async (_what, sign) => {
    expect(await statusWith(await sign())).toBe(401)
  })

  test('a token of an outside issuer is answered 503 while the issuer’s keys cannot be fetched, and a key 200', async () => {
    const options = { outsideIssuer: { issuer, jwksUrl: 'http://127.0.0.1:9/jwks', audience: undefined } }
    const alone = await api.openAnother(options)
    try {
      const token = await outside.sign({ merchant_id: alone.tenant.merchant.code })
      const answer = await alone.call('GET', '/api/canary/customers', undefined, token)
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
      expect((await alone.call('GET', '/api/canary/customers')).statusCode).toBe(200)
    } finally {
      await alone.close()
    }
  })
})

test('Cashful’s health answers without a key', async () => {
  const up = { 'cashful-api': { status: 'up' }, database: { status: 'up' } }
  const answer = await api.call('GET', '/api/canary/health', undefined, null)
  expect(answer.json()).toEqual({ status: 'ok', info: up, error: {}, details: up })
})

interface OutsideIssuer {
  server: Server
  jwksUrl: string
  sign(
    claims: Record<string, unknown>,
    options?: { issuer?: string; audience?: string; lifetimeSeconds?: number | null; key?: 'unpublished' },
  ): Promise<string>
}

/** An issuer as companies run one. It signs RS256 and publishes its key over HTTP. */
async function startIssuer(): Promise<OutsideIssuer> {
  const [published, unpublished] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
  const jwk = { ...(await exportJWK(published.publicKey)), kid: 'outside', alg: 'RS256', use: 'sig' }
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    sign(claims, options = {}) {
      const now = Math.floor(api.service.clock.now().getTime() / 1000)
      const { lifetimeSeconds = 300 } = options
      const token = new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'outside' })
        .setIssuer(options.issuer ?? issuer)
        .setAudience(options.audience ?? audience)
        .setIssuedAt(now)
      if (lifetimeSeconds !== null) token.setExpirationTime(now + lifetimeSeconds)
      return token.sign((options.key === 'unpublished' ? unpublished : published).privateKey)
    },
  }
}
