import { sql } from '../../db/sql.ts'
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
  /** Null for the operator, and for a token of an outside issuer. */
  apiKeyId: string | null
  surface: string
}

/** A row of `actors` never changes, so its id may be remembered. */
const knownIds = perContext(() => new Map<string, number>())
/** More are looked up again. */
const maxKnown = 50_000

/** The id of an actor's row, which is made at the actor's first write. */
export async function actorIdOf(context: Context, name: ActorName): Promise<number> {
  const known = knownIds(context)
  const key = JSON.stringify([name.merchantId, name.kind, name.apiKeyId, name.surface])
  let id = known.get(key)
  if (id === undefined) {
    id = (await selectId(context, name)) ?? (await insertActor(context, name))
    if (known.size >= maxKnown) known.clear()
    known.set(key, id)
  }
  return id
}

async function insertActor(context: Context, name: ActorName): Promise<number> {
  await context.db.query(sql`
    insert into actors (merchant_id, kind, api_key_id, surface)
    values (${name.merchantId}, ${name.kind}, ${name.apiKeyId}, ${name.surface})
    on conflict do nothing
  `)
  const id = await selectId(context, name)
  if (id === undefined) throw new Error('an actor was not stored')
  return id
}

async function selectId(context: Context, name: ActorName): Promise<number | undefined> {
  const [row] = await context.db.query<{ id: number }>(sql`
    select id from actors
    where merchant_id = ${name.merchantId} and kind = ${name.kind} and surface = ${name.surface}
      and api_key_id is not distinct from ${name.apiKeyId}::uuid
  `)
  return row?.id
}
