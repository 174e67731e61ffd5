import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { advancePayout, takePayoutNotice } from '../payouts/advancing.ts'
import { findPayout, type Payout } from '../payouts/payout-records.ts'
import { isOpen } from '../payouts/payout-states.ts'
import { isSentFromHere } from '../payouts/sent-references.ts'
import type { ReconciliationContext, StatementItem } from './account-statement.ts'
import { isBesideOpening } from './beside-openings.ts'
import { noteDifference } from './differences.ts'
import type { FoundDifference } from './found-differences.ts'
import { beginningOf, isSentByAnother, type Reconciliation } from './reconciliations.ts'
import { ignoreForGood } from './unreadable.ts'

/**
 * Compares payouts of the account with the books. One of ours whose end was not told is asked about, and ended here. Yields for
 * each how many were ended.
 */
export async function* comparePayouts(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  items: readonly StatementItem[],
): AsyncGenerator<number> {
  for (const item of items) {
    const before = await findOwn(context, tenant, item)
    if (before === null) {
      await compareOther(context, tenant, run, item)
      yield 0
      continue
    }
    const isLate = isUnsent(before) || isBehind(item, before)
    if (isLate) await askAbout(context, tenant, run, before).catch(ignoreForGood)
    const own = isLate ? ((await findOwn(context, tenant, item)) as Payout) : before
    const found = differenceOf(item, own)
    if (found !== null) await note(context, tenant, run, item, { ...found, own })
    yield isLate && own.state !== before.state && !isOpen(own.state) ? 1 : 0
  }
}

async function findOwn(context: Context, tenant: Tenant, { name }: StatementItem): Promise<Payout | null> {
  if (name === null) return null
  const [row] = await context.db.query<{ id: string }>(sql`
    select id from payouts
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and sent_reference = ${name}
  `)
  return row === undefined ? null : findPayout(context, tenant, { id: row.id })
}

/** Whether nothing was sent from here: the database was restored from a backup. */
function isUnsent({ accountId, verdict }: Payout): boolean {
  return accountId === null && verdict !== 'paid'
}

/** Asks the account how a payout stands. One that was never sent from here is not sent now. */
async function askAbout(
  context: ReconciliationContext,
  tenant: Tenant,
  { accountId }: Reconciliation,
  { id, sentReference }: Payout,
): Promise<void> {
  await takePayoutNotice(context, tenant, sentReference, accountId)
  const own = await findPayout(context, tenant, { id })
  if (own !== null && own.accountId !== null) await advancePayout(context, tenant, id)
}

/** Whether the account has something else to say than what is known here. */
function isBehind({ state, fee: told }: StatementItem, { state: own, fee }: Payout): boolean {
  if (state === 'done') return own !== 'paid' || (fee === null && told !== null)
  return state === 'failed' && (isOpen(own) || own === 'paid')
}

/**
 * A payout that was made at the account, or from here and is not known any more: after a backup was restored. One of another merchant
 * that pays out by the same account is no difference.
 */
async function compareOther(context: Context, tenant: Tenant, run: Reconciliation, item: StatementItem): Promise<void> {
  const { cutOver } = await beginningOf(context, tenant, run.booksId)
  const isFromHere = item.name !== null && isSentFromHere(context.vault, item.name)
  // What is older than the cut-over is in the opening balance, but for what was sent from here.
  const isOld = item.createdAt < cutOver
  if (costOf(item) === 0n || (isOld && !isFromHere)) return
  if (item.name !== null && (await isOfAnotherMerchant(context, tenant, item.name))) return
  const kind = isFromHere ? ('missing_here' as const) : ('not_ours' as const)
  const isCounted = !isOld || (await isBesideOpening(context, tenant, run, item))
  await note(context, tenant, run, item, { kind, effect: isCounted ? -costOf(item) : 0n, own: null })
}

async function isOfAnotherMerchant({ db }: Context, tenant: Tenant, name: string): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>(sql`select ${isSentByAnother(tenant, sql`${name}::text`)} as found`)
  return row?.found === true
}

/** What the books have as the fee. */
function feeOf({ bookedFee, fee }: Payout): bigint {
  return bookedFee ?? fee ?? 0n
}

/** What has left the account: of a payout that has come back, or was not made, the fee that was kept. */
function costOf({ state, amount, fee }: Pick<StatementItem, 'state' | 'amount' | 'fee'>): bigint {
  return (state === 'failed' ? 0n : amount) + (fee ?? 0n)
}

type Found = Pick<FoundDifference, 'kind'> & { effect: bigint }

function differenceOf(item: StatementItem, own: Payout): Found | null {
  const cost = costOf(item)
  const ownFee = feeOf(own)
  const ownCost = own.amount + ownFee
  // What is booked of one whose money has come back, also before it was seen to be paid.
  const kept = own.state === 'returned' || own.state === 'failed' ? ownFee : 0n
  if (item.currency !== own.currency) return { kind: 'currency', effect: -cost }
  if (item.state === 'failed') {
    if (own.state === 'paid') return { kind: 'state', effect: ownCost - cost }
    return item.fee !== null && item.fee !== kept ? { kind: 'fee', effect: kept - item.fee } : null
  }
  if (own.state !== 'paid' && !(item.state === 'open' && isOpen(own.state)))
    return { kind: 'state', effect: kept - cost }
  if (item.amount !== own.amount) {
    // What is open has left the account with its own amount.
    return { kind: 'amount', effect: own.state === 'paid' ? ownCost - cost : -cost }
  }
  const isOtherFee = own.state === 'paid' && item.fee !== null && item.fee !== ownFee
  return isOtherFee ? { kind: 'fee', effect: ownCost - cost } : null
}

function note(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  item: StatementItem,
  { kind, effect, own }: Found & { own: Payout | null },
): Promise<void> {
  const { id, reference, fee, currency, createdAt } = item
  // Of one that was made at the account and came back, the fee is left.
  const amount = own === null && item.state === 'failed' ? costOf(item) : item.amount
  const [ours, theirs] = kind === 'fee' ? [own === null ? 0n : feeOf(own), fee ?? 0n] : [own?.amount ?? null, amount]
  const isBoth = (kind === 'fee' || kind === 'amount') && ours !== null
  const by = isBoth ? (theirs > ours ? theirs - ours : ours - theirs) : amount
  return noteDifference(context, tenant, run, {
    kind,
    subject: 'payout',
    name: id,
    reference,
    transactionId: own?.movementId ?? null,
    amount: by,
    ours,
    theirs,
    currency,
    effects: { [currency]: effect },
    at: createdAt,
  })
}
