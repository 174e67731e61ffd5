import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../context.ts'
import { type Customer, createCustomer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** The customer with that e-mail, who is created when there is none. Throws `customer_denied`. */
export async function findPayer(context: Context, tenant: Tenant, email: string): Promise<Customer> {
  const { customer } = await createCustomer(context, tenant, { email })
  refuseDenied(customer)
  return customer
}

/** Throws `customer_denied`. */
export function refuseDenied(customer: Customer): void {
  if (customer.riskAction !== 'deny') return
  const message = `Customer ${customer.code} is denied and cannot send, spend or be paid; change their risk action first`
  throw new ServiceError('customer_denied', message)
}
