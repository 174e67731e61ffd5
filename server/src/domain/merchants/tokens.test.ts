import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openTestLog, type TestLog } from '../../../test/log-lines.ts'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { createTokens } from './tokens.ts'

let log: TestLog
let service: TestService
beforeAll(async () => {
  log = openTestLog()
  service = await openTestService(log.log)
})
afterAll(() => service.close())

test('an outside issuer that does not give its keys is logged and counted, as any upstream is', async () => {
  const { merchant } = await createTestTenant(service)
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'EdDSA' }] })
  let status = 401
  const server = http.createServer((_request, response) => response.writeHead(status).end(keys)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = 'https://issuer.example'
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  const tokens = createTokens(service, { issuer, jwksUrl, audience: undefined })
  const expiresAt = Math.floor(service.clock.now().getTime() / 1000) + 3600
  const token = await new SignJWT({ merchant_id: merchant.code })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'one' })
    .setIssuer(issuer)
    .setExpirationTime(expiresAt)
    .sign(privateKey)

  await expect(tokens.verify(token)).rejects.toThrow(UpstreamError)
  status = 200
  expect(await tokens.verify(token)).toMatchObject({ tenant: { merchant: { code: merchant.code } } })
  // The keys are asked for again after ten minutes. Until they come, the last ones are in use.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 })
  service.clock.advance(61_000)
  status = 500
  expect(await tokens.verify(token)).toMatchObject({ tenant: { merchant: { code: merchant.code } } })
  vi.useRealTimers()
  server.close()

  const subject = 'upstream issuer fetch_keys'
  expect(log.lines).toMatchObject([
    { level: 40, subject, outcome: 'refused', status: 401, msg: 'begins to fail' },
    { level: 40, subject, failures: 1, msg: 'works again' },
    { level: 40, subject, outcome: 'failed', status: 500, msg: expect.stringContaining('fail') },
  ])
  const count = 'mteja_upstream_call_duration_seconds_count{upstream="issuer",operation="fetch_keys",outcome='
  const shown = await service.meter.render()
  expect(shown).toContain(`${count}"refused"} 1\n`)
  expect(shown).toContain(`${count}"answered"} 1\n`)
})

test('the public keys are there before the first token is asked for', async () => {
  const tokens = createTokens(service, undefined)
  const [key, ...others] = await tokens.publicKeys()
  expect([key?.alg, others]).toEqual(['EdDSA', []])
})

describe('the keys of an outside issuer', () => {
  const issuer = 'https://keys.example'
  const largest = 256 * 1024

  /** What comes of a good token while the issuer answers this. */
  async function verifyWith(answer: { status?: number; body: (keys: string) => string }) {
    const { merchant } = await createTestTenant(service)
    const { publicKey, privateKey } = await generateKeyPair('EdDSA')
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'EdDSA' }] })
    const server = http
      .createServer((_request, response) => response.writeHead(answer.status ?? 200).end(answer.body(keys)))
      .listen(0, '127.0.0.1')
    await once(server, 'listening')
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    const token = await new SignJWT({ merchant_id: merchant.code })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'one' })
      .setIssuer(issuer)
      .setExpirationTime(Math.floor(service.clock.now().getTime() / 1000) + 60)
      .sign(privateKey)
    try {
      const holder = await createTokens(service, { issuer, jwksUrl, audience: undefined }).verify(token)
      return holder?.tenant.merchant.code === merchant.code ? 'opens' : 'opens nothing'
    } catch (error) {
      const { cause } = error as UpstreamError
      return cause instanceof UpstreamError ? cause.outcome : error
    } finally {
      server.close()
    }
  }

  test.each<[string, string, Parameters<typeof verifyWith>[0]]>([
    ['of 256 KiB', 'opens', { body: (keys) => keys.padEnd(largest) }],
    ['of a byte more', 'malformed', { body: (keys) => keys.padEnd(largest + 1) }],
    ['without keys', 'malformed', { body: () => '{}' }],
    ['whose keys are no list', 'malformed', { body: () => '{"keys":"none"}' }],
    ['that are null', 'malformed', { body: () => 'null' }],
    ['with the status 499', 'refused', { status: 499, body: (keys) => keys }],
    ['with the status 500', 'failed', { status: 500, body: (keys) => keys }],
  ])('an answer %s %s', async (_what, outcome, answer) => {
    expect(await verifyWith(answer)).toBe(outcome)
  })
})
