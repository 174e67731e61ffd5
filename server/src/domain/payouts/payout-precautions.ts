import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { isNameInDoubt } from './payout-names.ts'
import type { Payout } from './payout-records.ts'
import { getPayoutSettings, type PayoutSettings } from './payout-settings.ts'

/** Until when a payout to a new destination waits: its owner may notice what somebody else has asked for. Null for not at all. */
export function coolingUntil(
  { clock }: Pick<Context, 'clock'>,
  { recipient }: Payout,
  { coolDownHours }: PayoutSettings,
): Date | null {
  const until = new Date(recipient.createdAt.getTime() + coolDownHours * 60 * 60 * 1000)
  return until > clock.now() ? until : null
}

/** Why a payout is not given to a person yet, as a sentence; null for nothing. Nobody is asked. */
export async function findPrecaution(context: Context, tenant: Tenant, payout: Payout): Promise<string | null> {
  const settings = await getPayoutSettings(context, tenant)
  if (isNameInDoubt(payout, settings))
    return 'The bank does not confirm the name of the payee: a second person is asked'
  const until = coolingUntil(context, payout, settings)
  if (until !== null) return `Its destination is new: it waits until ${until.toISOString()}`
  if (settings.approvalUrl === null || payout.urlApprovedAt !== null) return null
  return 'The approval URL has not agreed to it yet'
}
