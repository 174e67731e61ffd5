import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type Context, inTransaction, lockCount, noteChange, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { chosenAccount, cutOverOfBooks } from '../payments/processor-accounts.ts'
import { linkKeys } from '../reconciliation/account-keys.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import type { ImportContext } from './account-contents.ts'

/** The kinds of things that are imported. Authorizations are read with their customers. */
export const importedKinds = ['customer', 'authorization', 'dedicated_account', 'payment'] as const
export type ImportedKind = (typeof importedKinds)[number]

/** The lists of an account, in the order in which they are read. */
export const importStages = ['customer', 'dedicated_account', 'payment'] as const satisfies readonly ImportedKind[]
export type ImportStage = (typeof importStages)[number]

/** Why a thing is not imported. */
export const skipReasons = [
  ...(['unreadable', 'other_mode', 'refused', 'erased', 'deleted', 'no_customer', 'customer_skipped'] as const),
  ...(['not_reusable', 'not_saved_here', 'expired', 'closed', 'removed_here', 'number_taken', 'bank_taken'] as const),
  ...(['not_paid', 'after_cut_over', 'own', 'recorded_by_hand', 'reference_taken'] as const),
] as const
export type SkipReason = (typeof skipReasons)[number]

/** What became of one thing of an account. `merged`: it was here before, and is known as the account's from now on. */
export type Outcome =
  | { kind: ImportedKind; is: 'created' | 'merged' | 'unchanged' }
  | { kind: ImportedKind; is: 'skipped'; name: string; reason: SkipReason; detail?: string }

/** How many things of a kind an import has read, and what became of them. */
export interface KindCount {
  read: number
  created: number
  merged: number
  unchanged: number
  skipped: number
  /** How many the account has; null while that is not known. */
  total: number | null
}

export type Counts = Readonly<Record<ImportedKind, KindCount>>

/** One import of an account at a processor. */
export interface Import {
  id: string
  /** The account whose key reads. */
  accountId: bigint
  /** The first row of the same account: what was imported is kept under it. */
  booksId: bigint
  /** Customers who were made later are left to the next import. */
  until: Date
  /** Payments that were paid before are history. */
  cutOverAt: Date
  state: 'running' | 'done'
  stage: ImportStage
  page: number
  /** How many rows of the page are done. */
  position: number
  counts: Counts
  /** How often in a row the account could not be asked. */
  attempts: number
  /** The last of these failures, as a sentence. */
  failure: string | null
  /** Until then the account is left alone; null for a failure that waiting does not mend. */
  retryAt: Date | null
  by: Doer
  createdAt: Date
  finishedAt: Date | null
}

/** A thing that the last import has left out. */
export interface Skip {
  id: string
  kind: ImportedKind
  /** The account's name of it: a code, a number or a reference. */
  name: string
  reason: SkipReason
  /** The member that cannot be read, or the code of a refusal. */
  detail: string | null
}

interface ImportRow extends DoerRow {
  id: string
  account_id: bigint
  books_id: bigint
  until_at: Date
  cut_over_at: Date
  state: Import['state']
  stage: ImportStage
  page: number
  position: number
  counts: Partial<Record<ImportedKind, KindCount>>
  attempts: number
  failure: string | null
  retry_at: Date | null
  created_at: Date
  finished_at: Date | null
}

/**
 * Makes an import of the account that takes the tenant's money, or answers the one that is not done. Throws `not_available` for a
 * tenant without such an account, `UpstreamError` where the account cannot be asked.
 */
export async function startImport(context: ImportContext, tenant: Tenant): Promise<Import> {
  const { merchant, mode, actor } = tenant
  const account = await chosenAccount(context, tenant, 'in')
  if ((await context.contentsOf(context, tenant, account.id)) === null) {
    const message = `There is no account to import from: the money is moved by the processor ${account.processor}`
    throw new ServiceError('not_available', message)
  }
  const booksId = await linkKeys(context, tenant, account)
  return inTransaction(context, async (tx) => {
    await lockCount(tx, tenant, 'imports')
    const [running] = await select(tx, tenant, sql`r.account_id = ${account.id} and r.state = 'running'`)
    if (running !== undefined) return running
    await forgetSkips(tx, tenant, booksId)
    const now = tx.clock.now()
    const id = uuidV7(tx.random, now)
    const [books] = await tx.db.query<{ cut_over_at: Date | null }>(sql`
      select ${cutOverOfBooks(sql`a`)} as cut_over_at from processor_accounts a
      where a.merchant_id = ${merchant.id} and a.id = ${account.id}
    `)
    await tx.db.query(sql`
      insert into imports (
        merchant_id, id, mode, account_id, books_id, until_at, cut_over_at, actor_id, created_at, updated_at
      )
      values (
        ${merchant.id}, ${id}, ${mode}, ${account.id}, ${booksId}, ${now}, ${books?.cut_over_at ?? now},
        ${actor?.id ?? null}::integer, ${now}, ${now}
      )
    `)
    noteChange(tx, { object: id, after: { imported: account.processor } })
    return getImport(tx, tenant, id)
  })
}

/** The report of an earlier import of the account is of no use any more. */
async function forgetSkips({ db }: TxContext, { merchant }: Tenant, booksId: bigint): Promise<void> {
  await db.query(sql`
    delete from import_skips s
    where s.merchant_id = ${merchant.id}
      and s.import_id in (select i.id from imports i where i.merchant_id = ${merchant.id} and i.books_id = ${booksId})
  `)
}

export async function getImport(context: Context, tenant: Tenant, id: string): Promise<Import> {
  const [row] = await select(context, tenant, sql`r.id = ${id}`)
  if (row === undefined) throw new Error('an import is never removed')
  return row
}

/** What the last import of the tenant has left out, newest first. */
export async function listSkips(
  context: Context,
  { merchant, mode }: Tenant,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<Skip[]> {
  return context.db.query<Skip & Record<string, unknown>>(sql`
    select s.id, s.kind, s.name, s.reason, s.detail
    from import_skips s
    where s.merchant_id = ${merchant.id}
      and s.import_id = (
        select i.id from imports i where i.merchant_id = ${merchant.id} and i.mode = ${mode} order by i.id desc limit 1
      )
      and s.id < ${before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid
    order by s.id desc
    limit ${limit}
  `)
}

async function select(context: Context, { merchant, mode }: Tenant, matching: Sql): Promise<Import[]> {
  const rows = await context.db.query<ImportRow>(sql`
    select
      r.id, r.account_id, r.books_id, r.until_at, r.cut_over_at, r.state, r.stage, r.page, r.position, r.counts, r.attempts,
      r.failure, r.retry_at, r.created_at, r.finished_at, ${doerColumns}
    from (
      select * from imports r where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${matching}
    ) r
    ${joinDoer(sql`r`)}
    order by r.id desc
  `)
  return rows.map(read)
}

const noCount: KindCount = { read: 0, created: 0, merged: 0, unchanged: 0, skipped: 0, total: null }

function read(row: ImportRow): Import {
  const { counts } = row
  return {
    id: row.id,
    accountId: row.account_id,
    booksId: row.books_id,
    until: row.until_at,
    cutOverAt: row.cut_over_at,
    state: row.state,
    stage: row.stage,
    page: row.page,
    position: row.position,
    counts: {
      customer: counts.customer ?? noCount,
      authorization: counts.authorization ?? noCount,
      dedicated_account: counts.dedicated_account ?? noCount,
      payment: counts.payment ?? noCount,
    },
    attempts: row.attempts,
    failure: row.failure,
    retryAt: row.retry_at,
    by: readDoer(row),
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }
}

/** The counts with some more outcomes, and with what the account says of how many there are. */
export function addOutcomes(
  counts: Counts,
  outcomes: readonly Outcome[],
  { stage, total }: { stage: ImportStage; total: number | null },
): Counts {
  const next = Object.fromEntries(importedKinds.map((kind) => [kind, { ...counts[kind] }])) as Record<
    ImportedKind,
    KindCount
  >
  next[stage].total = total
  for (const { kind, is } of outcomes) {
    next[kind].read += 1
    next[kind][is] += 1
  }
  return next
}
