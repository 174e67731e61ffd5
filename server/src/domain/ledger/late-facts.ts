import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { AccountName } from './commands.ts'

/**
 * The account that a late fact about a customer's money is booked to, such as a dispute: the customer's cash, or the merchant's
 * balance once the customer is being erased. A person whom nobody knows any more can owe nothing. Money that comes in for such a
 * person is not booked by this: the ledger refuses it, and it goes to suspense.
 */
export async function accountOfLateFact(context: Context, tenant: Tenant, customerCode: string): Promise<AccountName> {
  const [row] = await context.db.query(sql`
    select from customers c
    join erasures x on x.merchant_id = c.merchant_id and x.id = c.id
    where c.merchant_id = ${tenant.merchant.id} and c.mode = ${tenant.mode} and c.code = ${customerCode}
  `)
  return row === undefined ? { kind: 'customer_cash', customer: customerCode } : { kind: 'merchant_balance' }
}
