import { ServiceError } from '../../base/errors.ts'
import { randomMixedCode, uuidV7 } from '../../base/ids.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { refuseInvisible } from '../../base/visible-text.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Change, type Context, inTransaction, lockCount, noteChange, type TxContext } from '../context.ts'
import { bytesOf, hashSecret, idPattern, modeOfSecret, secretPattern } from './key-secrets.ts'
import { lockActivePerson, lockPerson } from './people.ts'
import { type Grant, ownersGrant, type Role, type Scope, scopesOf } from './scopes.ts'
import type { Merchant, Mode, Tenant } from './tenant.ts'

/** A secret API key without its secret. */
export interface ApiKey {
  id: string
  mode: Mode
  name: string | null
  /** The key's last four characters. */
  hint: string
  /** Null for a key with a list of scopes of its own. */
  role: Role | null
  /** What the key may do. */
  scopes: readonly Scope[]
  /** The person whose key it is; null for a program's. */
  personId: string | null
  /** The key that made it; null for a key that the operator made. */
  createdBy: string | null
  /** The key whose place it takes. */
  replaces: string | null
  createdAt: Date
  /** From this time on the key is refused. */
  expiresAt: Date | null
  /** The hour of the last use. */
  lastUsedAt: Date | null
  revokedAt: Date | null
}

interface ApiKeyRow {
  id: string
  mode: Mode
  name: string | null
  hint: string
  role: string | null
  scopes: string[] | null
  person_id: string | null
  created_by: string | null
  replaces: string | null
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

const columns = sql`
  id, mode, name, hint, role, scopes, person_id, created_by, replaces, created_at, expires_at, last_used_at, revoked_at
`

export interface NewApiKey {
  mode: Mode
  name?: string | undefined
  /** Default: those of an owner. */
  grant?: Grant
  /** The key of a person; default a program's. */
  personId?: string | null | undefined
  expiresAt?: Date | null | undefined
  /** The key that makes it; null for the operator. Default null. It never ends later than its maker. */
  createdBy?: string | null
  /** The key whose place it takes. It never ends later. */
  replaced?: ApiKey
}

/**
 * Creates a key and answers its secret: `sk_test_…` or `sk_live_…` and 40 random characters. The secret is never shown
 * again. Throws `invalid_request`, `too_many_api_keys`.
 */
export async function createApiKey(
  context: Context,
  merchant: Merchant,
  input: NewApiKey,
): Promise<{ apiKey: ApiKey; secret: string }> {
  return inTransaction(context, async (tx) => {
    await refuseTooMany(tx, { merchant, mode: input.mode })
    return insertApiKey(tx, merchant, input)
  })
}

/**
 * A key in the overlap with its replacement is not counted, so a key can be replaced where all keys that are allowed exist. The
 * keys in their overlap are as many again at most.
 *
 * @param replaced the key that is about to be replaced
 */
async function refuseTooMany(tx: TxContext, tenant: Tenant, replaced?: ApiKey): Promise<void> {
  await lockCount(tx, tenant, 'api_keys')
  const now = tx.clock.now()
  const isActive = (key: Sql) =>
    sql`${key}.revoked_at is null and (${key}.expires_at is null or ${key}.expires_at > ${now})`
  const [row] = await tx.db.query<{ counted: bigint; count: bigint }>(sql`
    select
      count(*) as count,
      count(*) filter (where k.id is distinct from ${replaced?.id ?? null}::uuid and not exists (
        select from api_keys n where n.merchant_id = k.merchant_id and n.replaces = k.id and ${isActive(sql`n`)}
      )) as counted
    from api_keys k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode} and ${isActive(sql`k`)}
  `)
  const { apiKeys } = tx.limits
  if (Number(row?.counted) < apiKeys && Number(row?.count) < 2 * apiKeys) return
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
  input: NewApiKey & { secret?: string | undefined },
): Promise<{ apiKey: ApiKey; secret: string }> {
  const secret = input.secret ?? `sk_${input.mode}_${randomMixedCode(context.random, 40)}`
  if (!secretPattern.test(secret) || modeOfSecret(secret) !== input.mode) {
    const message = `a ${input.mode} key must be sk_${input.mode}_ followed by 8 to 200 letters, digits, _ or -`
    throw new ServiceError('invalid_request', message, 'secret')
  }
  // A key of before may have such a name, and so has its replacement.
  if (input.replaced === undefined) refuseInvisible(input.name, 'name')
  if (input.name !== undefined && input.name.length > 200) {
    throw new ServiceError('invalid_request', 'name must be at most 200 characters', 'name')
  }
  const now = context.clock.now()
  const { grant = ownersGrant, personId = null, createdBy = null, replaced = null } = input
  if (input.expiresAt != null && input.expiresAt <= now) {
    throw new ServiceError('invalid_request', 'expiresAt must be a time that is still to come', 'expiresAt')
  }
  const maker = createdBy === null ? null : await lockMaker(context, merchant, createdBy)
  if (personId !== null) {
    await lockActivePerson(context, { merchant, mode: input.mode }, personId)
    // In the person's name the trail shows what the key does.
    if (maker !== null) await refuseMightier(context, merchant, personId, maker)
  }
  const lastEnd = soonerOf(maker?.expiresAt ?? null, replaced?.expiresAt ?? null)
  const expiresAt = endOf(input.expiresAt ?? null, lastEnd)
  // A key that replaces itself would else be the maker of its replacement, which would end with it.
  const keptMaker = replaced !== null && replaced.id === createdBy ? replaced.createdBy : createdBy
  const [row] = await context.db.query<ApiKeyRow>(sql`
    insert into api_keys (
      merchant_id, id, mode, name, hash, hint, role, scopes, person_id, created_by, replaces, expires_at, created_at
    )
    values (
      ${merchant.id}, ${uuidV7(context.random, now)}, ${input.mode}, ${input.name ?? null}, ${bytesOf(hashSecret(secret))},
      ${secret.slice(-4)}, ${grant.role}, ${grant.scopes}, ${personId}, ${keptMaker}, ${replaced?.id ?? null}, ${expiresAt},
      ${now}
    )
    returning ${columns}
  `)
  const apiKey = readApiKey(row as ApiKeyRow)
  noteKey(context, merchant, apiKey, { after: describeKey(apiKey) })
  return { apiKey, secret }
}

/** What a key may do and whose it is, for the trail. */
function describeKey({ name, hint, role, scopes, personId, createdBy, replaces, expiresAt }: ApiKey) {
  return { name, hint, role, scopes, personId, createdBy, replaces, expiresAt: expiresAt?.toISOString() ?? null }
}

function noteKey(context: Context, { id }: Merchant, apiKey: ApiKey, change: Pick<Change, 'before' | 'after'>): void {
  noteChange(context, { object: apiKey.id, merchantId: id, mode: apiKey.mode, ...change })
}

/** Keeps the maker from being revoked meanwhile, because the made key is revoked with it. Throws `unauthorized`. */
async function lockMaker(context: Context, merchant: Merchant, id: string): Promise<ApiKey> {
  const [row] = await context.db.query<ApiKeyRow>(sql`
    select ${columns} from api_keys
    where merchant_id = ${merchant.id} and id = ${id} and revoked_at is null
    for share
  `)
  if (row === undefined) throw new ServiceError('unauthorized', 'The key was revoked at this moment')
  return readApiKey(row)
}

/** The sooner of two ends; null is no end. */
function soonerOf(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one < other ? one : other
}

/** The end that is asked for, or else the last one that is allowed. Throws `invalid_request` for a later one. */
function endOf(asked: Date | null, last: Date | null): Date | null {
  if (asked === null || last === null || asked <= last) return asked ?? last
  const message = `expiresAt must not be later than ${last.toISOString()}, the end of its maker or of the key that it replaces`
  throw new ServiceError('invalid_request', message, 'expiresAt')
}

/**
 * Refuses a key that would act upon another person whose keys may do more: make a key in the person's name, rename the person,
 * or end the person. Throws `scope_missing`.
 */
async function refuseMightier(
  context: Context,
  merchant: Merchant,
  personId: string,
  asking: Pick<ApiKey, 'personId' | 'scopes'>,
): Promise<void> {
  if (asking.personId === personId) return
  const rows = await context.db.query<Pick<ApiKeyRow, 'role' | 'scopes'>>(sql`
    select role, scopes from api_keys
    where merchant_id = ${merchant.id} and person_id = ${personId} and revoked_at is null
      and (expires_at is null or expires_at > ${context.clock.now()})
  `)
  const lacking = [...new Set(rows.flatMap(scopesOf))].filter((each) => !asking.scopes.includes(each))
  if (lacking.length === 0) return
  const message = `The keys of this person have scopes that this key lacks: ${lacking.join(', ')}; ask with a key that has them`
  throw new ServiceError('scope_missing', message, 'personId')
}

/**
 * Keeps a person from a key that may do less than the person's keys, before the person is changed. Throws `person_not_found`,
 * `scope_missing`.
 *
 * @param asking the key that asks; null for a caller without a key, who may only change a person without keys
 */
export async function refuseChangeOfMightier(
  tx: TxContext,
  { merchant, mode }: Tenant,
  personId: string,
  asking: { apiKeyId: string | null; scopes: readonly Scope[] },
): Promise<void> {
  // Locked first: a key that is made in the person's name meanwhile counts, too.
  await lockPerson(tx, { merchant, mode }, personId)
  const key = asking.apiKeyId === null ? null : await getApiKey(tx, merchant, asking.apiKeyId)
  await refuseMightier(tx, merchant, personId, { personId: key?.personId ?? null, scopes: asking.scopes })
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
      select ${columns} from api_keys
      where ${kept}
      order by id desc
      limit ${limit} offset ${offset}
    ) k on true
    order by k.id desc
  `)
  return readPage(rows, readApiKey)
}

/** Throws `api_key_not_found`. */
export async function getApiKey(context: Context, merchant: Merchant, id: string, mode?: Mode): Promise<ApiKey> {
  return readApiKey(await selectKey(context, merchant, { id, mode }, nothing))
}

/**
 * From the next request on, every server refuses the key and the tokens made with it, and so it does the keys that the key
 * has made, those that they have made, and so on. With `keepMade` the made keys stay. The replacement of the key stays, unless
 * `withReplacements`: it was made to go on after the key. Answers the key, the ids of the others that were revoked with it, and
 * those of the replacements that stay. `family` is the key and all that it made, whenever they were revoked. Throws `api_key_not_found`.
 */
export async function revokeApiKey(
  tx: TxContext,
  merchant: Merchant,
  id: string,
  {
    mode,
    keepMade = false,
    withReplacements = false,
  }: {
    mode?: Mode | undefined
    keepMade?: boolean | undefined
    withReplacements?: boolean | undefined
  } = {},
): Promise<{ apiKey: ApiKey; alsoRevoked: string[]; replacedBy: string[]; family: string[] }> {
  const before = await selectKey(tx, merchant, { id, mode }, sql`for no key update`)
  const alsoRevoked: string[] = []
  const ended = sql`
    with recursive ended (id) as (
      select ${before.id}::uuid
      union
      select k.id from ended e
      join api_keys k on k.merchant_id = ${merchant.id}
        and case
          when k.replaces = e.id then e.id <> ${before.id}::uuid or ${withReplacements}::boolean
          else k.created_by = e.id and not ${keepMade}::boolean
        end
    )
  `
  for (;;) {
    const rows = await tx.db.query<{ id: string; mode: Mode }>(sql`
      ${ended}
      update api_keys k set revoked_at = ${tx.clock.now()}
      from ended e
      where k.merchant_id = ${merchant.id} and k.id = e.id and k.revoked_at is null
      returning k.id, k.mode
    `)
    for (const each of rows) {
      noteChange(tx, {
        object: each.id,
        merchantId: merchant.id,
        mode: each.mode,
        before: { revoked: false },
        after: { revoked: true },
      })
    }
    // A made key may have made another one meanwhile, which the next look finds.
    if (rows.length === 0) break
    alsoRevoked.push(...rows.filter((row) => row.id !== before.id).map((row) => row.id))
  }
  const family = await tx.db.query<{ id: string }>(sql`${ended} select id from ended`)
  const successors = await tx.db.query<{ id: string }>(sql`
    with recursive successors (id, revoked_at, expires_at) as (
      select id, revoked_at, expires_at from api_keys where merchant_id = ${merchant.id} and replaces = ${before.id}
      union
      select k.id, k.revoked_at, k.expires_at from successors s
      join api_keys k on k.merchant_id = ${merchant.id} and k.replaces = s.id
    )
    select id from successors
    where revoked_at is null and (expires_at is null or expires_at > ${tx.clock.now()})
    order by id
  `)
  return {
    apiKey: await getApiKey(tx, merchant, before.id),
    alsoRevoked,
    replacedBy: successors.map((each) => each.id),
    family: family.map((each) => each.id),
  }
}

/**
 * Makes a key that takes the place of another: of the same mode, person, role or scopes, and name. The old key is refused
 * once `overlapMs` have passed. Throws `api_key_not_found`, `api_key_ended`, `scope_missing`, `too_many_api_keys`.
 */
export async function replaceApiKey(
  tx: TxContext,
  merchant: Merchant,
  id: string,
  input: {
    mode?: Mode | undefined
    overlapMs: number
    expiresAt?: Date | null | undefined
    createdBy: string | null
    maker: readonly Scope[]
  },
): Promise<{ apiKey: ApiKey; secret: string; replaced: ApiKey }> {
  const row = await selectKey(tx, merchant, { id, mode: input.mode }, sql`for no key update`)
  const old = readApiKey(row)
  const now = tx.clock.now()
  if (old.revokedAt !== null || (old.expiresAt !== null && old.expiresAt <= now)) {
    throw new ServiceError(
      'api_key_ended',
      `The key ending in ${old.hint} was revoked or has expired; create a new key`,
    )
  }
  // During the overlap there is a key more.
  if (input.overlapMs > 0) await refuseTooMany(tx, { merchant, mode: old.mode }, old)
  // Whoever gets the new secret can do all that the old key could.
  const lacking = old.scopes.filter((each) => !input.maker.includes(each))
  if (lacking.length > 0) {
    const message = `A key replaces no key that has a scope it lacks: ${lacking.join(', ')}; ask with a key that has it`
    throw new ServiceError('scope_missing', message)
  }
  const grant: Grant = old.role === null ? { role: null, scopes: old.scopes } : { role: old.role, scopes: null }
  const made = await insertApiKey(tx, merchant, {
    mode: old.mode,
    name: old.name ?? undefined,
    grant,
    personId: old.personId,
    expiresAt: input.expiresAt,
    createdBy: input.createdBy,
    replaced: old,
  })
  const until = new Date(now.getTime() + input.overlapMs)
  await tx.db.query(sql`
    update api_keys set expires_at = least(expires_at, ${until}) where merchant_id = ${merchant.id} and id = ${old.id}
  `)
  const replaced = await getApiKey(tx, merchant, old.id)
  noteKey(tx, merchant, old, { before: { expiresAt: row.expires_at }, after: { expiresAt: replaced.expiresAt } })
  return { ...made, replaced }
}

/** Revokes the keys of a person, and answers how many. */
export async function revokeKeysOfPerson(tx: TxContext, { merchant }: Tenant, personId: string): Promise<number> {
  const rows = await tx.db.query<{ id: string }>(sql`
    update api_keys set revoked_at = ${tx.clock.now()}
    where merchant_id = ${merchant.id} and person_id = ${personId} and revoked_at is null
    returning id
  `)
  for (const { id } of rows) noteChange(tx, { object: id, before: { revoked: false }, after: { revoked: true } })
  return rows.length
}

async function selectKey(
  context: Context,
  merchant: Merchant,
  { id, mode }: { id: string; mode: Mode | undefined },
  lock: Sql,
): Promise<ApiKeyRow> {
  const [row] = idPattern.test(id)
    ? await context.db.query<ApiKeyRow>(sql`
        select ${columns} from api_keys
        where merchant_id = ${merchant.id} and id = ${id} and mode = coalesce(${mode ?? null}, mode)
        ${lock}
      `)
    : []
  if (row === undefined) throw new ServiceError('api_key_not_found', `There is no API key "${id}"`)
  return row
}

function readApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    mode: row.mode,
    name: row.name,
    hint: row.hint,
    role: row.role as Role | null,
    scopes: scopesOf(row),
    personId: row.person_id,
    createdBy: row.created_by,
    replaces: row.replaces,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }
}
