import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { nothing, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  type OwnedPaymentMethod,
  type OwnedRow,
  type PaymentMethod,
  type PaymentMethodRow,
  paymentMethodColumns,
  readOwned,
  readPaymentMethod,
} from './payment-methods.ts'

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

/** A customer's saved instruments that were not removed, newest first. */
export async function listPaymentMethods(
  context: Context,
  tenant: Tenant,
  customer: Customer,
  page?: PageRequest,
): Promise<Page<PaymentMethod>> {
  const rows = await context.db.query<PaymentMethodRow & { total: bigint }>(sql`
    with kept as materialized (
      select k.id from payment_methods k
      where k.merchant_id = ${tenant.merchant.id} and k.customer_id = ${customer.id} and k.deactivated_at is null
    )
    select t.total, ${paymentMethodColumns}
    from (select count(*) as total from kept) t
    left join (
      select id from kept order by id desc limit ${page?.limit ?? null}::bigint offset ${page?.offset ?? 0}::bigint
    ) k on true
    left join payment_methods p on p.merchant_id = ${tenant.merchant.id} and p.id = k.id
    order by p.id desc
  `)
  return readPage(rows, readPaymentMethod)
}
