import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { timeZoneOf } from '../../base/time-zones.ts'
import { sql } from '../../db/sql.ts'
import type { Actor } from './actors.ts'

export type Mode = 'test' | 'live'

/** The merchant that owns customers and money. */
export interface Merchant {
  /** Its number. */
  readonly id: number
  /** `mer_…`, its name on every surface that has texts for ids. */
  readonly code: string
  readonly name: string
  /** ISO 3166 alpha-2. A phone number in local form is read as one of this country. */
  readonly country: string
  /** IANA name, such as Africa/Lagos. Days and times without an offset are the merchant's. */
  readonly timeZone: string
  /** The currencies that the merchant holds. The first is the default. */
  readonly currencies: readonly [Currency, ...Currency[]]
  readonly createdAt: Date
  /** A closed merchant can be read and not changed. */
  readonly closedAt: Date | null
}

/** Every object belongs to one (merchant, mode), and is invisible from any other. */
export interface Tenant {
  readonly merchant: Merchant
  readonly mode: Mode
  /** Who acts for the tenant, for the trail. Background work and readers have none. */
  readonly actor?: Actor
}

/** Throws `merchant_closed` for a merchant that was closed. */
export function refuseClosed({ name, closedAt }: Merchant): void {
  if (closedAt === null) return
  const message = `The merchant ${name} was closed on ${closedAt.toISOString().slice(0, 10)}; it can only be read`
  throw new ServiceError('merchant_closed', message)
}

/** Names a tenant in one word, so that calls of different tenants are kept apart. */
export function tenantKey({ merchant, mode }: Tenant): string {
  return `${merchant.id}/${mode}`
}

/** A row of a tenant, joined with its merchant. */
export interface TenantRow {
  merchant_id: number
  merchant_code: string
  merchant_name: string
  merchant_country: string
  merchant_currencies: string[]
  merchant_time_zone: string | null
  merchant_created_at: Date
  merchant_closed_at: Date | null
  mode: Mode
}

/** The columns of a row's merchant, joined as `m`, that `readTenant` needs beside the row's own `mode`. */
export const tenantColumns = sql`
  m.id as merchant_id, m.code as merchant_code, m.name as merchant_name, m.country as merchant_country,
  m.currencies as merchant_currencies, m.time_zone as merchant_time_zone, m.created_at as merchant_created_at,
  m.closed_at as merchant_closed_at
`

export function readTenant(row: TenantRow): Tenant {
  const merchant: Merchant = {
    id: row.merchant_id,
    code: row.merchant_code,
    name: row.merchant_name,
    country: row.merchant_country,
    timeZone: row.merchant_time_zone ?? timeZoneOf(row.merchant_country),
    currencies: row.merchant_currencies as [Currency, ...Currency[]],
    createdAt: row.merchant_created_at,
    closedAt: row.merchant_closed_at,
  }
  return { merchant, mode: row.mode }
}
