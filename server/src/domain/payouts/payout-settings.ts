import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Approval, findWaiting } from '../approvals/approval-records.ts'
import { areOn, getApprovalSettings } from '../approvals/approval-settings.ts'
import { recordApproval } from '../approvals/asking.ts'
import type { ApprovalOwner } from '../approvals/decisions.ts'
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

/** A change as an approval keeps it: without the key that signs. */
type WantedSettings = { [Each in keyof PayoutSettings]?: PayoutSettings[Each] | undefined }

/**
 * Changes the given settings, and answers them as they are then. They count for payouts that are made from now on; an approval URL for all
 * that are not sent yet. Where anything waits for a second person, a change that lets more pass than before is not done: it waits as a
 * whole, and the answer has its approval. The same change again answers the same approval. Throws `recipient_not_found`,
 * `approval_waiting` while another such change waits.
 */
export async function changePayoutSettings(
  tx: TxContext,
  tenant: Tenant,
  change: PayoutSettingsChange,
): Promise<{ settings: PayoutSettings; waiting: Approval | null }> {
  await lockSettings(tx, tenant)
  const before = await getPayoutSettings(tx, tenant)
  const wanted = wantedOf(change)
  const after = changed(before, wanted)
  if (after.defaultRecipient !== null) await getRecipient(tx, tenant, after.defaultRecipient)
  const waiting = await findWaiting(tx, tenant, { kind: 'payout_settings' })
  const secret = change.approvalUrl ? tx.vault.seal(change.approvalUrl.secret, secretContext) : null
  if (isAsStrict(before, after) || !(await isAnotherNeeded(tx, tenant, before))) {
    return { settings: await store(tx, tenant, { before, wanted, secret }), waiting }
  }
  if (waiting === null) return { settings: before, waiting: await askSecond(tx, tenant, { before, wanted, secret }) }
  if (isDeepStrictEqual(waiting.details.change, wanted)) return { settings: before, waiting }
  const message = `Another change of these settings waits for a second person: ${waiting.id}; have it decided first`
  throw new ServiceError('approval_waiting', message)
}

/** Does what a second person has approved: sets each named setting as it was asked, whatever was changed meanwhile. */
export const payoutSettingsApprovals: ApprovalOwner = {
  async approve(tx, tenant, { details }) {
    await lockSettings(tx, tenant)
    const before = await getPayoutSettings(tx, tenant)
    const secret = await takeWaitingSecret(tx, tenant)
    await store(tx, tenant, { before, wanted: details.change as WantedSettings, secret })
  },
  async deny(tx, tenant) {
    await takeWaitingSecret(tx, tenant)
  },
}

function wantedOf({ approvalUrl, ...others }: PayoutSettingsChange): WantedSettings {
  const given = Object.entries(others).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given),
    ...(approvalUrl === undefined ? {} : { approvalUrl: approvalUrl?.url ?? null }),
  }
}

function changed(before: PayoutSettings, wanted: WantedSettings): PayoutSettings {
  return { ...before, ...wanted } as PayoutSettings
}

/** Whether everything that waited, was asked about or was refused before still is. Another address may agree to everything. */
function isAsStrict(before: PayoutSettings, after: PayoutSettings): boolean {
  if (after.coolDownHours < before.coolDownHours) return false
  if (before.identifiedOnly && !after.identifiedOnly) return false
  if (before.nameDifferences === 'approval' && after.nameDifferences !== 'approval') return false
  return before.approvalUrl === null || after.approvalUrl === before.approvalUrl
}

/** A company of one, in which nothing waits for a second person, changes its settings at once. */
async function isAnotherNeeded(context: Context, tenant: Tenant, before: PayoutSettings): Promise<boolean> {
  return before.nameDifferences === 'approval' || areOn(await getApprovalSettings(context, tenant))
}

/** Of two changes at once, the second finds what the first has done. */
async function lockSettings(tx: TxContext, { merchant, mode }: Tenant): Promise<void> {
  await tx.db.query(sql`
    insert into payout_settings (merchant_id, mode, fees_borne_by, updated_at)
    values (${merchant.id}, ${mode}, ${usual.feesBorneBy}, ${merchant.createdAt})
    on conflict do nothing
  `)
  await tx.db.query(sql`
    select mode from payout_settings where merchant_id = ${merchant.id} and mode = ${mode} for no key update
  `)
}

interface Asked {
  before: PayoutSettings
  wanted: WantedSettings
  /** The sealed key that signs what a wanted address is asked; null for no address. */
  secret: Buffer | null
}

async function askSecond(tx: TxContext, tenant: Tenant, { before, wanted, secret }: Asked): Promise<Approval> {
  const { merchant, mode } = tenant
  await tx.db.query(sql`
    update payout_settings set waiting_secret = ${secret}::bytea where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  return recordApproval(tx, tenant, {
    kind: 'payout_settings',
    subjectId: uuidV7(tx.random, tx.clock.now()),
    needs: ['always'],
    details: { change: wanted, before, after: changed(before, wanted) },
  })
}

/** The key of the change that waited; it is kept no longer. */
async function takeWaitingSecret({ db }: TxContext, { merchant, mode }: Tenant): Promise<Buffer | null> {
  const [row] = await db.query<{ secret: Buffer | null }>(sql`
    with before as (
      select waiting_secret from payout_settings where merchant_id = ${merchant.id} and mode = ${mode} for no key update
    )
    update payout_settings s set waiting_secret = null
    from before b
    where s.merchant_id = ${merchant.id} and s.mode = ${mode}
    returning b.waiting_secret as secret
  `)
  return row?.secret ?? null
}

async function store(tx: TxContext, tenant: Tenant, { before, wanted, secret }: Asked): Promise<PayoutSettings> {
  const { merchant, mode } = tenant
  const after = changed(before, wanted)
  const recipient = after.defaultRecipient === null ? null : await getRecipient(tx, tenant, after.defaultRecipient)
  const updatedAt = isDeepStrictEqual(before, after) && secret === null ? null : tx.clock.now()
  await tx.db.query(sql`
    update payout_settings set
      fees_borne_by = ${after.feesBorneBy}, default_recipient_id = ${recipient?.id ?? null}::bigint,
      cool_down_hours = ${after.coolDownHours}, identified_only = ${after.identifiedOnly},
      name_differences = ${after.nameDifferences}, updated_at = coalesce(${updatedAt}::timestamptz, updated_at)
    where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  if (after.coolDownHours < before.coolDownHours) await lookAtCooling(tx, tenant)
  if (wanted.approvalUrl !== undefined) {
    await tx.db.query(sql`
      update payout_settings set approval_url = ${after.approvalUrl}::text, approval_secret = ${secret}::bytea
      where merchant_id = ${merchant.id} and mode = ${mode}
    `)
  }
  noteChange(tx, { object: null, before: { ...before }, after: { ...after }, merchantId: merchant.id, mode })
  return after
}

/** Payouts that wait for a longer time than is wanted now are looked at again. */
async function lookAtCooling({ db, clock }: TxContext, { merchant, mode }: Tenant): Promise<void> {
  await db.query(sql`
    update payouts set due_at = ${clock.now()}
    where merchant_id = ${merchant.id} and mode = ${mode} and state = 'pending' and state_code = 'cooling_down'
      and due_at > ${clock.now()}
  `)
}
