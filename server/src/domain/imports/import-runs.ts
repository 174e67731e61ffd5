import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type {
  AccountAuthorization,
  AccountContents,
  AccountCustomer,
  ContentsPage,
  ImportContext,
  ReadRow,
} from './account-contents.ts'
import { importAccountNumber } from './account-number-imports.ts'
import { importCustomer } from './customer-imports.ts'
import {
  addOutcomes,
  getImport,
  type Import,
  type ImportStage,
  importStages,
  type Outcome,
  startImport,
} from './imports.ts'
import { importPayments } from './payment-imports.ts'

/*
 * An import is done in steps: a row of a list, or a page of payments. What a step makes, its counts and the place of the next step
 * are one commit. So a killed server's import goes on where it was, and nothing is counted twice.
 */

/** A call works on its import for as long. */
const callMs = 5_000
/** Of so many customers the account is asked at a time. */
const atOnce = 5
/** An account that fails is left alone for this long, then for twice as long each time. */
const [firstWaitMs, lastWaitMs] = [1_000, 60_000]

/** Another call has taken the step meanwhile. */
class Overtaken extends Error {}

/**
 * Makes an import, or goes on with the one that is not done, for some seconds. Answers it as it then is: call again while it is
 * running, and not before `retryAt`. Throws `not_available`.
 */
export async function importAccount(context: ImportContext, tenant: Tenant): Promise<Import> {
  const { id } = await startImport(context, tenant)
  await work(context, tenant, id).catch((error) => {
    if (error instanceof UpstreamError) return postpone(context, tenant, id, error)
    if (!(error instanceof Overtaken)) throw error
  })
  return getImport(context, tenant, id)
}

/** Takes steps until the time is over or nothing is left. */
async function work(context: ImportContext, tenant: Tenant, id: string): Promise<void> {
  const startedAt = performance.now()
  let pages: Pages | null = null
  do {
    const run = await getImport(context, tenant, id)
    const isEarly = run.retryAt !== null && run.retryAt > context.clock.now()
    if (run.state !== 'running' || isEarly) return
    const contents = await context.contentsOf(context, tenant, run.accountId)
    if (contents === null) {
      throw new ServiceError('not_available', 'The account was replaced by another, and its key is not kept any more')
    }
    pages ??= new Pages(contents)
    await step(context, tenant, run, pages)
  } while (performance.now() - startedAt < callMs)
}

/** The page that is worked on, and what was asked about its customers. */
class Pages {
  readonly #contents: AccountContents
  #place = ''
  #page: ContentsPage<unknown> | null = null
  readonly #authorizations = new Map<string, readonly ReadRow<AccountAuthorization>[]>()

  constructor(contents: AccountContents) {
    this.#contents = contents
  }

  async read<Row>(
    { stage, page }: Import,
    ask: (contents: AccountContents) => Promise<ContentsPage<Row>>,
  ): Promise<ContentsPage<Row>> {
    const place = `${stage} ${page}`
    if (this.#place === place && this.#page !== null) return this.#page as ContentsPage<Row>
    const read = await ask(this.#contents)
    this.#authorizations.clear()
    this.#place = place
    this.#page = read
    return read
  }

  /** Of the first of these customers. The account is asked about the others at the same time. */
  async authorizationsOf(customers: readonly AccountCustomer[]): Promise<readonly ReadRow<AccountAuthorization>[]> {
    const known = customers[0] === undefined ? [] : this.#authorizations.get(customers[0].code)
    if (known !== undefined) return known
    const asked = await Promise.all(
      customers.map(async ({ code }) => [code, await this.#contents.readAuthorizations(code)] as const),
    )
    for (const [code, authorizations] of asked) this.#authorizations.set(code, authorizations)
    return asked[0]?.[1] ?? []
  }
}

type Step = (context: ImportContext, tenant: Tenant, run: Import, pages: Pages) => Promise<void>

const steps: Readonly<Record<ImportStage, Step>> = {
  async customer(context, tenant, run, pages) {
    const page = await pages.read(run, (contents) => contents.readCustomers(run))
    const read = page.rows[run.position]
    if (read === undefined) return turnPage(context, tenant, run, page)
    if (read.row === null) return keep(context, tenant, run, { page, work: async () => [unreadable('customer', read)] })
    const { row: customer } = read
    const next = page.rows.slice(run.position, run.position + atOnce).flatMap(({ row }) => (row === null ? [] : [row]))
    const authorizations = await pages.authorizationsOf(next)
    const about = { kind: 'customer', name: customer.code } as const
    const work = (tx: TxContext) => importCustomer(tx, tenant, run, { customer, authorizations })
    await keep(context, tenant, run, { page, about, work })
  },
  async dedicated_account(context, tenant, run, pages) {
    const page = await pages.read(run, (contents) => contents.readAccountNumbers(run))
    const read = page.rows[run.position]
    if (read === undefined) return turnPage(context, tenant, run, page)
    const { name, row } = read
    if (row === null) {
      return keep(context, tenant, run, { page, work: async () => [unreadable('dedicated_account', read)] })
    }
    const about = { kind: 'dedicated_account', name } as const
    const work = async (tx: TxContext) => [await importAccountNumber(tx, tenant, run, { name, number: row })]
    await keep(context, tenant, run, { page, about, work })
  },
  async payment(context, tenant, run, pages) {
    const question = { page: run.page, until: run.cutOverAt }
    const page = await pages.read(run, (contents) => contents.readPayments(question))
    if (run.position >= page.rows.length) return turnPage(context, tenant, run, page)
    const rows = page.rows.slice(run.position)
    const payments = rows.flatMap(({ row }) => (row === null ? [] : [row]))
    await keep(context, tenant, run, {
      page,
      rows: rows.length,
      work: async (tx) => [
        ...rows.flatMap((read) => (read.row === null ? [unreadable('payment', read)] : [])),
        ...(await importPayments(tx, tenant, run, payments)),
      ],
    })
  },
}

function step(context: ImportContext, tenant: Tenant, run: Import, pages: Pages): Promise<void> {
  return steps[run.stage](context, tenant, run, pages)
}

function unreadable(kind: ImportStage, read: ReadRow<unknown>): Outcome {
  const detail = 'unreadable' in read ? read.unreadable : ''
  return { kind, is: 'skipped', name: read.name, reason: 'unreadable', detail }
}

interface Kept {
  page: Pick<ContentsPage<unknown>, 'total'>
  /** How many rows the work is about; default one. */
  rows?: number
  /** What is skipped if it is refused. */
  about?: { kind: ImportStage; name: string }
  work(tx: TxContext): Promise<readonly Outcome[]>
}

/** Does the work of a step, and keeps how far the import is, in one commit. A thing that is refused here is left out. */
async function keep(context: ImportContext, tenant: Tenant, run: Import, kept: Kept): Promise<void> {
  const { about, rows = 1, work } = kept
  const next = { page: run.page, position: run.position + rows, total: kept.page.total }
  try {
    await inTransaction(context, async (tx) => {
      await lockPlace(tx, tenant, run)
      await moveOn(tx, tenant, run, { ...next, outcomes: await work(tx) })
    })
  } catch (error) {
    if (!(error instanceof ServiceError) || about === undefined) throw error
    const detail = error.field === undefined ? error.code : `${error.code} ${error.field}`
    await inTransaction(context, async (tx) => {
      await lockPlace(tx, tenant, run)
      await moveOn(tx, tenant, run, { ...next, outcomes: [{ ...about, is: 'skipped', reason: 'refused', detail }] })
    })
  }
}

async function turnPage(
  context: ImportContext,
  tenant: Tenant,
  run: Import,
  { isLast, total }: Pick<ContentsPage<unknown>, 'isLast' | 'total'>,
): Promise<void> {
  await inTransaction(context, async (tx) => {
    await lockPlace(tx, tenant, run)
    await moveOn(tx, tenant, run, { page: isLast ? null : run.page + 1, position: 0, total, outcomes: [] })
  })
}

/** Throws `Overtaken` where the import is not at this place any more. */
async function lockPlace({ db }: TxContext, { merchant }: Tenant, run: Import): Promise<void> {
  const rows = await db.query(sql`
    select r.id from imports r
    where r.merchant_id = ${merchant.id} and r.id = ${run.id} and r.state = 'running' and r.stage = ${run.stage}
      and r.page = ${run.page} and r.position = ${run.position}
    for no key update
  `)
  if (rows.length === 0) throw new Overtaken()
}

interface Place {
  /** Null after the last page of a list. */
  page: number | null
  position: number
  total: number | null
  outcomes: readonly Outcome[]
}

async function moveOn(tx: TxContext, { merchant }: Tenant, run: Import, place: Place): Promise<void> {
  const { page, position, total, outcomes } = place
  const now = tx.clock.now()
  const stage = page === null ? importStages[importStages.indexOf(run.stage) + 1] : run.stage
  const isOver = stage === undefined
  const counts = addOutcomes(run.counts, outcomes, { stage: run.stage, total })
  await tx.db.query(sql`
    update imports set
      stage = ${stage ?? run.stage}, page = ${page ?? 1}, position = ${position}, counts = ${JSON.stringify(counts)}::json,
      attempts = 0, failure = null, retry_at = null, state = ${isOver ? 'done' : 'running'},
      finished_at = ${isOver ? now : null}::timestamptz, updated_at = ${now}::timestamptz
    where merchant_id = ${merchant.id} and id = ${run.id}
  `)
  const skips = outcomes.filter((each) => each.is === 'skipped')
  if (skips.length === 0) return
  await tx.db.query(sql`
    insert into import_skips (merchant_id, import_id, id, kind, name, reason, detail)
    select ${merchant.id}, ${run.id}::uuid, n.id, n.kind, n.name, n.reason, n.detail
    from unnest(
      ${skips.map(() => uuidV7(tx.random, now))}::uuid[], ${skips.map(({ kind }) => kind)}::text[],
      ${skips.map(({ name }) => name)}::text[], ${skips.map(({ reason }) => reason)}::text[],
      ${skips.map(({ detail }) => detail ?? null)}::text[]
    ) n (id, kind, name, reason, detail)
  `)
}

/** Notes that the account could not be asked. A request that it refuses is not better later, unless it asks for patience. */
async function postpone(context: ImportContext, { merchant, mode }: Tenant, id: string, error: UpstreamError) {
  context.failures.failed(`import of ${merchant.code} in ${mode} mode`, { err: error, row: id })
  const now = context.clock.now()
  const isPatient = error.outcome !== 'refused' || error.status === 429 || error.status === 408
  const [row] = await context.db.query<{ attempts: number }>(sql`
    select attempts from imports where merchant_id = ${merchant.id} and id = ${id}
  `)
  const waitMs = error.retryAfterMs ?? Math.min(firstWaitMs * 2 ** (row?.attempts ?? 0), lastWaitMs)
  const retryAt = isPatient ? new Date(now.getTime() + waitMs) : null
  await context.db.query(sql`
    update imports set
      attempts = attempts + 1, failure = ${error.message}, retry_at = ${retryAt}::timestamptz, updated_at = ${now}::timestamptz
    where merchant_id = ${merchant.id} and id = ${id} and state = 'running'
  `)
}
