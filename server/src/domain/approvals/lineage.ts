import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { scopesOf } from '../merchants/scopes.ts'
import type { Tenant } from '../merchants/tenant.ts'

/**
 * A key with the keys that made it or that it replaced, theirs, and so on, and the people of all these keys. Whoever made a key
 * has read its secret. So two keys are in different hands only if their lineages have nothing in common. A lineage never changes.
 */
export interface Lineage {
  readonly keys: readonly string[]
  readonly people: readonly string[]
}

/** The one who asks for something. */
export interface Asker {
  readonly lineage: Lineage
  /** Names the person behind the key, else the first key of its makers, else who signed the token, else the operator. */
  readonly name: string
}

interface LineageRow {
  keys: string[]
  people: string[]
  person: string | null
  first: string | null
}

/** The lineage of a key; empty for null. `person` is that of the nearest key that has one, `first` the first key. */
async function readLineage({ db }: Context, { merchant }: Tenant, apiKeyId: string | null) {
  if (apiKeyId === null) return { lineage: { keys: [], people: [] }, person: null, first: null }
  const [row] = await db.query<LineageRow>(sql`
    with recursive lineage (id, person_id, created_by, replaces, depth) as (
      select k.id, k.person_id, k.created_by, k.replaces, 0
      from api_keys k
      where k.merchant_id = ${merchant.id} and k.id = ${apiKeyId}
      union
      select k.id, k.person_id, k.created_by, k.replaces, l.depth + 1
      from lineage l
      join api_keys k on k.merchant_id = ${merchant.id} and k.id in (l.created_by, l.replaces)
    )
    select array_agg(distinct id) as keys,
      coalesce(array_agg(distinct person_id) filter (where person_id is not null), '{}') as people,
      (array_agg(person_id order by depth, id) filter (where person_id is not null))[1] as person,
      (array_agg(id order by depth desc, id))[1] as first
    from lineage
  `)
  return {
    lineage: { keys: row?.keys ?? [], people: row?.people ?? [] },
    person: row?.person ?? null,
    first: row?.first ?? null,
  }
}

/** Who the tenant's actor is. Work in the background asks for nothing. */
export async function readAsker(context: Context, tenant: Tenant): Promise<Asker> {
  const [row] = await context.db.query<{
    api_key_id: string | null
    issuer: string | null
    subject: string | null
  }>(sql`
    select api_key_id, issuer, subject from actors
    where merchant_id in (${tenant.merchant.id}, 0) and id = ${tenant.actor?.id ?? null}::integer
  `)
  const { lineage, person, first } = await readLineage(context, tenant, row?.api_key_id ?? null)
  const outside = row?.issuer == null ? 'operator' : JSON.stringify([row.issuer, row.subject])
  return { lineage, name: person ?? first ?? outside }
}

/** A person whose key may approve. */
export interface SecondPerson {
  readonly personId: string
  readonly lineage: Lineage
}

/** Null for a key that was revoked or has expired, of a program, of a person who has ended, or without the scope `approve`. */
export async function secondPersonOf(context: Context, tenant: Tenant, apiKeyId: string): Promise<SecondPerson | null> {
  const [key] = await context.db.query<{ person_id: string; role: string | null; scopes: string[] | null }>(sql`
    select k.person_id, k.role, k.scopes
    from api_keys k
    join people p on p.merchant_id = k.merchant_id and p.id = k.person_id
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode} and k.id = ${apiKeyId}
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > ${context.clock.now()}) and p.ended_at is null
  `)
  if (key === undefined || !scopesOf(key).includes('approve')) return null
  const { lineage } = await readLineage(context, tenant, apiKeyId)
  return { personId: key.person_id, lineage }
}

/** Whether two keys can be in the same hands. */
export function haveCommon(one: Lineage, other: Lineage): boolean {
  return one.keys.some((key) => other.keys.includes(key)) || one.people.some((person) => other.people.includes(person))
}
