import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type Customer, createCustomer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type PaymentIntent, uuidOfIntent } from './payment-intent-records.ts'

/** Who pays. `isKnown`: they were a customer before this payment. */
export interface Payer {
  customer: Customer
  isKnown: boolean
}

/** The customer with that e-mail, who is created when there is none. Throws `customer_denied`. */
export async function findPayer(context: Context, tenant: Tenant, email: string): Promise<Payer> {
  const { customer, created } = await createCustomer(context, tenant, { email })
  refuseDenied(customer)
  return { customer, isKnown: !created }
}

/** Throws `customer_denied`. */
export function refuseDenied(customer: Customer): void {
  if (customer.riskAction !== 'deny') return
  const message = `Customer ${customer.code} is denied and cannot send, spend or be paid; change their risk action first`
  throw new ServiceError('customer_denied', message)
}

/** The e-mail of the customer who pays an intent: whose balance it fills, or whose payment it is. Null where nobody has one. */
export async function emailOfPayer(
  context: Context,
  { merchant }: Tenant,
  intent: Pick<PaymentIntent, 'id'>,
): Promise<string | null> {
  const [row] = await context.db.query<{ email: string | null }>(sql`
    select c.email
    from payment_intents i
    left join payments pay on pay.merchant_id = i.merchant_id and pay.payment_intent_id = i.id
    left join checkout_sessions s on s.merchant_id = i.merchant_id and s.id = i.checkout_session_id
    left join payment_methods p on p.merchant_id = i.merchant_id and p.id = i.payment_method_id
    join customers c
      on c.merchant_id = i.merchant_id
      and c.id = coalesce(i.customer_id, pay.customer_id, s.customer_id, p.customer_id)
    where i.merchant_id = ${merchant.id} and i.id = ${uuidOfIntent(intent)}
  `)
  return row?.email ?? null
}
