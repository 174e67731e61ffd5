import { isIP } from 'node:net'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Context, perContext } from '../context.ts'

export type ActorKind = 'key' | 'token' | 'operator'

/** Who does something, from which surface and address, and with which request. Background work has no actor. */
export interface Actor {
  /** The row of `actors`, which has kind, key, surface and address. */
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
  /** The network address of the call, as the connection or a trusted proxy says it. Null or no address where none is known. */
  address?: string | null | undefined
}

/** The names in a token of an outside issuer. */
export interface OutsideName {
  /** The claim `iss`. */
  readonly issuer: string
  /** The claim `sub`; null where the token has none. */
  readonly subject: string | null
}

/**
 * The kind in a row of `actors`. Tokens of an outside issuer, and actors with an address, have kinds of their own there: a server
 * of the release before looks for an actor without these, and would find any of them.
 */
type NamedKind = ActorKind | 'outside_token'
type StoredKind = NamedKind | `${NamedKind}_at`

/** The `ActorKind` of a row of `actors`. */
export function actorKind(row: Sql): Sql {
  return sql`case when ${row}.kind like 'outside_token%' then 'token' else split_part(${row}.kind, '_', 1) end`
}

/** An address as PostgreSQL reads it; null for anything else. */
function readAddress(text: string | null | undefined): string | null {
  // A connection of IPv4 to a socket of IPv6, and the zone of a link.
  const plain = (text ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return isIP(plain) === 0 ? null : plain
}

/** A row of `actors` stays, so its id may be remembered. */
const knownIds = perContext(() => new Map<string, number>())
/** More are looked up again. */
const maxKnown = 50_000

/** The row of an actor. An actor has a row for each address and month, because an address is kept for a limited time. */
interface ActorRow extends ActorName {
  address: string | null
  /** Its first day; null without an address. */
  month: string | null
}

/** The id of an actor's row, which is made at the actor's first write. */
export async function actorIdOf(context: Context, actor: ActorName): Promise<number> {
  const known = knownIds(context)
  const address = readAddress(actor.address)
  const month = address === null ? null : `${context.clock.now().toISOString().slice(0, 7)}-01`
  const name: ActorRow = { ...actor, address, month }
  const key = JSON.stringify([name.merchantId, name.kind, name.apiKeyId, name.surface, name.outside, address, month])
  let id = known.get(key)
  if (id === undefined) {
    id = (await selectId(context, name)) ?? (await insertActor(context, name))
    if (known.size >= maxKnown) known.clear()
    known.set(key, id)
  }
  return id
}

function storedKind({ kind, outside, address }: ActorRow): StoredKind {
  const named = outside ? 'outside_token' : kind
  return address === null ? named : `${named}_at`
}

async function insertActor(context: Context, name: ActorRow): Promise<number> {
  await context.db.query(sql`
    insert into actors (merchant_id, kind, api_key_id, surface, issuer, subject, address, month)
    values (
      ${name.merchantId}, ${storedKind(name)}, ${name.apiKeyId}, ${name.surface}, ${name.outside?.issuer ?? null},
      ${name.outside?.subject ?? null}, ${name.address}::inet, ${name.month}::date
    )
    on conflict do nothing
  `)
  const id = await selectId(context, name)
  if (id === undefined) throw new Error('an actor was not stored')
  return id
}

async function selectId(context: Context, name: ActorRow): Promise<number | undefined> {
  const [row] = await context.db.query<{ id: number }>(sql`
    select id from actors
    where merchant_id = ${name.merchantId} and kind = ${storedKind(name)} and surface = ${name.surface}
      and ${isSame(sql`api_key_id`, name.apiKeyId)}
      and ${isSame(sql`issuer`, name.outside?.issuer ?? null)}
      and ${isSame(sql`subject`, name.outside?.subject ?? null)}
      ${name.address === null ? nothing : sql`and address = ${name.address}::inet and month = ${name.month}::date`}
  `)
  return row?.id
}

/** As `is not distinct from`, which no index answers. */
function isSame(column: Sql, value: string | null): Sql {
  return value === null ? sql`${column} is null` : sql`${column} = ${value}`
}
