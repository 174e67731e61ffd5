import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { DestinationType } from './payout-processor.ts'

/** A place outside to which a merchant pays out. The same account is the same recipient. */
export interface Recipient {
  /** Its id where ids are numbers. */
  id: bigint
  /** `RCP_…` */
  code: string
  type: DestinationType
  /** Of a mobile wallet, the telephone number. Null, as the name, once the person was erased. */
  accountNumber: string | null
  /** Of a mobile wallet, the code of the operator. */
  bankCode: string
  currency: Currency
  name: string | null
  email: string | null
  description: string | null
  metadata: Record<string, unknown> | null
  /** Whether new payouts may go to it. */
  isActive: boolean
  createdAt: Date
  updatedAt: Date
}

/** The account that makes a recipient the same. */
interface RecipientAccount {
  type: DestinationType
  accountNumber: string
  bankCode: string
  currency: Currency
}

export interface NewRecipient extends Omit<RecipientAccount, 'currency'> {
  /** Default the merchant's. */
  currency?: string | undefined
  name: string
  email?: string | undefined
  description?: string | undefined
  metadata?: Record<string, unknown> | undefined
}

export interface RecipientRow {
  id: bigint
  code: string
  type: DestinationType
  account_number: string | null
  bank_code: string
  currency: Currency
  name: string | null
  email: string | null
  description: string | null
  metadata: Record<string, unknown> | null
  active: boolean
  created_at: Date
  updated_at: Date
}

/** The columns of a `RecipientRow`, of the recipient `r`. */
export const recipientColumns = sql`
  r.id, r.code, r.type, r.account_number, r.bank_code, r.currency, r.name, r.email, r.description, r.metadata, r.active,
  r.created_at, r.updated_at
`

/**
 * Makes a recipient, or answers the one that has the account: nothing of it is overwritten, but one that was deactivated is active
 * again. Throws `currency_not_held`.
 */
export async function createRecipient(context: Context, tenant: Tenant, wanted: NewRecipient): Promise<Recipient> {
  const currency = heldCurrency(tenant.merchant, wanted.currency)
  const [recipient] = await ensureRecipients(context, context.db, tenant, [{ ...wanted, currency }])
  return recipient as Recipient
}

/** As `createRecipient` for many, in order. */
export async function ensureRecipients(
  context: Pick<Context, 'clock' | 'random'>,
  db: Queryable,
  tenant: Tenant,
  wanted: readonly (Omit<NewRecipient, 'currency'> & { currency: Currency })[],
): Promise<Recipient[]> {
  // A recipient that another transaction makes at this moment is found by the next look, also inside a transaction of ours.
  for (let look = 1; look <= maxLooks; look++) {
    const found = await tryRecipients(context, db, tenant, wanted)
    if (found !== null) return found
  }
  throw new Error('a recipient was neither found nor made')
}

const maxLooks = 5

/** Null where another transaction has made one of them first. */
async function tryRecipients(
  { clock, random }: Pick<Context, 'clock' | 'random'>,
  db: Queryable,
  { merchant, mode }: Tenant,
  wanted: readonly (Omit<NewRecipient, 'currency'> & { currency: Currency })[],
): Promise<Recipient[] | null> {
  if (wanted.length === 0) return []
  const now = clock.now()
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  const rows = await repeatAfterCollision([], () =>
    db.query<RecipientRow & { place: bigint }>(sql`
      with wanted as (
        select * from unnest(
          ${wanted.map(() => `RCP_${randomCode(random, 15)}`)}::text[], ${wanted.map((each) => each.type)}::text[],
          ${wanted.map((each) => each.accountNumber)}::text[], ${wanted.map((each) => each.bankCode)}::text[],
          ${wanted.map((each) => each.currency)}::text[], ${wanted.map((each) => each.name)}::text[],
          ${wanted.map((each) => each.email ?? null)}::text[], ${wanted.map((each) => each.description ?? null)}::text[],
          ${wanted.map((each) => json(each.metadata))}::text[]
        ) with ordinality as w (code, type, account_number, bank_code, currency, name, email, description, metadata, place)
      ),
      known as (
        select w.place, r.*
        from wanted w
        cross join lateral (
          select * from recipients o
          where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.type = w.type
            and o.account_number = w.account_number and o.bank_code = w.bank_code and o.currency = w.currency
          limit 1
        ) r
      ),
      revived as (
        update recipients r set active = true, updated_at = ${now}::timestamptz
        from known k
        where r.merchant_id = ${merchant.id} and r.id = k.id and not k.active
      ),
      missing as (
        select distinct on (w.type, w.account_number, w.bank_code, w.currency) w.*
        from wanted w
        where not exists (select from known k where k.place = w.place)
        order by w.type, w.account_number, w.bank_code, w.currency, w.place
      ),
      ids as materialized (
        select allocate_ids(${merchant.id}, (select count(*)::integer from missing)) as first
      ),
      made as (
        insert into recipients as r (
          merchant_id, id, mode, code, type, account_number, bank_code, currency, name, email, description, metadata,
          created_at, updated_at
        )
        select
          ${merchant.id}, i.first + row_number() over (order by m.place) - 1, ${mode}, m.code, m.type, m.account_number,
          m.bank_code, m.currency, m.name, m.email, m.description, m.metadata::json, ${now}::timestamptz, ${now}::timestamptz
        from missing m
        cross join ids i
        on conflict (merchant_id, mode, type, account_number, bank_code, currency) do nothing
        returning r.*
      )
      select w.place, ${recipientColumns}
      from wanted w
      join (
        select * from made
        union all
        select ${knownColumns} from known k
      ) r on r.type = w.type and r.account_number = w.account_number and r.bank_code = w.bank_code and r.currency = w.currency
      order by w.place
    `),
  )
  // A recipient that is wanted twice is found twice at each of its places.
  const byPlace = new Map(rows.map((row) => [row.place, row]))
  if (byPlace.size < wanted.length) return null
  return wanted.map((_, i) => ({ ...readRecipient(byPlace.get(BigInt(i + 1)) as RecipientRow), isActive: true }))
}

const knownColumns = sql`
  k.merchant_id, k.id, k.mode, k.code, k.type, k.account_number, k.bank_code, k.currency, k.name, k.email, k.description,
  k.metadata, k.active, k.created_at, k.updated_at, k.recorded_at
`

/** A recipient by its code, or by its number. Throws `recipient_not_found`. */
export async function getRecipient(context: Context, tenant: Tenant, name: string): Promise<Recipient> {
  const rows = await context.db.query<RecipientRow>(sql`
    select ${recipientColumns} from recipients r
    where r.merchant_id = ${tenant.merchant.id} and r.mode = ${tenant.mode} and ${isNamed(name)}
  `)
  if (rows[0] === undefined) throw notFound(name)
  return readRecipient(rows[0])
}

/** Recipients that may be paid out to, newest first, from those older than `before`. */
export async function listRecipients(
  context: Context,
  { merchant, mode }: Tenant,
  { before, limit }: { before: bigint | undefined; limit: number },
): Promise<Recipient[]> {
  const rows = await context.db.query<RecipientRow>(sql`
    select ${recipientColumns} from recipients r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and r.active
      and r.id < ${before ?? 9_223_372_036_854_775_807n}::bigint
    order by r.id desc
    limit ${limit}
  `)
  return rows.map(readRecipient)
}

/** Changes the given members. Throws `recipient_not_found`. */
export async function updateRecipient(
  tx: TxContext,
  { merchant, mode }: Tenant,
  name: string,
  change: { name?: string | undefined; email?: string | undefined; isActive?: boolean | undefined },
): Promise<Recipient> {
  const [row] = await tx.db.query<RecipientRow>(sql`
    update recipients r set
      name = case when r.account_number is not null then coalesce(${change.name ?? null}::text, r.name) end,
      email = case when r.account_number is not null then coalesce(${change.email ?? null}::text, r.email) end,
      active = coalesce(${change.isActive ?? null}::boolean, r.active), updated_at = ${tx.clock.now()}
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${isNamed(name)}
    returning ${recipientColumns}
  `)
  if (row === undefined) throw notFound(name)
  // The trail is kept for good, so it has the names of the members alone.
  const changed = Object.entries(change).flatMap(([member, value]) => (value === undefined ? [] : [member]))
  noteChange(tx, { object: row.code, after: { changed, active: row.active } })
  return readRecipient(row)
}

function isNamed(name: string): Sql {
  return /^\d{1,18}$/.test(name) ? sql`r.id = ${BigInt(name)}::bigint` : sql`r.code = ${name}`
}

function notFound(name: string): ServiceError {
  return new ServiceError('recipient_not_found', `There is no recipient ${JSON.stringify(name)}`)
}

export function readRecipient(row: RecipientRow): Recipient {
  return {
    id: row.id,
    code: row.code,
    type: row.type,
    accountNumber: row.account_number,
    bankCode: row.bank_code,
    currency: row.currency,
    name: row.name,
    email: row.email,
    description: row.description,
    metadata: row.metadata,
    isActive: row.active,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
