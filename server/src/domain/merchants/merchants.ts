import type { CountryCode } from 'libphonenumber-js'
import { isSupportedCountry } from 'libphonenumber-js/max'
import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import { type Currency, parseCurrency } from '../../base/money.ts'
import { readTimeZone, timeZoneOf } from '../../base/time-zones.ts'
import { refuseInvisible } from '../../base/visible-text.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange, type TxContext } from '../context.ts'
import type { Merchant } from './tenant.ts'

export interface NewMerchant {
  name: string
  /** ISO 3166 alpha-2. Default ZA. */
  country?: string | undefined
  /** ISO 4217, the default currency first. Default ZAR. */
  currencies?: readonly string[] | undefined
  /** IANA name. Default: the zone of the country, of its capital where a country has several. */
  timeZone?: string | undefined
}

export interface MerchantRow {
  id: number
  code: string
  name: string
  country: string
  currencies: string[]
  time_zone: string | null
  created_at: Date
  closed_at: Date | null
}

/** The columns of `MerchantRow`, of merchants joined as `m`. */
export const merchantColumns = sql`
  m.id, m.code, m.name, m.country, m.currencies, m.time_zone, m.created_at, m.closed_at
`

/** Throws `invalid_request`, naming the field, for an unknown country, currency or time zone. */
export async function createMerchant(context: Context, input: NewMerchant): Promise<Merchant> {
  return inTransaction(context, (tx) => insertMerchant(tx, input))
}

/** Works like `createMerchant` within a transaction. */
export async function insertMerchant(tx: TxContext, input: NewMerchant): Promise<Merchant> {
  const { name, country, currencies, timeZone } = checkMerchant(input)
  const [row] = await tx.db.query<MerchantRow>(sql`
    insert into merchants as m (code, name, country, currencies, time_zone, created_at)
    values (${`mer_${randomCode(tx.random, 15)}`}, ${name}, ${country}, ${currencies}, ${timeZone}, ${tx.clock.now()})
    returning ${merchantColumns}
  `)
  const merchant = readMerchant(row as MerchantRow)
  const after = { name, country, currencies, timeZone }
  noteChange(tx, { object: merchant.code, merchantId: merchant.id, mode: null, after })
  // Nine digits, as clients are used to, with room for as many again.
  const firstId = 100_000_000 + (tx.random.bytes(4).readUInt32BE() % 800_000_000)
  await tx.db.query(sql`insert into merchant_ids (merchant_id, last_id) values (${merchant.id}, ${firstId})`)
  await tx.db.query(sql`
    insert into merchant_counters (merchant_id, mode) values (${merchant.id}, 'test'), (${merchant.id}, 'live')
  `)
  return merchant
}

function checkMerchant(input: NewMerchant) {
  const name = readName(input.name)
  const country = parseCountry(input.country ?? 'ZA')
  const currencies = [...new Set((input.currencies ?? ['ZAR']).map((each) => parseCurrency(each, 'currencies')))]
  if (currencies.length === 0) {
    throw new ServiceError('invalid_request', 'currencies must name at least one', 'currencies')
  }
  const timeZone = input.timeZone === undefined ? timeZoneOf(country) : parseTimeZone(input.timeZone)
  return { name, country, currencies, timeZone }
}

/** Throws `invalid_request`. */
export function readName(text: string): string {
  const name = text.trim()
  refuseInvisible(name, 'name')
  if (name !== '' && name.length <= 200) return name
  throw new ServiceError('invalid_request', 'name must be 1 to 200 characters', 'name')
}

/** All merchants, oldest first. For the operator only. */
export async function listMerchants(context: Context): Promise<Merchant[]> {
  const rows = await context.db.query<MerchantRow>(sql`
    select ${merchantColumns} from merchants m order by m.id
  `)
  return rows.map(readMerchant)
}

/** Reads a merchant by code or integration number. Throws `merchant_not_found`. For the operator only. */
export async function getMerchant(context: Context, reference: string): Promise<Merchant> {
  const number = /^\d{1,9}$/.test(reference) ? Number(reference) : null
  const [row] = await context.db.query<MerchantRow>(sql`
    select ${merchantColumns} from merchants m
    where m.code = ${reference} or m.id = ${number}::integer
  `)
  if (row === undefined) throw new ServiceError('merchant_not_found', `There is no merchant "${reference}"`)
  return readMerchant(row)
}

export function readMerchant(row: MerchantRow): Merchant {
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    country: row.country,
    timeZone: row.time_zone ?? timeZoneOf(row.country),
    currencies: row.currencies as [Currency, ...Currency[]],
    createdAt: row.created_at,
    closedAt: row.closed_at,
  }
}

/** The given currency, if the merchant holds it, or the merchant's default. Throws `currency_not_held`. */
export function heldCurrency(merchant: Merchant, code: string | undefined): Currency {
  if (code === undefined) return merchant.currencies[0]
  const currency = parseCurrency(code)
  if (merchant.currencies.includes(currency)) return currency
  const message = `The merchant does not hold ${currency}; it holds ${merchant.currencies.join(', ')}`
  throw new ServiceError('currency_not_held', message, 'currency')
}

/** Throws `invalid_request` for a name that is none. */
export function parseTimeZone(name: string): string {
  const zone = readTimeZone(name.trim())
  if (zone !== null) return zone
  const message = `timeZone must be the IANA name of a time zone, such as Africa/Lagos, not "${name}"`
  throw new ServiceError('invalid_request', message, 'timeZone')
}

function parseCountry(country: string): CountryCode {
  const upper = country.trim().toUpperCase()
  if (isSupportedCountry(upper)) return upper
  const rule = 'the ISO 3166 code of a country that has phone numbers, such as ZA'
  throw new ServiceError('invalid_request', `country must be ${rule}, not "${country}"`, 'country')
}
