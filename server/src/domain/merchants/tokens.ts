import type { JWK, JWTPayload } from 'jose'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import { isKeyActive, type KeyHolder } from './api-keys.ts'
import { type MerchantRow, readMerchant } from './merchants.ts'
import type { Mode } from './tenant.ts'

const algorithm = 'EdDSA'
const lifetimeSeconds = 15 * 60
const ownIssuer = 'mteja'

/** An issuer of JWTs besides ourselves: whose tokens name a merchant in the claim `merchant_id`. */
export interface OutsideIssuer {
  /** The `iss` its tokens carry. */
  issuer: string
  jwksUrl: string
  /** The `aud` its tokens must carry, where one is asked for. */
  audience: string | undefined
}

interface SigningKeyRow {
  id: string
  public_jwk: JWK
  private_jwk: Buffer
}

/** Our tokens: issue, publish the keys that verify them, verify, rotate. */
export interface Tokens {
  /** A JWT for whoever holds the key, good for 15 minutes or until that key is revoked. */
  issue(holder: KeyHolder): Promise<string>
  /** The public keys, the newest first; a retired one stays until what it signed has expired. */
  publicKeys(): Promise<JWK[]>
  /** Whose token it is, or null for one that is expired, malformed, of nobody we know or of a revoked key. */
  verify(token: string): Promise<KeyHolder | null>
  /** From now on a new key signs; answers its id. */
  rotate(service: Service): Promise<string>
}

export function createTokens(service: Service, outside: OutsideIssuer | undefined): Tokens {
  const remoteKeys = outside && createRemoteJWKSet(new URL(outside.jwksUrl), { timeoutDuration: 5_000 })

  async function verifyOwn(token: string): Promise<JWTPayload> {
    const keys = createLocalJWKSet({ keys: await selectPublicKeys(service) })
    const currentDate = service.clock.now()
    return (await jwtVerify(token, keys, { issuer: ownIssuer, audience: ownIssuer, currentDate })).payload
  }

  async function verifyOutside(token: string): Promise<JWTPayload> {
    if (outside === undefined || remoteKeys === undefined) throw new Error('no outside issuer is configured')
    const { payload } = await jwtVerify(token, remoteKeys, {
      issuer: outside.issuer,
      ...(outside.audience === undefined ? {} : { audience: outside.audience }),
      currentDate: service.clock.now(),
      requiredClaims: ['exp'],
    })
    return payload
  }

  return {
    async issue(holder) {
      const { id, key } = await signingKey(service)
      const now = Math.floor(service.clock.now().getTime() / 1000)
      return new SignJWT({
        merchant_id: holder.tenant.merchant.code,
        mode: holder.tenant.mode,
        ...(holder.apiKeyId === null ? {} : { api_key_id: holder.apiKeyId }),
      })
        .setProtectedHeader({ alg: algorithm, kid: id, typ: 'JWT' })
        .setSubject(holder.tenant.merchant.code)
        .setIssuer(ownIssuer)
        .setAudience(ownIssuer)
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(key)
    },
    publicKeys: () => publishedKeys(service),
    async verify(token) {
      let payload: JWTPayload
      try {
        payload = await (issuerOf(token) === outside?.issuer ? verifyOutside(token) : verifyOwn(token))
      } catch (error) {
        if (isDatabaseFault(error)) throw error
        return null
      }
      return findHolder(service, payload)
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

/** Errors of jose all carry an ERR_J… code; anything else is not the token's fault. */
function isDatabaseFault(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return (
    !(error instanceof Error) ||
    (typeof code === 'string' && !code.startsWith('ERR_J')) ||
    error.name === 'DatabaseUnavailableError'
  )
}

async function findHolder(service: Service, payload: JWTPayload): Promise<KeyHolder | null> {
  const merchantCode = payload.merchant_id
  if (typeof merchantCode !== 'string' || !/^\w+$/.test(merchantCode)) return null
  const [row] = await service.db.query<MerchantRow>(sql`
    select id, code, name, country, currencies, created_at from merchants where code = ${merchantCode}
  `)
  if (row === undefined) return null
  const mode: Mode = payload.mode === 'live' ? 'live' : 'test'
  const apiKeyId = typeof payload.api_key_id === 'string' ? payload.api_key_id : null
  if (apiKeyId !== null && !(await isKeyActive(service, row.id, apiKeyId))) return null
  return { tenant: { merchant: readMerchant(row), mode }, apiKeyId }
}

async function signingKey(service: Service) {
  const row = (await selectSigningKey(service)) ?? (await makeFirstKey(service))
  const jwk = JSON.parse(service.vault.open(row.private_jwk, 'signing-key')) as JWK
  return { id: row.id, key: await importJWK(jwk, algorithm) }
}

async function selectSigningKey(service: Service): Promise<SigningKeyRow | undefined> {
  const rows = await service.db.query<SigningKeyRow>(sql`
    select id, public_jwk, private_jwk from signing_keys where retired_at is null
  `)
  return rows[0]
}

/** Two servers may try at once; the first one's key is everybody's. */
async function makeFirstKey(service: Service): Promise<SigningKeyRow> {
  const key = await generateKey(service)
  await service.db.query(sql`
    insert into signing_keys (id, public_jwk, private_jwk, created_at)
    values (${key.id}, ${JSON.stringify(key.publicJwk)}, ${key.sealed}, ${service.clock.now()})
    on conflict do nothing
  `)
  const row = await selectSigningKey(service)
  if (row === undefined) throw new ServiceError('internal', 'there is no signing key')
  return row
}

async function rotateSigningKey(service: Service): Promise<string> {
  const key = await generateKey(service)
  const now = service.clock.now()
  await service.db.transaction(async (tx) => {
    await tx.query(sql`update signing_keys set retired_at = ${now} where retired_at is null`)
    await tx.query(sql`
      insert into signing_keys (id, public_jwk, private_jwk, created_at)
      values (${key.id}, ${JSON.stringify(key.publicJwk)}, ${key.sealed}, ${now})
    `)
  })
  return key.id
}

async function generateKey(service: Service) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const id = randomCode(service.random, 20)
  const publicJwk = { ...(await exportJWK(publicKey)), kid: id, alg: algorithm, use: 'sig' }
  const sealed = service.vault.seal(JSON.stringify(await exportJWK(privateKey)), 'signing-key')
  return { id, publicJwk, sealed }
}

async function publishedKeys(service: Service): Promise<JWK[]> {
  await signingKey(service)
  return selectPublicKeys(service)
}

async function selectPublicKeys(service: Service): Promise<JWK[]> {
  const expired = new Date(service.clock.now().getTime() - lifetimeSeconds * 1000)
  const rows = await service.db.query<{ public_jwk: JWK }>(sql`
    select public_jwk from signing_keys
    where retired_at is null or retired_at > ${expired}
    order by created_at desc
  `)
  return rows.map((row) => row.public_jwk)
}
