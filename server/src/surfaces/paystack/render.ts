import type { Currency } from '../../base/money.ts'
import type { DedicatedAccount } from '../../domain/banking/dedicated-accounts.ts'
import type { Customer, CustomerSnapshot } from '../../domain/customers/customers.ts'
import type { Identification } from '../../domain/identity/identity.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { PaymentTotal } from '../../domain/payments/payment-lists.ts'
import type { PaymentMethod } from '../../domain/payments/payment-methods.ts'
import type { PaymentMethodSnapshot } from '../../domain/payments/payment-records.ts'
import { isServed, renderAmount } from './amounts.ts'

export function renderCustomerRow({ merchant, mode }: Tenant, customer: Customer) {
  return {
    id: Number(customer.id),
    customer_code: customer.code,
    email: customer.email,
    first_name: customer.firstName,
    last_name: customer.lastName,
    phone: customer.phone,
    metadata: customer.metadata,
    integration: merchant.id,
    domain: mode,
    risk_action: customer.riskAction,
    createdAt: customer.createdAt.toISOString(),
    updatedAt: customer.updatedAt.toISOString(),
  }
}

export function renderCustomer(
  tenant: Tenant,
  customer: Customer,
  methods: PaymentMethod[],
  identifications: Identification[] | null,
) {
  return {
    ...renderCustomerRow(tenant, customer),
    identified: customer.identified,
    identifications,
    transactions: [],
    subscriptions: [],
    authorizations: methods.filter((method) => method.active).map((method) => renderAuthorization(method)),
  }
}

export function renderFetchedCustomer(
  customer: ReturnType<typeof renderCustomer>,
  paid: readonly PaymentTotal[],
  accounts: ReturnType<typeof renderAssignedAccount>[],
) {
  const own = accounts.map(({ assignment, metadata: _, ...account }) => {
    const { expired: _1, assigned_at: _2, expired_at: _3, ...assigned } = assignment
    return { ...account, assignment: assigned }
  })
  return {
    ...customer,
    created_at: customer.createdAt,
    updated_at: customer.updatedAt,
    total_transactions: countServed(paid),
    total_transaction_value: renderVolumes(paid),
    dedicated_account: own[0] ?? null,
    dedicated_accounts: own,
  }
}

/** The sums of payments in each currency. Currencies that this surface does not serve are left out. */
export function renderVolumes(totals: readonly PaymentTotal[]): { currency: Currency; amount: number }[] {
  return totals
    .filter(({ currency }) => isServed(currency))
    .map(({ currency, amount }) => ({ currency, amount: renderAmount(amount, currency) }))
}

/** The number of payments, without those in currencies that this surface does not serve. */
export function countServed(totals: readonly PaymentTotal[]): number {
  return totals.filter(({ currency }) => isServed(currency)).reduce((sum, { count }) => sum + count, 0)
}

export function renderDedicatedAccount(account: DedicatedAccount) {
  const { provider, removedAt } = account
  return {
    id: Number(account.id),
    bank: { name: provider.bankName, id: provider.bankId, slug: provider.slug },
    account_name: account.accountName,
    account_number: account.accountNumber,
    assigned: removedAt === null,
    active: removedAt === null,
    currency: account.currency,
    metadata: null,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  }
}

/** A dedicated account with the customer who has it, or had it. */
export function renderAssignedAccount({ merchant }: Tenant, account: DedicatedAccount) {
  return {
    ...renderDedicatedAccount(account),
    assignment: {
      integration: merchant.id,
      assignee_id: Number(account.customerId),
      assignee_type: 'Customer',
      expired: account.removedAt !== null,
      account_type: 'PAY-WITH-TRANSFER-RECURRING',
      assigned_at: account.createdAt.toISOString(),
      expired_at: account.removedAt?.toISOString() ?? null,
    },
  }
}

/** A customer inside another object that belongs to them. */
export function renderHolder(customer: Omit<CustomerSnapshot, 'id'> & { id: number | bigint }) {
  const { phone } = customer
  return {
    id: Number(customer.id),
    first_name: customer.firstName,
    last_name: customer.lastName,
    email: customer.email,
    customer_code: customer.code,
    phone,
    metadata: customer.metadata,
    risk_action: customer.riskAction,
    international_format_phone: customer.phoneE164 ?? (phone === null ? null : `+${phone.replace(/^\+/, '')}`),
  }
}

/** Card brands end with a space, as on Paystack's wire. Clients compare them after trimming. */
export function renderAuthorization(method: PaymentMethodSnapshot) {
  const card = method.type === 'card'
  return {
    authorization_code: `AUTH_${method.code}`,
    bin: method.bin,
    last4: method.type === 'direct_debit' ? null : method.last4,
    exp_month: card && method.expiryMonth !== null ? String(method.expiryMonth).padStart(2, '0') : null,
    exp_year: card && method.expiryYear !== null ? String(method.expiryYear) : null,
    channel: method.type,
    card_type: card && method.brand !== null ? `${method.brand} ` : null,
    bank: method.bank ?? (method.type === 'mobile_money' ? method.provider : null),
    country_code: method.country,
    brand: method.brand,
    reusable: method.reusable,
    signature: method.signature,
    account_name: method.accountName,
  }
}
