import { isUuid } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { receiveNotice } from '../payments/charging.ts'
import { getPaymentIntent, type PaymentIntent } from '../payments/payment-intent-records.ts'
import type { PaymentsContext } from '../payments/payment-processor.ts'
import { decideSandboxCharge, type SandboxDecision } from './processor.ts'
import type { SandboxTenant } from './sandbox-tenant.ts'

/**
 * Has the sandbox decide a charge that is under way, then send its notice. The payment is named by its intent, by its
 * checkout session or by its reference. Throws `payment_intent_not_found`, `payment_intent_not_open`.
 */
export async function simulateNotice(
  context: PaymentsContext,
  tenant: SandboxTenant,
  { reference, outcome }: { reference: string; outcome?: SandboxDecision | undefined },
): Promise<PaymentIntent> {
  const { id, chargeReference } = await getPaymentIntent(context, tenant, await intentOf(context, tenant, reference))
  if (outcome !== undefined && chargeReference !== null) {
    await decideSandboxCharge(context, tenant, chargeReference, outcome)
  }
  return receiveNotice(context, tenant, id)
}

/** The intent of a checkout session or of a payment; any other reference as it is. */
async function intentOf(context: Context, { merchant, mode }: SandboxTenant, reference: string): Promise<string> {
  const uuid = /^checkout_sess_(.*)$/s.exec(reference)?.[1] ?? ''
  const [row] = await context.db.query<{ payment_intent_id: string }>(
    isUuid(uuid)
      ? sql`
          select payment_intent_id from checkout_sessions
          where merchant_id = ${merchant.id} and mode = ${mode} and id = ${uuid}
        `
      : sql`
          select payment_intent_id from payments
          where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${reference}
        `,
  )
  return row === undefined ? reference : `pi_${row.payment_intent_id}`
}
