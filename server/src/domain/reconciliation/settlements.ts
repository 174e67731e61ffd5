import { uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { outsideOfHand } from '../ledger/accounts.ts'
import { doCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { StatementItem } from './account-statement.ts'
import { noteDifference } from './differences.ts'
import { beginningOf, type Reconciliation } from './reconciliations.ts'
import { ignoreForGood } from './unreadable.ts'

/** Books what the account has sent to the bank, each settlement once. Yields for each how many were booked. */
export async function* compareSettlements(
  context: FreeContext,
  tenant: Tenant,
  run: Reconciliation,
  items: readonly StatementItem[],
): AsyncGenerator<number> {
  const { cutOver } = await beginningOf(context, tenant, run.booksId)
  for (const item of items) {
    const before = await findBookedSettlement(context, tenant, run, item)
    const isNew = before === null && item.state === 'done' && item.amount > 0n && item.createdAt >= cutOver
    const isBooked = isNew && (await book(context, tenant, run, item))
    if (isNew && !isBooked) await noteRefused(context, tenant, run, item)
    if (before !== null) await compare(context, tenant, run, { item, booked: before })
    yield isBooked ? 1 : 0
  }
}

interface BookedSettlement {
  id: string
  amount: bigint
  currency: Currency
}

/** By any key of the account: two keys may be found to be of one account after it was booked. */
async function findBookedSettlement(
  context: Context,
  { merchant, mode }: Tenant,
  { booksId }: Reconciliation,
  { id }: StatementItem,
): Promise<BookedSettlement | null> {
  const [row] = await context.db.query<BookedSettlement>(sql`
    select t.id, t.amount, t.currency
    from processor_accounts a
    join idempotency_keys k
      on k.merchant_id = a.merchant_id and k.mode = a.mode and k.key = 'mteja/settlement/' || a.id || '/' || ${id}::text
      and k.refusal is null
    join ledger_transactions t on t.merchant_id = k.merchant_id and t.id = k.result_id
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and coalesce(a.same_as, a.id) = ${booksId}
  `)
  return row ?? null
}

/**
 * From the account to the bank, where money moves by hand. A fact is nobody's. Answers false for one that the ledger cannot hold.
 */
async function book(
  context: FreeContext,
  tenant: Tenant,
  { booksId }: Reconciliation,
  { id, amount, currency }: StatementItem,
): Promise<boolean> {
  const booked = await doCommand(context, tenant, {
    action: 'book',
    kind: 'settlement',
    id: uuidV7(context.random, context.clock.now()),
    currency,
    from: { kind: 'outside', at: outsideOfHand(tenant.mode) },
    to: { kind: 'outside', at: booksId },
    amount,
    description: 'Settlement',
    details: { settlement: id },
    event: null,
    request: null,
    ownKey: `settlement/${booksId}/${id}`,
  }).catch(ignoreForGood)
  return booked !== undefined
}

function noteRefused(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  { id, amount, currency, createdAt }: StatementItem,
): Promise<void> {
  return noteDifference(context, tenant, run, {
    kind: 'missing_here',
    subject: 'settlement',
    name: id,
    reference: null,
    transactionId: null,
    amount,
    ours: null,
    theirs: amount,
    currency,
    effects: { [currency]: -amount },
    at: createdAt,
  })
}

async function compare(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  { item, booked }: { item: StatementItem; booked: BookedSettlement },
): Promise<void> {
  const { id, state, amount, currency, createdAt } = item
  const common = {
    subject: 'settlement',
    name: id,
    reference: null,
    transactionId: booked.id,
    ours: booked.amount,
    theirs: amount,
    currency,
    at: createdAt,
  } as const
  if (state === 'failed') {
    const effects = { [booked.currency]: booked.amount }
    await noteDifference(context, tenant, run, { ...common, kind: 'state', amount: booked.amount, effects })
  } else if (booked.currency !== currency) {
    const effects = { [booked.currency]: booked.amount, [currency]: -amount }
    await noteDifference(context, tenant, run, { ...common, kind: 'currency', amount: magnitude(amount), effects })
  } else if (booked.amount !== amount) {
    const effects = { [currency]: booked.amount - amount }
    await noteDifference(context, tenant, run, {
      ...common,
      kind: 'amount',
      amount: magnitude(booked.amount - amount),
      effects,
    })
  }
}

function magnitude(amount: bigint): bigint {
  return amount < 0n ? -amount : amount
}
