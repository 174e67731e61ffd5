import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from '../src/db/sql.ts'
import { openTestApi, type TestApi } from './api.ts'
import { createTestTenant, type TestTenant } from './service.ts'

/** Tokens that somebody else made or changed, of each kind that libraries for JWTs were ever deceived with. */

const issuer = 'https://login.example.com'
const audience = 'mteja-test'
const addresses = ['/api/canary/customers', '/v1/api-keys']

type Claims = Record<string, unknown>

let api: TestApi
let tenant: TestTenant
let other: TestTenant
let otherKeyId: string
let server: Server
let token: string
let own: { header: Claims; payload: Claims; publicJwk: JsonWebKey }

const stranger = generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })

beforeAll(async () => {
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'outside', alg: 'RS256', use: 'sig' }
  server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] }))).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  api = await openTestApi({ outsideIssuer: { issuer, jwksUrl, audience } })
  tenant = api.tenant
  other = await createTestTenant(api.service)
  const [row] = await api.service.db.query<{ id: string }>(sql`
    select id from api_keys where merchant_id = ${other.merchant.id}
  `)
  otherKeyId = row?.id as string
  token = (await api.call('GET', '/api/canary/authentication/token')).json().token
  const [header, payload] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  const published = (await api.call('GET', '/api/canary/authentication/jwks', undefined, null)).json()
  own = { header, payload, publicJwk: published.keys[0] }
})
afterAll(async () => {
  await api.close()
  server.close()
})

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

function signedBy(key: KeyObject, header: unknown, payload: unknown, hash: string | null = null): string {
  const text = `${encode(header)}.${encode(payload)}`
  return `${text}.${sign(hash, Buffer.from(text), key).toString('base64url')}`
}

function hmac(secret: Buffer | string, header: Claims, payload: Claims, bits = 256): string {
  const text = `${encode({ ...header, alg: `HS${bits}` })}.${encode(payload)}`
  return `${text}.${createHmac(`sha${bits}`, secret).update(text).digest('base64url')}`
}

function now(): number {
  return Math.floor(api.service.clock.now().getTime() / 1000)
}

/** The claims of a good token of the outside issuer. */
function outsideClaims(changes: Claims = {}): Claims {
  const claims = { merchant_id: tenant.merchant.code, iss: issuer, aud: audience, iat: now(), exp: now() + 300 }
  return { ...claims, ...changes }
}

function outside(changes: Claims = {}, header: Claims = {}): string {
  return signedBy(rsa.privateKey, { alg: 'RS256', kid: 'outside', ...header }, outsideClaims(changes), 'sha256')
}

/** By what was done to the token. Each makes one or several. */
const forgeries: Record<string, () => string[]> = {
  'no algorithm': () =>
    ['none', 'None', 'NONE', 'nOnE', '', null, undefined, 0, ['none'], 'null'].flatMap((alg) => {
      const text = `${encode({ ...own.header, alg })}.${encode(own.payload)}`
      return [`${text}.`, text, `${text}.${token.split('.')[2]}`]
    }),
  'the public key as the secret of an HMAC': () => {
    const key = createPublicKey({ key: own.publicJwk, format: 'jwk' })
    const secrets = [
      Buffer.from(own.publicJwk.x as string, 'base64url'),
      own.publicJwk.x as string,
      JSON.stringify(own.publicJwk),
      key.export({ type: 'spki', format: 'der' }),
      key.export({ type: 'spki', format: 'pem' }),
      key.export({ type: 'spki', format: 'pem' }).toString().trim(),
      '',
    ]
    return [
      ...secrets.map((secret) => hmac(secret, own.header, own.payload)),
      ...[384, 512].map((bits) => hmac(secrets[0] as Buffer, own.header, own.payload, bits)),
      hmac(rsa.publicKey.export({ type: 'spki', format: 'pem' }), { kid: 'outside' }, outsideClaims()),
    ]
  },
  'other claims under the same signature': () =>
    [
      { merchant_id: other.merchant.code },
      { mode: 'live' },
      { exp: now() + 86_400 },
      { api_key_id: otherKeyId },
      { auth_time: 0 },
      { iss: issuer },
      { scopes: ['developers'] },
    ].map((claims) => {
      const [header, , signature] = token.split('.')
      return `${header}.${encode({ ...own.payload, ...claims })}.${signature}`
    }),
  'another header under the same signature': () =>
    [{ typ: 'jwt' }, { kid: undefined }, { crit: ['b64'], b64: false }, { zip: 'DEF' }].map((changes) => {
      const [, payload, signature] = token.split('.')
      return `${encode({ ...own.header, ...changes })}.${payload}.${signature}`
    }),
  'the signature of a stranger': () => {
    const jwk = stranger.publicKey.export({ format: 'jwk' })
    const headers: Claims[] = [
      {},
      { kid: undefined },
      { kid: 'outside' },
      { kid: '../../../../dev/null' },
      { kid: "' or '1'='1" },
      { kid: ['x'] },
      { kid: { x: 1 } },
      { kid: '\0' },
      { jwk },
      { jwk, kid: undefined },
      { jku: 'http://127.0.0.1:9/jwks' },
      { x5u: 'http://127.0.0.1:9/cert' },
      { x5c: ['AAAA'] },
      { crit: [] },
      { crit: ['exp'], exp: 1 },
    ]
    return headers.map((header) => signedBy(stranger.privateKey, { ...own.header, ...header }, own.payload))
  },
  'a signature of another algorithm': () => [
    signedBy(rsa.privateKey, { ...own.header, alg: 'RS256' }, own.payload, 'sha256'),
    signedBy(rsa.privateKey, { ...own.header, alg: 'PS256' }, own.payload, 'sha256'),
    signedBy(rsa.privateKey, own.header, own.payload, 'sha256'),
    signedBy(curve.privateKey, { ...own.header, alg: 'ES256' }, own.payload, 'sha256'),
    signedBy(stranger.privateKey, { ...own.header, alg: 'Ed25519' }, own.payload),
    signedBy(rsa.privateKey, { alg: 'RS512', kid: 'outside' }, outsideClaims(), 'sha512'),
    signedBy(rsa.privateKey, { alg: 'PS256', kid: 'outside' }, outsideClaims(), 'sha256'),
  ],
  'parts that are missing, too many or broken': () => {
    const [header, payload, signature] = token.split('.') as [string, string, string]
    return [
      header,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `.${payload}.${signature}`,
      `${header}..${signature}`,
      `${token}.`,
      `.${token}`,
      `${token}.${signature}`,
      `${header}.${payload}.${signature}.${payload}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      `${header}.${payload}.${signature}AAAA`,
      `${header}.${encode('[]')}.${signature}`,
      `${header}.${encode('null')}.${signature}`,
      `${header}.${encode('{"merchant_id":')}.${signature}`,
      `${encode('null')}.${payload}.${signature}`,
      `${signature}.${payload}.${header}`,
      '..',
      'null',
      `sk_${token}`,
    ]
  },
  'claims that the outside issuer may not make': () => [
    outside({ exp: now() - 1 }),
    outside({ exp: now() }),
    outside({ exp: undefined }),
    outside({ exp: String(now() + 300) }),
    outside({ exp: null }),
    outside({ nbf: now() + 100 }),
    outside({ nbf: 'yesterday' }),
    outside({ aud: 'somebody' }),
    outside({ aud: undefined }),
    outside({ aud: [] }),
    outside({ aud: { 0: audience } }),
    outside({ iss: [issuer] }),
    outside({ iss: `${issuer}/` }),
    outside({ iss: issuer.toUpperCase() }),
    outside({ iss: undefined }),
    outside({ iss: 'mteja', aud: 'mteja' }),
    outside({ merchant_id: [tenant.merchant.code] }),
    outside({ merchant_id: tenant.merchant.id }),
    outside({ merchant_id: `${tenant.merchant.code}' or 'a'='a` }),
    outside({ merchant_id: 'mer_nobody' }),
    outside({ api_key_id: otherKeyId }),
    outside({ api_key_id: null }),
    outside({ api_key_id: '' }),
    outside({ api_key_id: "' or true --" }),
    outside({ merchant_id: undefined, sub: tenant.merchant.code }),
    outside({}, { kid: 'other' }),
    outside({}, { crit: ['exp'] }),
  ],
}

test.each(Object.keys(forgeries))('a token with %s opens nothing', async (kind) => {
  for (const forged of (forgeries[kind] as () => string[])()) {
    for (const address of addresses) {
      const { statusCode, body } = await api.call('GET', address, undefined, forged)
      expect([forged, address, statusCode, body]).toEqual([forged, address, 401, expect.not.stringContaining('jwt')])
    }
  }
})

test('the tokens that the forgeries are made from open both surfaces', async () => {
  for (const good of [token, outside(), outside({ aud: ['x', audience] }), outside({}, { kid: undefined })]) {
    for (const address of addresses) expect((await api.call('GET', address, undefined, good)).statusCode).toBe(200)
  }
})
