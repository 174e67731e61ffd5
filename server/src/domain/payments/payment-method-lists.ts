import { ServiceError } from '../../base/errors.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { nothing, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  type PaymentMethod,
  type PaymentMethodRow,
  paymentMethodColumns,
  readPaymentMethod,
} from './payment-methods.ts'

/** A payment method, and the customer it belongs to. */
export type OwnedPaymentMethod = PaymentMethod & { customerCode: string }

type OwnedRow = PaymentMethodRow & { customer_code: string }

/** The payment method with that code. Throws `payment_method_not_found`, also for a method that was removed. */
export async function getPaymentMethod(context: Context, tenant: Tenant, code: string): Promise<OwnedPaymentMethod> {
  const [row] = await context.db.query<OwnedRow>(sql`
    select ${paymentMethodColumns}, c.code as customer_code
    from payment_methods p
    join customers c on c.merchant_id = p.merchant_id and c.id = p.customer_id
    where p.merchant_id = ${tenant.merchant.id} and p.mode = ${tenant.mode} and p.code = ${code}
      and p.deactivated_at is null
  `)
  if (row === undefined) throw new ServiceError('payment_method_not_found', `There is no payment method "pm_${code}"`)
  return readOwned(row)
}

/** The payment methods of one customer or of all, without removed ones, newest first. An unknown customer has none. */
export async function listAllPaymentMethods(
  context: Context,
  { merchant, mode }: Tenant,
  filter: { customerCode?: string | undefined },
  page: PageRequest,
): Promise<Page<OwnedPaymentMethod>> {
  const ofCustomer =
    filter.customerCode === undefined
      ? nothing
      : sql`and k.customer_id = (
          select o.id from customers o
          where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.code = ${filter.customerCode}
        )`
  const kept = sql`
    from payment_methods k
    where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.deactivated_at is null ${ofCustomer}
  `
  const rows = await context.db.query<OwnedRow & { total: bigint }>(sql`
    select t.total, ${paymentMethodColumns}, c.code as customer_code
    from (select count(*) as total ${kept}) t
    left join (select k.* ${kept} order by k.id desc limit ${page.limit} offset ${page.offset}) p on true
    left join customers c on c.merchant_id = p.merchant_id and c.id = p.customer_id
    order by p.id desc
  `)
  return readPage(rows, readOwned)
}

function readOwned(row: OwnedRow): OwnedPaymentMethod {
  return { ...readPaymentMethod(row), customerCode: row.customer_code }
}
