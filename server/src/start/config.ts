import ipaddr from 'ipaddr.js'
import { defaultLimits, type Limits } from '../domain/context.ts'
import type { OutsideIssuer } from '../domain/merchants/tokens.ts'
import type { Direction } from '../domain/payments/processor-accounts.ts'
import { defaultDisputeWindowDays, type ErasureChoice } from '../domain/personal-data/erasure.ts'
import { defaultRetention, type Retention } from '../domain/retention/retention.ts'
import { type Network, parseNetwork, type ReachPolicy } from '../domain/webhooks/reach.ts'
import type { RateSettings } from '../surfaces/http/rates.ts'
import { isSecretKey } from '../upstream/paystack/account.ts'
import { allowedConnections, type HttpLimits } from './http-servers.ts'

/** Everything that can be set, each by a flag or an environment variable; the flag wins. docs/operating.md has the table. */
export interface Config {
  host: string
  port: number
  /** The folder of the embedded database and of the encryption key. */
  dataFolder: string
  /** PostgreSQL instead of the embedded database. */
  databaseUrl: string | undefined
  /** The setting that gave the address of PostgreSQL, for messages. */
  databaseUrlFrom: string | undefined
  poolSize: number
  /** The time that PostgreSQL has for a statement. */
  statementTimeoutMs: number
  /** Whether statements are prepared, which a pooler in transaction mode does not allow. */
  preparedStatements: boolean
  limits: HttpLimits
  /** How long `/readyz` says that the server closes before it closes. */
  drainMs: number
  /** Whether the first start makes a test merchant with a key. */
  withTestMerchant: boolean
  /** Fixes the test merchant's key on the first start. */
  testKey: string | undefined
  /** On the first start the test merchant's webhook in Paystack's style. */
  webhookUrl: string | undefined
  adminKey: string | undefined
  /** Whether the server pauses all sending when it starts. */
  startPaused: boolean
  /** 32 bytes in base64; default a file in the data folder, made on the first start. */
  encryptionKey: string | undefined
  publicUrl: string | undefined
  /** The origins whose pages may call the server from a browser, such as https://shop.example, or `*`. */
  corsOrigins: string[]
  /** Where webhooks may be sent. */
  webhookReach: ReachPolicy
  sandboxDelayMs: number
  /** What the sandbox takes for a payout: the public prices of Paystack, or nothing. */
  sandboxFees: 'public' | 'none'
  /** Where Paystack is, without a slash at its end. */
  paystackUrl: string
  /** The Paystack account of the one merchant, and whether it takes payments, pays out, or both. Default: as each merchant has chosen. */
  processorAccount: { secretKey: string; merchant: string | undefined; directions: readonly Direction[] } | undefined
  /** The Paystack account that identity checks of its key's mode are forwarded to, and where it is, without a slash at its end. */
  upstreamPaystack: { secretKey: string; baseUrl: string } | undefined
  paystackMetadata: 'lenient' | 'strict'
  outsideIssuer: OutsideIssuer | undefined
  rates: RateSettings
  trustProxy: string[] | undefined
  /** How much a tenant may have at once. */
  tenantLimits: Limits
  /** For how long rows are kept. */
  retention: Retention
  disputeWindowDays: ErasureChoice['disputeWindowDays']
  logLevel: string
  /** Whether all output is JSON lines, also on a terminal. */
  json: boolean
}

/** What the command line gave: texts, as in the environment, and switches. */
export interface Flags extends Partial<Record<'host' | 'port' | 'data' | 'databaseUrl', string>> {
  withTestMerchant?: true
  paused?: true
  json?: true
}

/** A setting that cannot be used; the message says which and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Throws ConfigError naming the setting. */
export function readConfig(flags: Flags, environment: NodeJS.ProcessEnv): Config {
  const text = (name: string) => environment[name]?.trim() || undefined
  const database = findDatabaseUrl([
    ['--database-url', flags.databaseUrl],
    ['MTEJA_DATABASE_URL', text('MTEJA_DATABASE_URL')],
    ['DATABASE_URL', text('DATABASE_URL')],
  ])
  const host = flags.host ?? text('MTEJA_HOST') ?? '127.0.0.1'
  const poolSize = readNumber('MTEJA_POOL_SIZE', text('MTEJA_POOL_SIZE') ?? '10', 1, 1000)
  const testKey = readTestKey(text('MTEJA_TEST_KEY'))
  const paystackUrl = (readUrl('MTEJA_PAYSTACK_URL', text('MTEJA_PAYSTACK_URL')) ?? 'https://api.paystack.co').replace(
    /\/+$/,
    '',
  )
  return {
    host,
    port: readNumber(
      'the port (--port, MTEJA_PORT)',
      flags.port ?? text('MTEJA_PORT') ?? text('PORT') ?? '9000',
      0,
      65_535,
    ),
    dataFolder: flags.data ?? text('MTEJA_DATA') ?? './data',
    databaseUrl: database?.url,
    databaseUrlFrom: database?.from,
    poolSize,
    statementTimeoutMs: readDuration('MTEJA_STATEMENT_TIMEOUT', text('MTEJA_STATEMENT_TIMEOUT') ?? '10s'),
    preparedStatements:
      readChoice('MTEJA_PREPARED_STATEMENTS', text('MTEJA_PREPARED_STATEMENTS') ?? 'on', ['on', 'off']) === 'on',
    limits: {
      requestTimeoutMs: readDuration('MTEJA_REQUEST_TIMEOUT', text('MTEJA_REQUEST_TIMEOUT') ?? '60s'),
      maxConnections: readNumber(
        'MTEJA_MAX_CONNECTIONS',
        text('MTEJA_MAX_CONNECTIONS') ?? String(allowedConnections(poolSize)),
        1,
        Number.MAX_SAFE_INTEGER,
      ),
    },
    drainMs: readNumber('MTEJA_DRAIN_MS', text('MTEJA_DRAIN_MS') ?? '0', 0, 600_000),
    // PostgreSQL may be the database of a company's production, where nobody expects a merchant that nobody made.
    withTestMerchant: database === undefined || testKey !== undefined || flags.withTestMerchant === true,
    testKey,
    webhookUrl: readUrl('MTEJA_WEBHOOK_URL', text('MTEJA_WEBHOOK_URL')),
    startPaused:
      flags.paused === true ||
      readChoice('MTEJA_START_PAUSED', text('MTEJA_START_PAUSED') ?? 'off', ['on', 'off']) === 'on',
    adminKey: readAdminKey(text('MTEJA_ADMIN_KEY')),
    encryptionKey: text('MTEJA_ENCRYPTION_KEY'),
    publicUrl: readUrl('MTEJA_PUBLIC_URL', text('MTEJA_PUBLIC_URL'))?.replace(/\/+$/, ''),
    corsOrigins: readOrigins(text('MTEJA_CORS_ORIGINS')),
    webhookReach: {
      // Whoever may call a server of this machine alone is on this machine already.
      reach: readChoice('MTEJA_WEBHOOK_REACH', text('MTEJA_WEBHOOK_REACH') ?? (isLoopback(host) ? 'local' : 'public'), [
        'public',
        'private',
        'local',
      ]),
      networks: readNetworks(text('MTEJA_WEBHOOK_NETWORKS')),
    },
    sandboxDelayMs: readNumber('MTEJA_SANDBOX_DELAY_MS', text('MTEJA_SANDBOX_DELAY_MS') ?? '1000', 0, 86_400_000),
    sandboxFees: readChoice('MTEJA_SANDBOX_FEES', text('MTEJA_SANDBOX_FEES') ?? 'public', ['public', 'none']),
    paystackUrl,
    processorAccount: readProcessorAccount(text),
    upstreamPaystack: readUpstream(text('MTEJA_IDENTITY_VERIFIER'), text('MTEJA_PAYSTACK_SECRET_KEY'), paystackUrl),
    paystackMetadata: readChoice('MTEJA_PAYSTACK_METADATA', text('MTEJA_PAYSTACK_METADATA') ?? 'lenient', [
      'lenient',
      'strict',
    ]),
    outsideIssuer: readIssuer(text('MTEJA_JWT_ISSUER'), text('MTEJA_JWKS_URL'), text('MTEJA_JWT_AUDIENCE')),
    rates: {
      requestsPerSecond: readOptionalNumber('MTEJA_REQUESTS_PER_SECOND', text('MTEJA_REQUESTS_PER_SECOND')),
      failedAuthenticationsPerMinute: readOptionalNumber(
        'MTEJA_FAILED_AUTHENTICATIONS_PER_MINUTE',
        text('MTEJA_FAILED_AUTHENTICATIONS_PER_MINUTE'),
      ),
    },
    trustProxy: readProxies(text('MTEJA_TRUST_PROXY')),
    tenantLimits: {
      ...defaultLimits,
      endpoints: readNumber(
        'MTEJA_MAX_ENDPOINTS',
        text('MTEJA_MAX_ENDPOINTS') ?? String(defaultLimits.endpoints),
        1,
        10_000,
      ),
      apiKeys: readNumber(
        'MTEJA_MAX_API_KEYS',
        text('MTEJA_MAX_API_KEYS') ?? String(defaultLimits.apiKeys),
        1,
        100_000,
      ),
      streams: readNumber('MTEJA_MAX_STREAMS', text('MTEJA_MAX_STREAMS') ?? String(defaultLimits.streams), 1, 1_000),
      batches: readNumber('MTEJA_MAX_BATCHES', text('MTEJA_MAX_BATCHES') ?? String(defaultLimits.batches), 1, 1_000),
      reads: readNumber('MTEJA_MAX_READS', text('MTEJA_MAX_READS') ?? String(defaultLimits.reads), 1, 1_000),
      waitingReads: readNumber(
        'MTEJA_MAX_WAITING_READS',
        text('MTEJA_MAX_WAITING_READS') ?? String(defaultLimits.waitingReads),
        1,
        10_000,
      ),
    },
    disputeWindowDays: readDisputeWindow(text('MTEJA_DISPUTE_WINDOW_DAYS')),
    retention: checkRetention({
      deliveries: readDays(
        'MTEJA_KEEP_DELIVERIES_DAYS',
        text('MTEJA_KEEP_DELIVERIES_DAYS'),
        defaultRetention.deliveries,
        7,
      ),
      events: readDays('MTEJA_KEEP_EVENTS_DAYS', text('MTEJA_KEEP_EVENTS_DAYS'), defaultRetention.events, 30),
      answeredKeys: readDays(
        'MTEJA_KEEP_ANSWERED_KEYS_DAYS',
        text('MTEJA_KEEP_ANSWERED_KEYS_DAYS'),
        defaultRetention.answeredKeys,
        1,
      ),
      identityDetails: readDays(
        'MTEJA_KEEP_IDENTITY_DETAILS_DAYS',
        text('MTEJA_KEEP_IDENTITY_DETAILS_DAYS'),
        defaultRetention.identityDetails,
        1,
      ),
      addresses: readDays(
        'MTEJA_KEEP_ADDRESSES_DAYS',
        text('MTEJA_KEEP_ADDRESSES_DAYS'),
        defaultRetention.addresses,
        30,
      ),
    }),
    logLevel: readChoice('MTEJA_LOG_LEVEL', text('MTEJA_LOG_LEVEL') ?? 'info', [
      'fatal',
      'error',
      'warn',
      'info',
      'debug',
      'trace',
      'silent',
    ]),
    json: flags.json === true,
  }
}

/** How the command line reaches a server as a merchant, not as its operator. */
export interface Connection {
  baseUrl: string
  /** A secret API key. */
  key: string
}

/** Throws ConfigError naming what is missing or wrong. */
export function readConnection(flags: { url?: string; key?: string }, environment: NodeJS.ProcessEnv): Connection {
  const text = (name: string) => environment[name]?.trim() || undefined
  const key = flags.key ?? text('MTEJA_KEY')
  if (key === undefined || !/^sk_(test|live)_\S+$/.test(key)) {
    throw new ConfigError('A secret key is needed, sk_test_… or sk_live_…: give it by --key or MTEJA_KEY')
  }
  const baseUrl = readUrl('the server’s address (--url, MTEJA_URL)', flags.url ?? text('MTEJA_URL'))
  return { baseUrl: baseUrl ?? 'http://127.0.0.1:9000', key }
}

function findDatabaseUrl(settings: [from: string, url: string | undefined][]) {
  for (const [from, url] of settings) {
    if (url === undefined) continue
    // The message does not repeat the address, because it may hold a password.
    if (!/^postgres(ql)?:\/\//.test(url)) throw new ConfigError(`${from} must begin with postgres://`)
    return { from, url }
  }
  return undefined
}

function readNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${text}"`)
}

function readOptionalNumber(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : readNumber(name, text, 1, 1_000_000)
}

/** Addresses and networks in the form 10.0.0.0/8, separated by commas; `loopback` stands for this machine. */
function readProxies(text: string | undefined): string[] | undefined {
  const proxies = text?.split(',').map((each) => each.trim())
  const wrong = proxies?.find((each) => each !== 'loopback' && !ipaddr.isValid(each) && !ipaddr.isValidCIDR(each))
  if (wrong === undefined) return proxies
  throw new ConfigError(
    `MTEJA_TRUST_PROXY must be addresses or networks such as 10.0.0.0/8, or loopback, separated by commas, not "${wrong}"`,
  )
}

/** `forever`, or days: `least` is as few as rows may be kept. */
function readDays(name: string, text: string | undefined, fallback: number | undefined, least: number) {
  if (text === undefined) return fallback
  if (text === 'forever') return undefined
  if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= 36_500) return Number(text)
  throw new ConfigError(`${name} must be a number of days from ${least} to 36500, or forever, not "${text}"`)
}

/** One number is for both modes. */
function readDisputeWindow(text: string | undefined): ErasureChoice['disputeWindowDays'] {
  if (text === undefined) return defaultDisputeWindowDays
  const days = readNumber('MTEJA_DISPUTE_WINDOW_DAYS', text, 0, 36_500)
  return { live: days, test: days }
}

/** An event is removed after its deliveries. */
function checkRetention(retention: Retention): Retention {
  const { deliveries = Number.POSITIVE_INFINITY, events = Number.POSITIVE_INFINITY } = retention
  if (events >= deliveries) return retention
  throw new ConfigError(
    'MTEJA_KEEP_EVENTS_DAYS must be at least as many days as MTEJA_KEEP_DELIVERIES_DAYS: a delivery shows its event',
  )
}

/** The unit is part of the text: 10 would be seconds to one reader and milliseconds to PostgreSQL. */
function readDuration(name: string, text: string): number {
  const [, number, unit] = /^(\d+)(ms|s)$/.exec(text) ?? []
  const ms = Number(number) * (unit === 's' ? 1000 : 1)
  if (ms >= 100 && ms <= 3_600_000) return ms
  throw new ConfigError(`${name} must be a time from 100ms to 3600s, such as 10s or 2500ms, not "${text}"`)
}

function readChoice<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === text)
  if (choice !== undefined) return choice
  throw new ConfigError(`${name} must be one of ${choices.join(', ')}, not "${text}"`)
}

function readUrl(name: string, text: string | undefined): string | undefined {
  if (text === undefined || (URL.canParse(text) && /^https?:/.test(text))) return text
  throw new ConfigError(`${name} must be an http or https URL, not "${text}"`)
}

/** The words of a setting that is a list. */
function listed(text: string | undefined): string[] {
  return text?.split(/[\s,]+/).filter((each) => each !== '') ?? []
}

function readOrigins(text: string | undefined): string[] {
  const origins = listed(text)
  const wrong = origins.find((each) => each !== '*' && !(URL.canParse(each) && new URL(each).origin === each))
  if (wrong === undefined) return origins
  throw new ConfigError(
    `MTEJA_CORS_ORIGINS must be origins such as https://shop.example, separated by commas, or *, not "${wrong}"`,
  )
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}

function readNetworks(text: string | undefined): Network[] {
  return listed(text).map((each) => {
    try {
      return parseNetwork(each)
    } catch {
      throw new ConfigError(
        `MTEJA_WEBHOOK_NETWORKS must be networks such as 10.20.0.0/16, separated by commas, not "${each}"`,
      )
    }
  })
}

function readTestKey(key: string | undefined): string | undefined {
  if (key === undefined || /^sk_test_[A-Za-z0-9_-]{8,200}$/.test(key)) return key
  throw new ConfigError('MTEJA_TEST_KEY must be sk_test_ followed by 8 to 200 letters, digits, _ or -')
}

function readAdminKey(key: string | undefined): string | undefined {
  if (key === undefined || key.length >= 16) return key
  throw new ConfigError('MTEJA_ADMIN_KEY must have at least 16 characters')
}

const directionsOf = { in: ['in'], out: ['out'], both: ['in', 'out'] } as const

function readProcessorAccount(text: (name: string) => string | undefined): Config['processorAccount'] {
  const processor = text('MTEJA_PROCESSOR')
  const secretKey = text('MTEJA_PROCESSOR_SECRET_KEY')
  if (processor === undefined) {
    const others = ['MTEJA_PROCESSOR_SECRET_KEY', 'MTEJA_PROCESSOR_MERCHANT', 'MTEJA_PROCESSOR_DIRECTION']
    const stray = others.find((name) => text(name) !== undefined)
    if (stray) throw new ConfigError(`${stray} does nothing without MTEJA_PROCESSOR=paystack: set both, or neither`)
    return undefined
  }
  readChoice('MTEJA_PROCESSOR', processor, ['paystack'])
  if (secretKey === undefined || !isSecretKey(secretKey)) {
    throw new ConfigError('MTEJA_PROCESSOR=paystack needs MTEJA_PROCESSOR_SECRET_KEY, sk_test_… or sk_live_…')
  }
  const direction = readChoice('MTEJA_PROCESSOR_DIRECTION', text('MTEJA_PROCESSOR_DIRECTION') ?? 'in', [
    'in',
    'out',
    'both',
  ])
  return { secretKey, merchant: text('MTEJA_PROCESSOR_MERCHANT'), directions: directionsOf[direction] }
}

function readUpstream(verifier: string | undefined, secretKey: string | undefined, baseUrl: string) {
  if (readChoice('MTEJA_IDENTITY_VERIFIER', verifier ?? 'sandbox', ['sandbox', 'paystack']) === 'sandbox')
    return undefined
  if (secretKey === undefined || !isSecretKey(secretKey)) {
    throw new ConfigError('MTEJA_IDENTITY_VERIFIER=paystack needs MTEJA_PAYSTACK_SECRET_KEY, sk_test_… or sk_live_…')
  }
  return { secretKey, baseUrl }
}

function readIssuer(issuer: string | undefined, jwksUrl: string | undefined, audience: string | undefined) {
  if (issuer === undefined && jwksUrl === undefined) return undefined
  if (issuer === undefined || jwksUrl === undefined) {
    throw new ConfigError('MTEJA_JWT_ISSUER and MTEJA_JWKS_URL belong together: set both or neither')
  }
  return { issuer, jwksUrl: readUrl('MTEJA_JWKS_URL', jwksUrl) as string, audience }
}
