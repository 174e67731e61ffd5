import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const secretKey = 'sk_live_0123456789'

describe('the judge of identity checks', () => {
  test('the sandbox judges identity checks, whatever else is set', () => {
    expect(readConfig({}, {}).upstreamPaystack).toBeUndefined()
    expect(readConfig({}, { MTEJA_PAYSTACK_SECRET_KEY: secretKey }).upstreamPaystack).toBeUndefined()
  })

  test('a Paystack account judges identity checks where it is asked for', () => {
    const asked = { MTEJA_IDENTITY_VERIFIER: 'paystack', MTEJA_PAYSTACK_SECRET_KEY: secretKey }
    expect(readConfig({}, asked).upstreamPaystack).toEqual({ secretKey, baseUrl: 'https://api.paystack.co' })
    const elsewhere = { ...asked, MTEJA_PAYSTACK_URL: 'http://localhost:9001//' }
    expect(readConfig({}, elsewhere).upstreamPaystack).toEqual({ secretKey, baseUrl: 'http://localhost:9001' })
  })

  test.each([
    [{ MTEJA_IDENTITY_VERIFIER: 'smile' }, 'MTEJA_IDENTITY_VERIFIER'],
    [{ MTEJA_IDENTITY_VERIFIER: 'paystack' }, 'MTEJA_PAYSTACK_SECRET_KEY'],
    [{ MTEJA_IDENTITY_VERIFIER: 'paystack', MTEJA_PAYSTACK_SECRET_KEY: 'pk_live_1' }, 'MTEJA_PAYSTACK_SECRET_KEY'],
    [
      { MTEJA_IDENTITY_VERIFIER: 'paystack', MTEJA_PAYSTACK_SECRET_KEY: secretKey, MTEJA_PAYSTACK_URL: 'paystack.co' },
      'MTEJA_PAYSTACK_URL',
    ],
  ])('a judge of identity checks cannot be %j, and the refusal names the setting at fault', (environment, setting) => {
    expect(() => readConfig({}, environment)).toThrow(ConfigError)
    expect(() => readConfig({}, environment)).toThrow(setting)
  })

  test('a refused key of a judge is never repeated in the refusal', () => {
    const environment = { MTEJA_IDENTITY_VERIFIER: 'paystack', MTEJA_PAYSTACK_SECRET_KEY: 'wrong-but-secret' }
    expect(() => readConfig({}, environment)).toThrow(/^((?!wrong-but-secret).)*$/)
  })
})

describe('the processor of the one merchant', () => {
  test('a Paystack account takes the payments where it is asked for', () => {
    expect(readConfig({}, {}).processorAccount).toBeUndefined()
    const asked = { MTEJA_PROCESSOR: 'paystack', MTEJA_PROCESSOR_SECRET_KEY: secretKey }
    expect(readConfig({}, asked)).toMatchObject({
      processorAccount: { secretKey, merchant: undefined, directions: ['in'] },
      paystackUrl: 'https://api.paystack.co',
    })
    expect(readConfig({}, { ...asked, MTEJA_PROCESSOR_MERCHANT: 'mer_1' }).processorAccount?.merchant).toBe('mer_1')
  })

  test.each([
    ['out', ['out']],
    ['both', ['in', 'out']],
  ])('an account serves the directions of %s', (direction, directions) => {
    const environment = {
      MTEJA_PROCESSOR: 'paystack',
      MTEJA_PROCESSOR_SECRET_KEY: secretKey,
      MTEJA_PROCESSOR_DIRECTION: direction,
    }
    expect(readConfig({}, environment).processorAccount?.directions).toEqual(directions)
  })

  test.each([
    [{ MTEJA_PROCESSOR: 'stripe' }, 'MTEJA_PROCESSOR'],
    [{ MTEJA_PROCESSOR: 'paystack' }, 'MTEJA_PROCESSOR_SECRET_KEY'],
    [{ MTEJA_PROCESSOR: 'paystack', MTEJA_PROCESSOR_SECRET_KEY: 'pk_live_1' }, 'MTEJA_PROCESSOR_SECRET_KEY'],
    [{ MTEJA_PROCESSOR_SECRET_KEY: secretKey }, 'MTEJA_PROCESSOR_SECRET_KEY'],
    [{ MTEJA_PROCESSOR_MERCHANT: 'mer_1' }, 'MTEJA_PROCESSOR_MERCHANT'],
    [{ MTEJA_PROCESSOR_DIRECTION: 'both' }, 'MTEJA_PROCESSOR_DIRECTION'],
    [
      {
        MTEJA_PROCESSOR: 'paystack',
        MTEJA_PROCESSOR_SECRET_KEY: secretKey,
        MTEJA_PROCESSOR_DIRECTION: 'in, out',
      },
      'MTEJA_PROCESSOR_DIRECTION',
    ],
  ])('a processor cannot be %j, and the refusal names the setting at fault', (environment, setting) => {
    expect(() => readConfig({}, environment)).toThrow(setting)
  })
})

describe('how far webhooks of test mode reach', () => {
  test.each([
    [{}, 'local'],
    [{ MTEJA_HOST: '::1' }, 'local'],
    [{ MTEJA_HOST: 'localhost' }, 'local'],
    [{ MTEJA_HOST: '0.0.0.0' }, 'public'],
    [{ MTEJA_HOST: '10.0.0.1' }, 'public'],
    [{ MTEJA_HOST: '127.example.com' }, 'public'],
    [{ MTEJA_HOST: '0.0.0.0', MTEJA_WEBHOOK_REACH: 'private' }, 'private'],
    [{ MTEJA_WEBHOOK_REACH: 'public' }, 'public'],
  ])('with %j webhooks of test mode reach what is %s', (environment, reach) => {
    expect(readConfig({}, environment).webhookReach).toEqual({ reach, networks: [] })
  })

  test('networks of the operator are read, in IPv4 and IPv6', () => {
    const { networks } = readConfig({}, { MTEJA_WEBHOOK_NETWORKS: '10.20.0.0/16, fd12::/48' }).webhookReach
    expect(networks.map(([address, bits]) => `${address}/${bits}`)).toEqual(['10.20.0.0/16', 'fd12::/48'])
  })

  test.each([
    ['MTEJA_WEBHOOK_REACH', 'lan'],
    ['MTEJA_WEBHOOK_NETWORKS', '10.20.0.0'],
    ['MTEJA_WEBHOOK_NETWORKS', '10.20.0.0/33'],
    ['MTEJA_WEBHOOK_NETWORKS', 'intranet/16'],
    ['MTEJA_CORS_ORIGINS', 'shop.example'],
    ['MTEJA_CORS_ORIGINS', 'https://shop.example/'],
    ['MTEJA_CORS_ORIGINS', 'https://a.example, b'],
  ])('%s cannot be "%s", and the refusal names the setting', (setting, value) => {
    expect(() => readConfig({}, { [setting]: value })).toThrow(ConfigError)
    expect(() => readConfig({}, { [setting]: value })).toThrow(setting)
  })
})

describe('the address of PostgreSQL', () => {
  const url = 'postgres://user:secret@host/database'

  test.each([
    [
      '--database-url',
      { databaseUrl: url },
      { MTEJA_DATABASE_URL: 'postgres://other', DATABASE_URL: 'postgres://third' },
    ],
    ['MTEJA_DATABASE_URL', {}, { MTEJA_DATABASE_URL: url, DATABASE_URL: 'postgres://third' }],
    ['DATABASE_URL', {}, { MTEJA_DATABASE_URL: '', DATABASE_URL: url }],
  ])('the address of PostgreSQL comes from %s, and the setting is known', (setting, flags, environment) => {
    expect(readConfig(flags, environment)).toMatchObject({ databaseUrl: url, databaseUrlFrom: setting })
  })

  test.each([
    ['--database-url', { databaseUrl: 'mysql://user:secret@host' }, {}],
    ['MTEJA_DATABASE_URL', {}, { MTEJA_DATABASE_URL: 'mysql://user:secret@host', DATABASE_URL: url }],
    ['DATABASE_URL', {}, { DATABASE_URL: 'mysql://user:secret@host' }],
  ])(
    'an address that is not of PostgreSQL is refused by the name of its setting, %s',
    (setting, flags, environment) => {
      expect(() => readConfig(flags, environment)).toThrow(new ConfigError(`${setting} must begin with postgres://`))
    },
  )
})

test('a test merchant is made on the embedded database, and on PostgreSQL only where it is asked for', () => {
  const databaseUrl = 'postgres://host/database'
  expect(readConfig({}, {}).withTestMerchant).toBe(true)
  expect(readConfig({ databaseUrl }, {}).withTestMerchant).toBe(false)
  expect(readConfig({ databaseUrl, withTestMerchant: true }, {}).withTestMerchant).toBe(true)
  expect(readConfig({ databaseUrl }, { MTEJA_TEST_KEY: 'sk_test_0123456789' }).withTestMerchant).toBe(true)
})

describe('limits', () => {
  test('a time limit is given with its unit, because 10 would be seconds to one reader and milliseconds to another', () => {
    expect(readConfig({}, {})).toMatchObject({ statementTimeoutMs: 10_000, limits: { requestTimeoutMs: 60_000 } })
    expect(readConfig({}, { MTEJA_STATEMENT_TIMEOUT: '2500ms' }).statementTimeoutMs).toBe(2500)
    expect(readConfig({}, { MTEJA_REQUEST_TIMEOUT: '5s' }).limits.requestTimeoutMs).toBe(5000)
    for (const text of ['10', '10000', '99ms', '3601s', '1.5s', '-1s', 's']) {
      expect(() => readConfig({}, { MTEJA_STATEMENT_TIMEOUT: text })).toThrow(
        `MTEJA_STATEMENT_TIMEOUT must be a time from 100ms to 3600s, such as 10s or 2500ms, not "${text}"`,
      )
    }
  })

  test('the number of connections follows from the system and the pool, unless it is set', () => {
    const few = readConfig({}, { MTEJA_POOL_SIZE: '10' }).limits.maxConnections
    expect(readConfig({}, { MTEJA_POOL_SIZE: '20' }).limits.maxConnections).toBe(few - 10)
    expect(readConfig({}, { MTEJA_MAX_CONNECTIONS: '7' }).limits.maxConnections).toBe(7)
    expect(() => readConfig({}, { MTEJA_MAX_CONNECTIONS: '0' })).toThrow('MTEJA_MAX_CONNECTIONS')
  })
})
