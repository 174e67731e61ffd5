import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type NewRecipient, type Recipient, type RecipientRow, readRecipient, recipientColumns } from './recipients.ts'

/**
 * The recipient of a payout. Where the payout names an account: the account, and its recipient, null where the payout makes it. One that
 * is not active becomes active with the payout.
 */
export type Place = { recipient: Recipient; account: null } | { recipient: Recipient | null; account: AccountPlace }
export type AccountPlace = Omit<NewRecipient, 'currency'>

/** The place to which a new payout goes. A recipient is named by its code. */
export type NewDestination = { recipientCode: string } | AccountPlace

interface Wanted {
  destination: NewDestination
  currency: Currency
}

/**
 * The place of each payout, or why it has none. An account becomes a recipient with its payout, so a
 * refused payout leaves none.
 */
export async function findPlaces(
  db: Queryable,
  tenant: Tenant,
  wanted: readonly Wanted[],
): Promise<(Place | ServiceError)[]> {
  const { merchant, mode } = tenant
  const named = await findNamed(db, tenant, wanted)
  const accounts = wanted.flatMap(({ destination, currency }, i) =>
    'recipientCode' in destination ? [] : [{ i, currency, destination }],
  )
  const list = (pick: (account: AccountPlace) => string) => accounts.map(({ destination }) => pick(destination))
  const rows =
    accounts.length === 0
      ? []
      : await db.query<RecipientRow & { place: bigint }>(sql`
          select w.place, ${recipientColumns}
          from unnest(
            ${list(({ type }) => type)}::text[], ${list(({ accountNumber }) => accountNumber)}::text[],
            ${list(({ bankCode }) => bankCode)}::text[], ${accounts.map(({ currency }) => currency)}::text[]
          ) with ordinality as w (type, account_number, bank_code, currency, place)
          -- The order leaves the planner one index, also where it knows nothing of the table: the unique one.
          cross join lateral (
            select * from recipients o
            where (o.merchant_id, o.mode, o.type, o.account_number, o.bank_code, o.currency)
              >= (${merchant.id}, ${mode}, w.type, w.account_number, w.bank_code, w.currency)
            order by o.merchant_id, o.mode, o.type, o.account_number, o.bank_code, o.currency
            limit 1
          ) r
          where r.merchant_id = ${merchant.id} and r.mode = ${mode} and r.type = w.type
            and r.account_number = w.account_number and r.bank_code = w.bank_code and r.currency = w.currency
        `)
  const known = new Map(rows.map((row) => [row.place, readRecipient(row)]))
  const byCall = new Map(
    accounts.map(({ i, destination }, at): [number, Place] => [
      i,
      { recipient: known.get(BigInt(at + 1)) ?? null, account: destination },
    ]),
  )
  return wanted.map((each, i) => byCall.get(i) ?? placeOf(each, named))
}

/** The recipients that are named by their codes, by these. */
async function findNamed(
  db: Queryable,
  { merchant, mode }: Tenant,
  wanted: readonly Wanted[],
): Promise<Map<string, Recipient>> {
  const codes = wanted.flatMap(({ destination }) => ('recipientCode' in destination ? [destination.recipientCode] : []))
  if (codes.length === 0) return new Map()
  const rows = await db.query<RecipientRow>(sql`
    select ${recipientColumns}
    from unnest(${[...new Set(codes)]}::text[]) as n (code)
    cross join lateral (
      select * from recipients o where o.merchant_id = ${merchant.id} and o.code = n.code limit 1
    ) r
    where r.mode = ${mode}
  `)
  return new Map(rows.map((row) => [row.code, readRecipient(row)]))
}

function placeOf({ destination, currency }: Wanted, named: Map<string, Recipient>): Place | ServiceError {
  const code = 'recipientCode' in destination ? destination.recipientCode : ''
  const field = 'destination.recipientId'
  const recipient = named.get(code)
  if (recipient === undefined) {
    return new ServiceError('recipient_not_found', `There is no recipient ${JSON.stringify(code)}`, field)
  }
  if (!recipient.isActive || recipient.accountNumber === null) {
    return new ServiceError(
      'recipient_inactive',
      `The recipient ${code} was deactivated; name another, or its account`,
      field,
    )
  }
  if (recipient.currency === currency) return { recipient, account: null }
  const message = `The recipient ${code} is paid in ${recipient.currency}, not in ${currency}`
  return new ServiceError('invalid_request', message, field)
}
