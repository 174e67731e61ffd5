import type { Customer } from '../../domain/customers.ts'
import type { Identification } from '../../domain/identity.ts'
import type { PaymentMethod } from '../../domain/payment-methods.ts'
import type { Tenant } from '../../domain/tenant.ts'
import type { PaymentMethodSnapshot } from '../../domain/transaction-records.ts'

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
  paid: { count: number; volumes: { currency: string; amount: bigint }[] },
) {
  return {
    ...customer,
    created_at: customer.createdAt,
    updated_at: customer.updatedAt,
    total_transactions: paid.count,
    total_transaction_value: paid.volumes.map(({ currency, amount }) => ({ currency, amount: Number(amount) })),
    dedicated_account: null,
    dedicated_accounts: [],
  }
}

/** Card brands carry a space at their end on the real wire; clients compare them after trimming. */
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
