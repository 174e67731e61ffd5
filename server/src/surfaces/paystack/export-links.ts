import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../../domain/context.ts'
import { isKeyActive, type KeyHolder } from '../../domain/merchants/key-holders.ts'
import { getMerchant } from '../../domain/merchants/merchants.ts'
import type { Mode, Tenant } from '../../domain/merchants/tenant.ts'

/** The things that are exported. */
type Exported = 'transaction' | 'dispute' | 'transfer'

/** The contents of a link: whose things it answers, until when, and the key whose holder made it. */
interface Link<Query> {
  merchant: number
  mode: Mode
  query: Query
  /** Null for a caller without a key. Missing in a link of the release before. */
  apiKeyId?: string | null
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** For how long a link can be followed. A download that has begun is not cut off then. */
const lifetimeMs = 60_000

/**
 * A text that opens the things of a query for a minute, or until the key of the caller is revoked, for anybody who has it. It
 * is sealed with the server's key: nothing is stored, nobody can change it, and any server of the installation opens it.
 */
export function sealLink(
  { vault, clock }: Context,
  { tenant, apiKeyId }: KeyHolder,
  exported: Exported,
  query: object,
): { link: string; expiresAt: Date } {
  const expiresAt = clock.now().getTime() + lifetimeMs
  const link: Link<object> = { merchant: tenant.merchant.id, mode: tenant.mode, query, apiKeyId, expiresAt }
  return { link: vault.sealText(JSON.stringify(link), `${exported} export`), expiresAt: new Date(expiresAt) }
}

/** The answer of an export: the address of the file, and the end of the link as Paystack writes it. */
export function renderLink(
  { publicUrl, now }: { publicUrl: string; now: Date },
  exported: Exported,
  { link, expiresAt }: { link: string; expiresAt: Date },
) {
  const name = `${exported}s_${now.getTime()}.csv`
  return {
    path: `${publicUrl}/${exported}/export/${name}?link=${link}`,
    expiresAt: expiresAt.toISOString().slice(0, 19).replace('T', ' '),
  }
}

/** What a link opens. */
export interface OpenLink<Query> {
  tenant: Tenant
  query: Query
  /** Whether the link still opens it: its key may end during a download. */
  isKeyActive: () => Promise<boolean>
}

/** Throws `not_found` for a link that this server never made, that has expired, or whose key has ended. */
export async function openLink<Query>(context: Context, exported: Exported, text: string): Promise<OpenLink<Query>> {
  const link = readLink<Query>(context, exported, text)
  if (link === null) throw new ServiceError('not_found', `There is no such export; ask for /${exported}/export`)
  if (link.expiresAt < context.clock.now().getTime()) {
    const message = `The link to the export has expired: it is good for 60 seconds; ask for /${exported}/export again`
    throw new ServiceError('not_found', message)
  }
  const { merchant, mode, query, apiKeyId = null } = link
  const isActive = async () => apiKeyId === null || (await isKeyActive(context, merchant, apiKeyId))
  if (!(await isActive())) {
    const message = `The key that asked for this export was revoked or has expired; ask for /${exported}/export again`
    throw new ServiceError('not_found', message)
  }
  const tenant = { merchant: await getMerchant(context, String(merchant)), mode }
  return { tenant, query, isKeyActive: isActive }
}

function readLink<Query>({ vault }: Context, exported: Exported, text: string): Link<Query> | null {
  try {
    return JSON.parse(vault.openText(text, `${exported} export`)) as Link<Query>
  } catch {
    // Not sealed by this key: the caller refuses it.
    return null
  }
}
