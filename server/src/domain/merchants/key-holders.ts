import { limitsOf } from '../../db/batch-limits.ts'
import { type Batched, createBatcher } from '../../db/batcher.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { OutsideName } from './actors.ts'
import { bytesOf, hashSecret, idPattern, secretPattern } from './key-secrets.ts'
import { noteUse } from './key-uses.ts'
import { type MerchantRow, merchantColumns, readMerchant } from './merchants.ts'
import { type Scope, scopesOf } from './scopes.ts'
import type { Mode, Tenant } from './tenant.ts'

/** The tenant that a request acts for, what the request may do, and the key that it came with. */
export interface KeyHolder {
  tenant: Tenant
  /** Null for a token of an outside issuer that names no key. */
  apiKeyId: string | null
  /** The names in a token of an outside issuer. */
  outside?: OutsideName
  /** A token is made from a key, or by an outside issuer. */
  credential: 'key' | 'token'
  scopes: readonly Scope[]
}

/** Answers the holder of a key, or null for a key that is unknown, was revoked or has expired. */
export type KeyFinder = (secret: string) => Promise<KeyHolder | null>

/**
 * Calls that arrive together are looked up together. Nothing is cached, so every server process refuses a revoked key
 * at once.
 */
export function createKeyFinder(context: Context): KeyFinder {
  const limits = limitsOf(context.meter, 'api_keys')
  const run = (lane: Queryable, secrets: string[]) => findHolders(context, lane, secrets)
  const find: Batched<string, KeyHolder | null> = createBatcher(context.db, run, () => '', limits)
  return (secret) => (secretPattern.test(secret) ? find(secret) : Promise.resolve(null))
}

/**
 * The holder of a token of a key: it acts for the key's tenant, and may do what the key may do at this moment, without
 * making keys, secrets and endpoints. Null for a key that is unknown, was revoked or has expired.
 */
export async function findTokenHolder(
  context: Context,
  { merchantCode, mode, apiKeyId }: { merchantCode: string; mode: Mode; apiKeyId: string },
): Promise<KeyHolder | null> {
  if (!idPattern.test(apiKeyId)) return null
  const [row] = await context.db.query<HolderRow>(sql`
    select ${holderColumns} from merchants m
    join api_keys k on k.merchant_id = m.id
    where m.code = ${merchantCode} and k.id = ${apiKeyId} and k.mode = ${mode} and k.revoked_at is null
  `)
  return row === undefined ? null : readHolder(context, row, 'token')
}

/** Whether a key exists, is not revoked and has not expired. */
export async function isKeyActive(context: Context, merchantId: number, apiKeyId: string): Promise<boolean> {
  if (!idPattern.test(apiKeyId)) return false
  const rows = await context.db.query(sql`
    select 1 from api_keys
    where merchant_id = ${merchantId} and id = ${apiKeyId} and revoked_at is null
      and (expires_at is null or expires_at > ${context.clock.now()})
  `)
  return rows.length > 0
}

/** The scopes of a token: those of its key, without those that would outlive it. */
export function scopesOfToken(held: readonly Scope[]): readonly Scope[] {
  return held.filter((each) => each !== 'developers')
}

interface HolderRow extends MerchantRow {
  hash: Buffer
  mode: Mode
  key_id: string
  role: string | null
  scopes: string[] | null
  expires_at: Date | null
  last_used_at: Date | null
}

const holderColumns = sql`
  k.hash, k.mode, k.id as key_id, k.role, k.scopes, k.expires_at, k.last_used_at, ${merchantColumns}
`

function readHolder(context: Context, row: HolderRow, credential: KeyHolder['credential']): KeyHolder | null {
  if (row.expires_at !== null && row.expires_at <= context.clock.now()) return null
  noteUse(context, row)
  const held = scopesOf(row)
  return {
    tenant: { merchant: readMerchant(row), mode: row.mode },
    apiKeyId: row.key_id,
    credential,
    scopes: credential === 'token' ? scopesOfToken(held) : held,
  }
}

/** Most calls of a batch have the same few keys, so each key is hashed once: a hash takes as long as the rest of the look-up. */
async function findHolders(context: Context, db: Queryable, secrets: string[]): Promise<(KeyHolder | null)[]> {
  const hashes = new Map([...new Set(secrets)].map((secret) => [secret, hashSecret(secret)]))
  const wanted = [...hashes.values()].map(bytesOf)
  const rows = await db.query<HolderRow>(sql`
    select ${holderColumns} from api_keys k
    join merchants m on m.id = k.merchant_id
    where k.hash = any(${wanted}::bytea[]) and k.revoked_at is null
  `)
  const holders = new Map(rows.map((row) => [row.hash.toString('base64'), readHolder(context, row, 'key')]))
  return secrets.map((secret) => holders.get(hashes.get(secret) as string) ?? null)
}
