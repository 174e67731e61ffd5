import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
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

export interface PaymentMethodFilter {
  /** Payment methods of any of these customers, by code. */
  customerCodes?: readonly string[] | undefined
  /** Any of these payment methods, by code. */
  codes?: readonly string[] | undefined
  types?: readonly string[] | undefined
}

/**
 * The payment methods of a tenant, without removed ones, newest or oldest first. A customer who does not exist has none, and a
 * code that nothing has finds nothing.
 */
export async function listAllPaymentMethods(
  context: Context,
  { merchant, mode }: Tenant,
  { customerCodes, codes, types }: PaymentMethodFilter,
  page: PageRequest & { direction?: 'asc' | 'desc' | undefined },
): Promise<Page<OwnedPaymentMethod>> {
  const ofCustomers =
    customerCodes === undefined
      ? nothing
      : sql`and k.customer_id = any(array(
          select o.id from customers o
          where o.merchant_id = ${merchant.id} and o.mode = ${mode} and o.code = any(${[...customerCodes]}::text[])
            and o.deleted_at is null
        ))`
  const kept = sql`
    from payment_methods k
    where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.deactivated_at is null ${ofCustomers}
      ${codes === undefined ? nothing : sql`and k.code = any(${[...codes]}::text[])`}
      ${types === undefined ? nothing : sql`and k.type = any(${[...types]}::text[])`}
  `
  const order = (id: Sql) => (page.direction === 'asc' ? id : sql`${id} desc`)
  const rows = await context.db.query<OwnedRow & { total: bigint }>(sql`
    select t.total, ${paymentMethodColumns}, c.code as customer_code
    from (select count(*) as total ${kept}) t
    left join (
      select k.* ${kept} order by ${order(sql`k.id`)} limit ${page.limit} offset ${page.offset}
    ) p on true
    left join customers c on c.merchant_id = p.merchant_id and c.id = p.customer_id
    order by ${order(sql`p.id`)}
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
