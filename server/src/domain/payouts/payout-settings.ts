import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { ApprovalUrl } from './payout-processor.ts'
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
  /** The address that is asked before a payout is sent; null for none. */
  approvalUrl: string | null
}

const usual: PayoutSettings = {
  feesBorneBy: 'merchant',
  defaultRecipient: null,
  coolDownHours: 0,
  identifiedOnly: false,
  nameDifferences: 'shown',
  approvalUrl: null,
}

interface SettingsRow {
  fees_borne_by: FeeBearer
  default_recipient: string | null
  cool_down_hours: number
  identified_only: boolean
  name_differences: PayoutSettings['nameDifferences']
  approval_url: string | null
}

export async function getPayoutSettings(
  { db }: { db: Queryable },
  { merchant, mode }: Tenant,
): Promise<PayoutSettings> {
  const [row] = await db.query<SettingsRow>(sql`
    select s.fees_borne_by, r.code as default_recipient, s.cool_down_hours, s.identified_only, s.name_differences,
      s.approval_url
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
    approvalUrl: row.approval_url,
  }
}

/** The approval URL of a tenant, with the key that signs what it is asked; null for none. */
export async function findApprovalUrl(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  { merchant, mode }: Tenant,
): Promise<ApprovalUrl | null> {
  const [row] = await db.query<{ approval_url: string; approval_secret: Buffer }>(sql`
    select approval_url, approval_secret from payout_settings
    where merchant_id = ${merchant.id} and mode = ${mode} and approval_url is not null
  `)
  return row === undefined ? null : { url: row.approval_url, secret: vault.open(row.approval_secret, secretContext) }
}

/** The purpose that the key is sealed for. */
const secretContext = 'approval url'

/** What is left out stays. */
type PayoutSettingsChange = {
  [Each in keyof Omit<PayoutSettings, 'approvalUrl'>]?: PayoutSettings[Each] | undefined
} & {
  approvalUrl?: ApprovalUrl | null | undefined
}

/**
 * Changes the given settings, and answers all. They count for payouts that are made from now on; an approval URL for all that are not
 * sent yet. Throws `recipient_not_found`.
 */
export async function changePayoutSettings(
  tx: TxContext,
  tenant: Tenant,
  { feesBorneBy, defaultRecipient, coolDownHours, identifiedOnly, nameDifferences, approvalUrl }: PayoutSettingsChange,
): Promise<PayoutSettings> {
  const { merchant, mode } = tenant
  const before = await getPayoutSettings(tx, tenant)
  const after = {
    feesBorneBy: feesBorneBy ?? before.feesBorneBy,
    defaultRecipient: defaultRecipient === undefined ? before.defaultRecipient : defaultRecipient,
    coolDownHours: coolDownHours ?? before.coolDownHours,
    identifiedOnly: identifiedOnly ?? before.identifiedOnly,
    nameDifferences: nameDifferences ?? before.nameDifferences,
    approvalUrl: approvalUrl === undefined ? before.approvalUrl : (approvalUrl?.url ?? null),
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
  if (approvalUrl !== undefined) {
    const secret = approvalUrl === null ? null : tx.vault.seal(approvalUrl.secret, secretContext)
    await tx.db.query(sql`
      update payout_settings set approval_url = ${after.approvalUrl}::text, approval_secret = ${secret}::bytea
      where merchant_id = ${merchant.id} and mode = ${mode}
    `)
  }
  noteChange(tx, { object: null, before: { ...before }, after: { ...after } })
  return after
}
