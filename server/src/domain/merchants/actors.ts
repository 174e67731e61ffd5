import { type Sql, sql } from '../../db/sql.ts'
import { type Context, perContext } from '../context.ts'

export type ActorKind = 'key' | 'token' | 'operator'

/** Who does something, from which surface and with which request. Background work has no actor. */
export interface Actor {
  /** The row of `actors`, which has kind, key and surface. */
  readonly id: number
  readonly requestId: string
}

interface ActorName {
  /** 0 for the operator. */
  merchantId: number
  kind: ActorKind
  /** Null for the operator, and for a token of an outside issuer that names no key. */
  apiKeyId: string | null
  /** The name that an outside issuer gives. Default null: a key, a token of ours, the operator. */
  outside?: OutsideName | null | undefined
  surface: string
}

/** The names in a token of an outside issuer. */
export interface OutsideName {
  /** The claim `iss`. */
  readonly issuer: string
  /** The claim `sub`; null where the token has none. */
  readonly subject: string | null
}

/**
 * The kind in a row of `actors`. Tokens of an outside issuer have a kind of their own there: a server of the release before
 * looks for an actor without issuer and subject, and would find any of them.
 */
type StoredKind = ActorKind | 'outside_token'

/** The `ActorKind` of a row of `actors`. */
export function actorKind(row: Sql): Sql {
  return sql`case ${row}.kind when 'outside_token' then 'token' else ${row}.kind end`
}

/** A row of `actors` never changes, so its id may be remembered. */
const knownIds = perContext(() => new Map<string, number>())
/** More are looked up again. */
const maxKnown = 50_000

/** The id of an actor's row, which is made at the actor's first write. */
export async function actorIdOf(context: Context, name: ActorName): Promise<number> {
  const known = knownIds(context)
  const key = JSON.stringify([name.merchantId, name.kind, name.apiKeyId, name.surface, name.outside])
  let id = known.get(key)
  if (id === undefined) {
    id = (await selectId(context, name)) ?? (await insertActor(context, name))
    if (known.size >= maxKnown) known.clear()
    known.set(key, id)
  }
  return id
}

function storedKind({ kind, outside }: ActorName): StoredKind {
  return outside ? 'outside_token' : kind
}

async function insertActor(context: Context, name: ActorName): Promise<number> {
  await context.db.query(sql`
    insert into actors (merchant_id, kind, api_key_id, surface, issuer, subject)
    values (
      ${name.merchantId}, ${storedKind(name)}, ${name.apiKeyId}, ${name.surface}, ${name.outside?.issuer ?? null},
      ${name.outside?.subject ?? null}
    )
    on conflict do nothing
  `)
  const id = await selectId(context, name)
  if (id === undefined) throw new Error('an actor was not stored')
  return id
}

async function selectId(context: Context, name: ActorName): Promise<number | undefined> {
  const [row] = await context.db.query<{ id: number }>(sql`
    select id from actors
    where merchant_id = ${name.merchantId} and kind = ${storedKind(name)} and surface = ${name.surface}
      and ${isSame(sql`api_key_id`, name.apiKeyId)}
      and ${isSame(sql`issuer`, name.outside?.issuer ?? null)}
      and ${isSame(sql`subject`, name.outside?.subject ?? null)}
  `)
  return row?.id
}

/** As `is not distinct from`, which no index answers. */
function isSame(column: Sql, value: string | null): Sql {
  return value === null ? sql`${column} is null` : sql`${column} = ${value}`
}
