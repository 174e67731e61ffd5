import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { nothing, sql } from '../../db/sql.ts'
import { type Context, inTransaction } from '../context.ts'
import { type DueRow, type DueTask, doDue, retryDelay } from '../merchants/due.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import type { Direction } from '../payments/processor-accounts.ts'
import { resumeAfterReconciliation } from '../payments/sending-pauses.ts'
import {
  findAbsentCharges,
  findAbsentDisputes,
  findAbsentPayIns,
  findAbsentPayouts,
  findAbsentRefunds,
  perSlice,
} from './absent.ts'
import { isOneKey } from './account-keys.ts'
import {
  type AccountStatement,
  type ReconciliationContext,
  type StatementItem,
  type StatementKind,
  statementKinds,
} from './account-statement.ts'
import { compareBalances, isAlike, noteBalances, unexplainedBefore } from './balances.ts'
import { closeGone } from './differences.ts'
import { compareDisputes } from './disputes.ts'
import { noteGivenBack } from './give-backs.ts'
import { storeItems } from './items.ts'
import { takeOverFor } from './key-takeovers.ts'
import { comparePayments } from './payments.ts'
import { comparePayouts } from './payouts.ts'
import {
  type ComparedBalance,
  getReconciliation,
  isOfBooks,
  linkBooks,
  overlapMs,
  ownTimeMs,
  type Reconciliation,
  readFromOf,
  type Stage,
  startReconciliation,
  type WantedPeriod,
} from './reconciliations.ts'
import { compareRefunds } from './refunds.ts'
import { compareSettlements } from './settlements.ts'
import { noteUnreadBalances, noteUnreadFees } from './unreadable.ts'

/*
 * A reconciliation is done in steps: a page of a list, or a slice of what is here. Each step is committed with the place of the next
 * one, so a killed server's reconciliation goes on where it was. A step that is done twice finds everything done: what it books has
 * a key, and what it notes has a name. A step ends between two things when its time is over or the account fails, and the next one
 * goes on there: a slow account holds nobody else up.
 */

type Work = ReconciliationContext

const stages: readonly Stage[] = [
  ...statementKinds,
  ...(['absent_charges', 'absent_pay_ins', 'absent_refunds', 'absent_disputes', 'absent_payouts', 'balance'] as const),
]

const comparisons: Readonly<
  Record<
    StatementKind,
    (context: Work, tenant: Tenant, run: Reconciliation, items: readonly StatementItem[]) => AsyncGenerator<number>
  >
> = {
  payment: comparePayments,
  refund: compareRefunds,
  dispute: compareDisputes,
  settlement: compareSettlements,
  payout: comparePayouts,
}

const absences: Readonly<
  Partial<Record<Stage, (context: Work, tenant: Tenant, run: Reconciliation) => AsyncGenerator<string>>>
> = {
  absent_charges: findAbsentCharges,
  absent_pay_ins: findAbsentPayIns,
  absent_refunds: findAbsentRefunds,
  absent_disputes: findAbsentDisputes,
  absent_payouts: findAbsentPayouts,
}

/** The end of a period is read again if a balance is not explained: money may have moved meanwhile. So often at most. */
const maxRounds = 6
/** How much of it is read in the second round. In later ones it is more: a payment may be paid long after it was begun. */
const readAgainMs = 60 * 60 * 1000
/** A turn of the background: then other reconciliations have theirs. */
const turnMs = 5_000
/** A call works on its reconciliation itself for as long. */
const callMs = 15_000
/** A step compares for as long at least, also where reading its page has used up the time. */
const comparingMs = 2_000
/** An account that cannot be asked this often in a row ends a reconciliation: some six hours. */
const patience = 12

/** What a step changes of its reconciliation. */
interface Progress {
  stage: Stage | 'end'
  page?: number
  /** Set where the page is to be gone on with behind this thing. */
  compared?: string
  position?: string
  itemsRead?: number
  unreadable?: number
  completed?: number
  /** Since when the next list is read. */
  readFrom?: Date
  /** Set to read the end of the period again: it ends now. */
  until?: Date
  balances?: readonly ComparedBalance[]
}

/**
 * Makes a reconciliation, or finds the one that is under way or wanted, and works on it for a while. Answers it as it then is: the
 * background does the rest. Throws `not_available`, `invalid_request`, `reconciliation_not_found`.
 */
export async function reconcile(context: Work, tenant: Tenant, wanted: WantedPeriod): Promise<Reconciliation> {
  const { id } = await findOrStart(context, tenant, wanted)
  const claimed = await context.db.query(sql`
    update reconciliations set due_at = ${new Date(context.clock.now().getTime() + ownTimeMs)}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and due_at <= ${context.clock.now()}
    returning id
  `)
  if (claimed.length > 0) {
    await work(context, tenant, id, callMs).catch((error) => postpone(context, tenant, id, error))
  }
  return getReconciliation(context, tenant, id)
}

function findOrStart(context: Work, tenant: Tenant, { id, ...period }: WantedPeriod): Promise<Reconciliation> {
  if (id === undefined) return startReconciliation(context, tenant, period)
  const [field] = Object.entries(period).find(([, value]) => value !== undefined) ?? []
  if (field === undefined) return getReconciliation(context, tenant, id)
  const message = 'A reconciliation that is there has its account and its period: send its id alone'
  throw new ServiceError('invalid_request', message, field === 'until' ? 'to' : field)
}

async function postpone(context: Work, tenant: Tenant, id: string, error: unknown): Promise<void> {
  const subject = `reconciliation of ${tenant.merchant.code} in ${tenant.mode} mode`
  context.failures.failed(subject, { err: error, row: id })
  await context.db.query(sql`
    update reconciliations d set
      attempts = d.attempts + 1, due_at = ${context.clock.now()}::timestamptz + ${retryDelay(sql`d.attempts`)}
    where d.merchant_id = ${tenant.merchant.id} and d.id = ${id} and d.due_at is not null
  `)
}

const dueReconciliations: DueTask<Work, object, string> = {
  name: 'reconciliations',
  table: sql`reconciliations`,
  idType: sql`uuid`,
  open: sql`d.due_at is not null`,
  columns: sql`d.stage`,
  async work(context, { tenant, id, attempts }: DueRow<string>) {
    try {
      await work(context, tenant, id, turnMs)
    } catch (error) {
      // One that cannot be mended by waiting must not keep the next one from beginning.
      if (!(error instanceof UpstreamError) && attempts + 1 >= patience) await fail(context, tenant, id, brokenRun)
      throw error
    }
  },
  patience: {
    attempts: patience,
    giveUp: (context, { tenant, id }, error) =>
      fail(context, tenant, id, `The account could not be asked: ${error.message}`),
  },
}

const refusedRun =
  'The account refuses its key (401): choose the processor again, with a key of the same account that is in force'
const brokenRun = 'It failed by an error of this service, again and again. The log of the server has it'

/** Works on every reconciliation that is due, and answers how many. */
export function continueReconciliations(context: Work): Promise<number> {
  return doDue(context, dueReconciliations)
}

/** Takes steps. One whose key the account refuses goes on with a newer key of the account, or ends: it must not be in the way. */
async function work(context: Work, tenant: Tenant, id: string, budgetMs: number): Promise<void> {
  try {
    await takeSteps(context, tenant, id, budgetMs)
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.status !== 401) throw error
    if ((await takeOverFor(context, tenant)) > 0) return takeSteps(context, tenant, id, budgetMs)
    await fail(context, tenant, id, refusedRun)
  }
}

/** Takes steps until the time is over or nothing is left. */
async function takeSteps(context: Work, tenant: Tenant, id: string, budgetMs: number): Promise<void> {
  const startedAt = performance.now()
  for (;;) {
    const read = await getReconciliation(context, tenant, id)
    if (read.state !== 'running') return
    const isNew = read.stage === 'payment' && read.page === 1 && read.compared === null && read.round === 1
    const run = isNew ? await linkBooks(context, tenant, read) : read
    const statement = await context.statementOf(context, tenant, run.accountId)
    if (statement === null) {
      return fail(context, tenant, id, 'The account was replaced by another, and its key is not kept any more')
    }
    const until = startedAt + budgetMs
    const progress = await step(context, tenant, run, { statement, until })
    const isOver = performance.now() >= until
    const isSaved = await inTransaction(context, async (tx) => {
      const isDone = await save(tx, tenant, run, { progress, isOver })
      // What could not be read may be what was sent.
      const hasReadAll = run.withBalance && run.unreadable === 0
      if (isDone && progress.stage === 'end' && hasReadAll) await resumeAfterReconciliation(tx, tenant, run)
      return isDone
    })
    if (!isSaved || isOver) return
  }
}

/** Fails for good: nothing that it found is lost. */
async function fail({ db, clock }: Context, { merchant }: Tenant, id: string, failure: string): Promise<void> {
  const now = clock.now()
  await db.query(sql`
    update reconciliations set state = 'failed', failure = ${failure}, due_at = null, finished_at = ${now}, updated_at = ${now}
    where merchant_id = ${merchant.id} and id = ${id} and state = 'running'
  `)
}

interface Step {
  statement: AccountStatement
  /** When its turn is over, by `performance.now()`. */
  until: number
}

async function step(context: Work, tenant: Tenant, run: Reconciliation, { statement, until }: Step): Promise<Progress> {
  const { stage, page } = run
  if (stage === 'balance') return stepBalance(context, tenant, run, statement)
  const absence = absences[stage]
  if (absence !== undefined) {
    const { done, isWhole } = await takeUntil(absence(context, tenant, run), until)
    const position = done.at(-1)
    return position === undefined || (isWhole && done.length < perSlice)
      ? next(context, tenant, run)
      : { stage, position }
  }
  const kind = stage as StatementKind
  const question = { kind, from: run.readFrom, until: run.until, page }
  const { items, unreadable, isLast } = await statement.readPage(tenant, question)
  if (unreadable.length > 0) {
    const subject = `reconciliation of ${tenant.merchant.code} in ${tenant.mode} mode`
    context.failures.failed(subject, { row: run.id, kind, unreadable: unreadable.slice(0, 20) })
  }
  await storeItems(context, tenant, run, { kind, items })
  await noteUnreadFees(context, tenant, run, items)
  const left = itemsAfter(items, run.compared)
  const taken = await takeUntil(comparisons[kind](context, tenant, run, left), until).catch((error) =>
    leaveOut(context, tenant, run, { error, kind, first: left[0] }),
  )
  if (typeof taken === 'string') {
    return { stage, page, compared: taken, itemsRead: 1, unreadable: wasLeftOut(run) ? 0 : 1 }
  }
  const { done, isWhole } = taken
  const counted = { itemsRead: done.length, completed: done.reduce((sum, each) => sum + each, 0) }
  const last = left[done.length - 1]
  if (!isWhole && last !== undefined) return { stage, page, compared: last.id, ...counted }
  // Later rounds read the same things again.
  const whole = { ...counted, unreadable: run.round === 1 ? unreadable.length : 0 }
  return isLast ? { ...(await next(context, tenant, run)), ...whole } : { stage, page: page + 1, ...whole }
}

/** A thing whose comparison fails by an error of this service so often in a row is left out. */
const triesOfOne = 3

/** Whether a round before this one may have left the same thing out: then it is tried once, and not counted again. */
function wasLeftOut({ round, unreadable }: Reconciliation): boolean {
  return round > 1 && unreadable > 0
}

/**
 * Leaves out the first thing of those that are left, where an error of this service keeps it from being compared each time: it must
 * not keep everything else from that. Answers the account's id of it. Throws the error of an account, and one that may be the last.
 */
function leaveOut(
  context: Work,
  { merchant, mode }: Tenant,
  run: Reconciliation,
  { error, kind, first }: { error: unknown; kind: StatementKind; first: StatementItem | undefined },
): string {
  if (error instanceof UpstreamError || first === undefined) throw error
  if (run.attempts + 1 < triesOfOne && !wasLeftOut(run)) throw error
  const subject = `reconciliation of ${merchant.code} in ${mode} mode`
  context.failures.failed(subject, { err: error, row: run.id, kind, leftOut: first.id })
  return first.id
}

/** The things of a page that are not compared yet, each once. */
function itemsAfter(items: readonly StatementItem[], compared: string | null): StatementItem[] {
  const unique = [...new Map(items.map((item) => [item.id, item])).values()]
  return unique.slice(unique.findIndex(({ id }) => id === compared) + 1)
}

/**
 * Takes one thing after the other, until the time is over or one fails, but one at least. What is done is kept before the one that
 * failed is tried again. Throws if the first one fails.
 */
async function takeUntil<Done>(
  things: AsyncGenerator<Done>,
  until: number,
): Promise<{ done: Done[]; isWhole: boolean }> {
  const end = Math.max(until, performance.now() + comparingMs)
  const done: Done[] = []
  try {
    for await (const each of things) {
      done.push(each)
      if (performance.now() >= end) return { done, isWhole: false }
    }
  } catch (error) {
    if (done.length === 0) throw error
    return { done, isWhole: false }
  }
  return { done, isWhole: true }
}

/** The stage after that of a reconciliation. */
async function next(context: Work, tenant: Tenant, run: Reconciliation): Promise<Progress> {
  const stage = stages[stages.indexOf(run.stage) + 1] as Stage
  const kind = statementKinds.find((each) => each === stage)
  if (kind === undefined) return { stage }
  return { stage, readFrom: await readFromOf(context, tenant, run, { kind, since: sinceOf(run) }) }
}

/** Since when a round reads the lists. */
function sinceOf({ round, from, until }: Pick<Reconciliation, 'round' | 'from' | 'until'>): Date {
  if (round === 1) return from
  const since = new Date(until.getTime() - (round === 2 ? readAgainMs : overlapMs))
  return since > from ? since : from
}

async function stepBalance(
  context: Work,
  tenant: Tenant,
  run: Reconciliation,
  statement: AccountStatement,
): Promise<Progress> {
  await noteGivenBack(context, tenant, run)
  await closeGone(context, tenant, run, sql`d.subject <> 'balance'`)
  if (!run.withBalance) return { stage: 'end' }
  const { balances, unreadable, isAgreed } = await compareBalances(context, tenant, run, statement)
  // Nothing has moved since the look before, and everything was read again.
  const isStill = run.round > 2 && isAlike(run.balances, balances, ['account', 'unexplained'])
  if (!isAgreed && !isStill && run.round < maxRounds) {
    const until = context.clock.now()
    return { stage: 'payment', until, readFrom: sinceOf({ round: run.round + 1, from: run.from, until }), balances }
  }
  const isJudged = isAgreed || isStill
  const judged = isJudged ? balances : await unexplainedBefore(context, tenant, run, balances)
  await noteBalances(context, tenant, run, judged)
  await noteUnreadBalances(context, tenant, run, { balances, unreadable })
  return { stage: 'end', balances }
}

/** Keeps what a step has come to. False where another server has taken the step, too. */
async function save(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  { progress, isOver }: { progress: Progress; isOver: boolean },
): Promise<boolean> {
  const { merchant } = tenant
  const { id, stage, page, compared, position, round } = run
  const now = context.clock.now()
  const { stage: next, until, readFrom, itemsRead = 0, unreadable = 0, completed = 0, balances } = progress
  const isEnd = next === 'end'
  const dueAt = isOver ? now : new Date(now.getTime() + ownTimeMs)
  const isOpen = sql`exists (
    select from differences d
    where d.merchant_id = r.merchant_id and ${isOfBooks(tenant, sql`d.account_id`, run.booksId)} and d.state = 'open'
  ) or r.unreadable + ${unreadable}::integer > 0`
  const saved = await context.db.query(sql`
    update reconciliations r set
      stage = ${isEnd ? stage : next}, page = ${progress.page ?? 1}, compared = ${progress.compared ?? null},
      position = ${progress.position ?? null}::uuid,
      items_read = r.items_read + ${itemsRead}, completed = r.completed + ${completed},
      unreadable = r.unreadable + ${unreadable}, attempts = 0, updated_at = ${now}
      ${until === undefined ? nothing : sql`, round = r.round + 1, until_at = ${until}`}
      ${readFrom === undefined ? nothing : sql`, read_from = ${readFrom}`}
      ${balances === undefined ? nothing : sql`, balances = ${JSON.stringify(balances)}::json`}
      ${
        isEnd
          ? sql`, state = case when ${isOpen} then 'differing' else 'agreed' end, due_at = null, finished_at = ${now}`
          : sql`, due_at = ${dueAt}`
      }
    where r.merchant_id = ${merchant.id} and r.id = ${id} and r.state = 'running' and r.stage = ${stage} and r.page = ${page}
      and r.compared is not distinct from ${compared} and r.position is not distinct from ${position}::uuid and r.round = ${round}
    returning r.id
  `)
  return saved.length > 0
}

/** A reconciliation begins by itself after this time. */
const everyMs = 24 * 60 * 60 * 1000

/**
 * Begins the reconciliations of the day, of all accounts in use, and answers how many. One account in both directions has one. While
 * sending is paused none begins: one that is asked for lets it go on.
 */
export async function startDailyReconciliations(context: Work): Promise<number> {
  const before = new Date(context.clock.now().getTime() - everyMs)
  const rows = await context.db.query<TenantRow & { direction: Direction }>(sql`
    select ${tenantColumns}, a.mode, a.direction
    from processor_accounts a
    join merchants m on m.id = a.merchant_id
    where a.replaced_at is null and a.credentials is not null and m.closed_at is null
      and not (a.direction = 'out' and exists (
        select from processor_accounts i
        where i.merchant_id = a.merchant_id and i.mode = a.mode and i.direction = 'in' and i.replaced_at is null
          and i.credentials is not null and coalesce(i.same_as, i.id) = coalesce(a.same_as, a.id)
      ))
      and not exists (
        select from sending_pauses s
        where s.merchant_id = a.merchant_id and s.mode = a.mode and s.resumed_at is null
      )
      and not exists (
        select from reconciliations r
        where r.merchant_id = a.merchant_id and r.account_id = a.id and (r.created_at > ${before} or r.due_at is not null)
      )
    -- Those that cannot begin are not always the first.
    order by random()
    limit 100
  `)
  let started = 0
  for (const row of rows) {
    const tenant = readTenant(row)
    const subject = `reconciliation of ${tenant.merchant.code} in ${tenant.mode} mode`
    try {
      if (await isOneKey(context, tenant, row.direction)) continue
      await startReconciliation(context, tenant, { direction: row.direction })
      started += 1
    } catch (err) {
      // The other accounts are not kept waiting.
      context.failures.failed(subject, { err })
    }
  }
  return started
}
