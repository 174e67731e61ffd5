import type { Currency } from '../../base/money.ts'
import { timeZoneOf } from '../../base/time-zones.ts'
import { sql } from '../../db/sql.ts'

export type Mode = 'test' | 'live'

/** The merchant that owns customers and money. */
export interface Merchant {
  /** Paystack's integration. */
  readonly id: number
  /** Cashful's merchantId. */
  readonly code: string
  readonly name: string
  /** ISO 3166 alpha-2. A phone number in local form is read as one of this country. */
  readonly country: string
  /** IANA name, such as Africa/Lagos. Days and times without an offset are the merchant's. */
  readonly timeZone: string
  /** The currencies that the merchant holds. The first is the default. */
  readonly currencies: readonly [Currency, ...Currency[]]
  readonly createdAt: Date
}

/** Every object belongs to one (merchant, mode), and is invisible from any other. */
export interface Tenant {
  readonly merchant: Merchant
  readonly mode: Mode
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
  mode: Mode
}

/** The columns of a row's merchant, joined as `m`, that `readTenant` needs beside the row's own `mode`. */
export const tenantColumns = sql`
  m.id as merchant_id, m.code as merchant_code, m.name as merchant_name, m.country as merchant_country,
  m.currencies as merchant_currencies, m.time_zone as merchant_time_zone, m.created_at as merchant_created_at
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
  }
  return { merchant, mode: row.mode }
}
