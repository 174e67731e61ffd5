import type { Currency } from '../../base/money.ts'

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
