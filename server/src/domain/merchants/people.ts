import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { codeOf } from '../../db/errors.ts'
import { nothing, sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { readName } from './merchants.ts'
import type { Tenant } from './tenant.ts'

/** Somebody who works with a merchant's keys. A customer is no such person. */
export interface Person {
  id: string
  name: string
  /** Lower case. No other person of the tenant who has not ended has it. */
  email: string
  createdAt: Date
  updatedAt: Date
  /** Since this time the person has no key. */
  endedAt: Date | null
}

interface PersonRow {
  id: string
  name: string
  email: string
  created_at: Date
  updated_at: Date
  ended_at: Date | null
}

const columns = sql`id, name, email, created_at, updated_at, ended_at`
const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Throws `invalid_request`, `email_taken`. */
export async function createPerson(
  tx: TxContext,
  { merchant, mode }: Tenant,
  input: { name: string; email: string },
): Promise<Person> {
  const now = tx.clock.now()
  const [row] = await refusingTaken(input.email, () =>
    tx.db.query<PersonRow>(sql`
      insert into people (merchant_id, id, mode, name, email, created_at, updated_at)
      values (
        ${merchant.id}, ${uuidV7(tx.random, now)}, ${mode}, ${readName(input.name)}, ${input.email.toLowerCase()}, ${now},
        ${now}
      )
      returning ${columns}
    `),
  )
  const person = readPerson(row as PersonRow)
  noteChange(tx, { object: person.id, after: { name: person.name, email: person.email } })
  return person
}

/** Newest first, with people who have ended. */
export async function listPeople(
  context: Context,
  { merchant, mode }: Tenant,
  { limit, offset }: PageRequest,
): Promise<Page<Person>> {
  const rows = await context.db.query<PersonRow & { total: bigint }>(sql`
    select t.total, p.*
    from (select count(*) as total from people where merchant_id = ${merchant.id} and mode = ${mode}) t
    left join (
      select ${columns} from people
      where merchant_id = ${merchant.id} and mode = ${mode}
      order by id desc
      limit ${limit} offset ${offset}
    ) p on true
    order by p.id desc
  `)
  return readPage(rows, readPerson)
}

/** Throws `person_not_found`. */
export async function getPerson(context: Context, tenant: Tenant, id: string): Promise<Person> {
  return selectPerson(context, tenant, id, false)
}

/** Reads like `getPerson` and locks the row until the transaction ends. */
export async function lockPerson(tx: TxContext, tenant: Tenant, id: string): Promise<Person> {
  return selectPerson(tx, tenant, id, true)
}

/** Locks the person against ending meanwhile. Throws `person_not_found`, also for a person who has ended. */
export async function lockActivePerson(context: Context, tenant: Tenant, id: string): Promise<Person> {
  const person = await selectPerson(context, tenant, id, true)
  if (person.endedAt === null) return person
  throw new ServiceError('person_not_found', `The person "${id}" has ended and can have no key`, 'personId')
}

/** Throws `person_not_found`, also for a person who has ended, `invalid_request`, `email_taken`. */
export async function updatePerson(
  tx: TxContext,
  tenant: Tenant,
  id: string,
  { name, email }: { name?: string | undefined; email?: string | undefined },
): Promise<Person> {
  const current = await lockPerson(tx, tenant, id)
  if (current.endedAt !== null) {
    throw new ServiceError('person_not_found', `The person "${id}" has ended and is not changed any more`)
  }
  const [row] = await refusingTaken(email ?? '', () =>
    tx.db.query<PersonRow>(sql`
      update people set
        name = coalesce(${name === undefined ? null : readName(name)}, name),
        email = coalesce(${email?.toLowerCase() ?? null}, email), updated_at = ${tx.clock.now()}
      where merchant_id = ${tenant.merchant.id} and id = ${id}
      returning ${columns}
    `),
  )
  const changed = readPerson(row as PersonRow)
  const before = { name: current.name, email: current.email }
  noteChange(tx, { object: id, before, after: { name: changed.name, email: changed.email } })
  return changed
}

/** Marks a person as ended; the caller revokes the person's keys in the same transaction. Throws `person_not_found`. */
export async function markPersonEnded(tx: TxContext, tenant: Tenant, id: string): Promise<Person> {
  const now = tx.clock.now()
  const { endedAt } = await lockPerson(tx, tenant, id)
  noteChange(tx, { object: id, before: { ended: endedAt !== null }, after: { ended: true } })
  const [row] = await tx.db.query<PersonRow>(sql`
    update people set ended_at = coalesce(ended_at, ${now}), updated_at = case when ended_at is null then ${now} else updated_at end
    where merchant_id = ${tenant.merchant.id} and id = ${id}
    returning ${columns}
  `)
  return readPerson(row as PersonRow)
}

async function selectPerson(context: Context, { merchant, mode }: Tenant, id: string, locked: boolean) {
  const [row] = idPattern.test(id)
    ? await context.db.query<PersonRow>(sql`
        select ${columns} from people
        where merchant_id = ${merchant.id} and mode = ${mode} and id = ${id}
        ${locked ? sql`for no key update` : nothing}
      `)
    : []
  if (row === undefined) throw new ServiceError('person_not_found', `There is no person "${id}"`)
  return readPerson(row)
}

async function refusingTaken<Row>(email: string, write: () => Promise<Row[]>): Promise<Row[]> {
  try {
    return await write()
  } catch (error) {
    if (codeOf(error) !== '23505') throw error
    throw new ServiceError('email_taken', `Another person has the e-mail ${email}`, 'email')
  }
}

function readPerson(row: PersonRow): Person {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at,
  }
}
