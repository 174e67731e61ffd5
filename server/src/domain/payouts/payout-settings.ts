import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { noteChange, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { FeeBearer } from './payout-records.ts'
import { getRecipient } from './recipients.ts'

/** What a merchant wants of payouts in a mode. */
export interface PayoutSettings {
  feesBorneBy: FeeBearer
  /** The code of the recipient of the merchant's payouts that name none; null for nobody. */
  defaultRecipient: string | null
  /** For so long after its recipient was made a payout waits, in hours; 0 for not at all. */
  coolDownHours: number
  /** Whether payouts of customers who are not identified are refused. */
  identifiedOnly: boolean
  /** Whether the name at the bank is only shown beside the given one, or a payout waits for a second person where they differ. */
  nameDifferences: 'shown' | 'approval'
}

const usual: PayoutSettings = {
  feesBorneBy: 'merchant',
  defaultRecipient: null,
  coolDownHours: 0,
  identifiedOnly: false,
  nameDifferences: 'shown',
}

interface SettingsRow {
  fees_borne_by: FeeBearer
  default_recipient: string | null
  cool_down_hours: number
  identified_only: boolean
  name_differences: PayoutSettings['nameDifferences']
}

export async function getPayoutSettings(
  { db }: { db: Queryable },
  { merchant, mode }: Tenant,
): Promise<PayoutSettings> {
  const [row] = await db.query<SettingsRow>(sql`
    select s.fees_borne_by, r.code as default_recipient, s.cool_down_hours, s.identified_only, s.name_differences
    from payout_settings s
    left join recipients r on r.merchant_id = s.merchant_id and r.id = s.default_recipient_id
    where s.merchant_id = ${merchant.id} and s.mode = ${mode}
  `)
  if (row === undefined) return usual
  return {
    feesBorneBy: row.fees_borne_by,
    defaultRecipient: row.default_recipient,
    coolDownHours: row.cool_down_hours,
    identifiedOnly: row.identified_only,
    nameDifferences: row.name_differences,
  }
}

/**
 * Changes the given settings, and answers all. They count for payouts that are made from now on. Throws `recipient_not_found`.
 */
export async function changePayoutSettings(
  tx: TxContext,
  tenant: Tenant,
  {
    feesBorneBy,
    defaultRecipient,
    coolDownHours,
    identifiedOnly,
    nameDifferences,
  }: {
    [Each in keyof PayoutSettings]?: PayoutSettings[Each] | undefined
  },
): Promise<PayoutSettings> {
  const { merchant, mode } = tenant
  const before = await getPayoutSettings(tx, tenant)
  const after = {
    feesBorneBy: feesBorneBy ?? before.feesBorneBy,
    defaultRecipient: defaultRecipient === undefined ? before.defaultRecipient : defaultRecipient,
    coolDownHours: coolDownHours ?? before.coolDownHours,
    identifiedOnly: identifiedOnly ?? before.identifiedOnly,
    nameDifferences: nameDifferences ?? before.nameDifferences,
  }
  const recipient = after.defaultRecipient === null ? null : await getRecipient(tx, tenant, after.defaultRecipient)
  await tx.db.query(sql`
    insert into payout_settings (
      merchant_id, mode, fees_borne_by, default_recipient_id, cool_down_hours, identified_only, name_differences, updated_at
    )
    values (
      ${merchant.id}, ${mode}, ${after.feesBorneBy}, ${recipient?.id ?? null}::bigint, ${after.coolDownHours},
      ${after.identifiedOnly}, ${after.nameDifferences}, ${tx.clock.now()}
    )
    on conflict (merchant_id, mode) do update set
      fees_borne_by = excluded.fees_borne_by, default_recipient_id = excluded.default_recipient_id,
      cool_down_hours = excluded.cool_down_hours, identified_only = excluded.identified_only,
      name_differences = excluded.name_differences, updated_at = excluded.updated_at
  `)
  noteChange(tx, { object: null, before: { ...before }, after: { ...after } })
  return after
}
