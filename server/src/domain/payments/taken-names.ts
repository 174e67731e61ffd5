import { ServiceError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { settleChargeNow } from './due-charges.ts'
import type { PaymentsContext } from './payment-processor.ts'

/*
 * A payment has many names: the merchant's reference, our number and ids of it, the account's reference and number. Who records
 * money by hand may know any of them.
 */

/** The thing that has a name already. */
interface Taken {
  what: 'payment' | 'imported payment' | 'pay-in' | 'transaction'
  /** Its reference, or else its id. */
  name: string
  /** The charge that the name is of, if it is not booked; null for another name. */
  charge: string | null
}

/**
 * Refuses to record money under any name of a payment of the tenant, also of one that is not paid yet: it is credited by itself. A
 * reference counts in any capitals, because it may have been read from paper. Throws `reference_taken`, which says what has the
 * name and how it is seen.
 */
export async function refuseTakenName(context: PaymentsContext, tenant: Tenant, reference: string): Promise<void> {
  const taken = await findTaken(context, tenant, reference)
  if (taken === null) return
  if (taken.charge !== null) await settleChargeNow(context, tenant, taken.charge).catch(ignoreUnasked)
  throw new ServiceError('reference_taken', sentenceOf(reference, taken), 'reference')
}

/** The account of the charge cannot be asked now, or is no longer known. The background asks again. */
function ignoreUnasked(error: unknown): void {
  if (error instanceof UpstreamError || (error instanceof ServiceError && error.code === 'not_available')) return
  throw error
}

const advice = 'Money that came another way needs a reference of its own'

function sentenceOf(reference: string, { what, name }: Taken): string {
  const asked = JSON.stringify(reference)
  switch (what) {
    case 'payment':
      return `${asked} is a name of the payment ${name}, which is credited by itself once it is paid: see GET /v1/transactions?reference=${encodeURIComponent(name)}. ${advice}`
    case 'imported payment':
      return `${asked} is a name of the payment ${name} of before the account’s cut-over, which was imported as history: its money is not booked here`
    case 'pay-in':
      return `There is a pay-in with the reference ${JSON.stringify(name)}, which differs from ${asked} by capitals only: see GET /v1/pay-ins?reference=${encodeURIComponent(name)}. ${advice}`
    case 'transaction':
      return `${asked} is a transaction that has moved money already: see GET /v1/transactions/${name}. ${advice}`
  }
}

async function findTaken({ db }: Context, { merchant, mode }: Tenant, reference: string): Promise<Taken | null> {
  const folded = sql`lower(${reference}::text collate "C")`
  const number = /^\d{1,15}$/.test(reference) ? Number(reference) : null
  const own = sql`p.merchant_id = ${merchant.id} and p.mode = ${mode}`
  const [row] = await db.query<Taken>(sql`
    select n.what, coalesce(n.name, pay.reference, 'pi_' || n.intent_id) as name, n.charge
    from (
      select 'payment' as what, null::text as name, p.payment_intent_id as intent_id, null::text as charge
      from payments p where ${own} and lower(p.reference collate "C") = ${folded}
      union all
      select 'payment', null, p.payment_intent_id, null from payments p where ${own} and p.id = ${number}::bigint
      union all
      select 'payment', null, p.id, null
      from payment_intents p where ${own} and p.id = ${uuidIn(/^pi_(.*?)(?:_(?:\d+|page).*)?$/s, reference)}::uuid
      union all
      select 'payment', null, p.payment_intent_id, null
      from checkout_sessions p where ${own} and p.id = ${uuidIn(/^checkout_sess_(.*)$/s, reference)}::uuid
      union all
      select 'payment', null, p.payment_intent_id, case when p.transaction_id is null then p.reference end
      from sent_charges p where ${own} and lower(p.sent_reference collate "C") = ${folded}
      union all
      select 'payment', null, p.payment_intent_id, null from sent_charges p where ${own} and p.outside_id = ${reference}
      union all
      select 'imported payment', p.reference, null, null
      from imported_payments p where ${own} and lower(p.reference collate "C") = ${folded}
      union all
      select 'imported payment', p.reference, null, null
      from imported_payments p where ${own} and p.outside_id = ${reference}
      union all
      select 'pay-in', p.reference, null, null
      from pay_ins p
      where ${own} and lower(p.reference collate "C") = ${folded} and p.reference <> ${reference} and p.state <> 'refused'
      union all
      select 'transaction', 'txn_' || p.id, null, null
      from ledger_transactions p
      where ${own} and p.id = ${uuidIn(/^(?:(?:txn|purchase|transfer)_)?(.*)$/s, reference)}::uuid
    ) n
    left join payments pay on pay.merchant_id = ${merchant.id} and pay.payment_intent_id = n.intent_id
    order by n.charge nulls last
    limit 1
  `)
  return row ?? null
}

function uuidIn(pattern: RegExp, name: string): string | null {
  const id = pattern.exec(name)?.[1] ?? ''
  return isUuid(id) ? id : null
}
