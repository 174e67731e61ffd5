import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange } from '../context.ts'
import { type Customer, getCustomer } from '../customers/customers.ts'
import { isKeyActive, type KeyHolder } from '../merchants/key-holders.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import { openStatement, type Statement } from './statements.ts'

/** How long a link to a statement opens. */
const lifetimeMs = 15 * 60 * 1000

export interface StatementLink {
  /** The last part of the address. It names the statement, sealed: nobody can read it, change it or make another one. */
  token: string
  expiresAt: Date
}

/** The content of a token: what the link opens, until when, and the key whose holder made it. */
type Sealed = [
  merchantId: number,
  mode: string,
  customerCode: string,
  currency: Currency,
  fromMs: number,
  untilMs: number,
  expiresAtMs: number,
  apiKeyId: string | null,
]

/**
 * Makes a link that opens one statement without a key, for a person with a browser. Nothing is stored. The link opens
 * for 15 minutes, or until the key of the caller is revoked.
 */
export function createStatementLink(
  context: Context,
  { tenant, apiKeyId }: KeyHolder,
  customer: Customer,
  period: { currency: Currency; from: Date; until: Date },
): StatementLink {
  const expiresAt = new Date(context.clock.now().getTime() + lifetimeMs)
  const sealed: Sealed = [
    tenant.merchant.id,
    tenant.mode,
    customer.code,
    period.currency,
    period.from.getTime(),
    period.until.getTime(),
    expiresAt.getTime(),
    apiKeyId,
  ]
  const token = context.vault.sealText(JSON.stringify(sealed), purpose)
  const [from, until] = [period.from.toISOString(), period.until.toISOString()]
  noteChange(context, { object: customer.code, after: { currency: period.currency, from, until } })
  return { token, expiresAt }
}

const purpose = 'statement-link'

/**
 * The statement of a link, and whether the link's key still is active. Throws `not_found` for a text that is no link, and for a
 * link that opens no more.
 */
export async function openStatementLink(
  context: Context,
  token: string,
): Promise<{ tenant: Tenant; customer: Customer; statement: Statement; isKeyActive: () => Promise<boolean> }> {
  const [merchantId, mode, code, currency, fromMs, untilMs, expiresAtMs, apiKeyId] = unseal(context, token)
  const [row] = await context.db.query<TenantRow>(sql`
    select ${mode} as mode, ${tenantColumns} from merchants m where m.id = ${merchantId}
  `)
  const isOver = expiresAtMs <= context.clock.now().getTime()
  const isActive = async () => apiKeyId === null || (await isKeyActive(context, merchantId, apiKeyId))
  if (row === undefined || isOver || !(await isActive())) {
    throw new ServiceError('not_found', 'This link to a statement has expired')
  }
  const tenant = readTenant(row)
  const customer = await getCustomer(context, tenant, code)
  const period = { currency, from: new Date(fromMs), until: new Date(untilMs) }
  const statement = await openStatement(context, tenant, customer, period)
  return { tenant, customer, statement, isKeyActive: isActive }
}

/** The vault refuses every text but its own. */
function unseal({ vault }: Context, token: string): Sealed {
  try {
    return JSON.parse(vault.openText(token, purpose)) as Sealed
  } catch {
    throw new ServiceError('not_found', 'There is no statement at this address')
  }
}
