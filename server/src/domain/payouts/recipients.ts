import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { DestinationType, HolderAnswer } from './payout-processor.ts'

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
  /** The holder's name at the bank; null where nobody has said it. */
  nameAtBank: string | null
  /** What the bank said when it was asked for the name; null where it was not asked. */
  nameAnswer: NameAnswer | null
  nameAskedAt: Date | null
  /** Whether new payouts may go to it. */
  isActive: boolean
  createdAt: Date
  updatedAt: Date
}

type NameAnswer = NonNullable<HolderAnswer>['is']

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
  name_at_bank: string | null
  name_answer: NameAnswer | null
  name_asked_at: Date | null
  active: boolean
  created_at: Date
  updated_at: Date
}

/** The columns of a `RecipientRow`, of the recipient `r`. */
export const recipientColumns = sql`
  r.id, r.code, r.type, r.account_number, r.bank_code, r.currency, r.name, r.email, r.description, r.metadata, r.name_at_bank,
  r.name_answer, r.name_asked_at, r.active, r.created_at, r.updated_at
`

/**
 * Makes a recipient, or answers the one that has the account: nothing of it is overwritten, but one that was deactivated is active
 * again. Throws `currency_not_held`.
 */
export async function createRecipient(context: Context, tenant: Tenant, wanted: NewRecipient): Promise<Recipient> {
  const currency = heldCurrency(tenant.merchant, wanted.currency)
  // A recipient that another transaction makes at this moment is found by the next look, also inside a transaction of ours.
  for (let look = 1; look <= maxLooks; look++) {
    const [row] = await repeatAfterCollision([], () => ensureRecipient(context, tenant, { ...wanted, currency }))
    if (row !== undefined) return { ...readRecipient(row), isActive: true }
  }
  throw new Error('a recipient was neither found nor made')
}

const maxLooks = 5

/** Nothing where another transaction has made it first. */
function ensureRecipient(
  { clock, random, db }: Context,
  { merchant, mode }: Tenant,
  {
    type,
    accountNumber,
    bankCode,
    currency,
    name,
    email,
    description,
    metadata,
  }: NewRecipient & { currency: Currency },
): Promise<RecipientRow[]> {
  const now = clock.now()
  const known = sql`
    select * from recipients o
    where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.type = ${type} and o.account_number = ${accountNumber}
      and o.bank_code = ${bankCode} and o.currency = ${currency}`
  return db.query<RecipientRow>(sql`
    with known as (${known}),
    revived as (
      update recipients r set active = true, updated_at = ${now}::timestamptz
      from known k
      where r.merchant_id = ${merchant.id} and r.id = k.id and not k.active
    ),
    missing as materialized (
      select allocate_ids(${merchant.id}, 1) as id where not exists (select from known)
    ),
    made as (
      insert into recipients as r (
        merchant_id, id, mode, code, type, account_number, bank_code, currency, name, email, description, metadata,
        created_at, updated_at
      )
      select
        ${merchant.id}, m.id, ${mode}, ${newRecipientCode(random)}, ${type}, ${accountNumber}, ${bankCode}, ${currency}, ${name},
        ${email ?? null}, ${description ?? null}, ${metadata === undefined ? null : JSON.stringify(metadata)}::json,
        ${now}::timestamptz, ${now}::timestamptz
      from missing m
      on conflict (merchant_id, mode, type, account_number, bank_code, currency) do nothing
      returning r.*
    )
    select ${recipientColumns} from made r
    union all
    select ${recipientColumns} from known r
  `)
}

export function newRecipientCode(random: Context['random']): string {
  return `RCP_${randomCode(random, 15)}`
}

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
  // The trail is kept for good, so it has the names of the members alone, as /v1 has them.
  const given = { accountName: change.name, email: change.email, active: change.isActive }
  const changed = Object.entries(given).flatMap(([member, value]) => (value === undefined ? [] : [member]))
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
    nameAtBank: row.name_at_bank,
    nameAnswer: row.name_answer,
    nameAskedAt: row.name_asked_at,
    isActive: row.active,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
