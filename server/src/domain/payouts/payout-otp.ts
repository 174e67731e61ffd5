import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { refuseWhilePaused } from '../payments/sending-pauses.ts'
import { advancePayout, orderOf } from './advancing.ts'
import { type PayoutProcessorChoice, type PayoutsContext, requireSender } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'
import { leaveSending } from './payout-sending.ts'
import { getPayoutSettings } from './payout-settings.ts'

/**
 * Gives the one-time password that a payout waits for to the processor that has asked for it, and asks how the payout stands.
 * Throws `not_available` for a processor that takes none and while sending is paused, `payout_not_open` for a wrong one after the
 * right one was taken, and what the processor throws.
 */
export async function finalizePayout(
  context: PayoutsContext,
  tenant: Tenant,
  payout: Payout,
  otp: string,
): Promise<Payout> {
  await refuseWhilePaused(context, tenant)
  const processor = payout.accountId === null ? null : await requireSender(context, tenant, payout.accountId)
  if (!processor?.giveOtp) {
    throw new ServiceError('not_available', 'The processor of this payout takes one-time passwords nowhere but there')
  }
  const isTaken = await processor.giveOtp(tenant, orderOf(payout), otp)
  if (!isTaken) throw new ServiceError('payout_not_open', 'The payout does not wait for a one-time password any more')
  await advancePayout(context, tenant, payout.id)
  return getPayout(context, tenant, payout.id)
}

/**
 * Whether a new payout ends while its caller waits: in test mode the sandbox usually pays at once. One of another processor is told
 * of later, and so is one of a merchant with an approval URL: its caller does not wait for that.
 */
export async function endsAtOnce(context: PayoutsContext, tenant: Tenant): Promise<boolean> {
  if ((await sandboxOf(context, tenant)) === null) return false
  return (await getPayoutSettings(context, tenant)).approvalUrl === null
}

/** Takes a payout that is sent by its maker to where the sandbox has it. A failure is left to the background. */
export async function sendMade(context: PayoutsContext, tenant: Tenant, { id, state }: Payout): Promise<Payout> {
  if (state === 'pending') {
    await advancePayout(context, tenant, id).catch(async (error: Error) => {
      context.failures.failed('payout', { error: error.message })
      await leaveSending(context, tenant, id)
    })
  }
  return getPayout(context, tenant, id)
}

/** The sandbox's one-time password. Throws `not_available` for a tenant whose payouts the sandbox does not send. */
export async function requireSandboxOtp(
  context: Context & PayoutProcessorChoice,
  tenant: Tenant,
): Promise<{ otp: string }> {
  const otp = (await sandboxOf(context, tenant))?.testOtp
  if (otp !== undefined) return { otp }
  throw new ServiceError(
    'not_available',
    'One-time passwords are a setting of the account at the processor: change it there',
  )
}

async function sandboxOf(context: Context & PayoutProcessorChoice, tenant: Tenant) {
  const processor = await context.payoutProcessorOf(context, tenant, 'new')
  return processor === null || processor === 'manual' || processor.accountId !== 0n ? null : processor
}

/** Says whether new orders of the sandbox wait for a one-time password. */
export async function setSandboxOtp(tx: TxContext, { merchant, mode }: Tenant, asksOtp: boolean): Promise<void> {
  const now = tx.clock.now()
  await tx.db.query(sql`
    insert into payout_settings (merchant_id, mode, fees_borne_by, asks_otp, updated_at)
    values (${merchant.id}, ${mode}, 'merchant', ${asksOtp}, ${now})
    on conflict (merchant_id, mode) do update set asks_otp = excluded.asks_otp, updated_at = excluded.updated_at
  `)
  noteChange(tx, { object: null, after: { asksOtp } })
}
