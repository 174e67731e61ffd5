import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { FailureLog } from '../base/failure-log.ts'
import type { Random } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Meter } from '../base/meter.ts'
import type { Vault } from '../base/vault.ts'
import type { Db, FreeDb, TxDb } from '../db/database.ts'
import { joinTransaction } from '../db/join-transaction.ts'
import { sql } from '../db/sql.ts'

/** How much a tenant may have at once, so that no tenant takes the share of the others. docs/operating.md has the table. */
export interface Limits {
  /** Webhook endpoints that are not deleted, without the one in Paystack's style. */
  readonly endpoints: number
  /** API keys that are not revoked. */
  readonly apiKeys: number
  /** Open event streams of one server. Each page that an operator looks at is one. */
  readonly streams: number
  /** Large batches of transfers under way or waiting in one server. */
  readonly batches: number
  /** Large reads under way in one server. */
  readonly reads: number
  /** Large reads waiting in one server. */
  readonly waitingReads: number
  /**
   * Rows that one statement of a large read sums. On the embedded engine, which has one session, 10,000 take some 20 ms, and
   * the calls of others come in between two statements.
   */
  readonly rowsPerSlice: number
}

export const defaultLimits: Limits = {
  endpoints: 100,
  apiKeys: 100,
  streams: 100,
  batches: 10,
  reads: 2,
  waitingReads: 500,
  rowsPerSlice: 10_000,
}

/**
 * What the domain is given instead of reaching for it. Functions take it first: `(context, tenant, what is asked, request)`.
 * A function that takes a `Context` works on the database or inside an open transaction alike.
 */
export interface Context {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly vault: Vault
  readonly log: Log
  /** For failures that another try follows. */
  readonly failures: FailureLog
  readonly meter: Meter
  readonly limits: Limits
  /** The changes that the work of a request notes for the trail: see `noteChange`. */
  readonly changes?: Change[]
  /** What the work of a request has done once it is committed: see `afterCommit`. */
  readonly later?: Later[]
}

/** What a write has changed, for the trail. It is kept for good, so it has no name, address or e-mail of a customer. */
export interface Change {
  /** The thing that was changed, by its id or code; null if there is no single one. */
  object: string | null
  before?: Record<string, unknown>
  after?: Record<string, unknown>
  /** The merchant that an operator's write is about; default the caller's. */
  merchantId?: number
  /** Null for both modes; default the caller's. */
  mode?: 'test' | 'live' | null
}

/**
 * Notes a change for the trail. It is recorded in the commit of the request's work. Without a request, for instance in
 * background work, nothing is recorded.
 */
export function noteChange({ changes }: Pick<Context, 'changes'>, change: Change): void {
  changes?.push(change)
}

/** Work outside the transaction of a request, once that is committed. */
export type Later = (context: FreeContext) => Promise<void>

/**
 * Has something done as soon as the transaction of the request is committed, before the request is answered. A crash may come
 * between, so it is something that the background would do as well. Without a request the background does it.
 */
export function afterCommit({ later }: Pick<Context, 'later'>, work: Later): void {
  later?.push(work)
}

/** Does what comes after a commit. The request is done, whatever becomes of this: the background does what fails here. */
export async function doLater(context: FreeContext, later: readonly Later[]): Promise<void> {
  for (const work of later) {
    try {
      await work(context)
    } catch (error) {
      context.failures.failed('work after a commit', { err: error })
    }
  }
}

/**
 * A context outside any transaction. Required wherever a transaction may not stand open: the ledger posts in commits of its
 * own, and no transaction waits for an answer from outside.
 */
export interface FreeContext extends Context {
  readonly db: FreeDb
}

/** A context whose database is an open transaction: everything that is done with it is committed together, or not at all. */
export interface TxContext extends Context {
  readonly db: TxDb
}

/** The same context, with everything that a room adds to it, inside a transaction. */
export type InTransaction<Given extends Context> = Omit<Given, 'db'> & TxContext

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws. Inside an open transaction the work
 * joins it.
 */
export function inTransaction<Given extends Context, Answer>(
  context: Given,
  work: (tx: InTransaction<Given>) => Promise<Answer>,
): Promise<Answer> {
  return context.db.transaction((tx) => work({ ...context, db: joinTransaction(context.db, tx) }))
}

/** Whoever counts rows of a tenant in order to add one waits here for another who does the same. Held until the end of `tx`. */
export async function lockCount(
  { db }: TxContext,
  { merchant, mode }: { merchant: { id: number }; mode: string },
  table: string,
): Promise<void> {
  await db.query(sql`select pg_advisory_xact_lock(hashtextextended(${`count ${table} ${merchant.id}/${mode}`}, 0))`)
}

/** Longer than this nobody waits for the answer of a look at the database. It is longer than a statement waits for a lock. */
const patienceMs = 3_000

/** The state of the database, as a call would find it. `full`: it reads, but has no space for anything new. */
export type DatabaseState = 'ready' | 'unreachable' | 'full'

/** Looks at the database as calls do: by a statement of its own, and by a lane. */
export async function lookAtDatabase({ db }: Pick<Context, 'db'>): Promise<DatabaseState> {
  const table = sql`select id from merchants limit 1`
  const answers = Promise.all([db.query(table), db.lane().query(table)]).then(
    () => true,
    // The caller tells who asked.
    () => false,
  )
  const waiting = new AbortController()
  const tooLate = sleep(patienceMs, false, { signal: waiting.signal }).catch(() => false)
  const isReachable = await Promise.race([answers, tooLate])
  waiting.abort()
  if (!isReachable) return 'unreachable'
  return db.isFull ? 'full' : 'ready'
}

/**
 * A thing of which each context has one, made when it is first needed: for instance the queue in which calls that arrive
 * together wait for each other. The context of a transaction has its own.
 */
export function perContext<Thing>(make: (context: Context) => Thing): (context: Context) => Thing {
  const made = new WeakMap<Context, Thing>()
  return (context) => {
    let thing = made.get(context)
    if (thing === undefined) {
      thing = make(context)
      made.set(context, thing)
    }
    return thing
  }
}
