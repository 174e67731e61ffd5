import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { noteChange, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { FeeBearer } from './payout-records.ts'

/** What a merchant wants of payouts in a mode. */
export interface PayoutSettings {
  feesBorneBy: FeeBearer
}

const usual: PayoutSettings = { feesBorneBy: 'merchant' }

export async function getPayoutSettings(
  { db }: { db: Queryable },
  { merchant, mode }: Tenant,
): Promise<PayoutSettings> {
  const [row] = await db.query<{ fees_borne_by: FeeBearer }>(sql`
    select fees_borne_by from payout_settings where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  return row === undefined ? usual : { feesBorneBy: row.fees_borne_by }
}

/** Changes the given settings, and answers all. They count for payouts that are made from now on. */
export async function changePayoutSettings(
  tx: TxContext,
  tenant: Tenant,
  { feesBorneBy }: { feesBorneBy?: FeeBearer | undefined },
): Promise<PayoutSettings> {
  const { merchant, mode } = tenant
  const before = await getPayoutSettings(tx, tenant)
  const after = { feesBorneBy: feesBorneBy ?? before.feesBorneBy }
  await tx.db.query(sql`
    insert into payout_settings (merchant_id, mode, fees_borne_by, updated_at)
    values (${merchant.id}, ${mode}, ${after.feesBorneBy}, ${tx.clock.now()})
    on conflict (merchant_id, mode) do update set
      fees_borne_by = excluded.fees_borne_by, updated_at = excluded.updated_at
  `)
  noteChange(tx, { object: null, before: { ...before }, after: { ...after } })
  return after
}
