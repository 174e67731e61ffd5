import { sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { assignSuspended, finishSuspenseDecisions, type Suspended } from '../wallet/suspense.ts'
import { holdAssigned } from './dispute-holds.ts'
import { getPaymentIntent } from './payment-intent-records.ts'
import { noteSuccess, wordsOfSuspended } from './settling.ts'

/*
 * A payment whose money was in suspense has failed, until a person assigns the money. Then it is paid.
 */

const wordsOfAssigned = 'The money came, was in suspense, and was assigned to a customer.'

/** As `assignSuspended`. The payment that the money was paid for has succeeded then. */
export function assignMoney(
  context: FreeContext,
  tenant: Tenant,
  { id, customerCode }: { id: string; customerCode: string },
): Promise<Suspended> {
  return assignSuspended(context, tenant, { id, customerCode, posted: noteAssigned })
}

/** Posts the decisions about suspense that a crash left recorded, and answers how many. */
export function finishDecisions(context: FreeContext): Promise<number> {
  return finishSuspenseDecisions(context, noteAssigned)
}

/**
 * Reserves assigned money for the disputes of it, and notes that its payment has succeeded, once. Money that differs from what was asked for, and money that came back
 * after a dispute, is not what the payment asked for.
 */
export async function noteAssigned(context: FreeContext, tenant: Tenant, suspendedId: string): Promise<void> {
  await holdAssigned(context, tenant, suspendedId)
  const { merchant, mode } = tenant
  const [row] = await context.db.query<{ id: string }>(sql`
    select i.id from ledger_transactions t
    join payment_intents i
      on i.merchant_id = t.merchant_id and i.id = substr(t.details ->> 'paymentIntentId', 4)::uuid
      and (i.amount, i.currency) = (t.amount, t.currency) and i.status <> 'succeeded'
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.id = ${suspendedId}::uuid and t.kind = 'suspended'
      and t.details ->> 'disputeId' is null
      and not exists (
        select from sent_charges s
        where s.merchant_id = t.merchant_id and s.payment_intent_id = i.id and s.transaction_id = t.id
          and s.differences is not null
      )
  `)
  if (row === undefined) return tellAssigned(context, tenant, suspendedId)
  await noteSuccess(context, tenant, await getPaymentIntent(context, tenant, `pi_${row.id}`), suspendedId)
}

/** Money that is not what its payment asked for leaves the payment failed, and no longer in suspense. */
async function tellAssigned({ db, clock }: FreeContext, { merchant }: Tenant, suspendedId: string): Promise<void> {
  await db.query(sql`
    update payments p set
      failure_reason = replace(p.failure_reason, ${wordsOfSuspended}, ${wordsOfAssigned}), updated_at = ${clock.now()}
    from ledger_transactions t
    where t.merchant_id = ${merchant.id} and t.id = ${suspendedId}::uuid and t.kind = 'suspended'
      and p.merchant_id = t.merchant_id and p.status = 'failed'
      and p.payment_intent_id = substr(t.details ->> 'paymentIntentId', 4)::uuid
      and starts_with(p.failure_reason, ${wordsOfSuspended})
  `)
}
