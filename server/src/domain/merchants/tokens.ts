import type { FetchImplementation, JWK, JWTPayload } from 'jose'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import { observeUpstream } from '../../base/observe-upstream.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange } from '../context.ts'
import { findTokenHolder, type KeyHolder, scopesOfToken } from './key-holders.ts'
import { type MerchantRow, merchantColumns, readMerchant } from './merchants.ts'
import { scopes } from './scopes.ts'
import type { Mode } from './tenant.ts'

const algorithm = 'EdDSA'
const lifetimeSeconds = 15 * 60
const ownIssuer = 'mteja'

/** Another issuer of JWTs. Its tokens name a merchant in the claim `merchant_id`. */
export interface OutsideIssuer {
  /** The `iss` its tokens carry. */
  issuer: string
  jwksUrl: string
  /** The `aud` its tokens must carry, if one is required. */
  audience: string | undefined
}

interface SigningKeyRow {
  id: string
  public_jwk: JWK
  private_jwk: Buffer
}

const largestKeySet = 256 * 1024

/** The keys of an issuer, as text. Throws UpstreamError where no keys come. */
async function fetchKeys(...[url, options]: Parameters<FetchImplementation>): Promise<string> {
  const answer = await fetch(url, options)
  if (!answer.ok) {
    await answer.body?.cancel()
    throw new UpstreamError('fetch_keys', answer.status < 500 ? 'refused' : 'failed', answer.status)
  }
  const text = await readAtMost(answer, largestKeySet)
  const keys = (JSON.parse(text) as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) throw new UpstreamError('fetch_keys', 'malformed')
  return text
}

/** Throws UpstreamError for a body that is larger. */
async function readAtMost(answer: Response, bytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of answer.body ?? []) {
    length += part.length
    if (length > bytes) throw new UpstreamError('fetch_keys', 'malformed')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/**
 * Fetches the keys of an issuer. While they cannot be had, answers the last keys that came, so that an outage of the issuer
 * refuses nobody whose token is good. Throws UpstreamError while no keys have come since the start.
 */
function keepLastKeys(fetchText: typeof fetchKeys): FetchImplementation {
  let last: string | undefined
  return async (url, options) => {
    try {
      last = await fetchText(url, options)
    } catch (error) {
      if (last === undefined) throw new UpstreamError('fetch_keys', 'unreachable', null, { cause: error })
    }
    return new Response(last)
  }
}

/** The service's own JWTs. */
export interface Tokens {
  /**
   * A JWT for the holder of a key. It is valid for 15 minutes, or until the key is revoked. Throws `forbidden` for the holder
   * of a token: a token that is stolen must end.
   */
  issue(holder: KeyHolder): Promise<string>
  /** The public keys, newest first. A retired key stays until the tokens it signed have expired. */
  publicKeys(): Promise<JWK[]>
  /**
   * The holder of a token. Null for a token that is expired or malformed, and for an unknown merchant or a revoked key.
   * Throws UpstreamError while the keys of the outside issuer cannot be had.
   */
  verify(token: string): Promise<KeyHolder | null>
  /** Makes a new key, which signs from now on. Answers its id. */
  rotate(context: Context): Promise<string>
}

export function createTokens(context: Context, outside: OutsideIssuer | undefined): Tokens {
  const issuer = observeUpstream(context, 'issuer', { fetch_keys: fetchKeys })
  const remoteKeys =
    outside &&
    createRemoteJWKSet(new URL(outside.jwksUrl), {
      timeoutDuration: 5_000,
      [customFetch]: keepLastKeys(issuer.fetch_keys),
    })

  async function verifyOwn(token: string): Promise<JWTPayload> {
    const keys = createLocalJWKSet({ keys: await selectPublicKeys(context) })
    const currentDate = context.clock.now()
    return (await jwtVerify(token, keys, { issuer: ownIssuer, audience: ownIssuer, currentDate })).payload
  }

  async function verifyOutside(token: string): Promise<JWTPayload> {
    if (outside === undefined || remoteKeys === undefined) throw new Error('no outside issuer is configured')
    const { payload } = await jwtVerify(token, remoteKeys, {
      issuer: outside.issuer,
      ...(outside.audience === undefined ? {} : { audience: outside.audience }),
      currentDate: context.clock.now(),
      requiredClaims: ['exp'],
    })
    return payload
  }

  return {
    async issue(holder) {
      if (holder.credential === 'token' || holder.apiKeyId === null) {
        throw new ServiceError('forbidden', 'A token cannot get another token; ask with a secret key')
      }
      const { id, key } = await signingKey(context)
      const now = Math.floor(context.clock.now().getTime() / 1000)
      return new SignJWT({
        merchant_id: holder.tenant.merchant.code,
        mode: holder.tenant.mode,
        api_key_id: holder.apiKeyId,
        auth_time: now,
      })
        .setProtectedHeader({ alg: algorithm, kid: id, typ: 'JWT' })
        .setSubject(holder.tenant.merchant.code)
        .setIssuer(ownIssuer)
        .setAudience(ownIssuer)
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(key)
    },
    publicKeys: () => publishedKeys(context),
    async verify(token) {
      const isOutside = outside !== undefined && issuerOf(token) === outside.issuer
      let payload: JWTPayload
      try {
        payload = await (isOutside ? verifyOutside(token) : verifyOwn(token))
      } catch (error) {
        if (isNoFaultOfToken(error)) throw error
        return null
      }
      return isOutside ? findOutsideHolder(context, payload, outside.issuer) : findOwnHolder(context, payload)
    },
    rotate: rotateSigningKey,
  }
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** Every error of jose has a code ERR_J…. Any other error is not the token's fault. */
function isNoFaultOfToken(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return (
    !(error instanceof Error) ||
    (typeof code === 'string' && !code.startsWith('ERR_J')) ||
    error instanceof UpstreamError ||
    error.name === 'DatabaseUnavailableError'
  )
}

/** A token of ours without a key was made from a token of an outside issuer, by a server of the release before. */
async function findOwnHolder(context: Context, payload: JWTPayload): Promise<KeyHolder | null> {
  const { merchant_id: merchantCode, api_key_id: apiKeyId } = payload
  const mode = modeOf(payload)
  if (typeof merchantCode !== 'string' || typeof apiKeyId !== 'string' || mode === null) return null
  return findTokenHolder(context, { merchantCode, mode, apiKeyId })
}

/**
 * A token of an outside issuer has every scope that a token may have. If it names a key in `api_key_id`, it is a token of this
 * key: it can do no more than the key, and dies with the key.
 */
async function findOutsideHolder(context: Context, payload: JWTPayload, issuer: string): Promise<KeyHolder | null> {
  const subject = payload.sub ?? null
  if (subject !== null && !isSubject(subject)) return null
  const holder = await (payload.api_key_id === undefined ? findUnkeyedHolder : findOwnHolder)(context, payload)
  return holder && { ...holder, outside: { issuer, subject } }
}

/**
 * The trail stores the subject for good, so it must name somebody. OpenID Connect allows 255 characters; PostgreSQL stores no NUL
 * and no half of a surrogate pair.
 */
function isSubject(subject: unknown): boolean {
  if (typeof subject !== 'string' || subject.length > 255) return false
  return subject.trim() !== '' && !subject.includes('\0') && subject.isWellFormed()
}

async function findUnkeyedHolder(context: Context, payload: JWTPayload): Promise<KeyHolder | null> {
  const merchantCode = payload.merchant_id
  const mode = modeOf(payload)
  if (typeof merchantCode !== 'string' || !/^\w+$/.test(merchantCode) || mode === null) return null
  const [row] = await context.db.query<MerchantRow>(sql`
    select ${merchantColumns} from merchants m where m.code = ${merchantCode}
  `)
  if (row === undefined) return null
  const tenant = { merchant: readMerchant(row), mode }
  return { tenant, apiKeyId: null, credential: 'token', scopes: scopesOfToken(scopes) }
}

/** Null for a mode that is none: a token that says LIVE must not be taken for one of test mode. */
function modeOf({ mode = 'test' }: JWTPayload): Mode | null {
  return mode === 'live' || mode === 'test' ? mode : null
}

async function signingKey(context: Context) {
  const row = (await selectSigningKey(context)) ?? (await makeFirstKey(context))
  const jwk = JSON.parse(context.vault.open(row.private_jwk, 'signing-key')) as JWK
  return { id: row.id, key: await importJWK(jwk, algorithm) }
}

async function selectSigningKey(context: Context): Promise<SigningKeyRow | undefined> {
  const rows = await context.db.query<SigningKeyRow>(sql`
    select id, public_jwk, private_jwk from signing_keys where retired_at is null
  `)
  return rows[0]
}

/** Two servers may try at once. Both then use the key that was stored first. */
async function makeFirstKey(context: Context): Promise<SigningKeyRow> {
  const key = await generateKey(context)
  await context.db.query(sql`
    insert into signing_keys (id, public_jwk, private_jwk, created_at)
    values (${key.id}, ${JSON.stringify(key.publicJwk)}, ${key.sealed}, ${context.clock.now()})
    on conflict do nothing
  `)
  const row = await selectSigningKey(context)
  if (row === undefined) throw new ServiceError('internal', 'there is no signing key')
  return row
}

async function rotateSigningKey(context: Context): Promise<string> {
  const key = await generateKey(context)
  const now = context.clock.now()
  await inTransaction(context, async (tx) => {
    const former = await tx.db.query<{ id: string }>(sql`
      update signing_keys set retired_at = ${now} where retired_at is null returning id
    `)
    await tx.db.query(sql`
      insert into signing_keys (id, public_jwk, private_jwk, created_at)
      values (${key.id}, ${JSON.stringify(key.publicJwk)}, ${key.sealed}, ${now})
    `)
    noteChange(tx, { object: key.id, before: { signsWith: former[0]?.id ?? null }, after: { signsWith: key.id } })
  })
  return key.id
}

async function generateKey(context: Context) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const id = randomCode(context.random, 20)
  const publicJwk = { ...(await exportJWK(publicKey)), kid: id, alg: algorithm, use: 'sig' }
  const sealed = context.vault.seal(JSON.stringify(await exportJWK(privateKey)), 'signing-key')
  return { id, publicJwk, sealed }
}

async function publishedKeys(context: Context): Promise<JWK[]> {
  await signingKey(context)
  return selectPublicKeys(context)
}

async function selectPublicKeys(context: Context): Promise<JWK[]> {
  const expired = new Date(context.clock.now().getTime() - lifetimeSeconds * 1000)
  const rows = await context.db.query<{ public_jwk: JWK }>(sql`
    select public_jwk from signing_keys
    where retired_at is null or retired_at > ${expired}
    order by created_at desc
  `)
  return rows.map((row) => row.public_jwk)
}
