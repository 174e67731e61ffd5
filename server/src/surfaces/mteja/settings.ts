import type { FastifyRequest } from 'fastify'
import type { Context, TxContext } from '../../domain/context.ts'
import { refuseStaleSettings, type SettingsName, settingsChangedAt } from '../../domain/merchants/settings.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { readSeenAt } from '../http/if-match.ts'
import { date } from './schemas.ts'

/** The member that every answer about settings has. */
export const settingsTime = {
  updatedAt: { ...date, description: 'Of the last change; of the merchant, for settings that were never changed' },
}

/** Settings with the time of their last change, which a change of them names in `If-Match`. */
export async function withTime<Settings extends object>(
  context: Pick<Context, 'db'>,
  tenant: Tenant,
  name: SettingsName,
  settings: Settings,
) {
  return { ...settings, updatedAt: (await settingsChangedAt(context, tenant, name)).toISOString() }
}

/** Heeds `If-Match`. Throws `changed_meanwhile`, and `invalid_request` for a header that is no time. */
export function refuseUnseen(
  tx: TxContext,
  tenant: Tenant,
  name: SettingsName,
  request: Pick<FastifyRequest, 'headers'>,
): Promise<void> {
  return refuseStaleSettings(tx, tenant, name, readSeenAt(request))
}
