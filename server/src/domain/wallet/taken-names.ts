import { isUuid } from '../../base/ids.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/*
 * Money has many names: a merchant's reference, our number and ids of it, an account's reference and number. Who records money by hand
 * may know any of them, and may have it from a screen or from paper. So all of them are compared in one spelling, which the function
 * money_name of the database knows.
 */

/** The thing that has a name already. */
export interface Taken {
  what:
    | 'payment'
    | 'imported payment'
    | 'pay-in'
    | 'payout'
    | 'refund'
    | 'dispute'
    | 'money in suspense'
    | 'payment at the account'
    | 'number at the account'
    | 'transaction'
  /** Its reference, or else its id. */
  name: string
  /** The charge that the name is of, if it is not booked; null for another name. */
  charge: string | null
}

/**
 * The spelling in which names of money are compared: without capitals, leading zeros, characters that nobody sees, and the quotes,
 * dashes and digits that keyboards and texts change.
 */
export async function moneyName({ db }: Context, reference: string): Promise<string> {
  const [row] = await db.query<{ name: string }>(sql`select money_name(${reference}) as name`)
  return row?.name ?? reference
}

/** Whether a name may have another spelling than the one in which it is compared: the condition of the index of payouts by this one. */
export function isOtherSpelling(reference: Sql): Sql {
  return sql`${reference} collate "C" !~ '^[a-z1-9][a-z0-9]*([._-][a-z0-9]+)*$'`
}

/**
 * What of the tenant has the name in any spelling, except a pay-in with this very reference, and a payment of the account that
 * has this very reference and is not in suspense; null for a free name. Each part is an index look-up.
 */
export async function findTaken(
  context: Context,
  { merchant, mode }: Tenant,
  reference: string,
): Promise<Taken | null> {
  const name = await moneyName(context, reference)
  const number = /^\d{1,15}$/.test(name) ? Number(name) : null
  const transferCode = name.startsWith('trf_') ? `TRF_${name.slice(4)}` : null
  // The processor may have a word of its own before it.
  const sentName = /^(?:[a-z]+-)?([a-z0-9]{24})$/.exec(name)?.[1] ?? null
  const own = sql`p.merchant_id = ${merchant.id} and p.mode = ${mode}`
  const [row] = await context.db.query<Taken>(sql`
    select n.what, coalesce(n.name, pay.reference, 'pi_' || n.intent_id) as name, n.charge
    from (
      select 1 as place, 'payment' as what, null::text as name, p.payment_intent_id as intent_id, null::text as charge
      from payments p where ${own} and money_name(p.reference) = ${name}
      union all
      select 1, 'payment', null, p.payment_intent_id, null from payments p where ${own} and p.id = ${number}::bigint
      union all
      select 1, 'payment', null, p.id, null
      from payment_intents p where ${own} and p.id = ${uuidIn(/^(?:pi_)?(.*?)(?:_(?:\d+|page).*)?$/s, name)}::uuid
      union all
      select 1, 'payment', null, p.payment_intent_id, null
      from checkout_sessions p where ${own} and p.id = ${uuidIn(/^(?:checkout_sess_)?(.*)$/s, name)}::uuid
      union all
      select 1, 'payment', null, p.payment_intent_id, case when p.transaction_id is null then p.reference end
      from sent_charges p where ${own} and money_name(p.sent_reference) = ${name}
      union all
      select 1, 'payment', null, p.payment_intent_id, null from sent_charges p where ${own} and p.outside_id = ${name}
      union all
      select 2, 'imported payment', p.reference, null, null
      from imported_payments p where ${own} and money_name(p.reference) = ${name}
      union all
      select 2, 'imported payment', p.reference, null, null from imported_payments p where ${own} and p.outside_id = ${name}
      union all
      select 3, 'pay-in', p.reference, null, null
      from pay_ins p
      where ${own} and money_name(p.reference) = ${name} and p.reference <> ${reference} and p.state <> 'refused'
      union all
      select 4, 'payout', p.reference, null, null from payouts p where ${own} and p.reference = ${name}
      union all
      select 4, 'payout', p.reference, null, null
      from payouts p where ${own} and ${isOtherSpelling(sql`p.reference`)} and money_name(p.reference) = ${name}
      union all
      select 4, 'payout', p.reference, null, null
      from payouts p where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.code = ${transferCode}
      union all
      select 4, 'payout', p.reference, null, null from payouts p where ${own} and p.sent_reference = ${sentName}
      union all
      select 4, 'payout', p.reference, null, null
      from payouts p where ${own} and p.id = ${uuidIn(/^(?:(?:txn|payout)_)?(.*)$/s, name)}::uuid
      union all
      select 4, 'payout', p.reference, null, null from payouts p where ${own} and p.wire_id = ${number}::bigint
      union all
      select 5, 'refund', p.id::text, null, null
      from refunds p where ${own} and p.id = ${uuidIn(/^(?:(?:txn|refund)_)?(.*)$/s, name)}::uuid
      union all
      select 5, 'refund', p.id::text, null, null from refunds p where ${own} and p.wire_id = ${number}::bigint
      union all
      select 5, 'refund', p.id::text, null, null from refunds p where ${own} and p.settled_as = ${name}
      union all
      select 5, 'dispute', p.id::text, null, null
      from disputes p where ${own} and p.id = ${uuidIn(/^(?:dispute_)?(.*)$/s, name)}::uuid
      union all
      select 5, 'dispute', p.id::text, null, null from disputes p where ${own} and p.wire_id = ${number}::bigint
      union all
      select 5, 'dispute', p.id::text, null, null
      from disputes p where ${own} and p.outside_id in (${name}, ${`refund/${name}`})
      union all
      select 6, 'money in suspense', p.details ->> 'processorReference', null, null
      from ledger_transactions p
      where ${own} and p.kind = 'suspended' and money_name(p.details ->> 'processorReference') = ${name}
      union all
      select 6, 'money in suspense', p.details ->> 'processorReference', null, null
      from ledger_transactions p where ${own} and p.kind = 'suspended' and (p.details ->> 'processorNumber') = ${name}
      union all
      select case when p.claimed_at is null then 8 else 7 end,
        case when p.claimed_at is null then 'payment at the account' else 'money in suspense' end, p.reference, null, null
      from statement_items p
      where ${own} and p.kind = 'payment' and money_name(p.reference) = ${name}
        and (p.claimed_at is not null or (p.state = 'done' and p.reference <> ${reference}))
      union all
      select case when p.claimed_at is null then 8 else 7 end,
        case when p.claimed_at is null then 'payment at the account' else 'money in suspense' end,
        coalesce(p.reference, p.outside_id), null, null
      from processor_accounts a
      join statement_items p on p.merchant_id = a.merchant_id and p.account_id = a.id and p.kind = 'payment' and p.outside_id = ${name}
      where a.merchant_id = ${merchant.id} and a.mode = ${mode} and (p.claimed_at is not null or p.state = 'done')
        and p.reference is distinct from ${reference}
      union all
      select 8, 'number at the account', p.outside_id, null, null
      from processor_accounts a
      cross join unnest(array['refund', 'dispute', 'payout']) k (kind)
      join statement_items p
        on p.merchant_id = a.merchant_id and p.account_id = a.id and p.kind = k.kind and p.outside_id = ${name}
      where a.merchant_id = ${merchant.id} and a.mode = ${mode}
      union all
      select 9, 'transaction', 'txn_' || p.id, null, null
      from ledger_transactions p
      where ${own} and p.id = ${uuidIn(/^(?:(?:txn|purchase|transfer)_)?(.*)$/s, name)}::uuid
    ) n
    left join payments pay on pay.merchant_id = ${merchant.id} and pay.payment_intent_id = n.intent_id
    order by n.charge nulls last, n.place
    limit 1
  `)
  return row ?? null
}

function uuidIn(pattern: RegExp, name: string): string | null {
  const id = pattern.exec(name)?.[1] ?? ''
  return isUuid(id) ? id : null
}

const advice = 'Money that came another way needs a reference of its own'

/** Why a pay-in by hand cannot have a reference. */
export function whyTaken(reference: string, { what, name }: Taken): string {
  const asked = JSON.stringify(reference)
  const shown = JSON.stringify(name)
  const query = encodeURIComponent(name)
  switch (what) {
    case 'payment':
      return `${asked} is a name of the payment ${name}, which is credited by itself once it is paid: see GET /v1/transactions?reference=${query}. ${advice}`
    case 'imported payment':
      return `${asked} is a name of the payment ${name} of before the account’s cut-over, which was imported as history: its money is not booked here`
    case 'pay-in':
      return `There is a pay-in with the reference ${shown}, which reads as ${asked} does: see GET /v1/pay-ins?reference=${query}. ${advice}`
    case 'payout':
      return `${asked} is a name of the payout ${name}: if it fails or is returned, its money comes back by itself. ${advice}`
    case 'refund':
      return `${asked} is a name of the refund ${name}: if it fails, its money is free again by itself. ${advice}`
    case 'dispute':
      return `${asked} is a name of the dispute ${name}: what it takes and gives back is booked by itself: see GET /v1/disputes/${name}. ${advice}`
    case 'number at the account':
      return `${asked} is the processor’s number of a refund, a dispute or a payout, which is booked by itself. ${advice}`
    case 'money in suspense':
      return `${asked} is a name of the payment ${name}, whose money is in suspense, or was: see GET /v1/suspense, and assign what is left of it there`
    case 'payment at the account':
      return `${asked} reads as the processor’s payment ${shown} does, or is its number: record it by this reference. ${advice}`
    case 'transaction':
      return `${asked} is a transaction that has moved money already: see GET /v1/transactions/${name}. ${advice}`
  }
}
