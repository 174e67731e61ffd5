import { sql } from '../../db/sql.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import { isUnderWay, lookAgain, stopCharge } from './charging.ts'
import { lookAtPages } from './due-charges.ts'
import { getPaymentIntent } from './payment-intent-records.ts'
import type { PaymentsContext } from './payment-processor.ts'
import { cancelIntent, openStatuses } from './settling.ts'

const duePayments: DueTask<PaymentsContext, object, string> = {
  name: 'payments',
  table: sql`payment_intents`,
  idType: sql`uuid`,
  open: sql`d.due_at is not null`,
  columns: sql`d.status`,
  work: settleDue,
}

/**
 * Looks at every intent that is due and answers how many looks were done: asks about charges under way, credits money that has
 * come, and gives up intents that have expired. If a crash came between crediting the money and noting it, it is noted here.
 */
export function settleDuePayments(context: PaymentsContext, places?: Places): Promise<number> {
  return doDue(context, duePayments, places)
}

async function settleDue(context: PaymentsContext, { tenant, id }: DueRow<string>): Promise<void> {
  let intent = await getPaymentIntent(context, tenant, `pi_${id}`)
  const isExpired = intent.expiresAt <= context.clock.now()
  if (isUnderWay(intent)) intent = await lookAgain(context, tenant, intent)
  if (!isExpired) return
  intent = await lookAtPages(context, tenant, intent)
  if (intent.status === 'processing') intent = await stopCharge(context, tenant, intent)
  await cancelIntent(context, tenant, intent, { from: openStatuses, reason: 'Not paid in time' })
}
