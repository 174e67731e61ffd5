import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Context, lockCount, type TxContext } from '../context.ts'
import type { Tenant } from './tenant.ts'

/** What a merchant may want in a mode. Each is a table with a row for each merchant and mode that has changed it. */
const tables = {
  approval_settings: sql`approval_settings`,
  dispute_settings: sql`dispute_settings`,
  payment_settings: sql`payment_settings`,
  payout_settings: sql`payout_settings`,
}

export type SettingsName = keyof typeof tables

/** The time of the last change of settings. Settings that were never changed are as old as their merchant. */
export async function settingsChangedAt(
  { db }: Pick<Context, 'db'>,
  { merchant, mode }: Tenant,
  name: SettingsName,
): Promise<Date> {
  const [row] = await db.query<{ updated_at: Date }>(sql`
    select updated_at from ${tables[name]} where merchant_id = ${merchant.id} and mode = ${mode}
  `)
  return row?.updated_at ?? merchant.createdAt
}

/**
 * Throws `changed_meanwhile` if the settings were changed after `seenAt`. Of two changes at once that say what they have seen, the
 * second waits for the first, and finds what it has done.
 */
export async function refuseStaleSettings(
  tx: TxContext,
  tenant: Tenant,
  name: SettingsName,
  seenAt: Date | undefined,
): Promise<void> {
  if (seenAt === undefined) return
  await lockCount(tx, tenant, name)
  const changedAt = await settingsChangedAt(tx, tenant, name)
  if (seenAt.getTime() === changedAt.getTime()) return
  const message = `The settings were changed at ${changedAt.toISOString()}, after you have read them; read them again`
  throw new ServiceError('changed_meanwhile', message)
}
