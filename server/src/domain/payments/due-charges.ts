import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type DueRow, type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getPaymentIntent, type PaymentIntent, uuidOfIntent } from './payment-intent-records.ts'
import { type PaymentsContext, requireProcessor } from './payment-processor.ts'
import { sentUnder } from './sent-charges.ts'
import { settleIntent } from './settling.ts'

interface AskedCharge {
  reference: string
  account_id: bigint
  payment_intent_id: string
}

const dueCharges: DueTask<PaymentsContext, AskedCharge, string> = {
  name: 'charges',
  table: sql`sent_charges`,
  idType: sql`uuid`,
  open: sql`d.due_at is not null`,
  columns: sql`d.reference, d.account_id, d.payment_intent_id`,
  work: askAboutDue,
}

/**
 * Asks the accounts at processors about every charge that is due, and answers how many were asked about. Each charge is looked
 * at by itself: also one that another charge of the same intent has followed.
 */
export function settleDueCharges(context: PaymentsContext, places?: Places): Promise<number> {
  return doDue(context, dueCharges, places)
}

async function askAboutDue(context: PaymentsContext, row: AskedCharge & DueRow<string>): Promise<void> {
  const intent = await getPaymentIntent(context, row.tenant, `pi_${row.payment_intent_id}`)
  await askAbout(context, row.tenant, intent, row)
}

/**
 * Takes the message of an account that it has a payment under a name. The message is not believed: the account is asked by the
 * next server that looks. An account whose key was dropped cannot be asked any more.
 */
export async function takeChargeNotice(context: Context, tenant: Tenant, sentReference: string): Promise<void> {
  await context.db.query(sql`
    update sent_charges c set due_at = least(c.due_at, ${context.clock.now()})
    from (${sentUnder(tenant, sentReference)}) s
    join processor_accounts a on a.merchant_id = s.merchant_id and a.id = s.account_id
    where c.merchant_id = ${tenant.merchant.id} and c.id = s.id and a.credentials is not null
  `)
}

/**
 * Looks at the pages of its processor on which an intent may have been paid. Answers the intent as it then is. Throws
 * `UpstreamError` where the account cannot be asked.
 */
export async function lookAtPages(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
): Promise<PaymentIntent> {
  if (intent.accountId === 0n || intent.status === 'succeeded') return intent
  const rows = await context.db.query<AskedCharge>(sql`
    select reference, account_id from sent_charges
    where merchant_id = ${tenant.merchant.id} and payment_intent_id = ${uuidOfIntent(intent)}
      and state in ('open', 'failed') and page_url is not null
    order by id
  `)
  for (const row of rows) await askAbout(context, tenant, intent, row)
  return rows.length === 0 ? intent : getPaymentIntent(context, tenant, intent.id)
}

/** Asks about one charge now, by our reference of it. */
export async function settleChargeNow(context: PaymentsContext, tenant: Tenant, reference: string): Promise<void> {
  const [row] = await context.db.query<AskedCharge>(sql`
    select reference, account_id, payment_intent_id from sent_charges
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and reference = ${reference}
  `)
  if (row === undefined) return
  await askAbout(context, tenant, await getPaymentIntent(context, tenant, `pi_${row.payment_intent_id}`), row)
}

async function askAbout(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
  { reference, account_id: accountId }: Pick<AskedCharge, 'reference' | 'account_id'>,
): Promise<void> {
  const processor = await requireProcessor(context, tenant, { sentBy: accountId })
  const state = await processor.query(tenant, reference)
  const asked = { ...intent, accountId, chargeReference: reference }
  await settleIntent(context, tenant, asked, state ?? { status: 'processing' })
}
