import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { type AccountName, doCommand, type LedgerCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Dispute } from './dispute-records.ts'
import { isDecided } from './dispute-states.ts'
import { bookedOf, type DisputedMoney, isOwners, payerOf } from './disputed-money.ts'

/* The amount of an open dispute is reserved, as far as it is there, so that it is not spent meanwhile. */

/**
 * Reserves what is available of the amount of an open dispute, once. A customer who has spent the money meanwhile has nothing
 * reserved, and owes the rest if the dispute is lost.
 */
export async function holdAmount(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
): Promise<void> {
  const { id, holdId, currency } = dispute
  if (holdId === null || isDecided(dispute.state) || !isOwners(money)) return
  const from = money.owner as AccountName
  const payer = await payerOf(context, tenant, money, 'customer')
  // The customer is being erased: the merchant bears it.
  if (payer.kind !== from.kind) return
  const common = { action: 'place', id: holdId, currency, from, originalId: money.transactionId } as const
  for (let time = 1; time <= 3; time++) {
    const available = await availableOf(context, tenant, from, currency)
    const wanted = bookedOf(dispute, money)
    const held = available < wanted ? available : wanted
    if (held <= 0n) return
    const command: LedgerCommand = {
      ...common,
      amount: held,
      description: null,
      expiresAt: null,
      event: null,
      request: null,
      ownKey: `dispute/${id}/hold/${time}`,
    }
    const refused = await doCommand(context, tenant, command).catch((error) => {
      if (error instanceof ServiceError) return error
      throw error
    })
    if (!(refused instanceof ServiceError && refused.code === 'insufficient_funds')) return
  }
}

async function availableOf(
  context: Context,
  { merchant, mode }: Tenant,
  { kind, customer }: AccountName,
  currency: Currency,
): Promise<bigint> {
  const owner = sql`(select c.id from customers c where c.merchant_id = ${merchant.id} and c.code = ${customer ?? null}::text)`
  const [row] = await context.db.query<{ available: bigint }>(sql`
    select a.posted - a.held as available from ledger_accounts a
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.kind = ${kind} and a.currency = ${currency}
      and ${kind === 'customer_cash' ? sql`a.customer_id = ${owner}` : sql`a.customer_id is null`}
  `)
  return row?.available ?? 0n
}

/** The end of the hold, if there may be one. A hold that was never placed is refused, and that changes nothing. */
export function releases({ holdId, currency }: Dispute, money: DisputedMoney): LedgerCommand[] {
  if (holdId === null || !isOwners(money)) return []
  const from = money.owner as AccountName
  return [
    {
      action: 'release',
      id: holdId,
      currency,
      from,
      holdId,
      originalId: money.transactionId,
      event: null,
      request: null,
    },
  ]
}

export async function releaseHold(
  context: FreeContext,
  { merchant, mode }: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
) {
  const [command] = releases(dispute, money)
  if (command === undefined) return
  await doCommand(context, { merchant, mode }, command).catch((error) => {
    if (!(error instanceof ServiceError && ['hold_not_open', 'customer_not_found'].includes(error.code))) throw error
  })
}
