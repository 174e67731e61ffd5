import { ServiceError } from '../../base/errors.ts'
import { isUuid, uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Context, inTransaction, lockCount, noteChange } from '../context.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import {
  type ChosenAccount,
  chosenAccount,
  cutOverOfBooks,
  type Direction,
  directions,
  findAccount,
} from '../payments/processor-accounts.ts'
import { findUnknownSince } from '../payments/sending-pauses.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import { booksOf, linkKeys } from './account-keys.ts'
import type { ReconciliationContext, StatementKind } from './account-statement.ts'
import { findSetUp } from './sending-looks.ts'

/** What is done next: the lists are read first, then what is here alone is asked about. */
export type Stage =
  | StatementKind
  | 'absent_charges'
  | 'absent_pay_ins'
  | 'absent_refunds'
  | 'absent_disputes'
  | 'absent_payouts'
  | 'balance'

/** One comparison of an account at a processor with the books. */
export interface Reconciliation {
  id: string
  mode: Mode
  /** The account whose key reads. */
  accountId: bigint
  direction: Direction
  /** The first row of the same account: what is read, and what differs, is kept under it. */
  booksId: bigint
  from: Date
  /** The first instant that is no longer compared. */
  until: Date
  /** False for a period that has ended before: an account tells its balance of now only. */
  withBalance: boolean
  /** `agreed`: no difference of the account is open. */
  state: 'running' | 'agreed' | 'differing' | 'failed'
  stage: Stage
  page: number
  /** The last thing of the page that was compared, by the account's id of it; null where none is yet. */
  compared: string | null
  position: string | null
  round: number
  readFrom: Date
  itemsRead: number
  /** How many things were missing or open here, and are booked now. */
  completed: number
  /** How many things the account has told that could not be read. They are not compared. */
  unreadable: number
  /** How many differences of the account that it or an earlier one has found are open. */
  openDifferences: number
  balances: readonly ComparedBalance[]
  failure: string | null
  /** How often in a row a step has failed, because the account could not be asked or by an error of this service. */
  attempts: number
  dueAt: Date | null
  by: Doer
  createdAt: Date
  finishedAt: Date | null
}

/** Minor units. */
export interface ComparedBalance {
  currency: Currency
  /** What the account says. */
  account: number
  /** By our books: what was there before, and what has come since, less what is open. */
  expected: number
  /** What was there before the cut-over. */
  opening: number
  /** What the differences of the account that are not put right explain. */
  explained: number
  /** What an account has not settled yet that does not count it in its balance. */
  unsettled: number
  unexplained: number
}

interface ReconciliationRow extends DoerRow {
  id: string
  mode: Mode
  account_id: bigint
  direction: Direction
  books_id: bigint
  from_at: Date
  until_at: Date
  with_balance: boolean
  state: Reconciliation['state']
  stage: Stage
  page: number
  compared: string | null
  position: string | null
  round: number
  read_from: Date
  items_read: number
  completed: number
  unreadable: number
  open_differences: bigint
  balances: ComparedBalance[]
  failure: string | null
  attempts: number
  due_at: Date | null
  created_at: Date
  finished_at: Date | null
}

/** The period of a new reconciliation, or one that is there. */
export interface WantedPeriod {
  /** The reconciliation to go on with, which has its account and its period. */
  id?: string | undefined
  /** Of the account that is compared. Default `in`, and `out` for a tenant that only pays out by an account. */
  direction?: Direction | undefined
  from?: Date | undefined
  /** Default now, which also stands for a later time. */
  until?: Date | undefined
}

/** A call that makes a reconciliation works on it itself within this time. Then the background does. */
export const ownTimeMs = 60_000
/** How far a reconciliation looks back behind the last one by itself: states change, and payments are paid late. */
export const overlapMs = 3 * 24 * 60 * 60 * 1000
/** It looks back for what is open, no further than this. */
const longestMs = 92 * 24 * 60 * 60 * 1000

/**
 * Makes a reconciliation of an account of the tenant, or answers the one that is under way. Without `from` it begins where the last
 * one may have left something. The account is not asked. Throws `not_available` for a tenant without such an account,
 * `invalid_request`.
 */
export async function startReconciliation(
  context: ReconciliationContext,
  tenant: Tenant,
  { direction, from, until }: WantedPeriod,
): Promise<Reconciliation> {
  const { merchant, mode, actor } = tenant
  const now = context.clock.now()
  const account = await accountOf(context, tenant, direction)
  const booksId = await booksOf(context, tenant, account.id)
  return inTransaction(context, async (tx) => {
    await lockCount(tx, tenant, 'reconciliations')
    const running = await findRunning(tx, tenant, account.id)
    if (running !== null) return running
    const isUpToNow = until === undefined || until >= now
    const end = isUpToNow ? now : until
    const usual = from ?? earlier(await whereToBegin(tx, tenant, booksId), await findUnknownSince(tx, tenant))
    const begin = from === undefined && usual > end ? end : usual
    if (from !== undefined && isUpToNow && begin > end) {
      throw new ServiceError('invalid_request', 'from must not be later than now', 'from')
    }
    if (begin > end || (from !== undefined && !isUpToNow && begin >= end)) {
      throw new ServiceError('invalid_request', 'from must be before to: the period is empty', 'from')
    }
    const id = uuidV7(tx.random, now)
    await tx.db.query(sql`
      insert into reconciliations (
        merchant_id, id, mode, account_id, books_id, from_at, until_at, with_balance, read_from, actor_id, due_at,
        created_at, updated_at
      )
      values (
        ${merchant.id}, ${id}, ${mode}, ${account.id}, ${booksId}, ${begin}, ${end}, ${isUpToNow}, ${begin},
        ${actor?.id ?? null}::integer, ${now}, ${now}, ${now}
      )
    `)
    noteChange(tx, { object: id, after: { from: begin.toISOString(), to: end.toISOString() } })
    return getReconciliation(tx, tenant, id)
  })
}

/** Throws `not_available`. */
async function accountOf(
  context: ReconciliationContext,
  tenant: Tenant,
  direction: Direction | undefined,
): Promise<ChosenAccount> {
  const movers: string[] = []
  for (const each of direction === undefined ? directions : [direction]) {
    const account = await chosenAccount(context, tenant, each)
    if ((await context.statementOf(context, tenant, account.id)) !== null) return account
    movers.push(`${each} by the processor ${account.processor}`)
  }
  const message = `There is no account to compare the books with: money is moved ${movers.join(', and ')}`
  throw new ServiceError('not_available', message)
}

/**
 * Finds out which other keys are of the same account, before anything of it is read. A reconciliation up to now then begins where
 * the last one by any of them may have left something. Throws `UpstreamError`.
 */
export async function linkBooks(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
): Promise<Reconciliation> {
  const account = await findAccount(context, tenant, run.accountId)
  const booksId = account === null ? run.booksId : await linkKeys(context, tenant, account)
  if (booksId === run.booksId) return run
  const usual = run.withBalance ? await whereToBegin(context, tenant, booksId) : run.from
  const from = usual < run.from ? usual : run.from
  await context.db.query(sql`
    update reconciliations set books_id = ${booksId}, from_at = ${from}, read_from = ${from}
    where merchant_id = ${tenant.merchant.id} and id = ${run.id}
  `)
  return getReconciliation(context, tenant, run.id)
}

async function findRunning(context: Context, tenant: Tenant, accountId: bigint): Promise<Reconciliation | null> {
  const [row] = await select(context, tenant, sql`r.account_id = ${accountId} and r.due_at is not null`)
  return row ?? null
}

/** The rows of one account, by all its keys, as a condition on an id of an account. */
export function isOfBooks({ merchant }: Tenant, accountId: Sql, booksId: bigint | Sql): Sql {
  return sql`${accountId} in (
    select a.id from processor_accounts a
    where a.merchant_id = ${merchant.id} and coalesce(a.same_as, a.id) = ${booksId}
  )`
}

/** Whether a payout was sent by another merchant, who has the same account, as a condition on its name at the account. */
export function isSentByAnother({ merchant, mode }: Tenant, name: Sql): Sql {
  return sql`exists (
    select from processor_accounts o
    join payouts q on q.merchant_id = o.merchant_id and q.account_id = o.id and q.sent_reference = ${name}
    where o.merchant_id <> ${merchant.id} and o.mode = ${mode} and o.processor = 'paystack'
  )`
}

/** When an account was first worked with. */
export interface Beginning {
  /** Nothing of before is compared. */
  begin: Date
  /** Nothing of before is booked by itself, unless it was asked for here: whoever worked with the account then has booked it. */
  cutOver: Date
}

export async function beginningOf(context: Context, { merchant }: Tenant, booksId: bigint): Promise<Beginning> {
  const [row] = await context.db.query<{ begin: Date | null; cut_over: Date | null }>(sql`
    select min(least(a.cut_over_at, a.created_at)) as begin, min(${cutOverOfBooks(sql`a`)}) as cut_over
    from processor_accounts a
    where a.merchant_id = ${merchant.id} and coalesce(a.same_as, a.id) = ${booksId}
  `)
  const begin = row?.begin ?? new Date(0)
  return { begin, cutOver: row?.cut_over ?? begin }
}

async function whereToBegin(context: Context, tenant: Tenant, booksId: bigint): Promise<Date> {
  const { merchant } = tenant
  const { begin: first } = await beginningOf(context, tenant, booksId)
  // What was there before is known from everything that has come since.
  if (!(await isOpened(context, tenant, booksId))) return first
  const [row] = await context.db.query<{ open: Date | null }>(sql`
    select min(d.at) as open from differences d
    where d.merchant_id = ${merchant.id} and ${isOfBooks(tenant, sql`d.account_id`, booksId)} and d.state = 'open'
      and d.subject not in ('suspense', 'balance')
  `)
  const back = lookBack(await coveredUntil(context, tenant, booksId, first), first)
  const oldest = new Date(context.clock.now().getTime() - longestMs)
  // A payout of before the cut-over is looked at again, too, until it is put right.
  const open = row?.open && later(row.open, oldest)
  return open && open < back ? open : back
}

/** Whether it is on record what an account had before its cut-over. */
export async function isOpened({ db }: Context, { merchant }: Tenant, booksId: bigint): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>(sql`
    select exists (
      select from opening_balances o where o.merchant_id = ${merchant.id} and o.account_id = ${booksId}
    ) as found
  `)
  return row?.found === true
}

/**
 * Until when everything was compared. One that begins later than where the others have left something, as by hand, leaves a gap
 * before it, and does not count.
 */
async function coveredUntil(context: Context, tenant: Tenant, booksId: bigint, first: Date): Promise<Date> {
  const runs = await context.db.query<{ from_at: Date; until_at: Date }>(sql`
    select r.from_at, r.until_at from reconciliations r
    where r.merchant_id = ${tenant.merchant.id} and ${isOfBooks(tenant, sql`r.account_id`, booksId)}
      and r.state in ('agreed', 'differing')
    order by r.id
  `)
  return runs.reduce(
    (covered, { from_at: from, until_at: until }) =>
      from <= lookBack(covered, first) ? later(covered, until) : covered,
    first,
  )
}

function lookBack(covered: Date, first: Date): Date {
  return later(new Date(covered.getTime() - overlapMs), first)
}

function later(one: Date, other: Date): Date {
  return one > other ? one : other
}

function earlier(one: Date, other: Date | null): Date {
  return other !== null && other < one ? other : one
}

/**
 * Since when the things of a list are read: things that may still change are read again, and an account lists them by their age. Payouts are
 * read since the set-up of the database once: one that was restored may have sent some before it worked with the account.
 */
export async function readFromOf(
  context: Context,
  tenant: Tenant,
  { booksId, round }: Reconciliation,
  { kind, since }: { kind: StatementKind; since: Date },
): Promise<Date> {
  if (kind === 'payment') return since
  const { merchant } = tenant
  const oldest = new Date(context.clock.now().getTime() - longestMs)
  if (kind === 'payout' && round === 1 && !(await isOpened(context, tenant, booksId))) {
    return earlier(since, later(await findSetUp(context, tenant), oldest))
  }
  const [row] = await context.db.query<{ at: Date | null }>(sql`
    select min(i.at) as at from statement_items i
    where i.merchant_id = ${merchant.id} and i.account_id = ${booksId} and i.kind = ${kind} and i.state = 'open'
      and i.kind <> 'payment' and i.at >= ${oldest}
  `)
  return row?.at && row.at < since ? row.at : since
}

/** Throws `reconciliation_not_found`. */
export async function getReconciliation(context: Context, tenant: Tenant, id: string): Promise<Reconciliation> {
  const [found] = isUuid(id) ? await select(context, tenant, sql`r.id = ${id}`) : []
  if (found !== undefined) return found
  throw new ServiceError('reconciliation_not_found', `There is no reconciliation ${JSON.stringify(id)}`)
}

/** Newest first, from those older than `before`. */
export function listReconciliations(
  context: Context,
  tenant: Tenant,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<Reconciliation[]> {
  const older = before === undefined ? nothing : sql`and r.id < ${before}::uuid`
  return select(context, tenant, sql`true ${older} order by r.id desc limit ${limit}`)
}

async function select(context: Context, tenant: Tenant, matching: Sql): Promise<Reconciliation[]> {
  const { merchant, mode } = tenant
  const rows = await context.db.query<ReconciliationRow>(sql`
    select
      r.id, r.mode, r.account_id, r.books_id, r.from_at, r.until_at, r.with_balance, r.state, r.stage, r.page, r.compared, r.position,
      r.round, r.read_from, r.items_read, r.completed, r.unreadable, r.balances, r.failure, r.attempts, r.due_at, r.created_at, r.finished_at,
      (
        select count(*) from differences d
        where d.merchant_id = r.merchant_id and ${isOfBooks(tenant, sql`d.account_id`, sql`r.books_id`)} and d.state = 'open'
          and d.created_at <= coalesce(r.finished_at, r.updated_at)
      ) as open_differences,
      -- An account that nobody has chosen takes money.
      coalesce((
        select a.direction from processor_accounts a where a.merchant_id = r.merchant_id and a.id = r.account_id
      ), 'in') as direction,
      ${doerColumns}
    from (
      select * from reconciliations r where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${matching}
    ) r
    ${joinDoer(sql`r`)}
    order by r.id desc
  `)
  return rows.map(read)
}

function read(row: ReconciliationRow): Reconciliation {
  return {
    id: row.id,
    mode: row.mode,
    accountId: row.account_id,
    direction: row.direction,
    booksId: row.books_id,
    from: row.from_at,
    until: row.until_at,
    withBalance: row.with_balance,
    state: row.state,
    stage: row.stage,
    page: row.page,
    compared: row.compared,
    position: row.position,
    round: row.round,
    readFrom: row.read_from,
    itemsRead: row.items_read,
    completed: row.completed,
    unreadable: row.unreadable,
    openDifferences: Number(row.open_differences),
    balances: row.balances,
    failure: row.failure,
    attempts: row.attempts,
    dueAt: row.due_at,
    by: readDoer(row),
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }
}
