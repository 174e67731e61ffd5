import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import type { IdempotentRequest } from '../idempotency/request.ts'
import { doCommand } from '../ledger/commands.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** An amount of a customer's cash that is reserved for the merchant. */
export interface Hold {
  id: string
  customerCode: string
  /** Minor units, reserved when the hold was placed. */
  amount: bigint
  /** The part of the amount that the merchant has taken. */
  captured: bigint
  /** The part that is still reserved. 0 once the hold is no longer placed. */
  remaining: bigint
  currency: Currency
  status: 'placed' | 'captured' | 'released' | 'expired'
  description: string | null
  /** The instant at which the rest is released by itself. Null for never. */
  expiresAt: Date | null
  createdAt: Date
  updatedAt: Date
}

export interface HoldRow {
  id: string
  customer_code: string
  amount: bigint
  captured: bigint
  currency: Currency
  status: Hold['status']
  description: string | null
  expires_at: Date | null
  created_at: Date
  updated_at: Date
}

/** The longest lifetime that a hold can have. */
const maxLifetimeMs = 365 * 24 * 60 * 60 * 1000

/** The columns of a hold `h` and its customer `c`. */
export const holdColumns = sql`
  h.id, c.code as customer_code, h.amount, h.captured, h.currency, h.status, h.description, h.expires_at, h.created_at,
  h.updated_at
`

/**
 * Reserves an amount. The amount stays the customer's, but can no longer be spent otherwise. Throws `invalid_request`,
 * `currency_not_held`, `customer_not_found`, `customer_denied`, `insufficient_funds`, `idempotency_key_reused`.
 */
export async function placeHold(
  context: FreeContext,
  tenant: Tenant,
  input: {
    customerCode: string
    amount: number | string
    currency?: string | undefined
    description?: string | undefined
    expiresAt?: Date | undefined
  },
  request: IdempotentRequest | null,
): Promise<Hold & { replayed: boolean }> {
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  const now = context.clock.now()
  const { customerCode, description = null, expiresAt = null } = input
  checkExpiry(expiresAt, now)
  const id = uuidV7(context.random, now)
  const receipt = await doCommand(context, tenant, {
    action: 'place',
    id,
    currency,
    from: { kind: 'customer_cash', customer: customerCode },
    amount,
    description,
    expiresAt,
    event: holdEvent('hold.placed', { id, customerCode, currency }, { amount: Number(amount) }),
    request,
  })
  const { createdAt } = receipt
  return {
    id: receipt.id,
    customerCode,
    amount,
    captured: 0n,
    remaining: amount,
    currency,
    status: 'placed',
    description,
    expiresAt,
    createdAt,
    updatedAt: createdAt,
    replayed: receipt.replayed,
  }
}

/** A movement of reserved money to the merchant. */
export interface Capture {
  /** The id of its ledger transaction, too. */
  id: string
  holdId: string
  customerCode: string
  /** Minor units taken. */
  amount: bigint
  currency: Currency
  balanceAfter: bigint
  createdAt: Date
  replayed: boolean
}

/**
 * Takes the rest of a hold, or a part of it. A hold can be captured several times. `isFinal` releases the rest.
 * Throws `invalid_request`, `hold_not_found`, `hold_not_open`, `hold_exceeded`, `customer_denied`, `balance_limit`,
 * `idempotency_key_reused`.
 */
export async function captureHold(
  context: FreeContext,
  tenant: Tenant,
  input: { holdId: string; amount?: number | string | undefined; isFinal: boolean },
  request: IdempotentRequest | null,
): Promise<Capture> {
  const amount = input.amount === undefined ? null : parseAmount(input.amount)
  const { holdId, isFinal } = input
  const hold = await getHold(context, tenant, holdId)
  const id = uuidV7(context.random, context.clock.now())
  const receipt = await doCommand(context, tenant, {
    action: 'capture',
    kind: 'hold_capture',
    id,
    currency: hold.currency,
    from: { kind: 'customer_cash', customer: hold.customerCode },
    to: { kind: 'merchant_balance' },
    amount,
    holdId,
    isFinal,
    description: hold.description,
    event: holdEvent('hold.captured', hold, { captureId: id }),
    request,
  })
  return {
    id: receipt.id,
    holdId,
    customerCode: hold.customerCode,
    amount: receipt.amount,
    currency: hold.currency,
    balanceAfter: receipt.fromBalance,
    createdAt: receipt.createdAt,
    replayed: receipt.replayed,
  }
}

/** Releases the rest of a hold. Throws `hold_not_found`, `hold_not_open`, `idempotency_key_reused`. */
export async function releaseHold(
  context: FreeContext,
  tenant: Tenant,
  holdId: string,
  request: IdempotentRequest | null,
): Promise<{ holdId: string; releasedAt: Date; replayed: boolean }> {
  const hold = await getHold(context, tenant, holdId)
  const { createdAt, replayed } = await doCommand(context, tenant, {
    action: 'release',
    id: hold.id,
    currency: hold.currency,
    from: { kind: 'customer_cash', customer: hold.customerCode },
    holdId,
    event: holdEvent('hold.released', hold, {}),
    request,
  })
  return { holdId, releasedAt: createdAt, replayed }
}

/** Throws `hold_not_found`. */
export async function getHold(context: Context, tenant: Tenant, id: string): Promise<Hold> {
  const rows = isUuid(id)
    ? await context.db.query<HoldRow>(sql`
        select ${holdColumns}
        from holds h
        join customers c on c.merchant_id = h.merchant_id and c.id = h.customer_id
        where h.merchant_id = ${tenant.merchant.id} and h.mode = ${tenant.mode} and h.id = ${id}
      `)
    : []
  if (rows[0] === undefined) throw new ServiceError('hold_not_found', `There is no hold "${id}"`)
  return readHold(rows[0])
}

/** A customer's holds, newest first. */
export async function listHolds(
  context: Context,
  tenant: Tenant,
  customer: Pick<Customer, 'id'>,
  page: PageRequest,
): Promise<Page<Hold>> {
  const rows = await context.db.query<HoldRow & { total: bigint }>(sql`
    select t.total, ${holdColumns}
    from (
      select count(*) as total from holds
      where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id}
    ) t
    left join (
      select * from holds
      where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id}
      order by id desc
      limit ${page.limit} offset ${page.offset}
    ) h on true
    left join customers c on c.merchant_id = h.merchant_id and c.id = h.customer_id
    order by h.id desc
  `)
  return readPage(rows, readHold)
}

/** The event of a change of a hold. */
export function holdEvent(
  type: 'hold.placed' | 'hold.captured' | 'hold.released' | 'hold.expired',
  hold: Pick<Hold, 'id' | 'customerCode' | 'currency'>,
  details: Record<string, unknown>,
) {
  return {
    type,
    data: { customer: { code: hold.customerCode }, details: { holdId: hold.id, currency: hold.currency, ...details } },
  }
}

function checkExpiry(expiresAt: Date | null, now: Date): void {
  if (expiresAt === null) return
  // The posting decides whether the time has passed. The repeat of a hold that has expired meanwhile is still a repeat.
  if (expiresAt.getTime() - now.getTime() <= maxLifetimeMs) return
  throw new ServiceError('invalid_request', 'expiresAt must be in the future, at most a year from now', 'expiresAt')
}

export function readHold(row: HoldRow): Hold {
  return {
    id: row.id,
    customerCode: row.customer_code,
    amount: row.amount,
    captured: row.captured,
    remaining: row.status === 'placed' ? row.amount - row.captured : 0n,
    currency: row.currency,
    status: row.status,
    description: row.description,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
