import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'

export type Mode = 'test' | 'live'

/** The tenant: whose customers and money these are. */
export interface Merchant {
  /** Paystack's integration. */
  readonly id: number
  /** Cashful's merchantId. */
  readonly code: string
  readonly name: string
  /** ISO 3166 alpha-2; how a phone number typed locally is read. */
  readonly country: string
  /** What the merchant holds; the first is the default. */
  readonly currencies: readonly [Currency, ...Currency[]]
  readonly createdAt: Date
}

/** Every object belongs to one (merchant, mode) and does not exist for any other. */
export interface Tenant {
  readonly merchant: Merchant
  readonly mode: Mode
}

/** Names a tenant in one word, to keep calls of different tenants apart. */
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
  merchant_created_at: Date
  mode: Mode
}

/** What `readTenant` needs of a row's merchant, joined as `m`. The row's own `mode` stands beside these columns. */
export const tenantColumns = sql`
  m.id as merchant_id, m.code as merchant_code, m.name as merchant_name, m.country as merchant_country,
  m.currencies as merchant_currencies, m.created_at as merchant_created_at
`

export function readTenant(row: TenantRow): Tenant {
  const merchant: Merchant = {
    id: row.merchant_id,
    code: row.merchant_code,
    name: row.merchant_name,
    country: row.merchant_country,
    currencies: row.merchant_currencies as [Currency, ...Currency[]],
    createdAt: row.merchant_created_at,
  }
  return { merchant, mode: row.mode }
}
