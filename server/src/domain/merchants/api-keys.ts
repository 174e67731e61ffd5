import { hash } from 'node:crypto'
import { ServiceError } from '../../base/errors.ts'
import { randomMixedCode, uuidV7 } from '../../base/ids.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { limitsOf } from '../../db/batch-limits.ts'
import { type Batched, createBatcher } from '../../db/batcher.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, lockCount, type TxContext } from '../context.ts'
import { type MerchantRow, merchantColumns, readMerchant } from './merchants.ts'
import type { Merchant, Mode, Tenant } from './tenant.ts'

/** A secret API key without its secret. */
export interface ApiKey {
  id: string
  mode: Mode
  name: string | null
  /** The key's last four characters. */
  hint: string
  createdAt: Date
  revokedAt: Date | null
}

/** The tenant that a request acts for, and the key that it came with. */
export interface KeyHolder {
  tenant: Tenant
  /** Null for a token of an outside issuer. */
  apiKeyId: string | null
}

interface ApiKeyRow {
  id: string
  mode: Mode
  name: string | null
  hint: string
  created_at: Date
  revoked_at: Date | null
}

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const secretPattern = /^sk_(test|live)_[A-Za-z0-9_-]{8,200}$/

/**
 * Creates a key and answers its secret: `sk_test_…` or `sk_live_…` and 40 random characters. The secret is never shown
 * again. Throws `invalid_request`, `too_many_api_keys`.
 */
export async function createApiKey(
  context: Context,
  merchant: Merchant,
  input: { mode: Mode; name?: string | undefined },
): Promise<{ apiKey: ApiKey; secret: string }> {
  return inTransaction(context, async (tx) => {
    await refuseTooMany(tx, { merchant, mode: input.mode })
    return insertApiKey(tx, merchant, input)
  })
}

async function refuseTooMany(tx: TxContext, tenant: Tenant): Promise<void> {
  await lockCount(tx, tenant, 'api_keys')
  const [row] = await tx.db.query<{ count: bigint }>(sql`
    select count(*) as count from api_keys
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and revoked_at is null
  `)
  const { apiKeys } = tx.limits
  if (Number(row?.count) < apiKeys) return
  const message = `There are ${row?.count} active ${tenant.mode} keys already, and ${apiKeys} are allowed; revoke one first`
  throw new ServiceError('too_many_api_keys', message)
}

/**
 * Works like `createApiKey` within a transaction. `secret` sets the key, for CI. Throws `invalid_request` for an unfit
 * secret.
 */
export async function insertApiKey(
  context: Context,
  merchant: Merchant,
  input: { mode: Mode; name?: string | undefined; secret?: string | undefined },
): Promise<{ apiKey: ApiKey; secret: string }> {
  const secret = input.secret ?? `sk_${input.mode}_${randomMixedCode(context.random, 40)}`
  if (!secretPattern.test(secret) || modeOfSecret(secret) !== input.mode) {
    const message = `a ${input.mode} key must be sk_${input.mode}_ followed by 8 to 200 letters, digits, _ or -`
    throw new ServiceError('invalid_request', message, 'secret')
  }
  if (input.name !== undefined && input.name.length > 200) {
    throw new ServiceError('invalid_request', 'name must be at most 200 characters', 'name')
  }
  const now = context.clock.now()
  const [row] = await context.db.query<ApiKeyRow>(sql`
    insert into api_keys (merchant_id, id, mode, name, hash, hint, created_at)
    values (
      ${merchant.id}, ${uuidV7(context.random, now)}, ${input.mode}, ${input.name ?? null}, ${bytesOf(hashSecret(secret))},
      ${secret.slice(-4)}, ${now}
    )
    returning id, mode, name, hint, created_at, revoked_at
  `)
  return { apiKey: readApiKey(row as ApiKeyRow), secret }
}

/** Newest first, with revoked keys. `mode` limits the list to one mode. */
export async function listApiKeys(
  context: Context,
  merchant: Merchant,
  { limit, offset, mode }: PageRequest & { mode?: Mode },
): Promise<Page<ApiKey>> {
  const kept = sql`merchant_id = ${merchant.id} and mode = coalesce(${mode ?? null}, mode)`
  const rows = await context.db.query<ApiKeyRow & { total: bigint }>(sql`
    select t.total, k.*
    from (select count(*) as total from api_keys where ${kept}) t
    left join (
      select id, mode, name, hint, created_at, revoked_at from api_keys
      where ${kept}
      order by id desc
      limit ${limit} offset ${offset}
    ) k on true
    order by k.id desc
  `)
  return readPage(rows, readApiKey)
}

/** From the next request on, every server refuses the key and the tokens made with it. Throws `api_key_not_found`. */
export async function revokeApiKey(context: Context, merchant: Merchant, id: string, mode?: Mode): Promise<ApiKey> {
  const rows = idPattern.test(id)
    ? await context.db.query<ApiKeyRow>(sql`
        update api_keys set revoked_at = coalesce(revoked_at, ${context.clock.now()})
        where merchant_id = ${merchant.id} and id = ${id} and mode = coalesce(${mode ?? null}, mode)
        returning id, mode, name, hint, created_at, revoked_at
      `)
    : []
  if (rows[0] === undefined) throw new ServiceError('api_key_not_found', `There is no API key "${id}"`)
  return readApiKey(rows[0])
}

/** Answers the holder of a key, or null for an unknown or revoked key. */
export type KeyFinder = (secret: string) => Promise<KeyHolder | null>

/**
 * Calls that arrive together are looked up together. Nothing is cached, so every server process refuses a revoked key
 * at once.
 */
export function createKeyFinder(context: Context): KeyFinder {
  const limits = limitsOf(context.meter, 'api_keys')
  const find: Batched<string, KeyHolder | null> = createBatcher(context.db, findHolders, () => '', limits)
  return (secret) => (secretPattern.test(secret) ? find(secret) : Promise.resolve(null))
}

/** Whether a key exists and is not revoked. For tokens, which name the key they were made with. */
export async function isKeyActive(context: Context, merchantId: number, apiKeyId: string): Promise<boolean> {
  if (!idPattern.test(apiKeyId)) return false
  const rows = await context.db.query(sql`
    select 1 from api_keys where merchant_id = ${merchantId} and id = ${apiKeyId} and revoked_at is null
  `)
  return rows.length > 0
}

/** Most calls of a batch have the same few keys, so each key is hashed once: a hash takes as long as the rest of the look-up. */
async function findHolders(db: Queryable, secrets: string[]): Promise<(KeyHolder | null)[]> {
  const hashes = new Map([...new Set(secrets)].map((secret) => [secret, hashSecret(secret)]))
  const wanted = [...hashes.values()].map(bytesOf)
  const rows = await db.query<MerchantRow & { hash: Buffer; mode: Mode; key_id: string }>(sql`
    select k.hash, k.mode, k.id as key_id, ${merchantColumns}
    from api_keys k
    join merchants m on m.id = k.merchant_id
    where k.hash = any(${wanted}::bytea[]) and k.revoked_at is null
  `)
  const holders = new Map(
    rows.map((row) => [
      row.hash.toString('base64'),
      { tenant: { merchant: readMerchant(row), mode: row.mode }, apiKeyId: row.key_id },
    ]),
  )
  return secrets.map((secret) => holders.get(hashes.get(secret) as string) ?? null)
}

/** A plain hash is enough, because the key is long and random and cannot be guessed. */
function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64')
}

function bytesOf(hashed: string): Buffer {
  return Buffer.from(hashed, 'base64')
}

function modeOfSecret(secret: string): Mode {
  return secret.startsWith('sk_live_') ? 'live' : 'test'
}

function readApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    mode: row.mode,
    name: row.name,
    hint: row.hint,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  }
}
