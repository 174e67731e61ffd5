import { isDeepStrictEqual } from 'node:util'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange, type TxContext } from '../context.ts'
import type { AccountName } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** What a merchant wants of disputes in a mode. */
export interface DisputeSettings {
  /** Who bears money that was taken back from a customer's balance. Money of the merchant is always the merchant's. */
  borneBy: 'customer' | 'merchant'
  /** Whether an open dispute reserves what is available of its amount. */
  holdsAmount: boolean
}

const usual: DisputeSettings = { borneBy: 'customer', holdsAmount: false }

export async function getDisputeSettings(context: Context, { merchant, mode }: Tenant): Promise<DisputeSettings> {
  const [row] = await context.db.query<{ borne_by: DisputeSettings['borneBy']; holds_amount: boolean }>(sql`
    select borne_by, holds_amount from dispute_settings where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  return row === undefined ? usual : { borneBy: row.borne_by, holdsAmount: row.holds_amount }
}

/** Whether an open dispute reserves its amount now. The merchant has what is the merchant's to pay. */
export async function reserves(
  context: Context,
  tenant: Tenant,
  owner: { kind: AccountName['kind'] } | null,
): Promise<boolean> {
  const { holdsAmount, borneBy } = await getDisputeSettings(context, tenant)
  return holdsAmount && (borneBy === 'customer' || owner?.kind === 'merchant_balance')
}

/** Changes the given settings, and answers all. They count for disputes that begin, and for money that is taken, from now on. */
export async function changeDisputeSettings(
  tx: TxContext,
  tenant: Tenant,
  change: { borneBy?: DisputeSettings['borneBy'] | undefined; holdsAmount?: boolean | undefined },
): Promise<DisputeSettings> {
  const { merchant, mode } = tenant
  const before = await getDisputeSettings(tx, tenant)
  const { borneBy = null, holdsAmount = null } = change
  const wanted = { borneBy: borneBy ?? before.borneBy, holdsAmount: holdsAmount ?? before.holdsAmount }
  await tx.db.query(sql`
    insert into dispute_settings (merchant_id, mode, borne_by, holds_amount, updated_at)
    select ${merchant.id}, ${mode}, ${wanted.borneBy}, ${wanted.holdsAmount}, ${tx.clock.now()}
    where ${!isDeepStrictEqual(before, wanted)}
    on conflict (merchant_id, mode) do update set
      borne_by = coalesce(${borneBy}::text, dispute_settings.borne_by),
      holds_amount = coalesce(${holdsAmount}::boolean, dispute_settings.holds_amount), updated_at = excluded.updated_at
  `)
  const after = await getDisputeSettings(tx, tenant)
  noteChange(tx, { object: null, before: { ...before }, after: { ...after } })
  return after
}
