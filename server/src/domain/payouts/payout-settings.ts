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
}

const usual: PayoutSettings = { feesBorneBy: 'merchant', defaultRecipient: null }

export async function getPayoutSettings(
  { db }: { db: Queryable },
  { merchant, mode }: Tenant,
): Promise<PayoutSettings> {
  const [row] = await db.query<{ fees_borne_by: FeeBearer; default_recipient: string | null }>(sql`
    select s.fees_borne_by, r.code as default_recipient
    from payout_settings s
    left join recipients r on r.merchant_id = s.merchant_id and r.id = s.default_recipient_id
    where s.merchant_id = ${merchant.id} and s.mode = ${mode}
  `)
  return row === undefined ? usual : { feesBorneBy: row.fees_borne_by, defaultRecipient: row.default_recipient }
}

/**
 * Changes the given settings, and answers all. They count for payouts that are made from now on. Throws `recipient_not_found`.
 */
export async function changePayoutSettings(
  tx: TxContext,
  tenant: Tenant,
  { feesBorneBy, defaultRecipient }: { [Each in keyof PayoutSettings]?: PayoutSettings[Each] | undefined },
): Promise<PayoutSettings> {
  const { merchant, mode } = tenant
  const before = await getPayoutSettings(tx, tenant)
  const after = {
    feesBorneBy: feesBorneBy ?? before.feesBorneBy,
    defaultRecipient: defaultRecipient === undefined ? before.defaultRecipient : defaultRecipient,
  }
  const recipient = after.defaultRecipient === null ? null : await getRecipient(tx, tenant, after.defaultRecipient)
  await tx.db.query(sql`
    insert into payout_settings (merchant_id, mode, fees_borne_by, default_recipient_id, updated_at)
    values (${merchant.id}, ${mode}, ${after.feesBorneBy}, ${recipient?.id ?? null}::bigint, ${tx.clock.now()})
    on conflict (merchant_id, mode) do update set
      fees_borne_by = excluded.fees_borne_by, default_recipient_id = excluded.default_recipient_id,
      updated_at = excluded.updated_at
  `)
  noteChange(tx, { object: null, before: { ...before }, after: { ...after } })
  return after
}
