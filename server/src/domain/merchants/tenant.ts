import type { Currency } from '../../base/money.ts'

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
