import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type NewRecipient, type Recipient, type RecipientRow, readRecipient, recipientColumns } from './recipients.ts'

/** A recipient that is there; or an account, and the id of its recipient, null where the payout makes it. */
export type Place = PlaceOfRecipient | (AccountPlace & { id: bigint | null })
type PlaceOfRecipient = Pick<Recipient, 'id' | 'type'>
export type AccountPlace = Omit<NewRecipient, 'currency'>

/** The place to which a new payout goes. A recipient is named by its code. */
export type NewDestination = { recipientCode: string } | AccountPlace

interface Wanted {
  destination: NewDestination
  currency: Currency
}

/**
 * The place of each payout, or why it has none; null where nothing is asked. An account becomes a recipient with its payout, so a
 * refused payout leaves none.
 */
export async function findPlaces(
  db: Queryable,
  tenant: Tenant,
  wanted: readonly (Wanted | null)[],
): Promise<(Place | ServiceError | null)[]> {
  const { merchant, mode } = tenant
  const named = await findNamed(db, tenant, wanted)
  const accounts = wanted.flatMap((each, i) =>
    each === null || 'recipientCode' in each.destination
      ? []
      : [{ i, currency: each.currency, destination: each.destination }],
  )
  const list = (pick: (account: AccountPlace) => string) => accounts.map(({ destination }) => pick(destination))
  const rows =
    accounts.length === 0
      ? []
      : await db.query<{ place: bigint; id: bigint }>(sql`
          select w.place, r.id
          from unnest(
            ${list(({ type }) => type)}::text[], ${list(({ accountNumber }) => accountNumber)}::text[],
            ${list(({ bankCode }) => bankCode)}::text[], ${accounts.map(({ currency }) => currency)}::text[]
          ) with ordinality as w (type, account_number, bank_code, currency, place)
          cross join lateral (
            select o.id from recipients o
            where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.type = w.type
              and o.account_number = w.account_number and o.bank_code = w.bank_code and o.currency = w.currency
            limit 1
          ) r
        `)
  const ids = new Map(rows.map(({ place, id }) => [place, id]))
  const byCall = new Map(
    accounts.map(({ i, destination }, at) => [i, { ...destination, id: ids.get(BigInt(at + 1)) ?? null }]),
  )
  return wanted.map((each, i) => (each === null ? null : (byCall.get(i) ?? placeOf(each, named))))
}

/** The recipients that are named by their codes, by these. */
async function findNamed(
  db: Queryable,
  { merchant, mode }: Tenant,
  wanted: readonly (Wanted | null)[],
): Promise<Map<string, Recipient>> {
  const codes = wanted.flatMap((each) =>
    each !== null && 'recipientCode' in each.destination ? [each.destination.recipientCode] : [],
  )
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

function placeOf({ destination, currency }: Wanted, named: Map<string, Recipient>): PlaceOfRecipient | ServiceError {
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
  if (recipient.currency === currency) return { id: recipient.id, type: recipient.type }
  const message = `The recipient ${code} is paid in ${recipient.currency}, not in ${currency}`
  return new ServiceError('invalid_request', message, field)
}
