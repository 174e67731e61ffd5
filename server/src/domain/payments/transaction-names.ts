import { ServiceError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** A thing that money moves for, found by one of its names. */
interface Named {
  what:
    | 'transaction'
    | 'payment intent'
    | 'checkout session'
    | 'payment'
    | 'imported payment'
    | 'pay-in'
    | 'adjustment'
    | 'hold'
    | 'money in suspense'
  /** A name that no other thing has. */
  id: string
  /** The ledger transaction that is the thing or that paid it; null if no money has moved, and for a hold. */
  transactionId: string | null
  /** The hold whose captures are meant. */
  holdId: string | null
  /** The payment intent, whose charges at an account of a processor may have moved money each. */
  intentId: string | null
}

/**
 * The id of the ledger transaction that a name of any API stands for: `txn_…`, `purchase_…`, `transfer_…` or the bare id,
 * `pi_…`, `checkout_sess_…`, the reference or the number of a payment, the reference of a pay-in or an adjustment, and the account's
 * name of money in suspense that nobody has asked for. Throws `transaction_not_found`, also for a
 * payment that is not paid, and `invalid_request` for a name that stands for two things.
 */
export async function findTransactionId(context: Context, tenant: Tenant, name: string): Promise<string> {
  const named = onlyOne(name, await findNamed(context, tenant, name, { holds: false }))
  if (named?.transactionId) return named.transactionId
  throw new ServiceError('transaction_not_found', sentenceAgainst(name, named))
}

function sentenceAgainst(name: string, named: Named | undefined): string {
  const shown = JSON.stringify(name)
  if (named === undefined) return `There is no transaction ${shown}`
  if (named.what === 'imported payment') {
    return `The payment ${shown} was imported as history, so there is no transaction of it here: give it back at the processor`
  }
  return `The ${named.what} ${shown} is not paid, so there is no transaction of it`
}

/**
 * The ids of everything that has moved for a name, newest first: what `findTransactionId` finds or the captures of a hold, all refunds
 * and reversals of them, what a person has decided about their money in suspense, and what disputes have taken of them or given back.
 * Throws `reference_not_found` for a name that stands for nothing, and `invalid_request` for a name that stands for two things.
 */
export async function findMovements(
  context: Context,
  tenant: Tenant,
  name: string,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<string[]> {
  const named = onlyOne(name, await findNamed(context, tenant, name, { holds: true }))
  if (named === undefined) {
    throw new ServiceError('reference_not_found', `Nothing has the reference ${JSON.stringify(name)}`)
  }
  const rows = await context.db.query<{ id: string }>(sql`
    with original as materialized (
      select t.id from ledger_transactions t
      where t.merchant_id = ${tenant.merchant.id} and t.id = ${named.transactionId}::uuid
      union
      select t.id from ledger_transactions t
      where t.merchant_id = ${tenant.merchant.id} and t.hold_id = ${named.holdId}::uuid
      union
      select s.transaction_id from sent_charges s
      where s.merchant_id = ${tenant.merchant.id} and s.payment_intent_id = ${named.intentId}::uuid
        and s.transaction_id is not null
    ),
    -- What disputes have brought back to suspense, as money of its own.
    returned as materialized (
      select t.id
      from original n
      join disputes d on d.merchant_id = ${tenant.merchant.id} and d.original_id = n.id
      cross join unnest(d.movement_ids) as m (id)
      join ledger_transactions t on t.merchant_id = d.merchant_id and t.id = m.id and t.kind = 'suspended'
    ),
    -- What a person has decided about money in suspense.
    decided as materialized (
      select d.id
      from (select id from original union select id from returned) n
      join ledger_transactions t on t.merchant_id = ${tenant.merchant.id} and t.id = n.id and t.kind = 'suspended'
      join suspense_decisions d
        on d.merchant_id = t.merchant_id and d.mode = t.mode and d.reference = t.id::text and d.state = 'succeeded'
        and d.dispute_turn is null
    )
    select n.id
    from (
      select id from original
      union all
      select id from decided
      union all
      select r.id
      from (select id from original union all select id from decided) o
      join ledger_transactions r on r.merchant_id = ${tenant.merchant.id} and r.reverses_id = o.id
      union all
      select distinct m.id
      from original o
      join disputes d on d.merchant_id = ${tenant.merchant.id} and d.original_id = o.id
      cross join unnest(d.movement_ids) as m (id)
      union all
      select f.returned_id
      from (select id from original union all select id from decided) o
      join ledger_transactions r on r.merchant_id = ${tenant.merchant.id} and r.reverses_id = o.id
      join refunds f on f.merchant_id = r.merchant_id and f.id = r.id and f.returned_id is not null
    ) n
    where n.id < ${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid
    order by n.id desc
    limit ${limit}
  `)
  return rows.map(({ id }) => id)
}

/** The movement that brought the money of a charge of the intent `i` into suspense. */
const suspendedOf = sql`(
  select s.transaction_id from sent_charges s
  where s.merchant_id = i.merchant_id and s.payment_intent_id = i.id and s.transaction_id is not null
  order by s.id desc
  limit 1
)`

/** Everything that has the name. Each is an index look-up. */
async function findNamed(
  context: Context,
  { merchant, mode }: Tenant,
  name: string,
  { holds }: { holds: boolean },
): Promise<Named[]> {
  const transactionId = uuidIn(/^(?:(?:txn|purchase|transfer)_)?(.*)$/s, name)
  const intentId = uuidIn(/^pi_(.*)$/s, name)
  const sessionId = uuidIn(/^checkout_sess_(.*)$/s, name)
  const number = /^\d{1,15}$/.test(name) ? Number(name) : null
  const rows = await context.db.query<{
    what: Named['what']
    id: string
    transaction_id: string | null
    hold_id: string | null
    intent_id: string | null
  }>(sql`
    select 'transaction' as what, 'txn_' || t.id as id, t.id as transaction_id, null::uuid as hold_id,
      null::uuid as intent_id
    from ledger_transactions t
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.id = ${transactionId}::uuid
    union all
    select 'payment intent', 'pi_' || i.id, coalesce(i.transaction_id, ${suspendedOf}), null, i.id
    from payment_intents i
    where i.merchant_id = ${merchant.id} and i.mode = ${mode} and i.id = ${intentId}::uuid
    union all
    select 'checkout session', 'checkout_sess_' || s.id, coalesce(i.transaction_id, ${suspendedOf}), null, i.id
    from checkout_sessions s
    join payment_intents i on i.merchant_id = s.merchant_id and i.id = s.payment_intent_id
    where s.merchant_id = ${merchant.id} and s.mode = ${mode} and s.id = ${sessionId}::uuid
    union all
    select 'payment', 'pi_' || i.id, coalesce(i.transaction_id, ${suspendedOf}), null, i.id
    from payments p
    join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.reference = ${name}
    union all
    select 'payment', 'pi_' || i.id, coalesce(i.transaction_id, ${suspendedOf}), null, i.id
    from payments p
    join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.id = ${number}::bigint and p.reference <> ${name}
    union all
    select 'imported payment', m.id::text, null, null, null
    from imported_payments m
    where m.merchant_id = ${merchant.id} and m.mode = ${mode} and m.reference = ${name}
    union all
    select 'pay-in', 'txn_' || p.id, p.id, null, null
    from pay_ins p
    where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.reference = ${name} and p.state = 'succeeded'
    union all
    select 'adjustment', 'txn_' || j.id, j.id, null, null
    from adjustments j
    where j.merchant_id = ${merchant.id} and j.mode = ${mode} and j.reference = ${name} and j.state = 'succeeded'
    union all
    select 'hold', h.id::text, null, h.id, null
    from holds h
    where h.merchant_id = ${merchant.id} and h.mode = ${mode} and h.id = ${holds ? transactionId : null}::uuid
      and h.original_id is null
    union all
    select 'money in suspense', 'txn_' || t.id, t.id, null, null
    from ledger_transactions t
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.kind = 'suspended'
      and money_name(t.details ->> 'processorReference') = money_name(${name})
      and t.details ->> 'processorReference' = ${name} and t.details ->> 'disputeId' is null
  `)
  // A payment that somebody asked for or recorded comes before money in suspense of the same name: the two may be the same money.
  const asked = rows.filter(({ what }) => what !== 'money in suspense')
  return (asked.length > 0 ? asked : rows).map((row) => ({
    what: row.what,
    id: row.id,
    transactionId: row.transaction_id,
    holdId: row.hold_id,
    intentId: row.intent_id,
  }))
}

/** A merchant chooses references freely, and may choose one that is the number or the id of something else. */
function onlyOne(name: string, found: Named[]): Named | undefined {
  if (found.length < 2) return found[0]
  const things = found.map(({ what, id }) => `the ${what} ${id}`).join(' and ')
  const message = `${JSON.stringify(name)} is a name of ${found.length} things, ${things}; send one of these ids`
  throw new ServiceError('invalid_request', message)
}

function uuidIn(pattern: RegExp, name: string): string | null {
  const id = pattern.exec(name)?.[1] ?? ''
  return isUuid(id) ? id : null
}
