import { UpstreamError } from '../../base/upstream-error.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import type { PaymentsContext } from '../payments/payment-processor.ts'
import { type ChosenAccount, chosenAccount, directions } from '../payments/processor-accounts.ts'
import type { PayoutProcessorChoice } from '../payouts/payout-processor.ts'
import { recordDeed } from '../trail/trail.ts'
import { booksOf, linkKeys } from './account-keys.ts'

type Work = PaymentsContext & PayoutProcessorChoice

/** Two keys that are not found to be of one account are compared again after this time, and at once with a newer key. */
const compareAgainMs = 60 * 60 * 1000

/**
 * Has a newer key of the same account ask about everything that was sent by a key that the account refuses. Answers how many keys
 * were taken over, of all tenants. A key of another account takes nothing over.
 */
export async function takeOverRefusedKeys(context: Work): Promise<number> {
  const before = new Date(context.clock.now().getTime() - compareAgainMs)
  const rows = await context.db.query<TenantRow>(sql`
    select distinct ${tenantColumns}, a.mode
    from processor_accounts a
    join merchants m on m.id = a.merchant_id
    join processor_accounts n on n.merchant_id = a.merchant_id and n.mode = a.mode
    where ${isRefused} and n.replaced_at is null and n.credentials is not null and ${canTakeOver(sql`n.id`, sql`n.processor`)}
      and (a.compared_at is null or a.compared_at <= ${before} or a.compared_at < n.created_at)
    limit 100
  `)
  let takenOver = 0
  for (const row of rows) takenOver += await takeOverFor(context, readTenant(row))
  return takenOver
}

/** As `takeOverRefusedKeys`, of one tenant, and at once. */
export async function takeOverFor(context: Work, tenant: Tenant): Promise<number> {
  const subject = `keys of ${tenant.merchant.code} in ${tenant.mode} mode`
  let takenOver = 0
  for (const direction of directions) {
    const account = await chosenAccount(context, tenant, direction)
    if (account.secretKey === null) continue
    const refused = await findRefused(context, tenant, account)
    if (refused.length === 0) continue
    try {
      await linkKeys(context, tenant, account)
    } catch (error) {
      // The newer key cannot ask now, or is refused, too.
      if (!(error instanceof UpstreamError)) throw error
      context.failures.failed(subject, { operation: error.operation, outcome: error.outcome })
      continue
    }
    const taken = await inTransaction(context, (tx) => takeOver(tx, tenant, account, refused))
    takenOver += taken.length
    for (const id of taken) {
      const members = { merchant: tenant.merchant.code, mode: tenant.mode, key: Number(id), by: Number(account.id) }
      context.log.warn(members, 'the account refuses a key: another key of the same account asks from now on')
    }
  }
  return takenOver
}

/** A row `a` whose key, or the one that asks for it, is refused. */
const isRefused = sql`a.replaced_at is not null and a.credentials is not null and a.state = 'failing'`

/** Whether a row was chosen after the row `a`, at the same processor, and does not ask for it yet. */
function canTakeOver(id: Sql, processor: Sql): Sql {
  return sql`${id} > a.id and a.processor = ${processor} and a.asked_by is distinct from ${id}`
}

async function findRefused(
  context: Context,
  { merchant, mode }: Tenant,
  { id, processor }: ChosenAccount,
): Promise<bigint[]> {
  const rows = await context.db.query<{ id: bigint }>(sql`
    select a.id from processor_accounts a
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and ${isRefused}
      and ${canTakeOver(sql`${id}::bigint`, sql`${processor}`)}
    order by a.id
  `)
  return rows.map((row) => row.id)
}

interface TakenRow {
  id: bigint
  direction: string
  hint: string | null
  newer_hint: string | null
  is_same: boolean
}

/** Takes over those that are of the same account, and answers them. */
async function takeOver(
  tx: TxContext,
  tenant: Tenant,
  { id }: ChosenAccount,
  refused: readonly bigint[],
): Promise<bigint[]> {
  const { merchant, mode } = tenant
  const now = tx.clock.now()
  const booksId = await booksOf(tx, tenant, id)
  const rows = await tx.db.query<TakenRow>(sql`
    update processor_accounts a set
      compared_at = ${now},
      asked_by = case when coalesce(a.same_as, a.id) = ${booksId} then ${id}::bigint else a.asked_by end,
      state = case when coalesce(a.same_as, a.id) = ${booksId} then 'ready' else a.state end,
      updated_at = ${now}
    where a.merchant_id = ${merchant.id} and a.id = any(${refused}::bigint[])
    returning a.id, a.direction, a.hint, coalesce(a.same_as, a.id) = ${booksId} as is_same,
      (select n.hint from processor_accounts n where n.merchant_id = a.merchant_id and n.id = ${id}) as newer_hint
  `)
  const same = rows.filter((row) => row.is_same)
  for (const { direction, hint, newer_hint } of same) {
    const change = {
      object: direction,
      before: { keyHint: hint, askedBy: null },
      after: { keyHint: hint, askedBy: newer_hint },
    }
    const deed = { actor: null, action: 'takeOverKey', object: direction }
    await recordDeed(tx, { merchantId: merchant.id, mode }, deed, [change])
  }
  const taken = same.map((row) => row.id)
  await wake(tx, tenant, taken)
  return taken
}

/** Has what was sent by the keys asked about now. */
async function wake({ db, clock }: TxContext, { merchant }: Tenant, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return
  const now = clock.now()
  for (const table of [sql`sent_charges`, sql`payouts`, sql`disputes`, sql`payment_intents`]) {
    await db.query(sql`
      update ${table} set due_at = ${now}
      where merchant_id = ${merchant.id} and account_id = any(${ids}::bigint[]) and due_at > ${now}
    `)
  }
  await db.query(sql`
    update refunds r set due_at = ${now}
    from ledger_transactions t
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id
    where r.merchant_id = ${merchant.id} and r.due_at > ${now} and t.merchant_id = r.merchant_id and t.id = r.original_id
      and f.kind = 'outside' and f.party_id = any(${ids}::bigint[])
  `)
}
