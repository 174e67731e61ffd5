import { ServiceError } from '../../base/errors.ts'
import { type Context, perContext } from '../context.ts'
import { type Tenant, tenantKey } from './tenant.ts'

/** A piece that took long waited for something else. */
const longestRestMs = 50

/** Does a piece of work of a tenant when it is the tenant's turn. */
type Turns = <Answer>(tenant: Tenant, work: () => Promise<Answer>) => Promise<Answer>

interface Line {
  underWay: number
  readonly waiting: (() => void)[]
}

/**
 * A tenant's own line: some pieces of its work are under way at once, the others wait, so that they wait for no piece of
 * another tenant, and no other tenant waits for more than those under way.
 *
 * @param rest a place stays empty for this part of the time that the last piece took, before the next in the line gets it
 * @param refuse makes the refusal of a piece that finds the line full
 */
export function createTurns(
  { atOnce, waiting, rest = 0 }: { atOnce: number; waiting: number; rest?: number },
  refuse: () => ServiceError,
): Turns {
  const lines = new Map<string, Line>()
  return async (tenant, work) => {
    const name = tenantKey(tenant)
    const line = lines.get(name) ?? { underWay: 0, waiting: [] }
    lines.set(name, line)
    if (line.underWay < atOnce) line.underWay += 1
    else if (line.waiting.length >= waiting) throw refuse()
    else await new Promise<void>((resolve) => line.waiting.push(resolve))
    const begunAt = performance.now()
    try {
      return await work()
    } finally {
      // The place goes to the next in the line.
      const next = line.waiting.shift()
      if (next !== undefined) {
        if (rest === 0) next()
        else setTimeout(next, Math.min(rest * (performance.now() - begunAt), longestRestMs))
      } else if (--line.underWay === 0) lines.delete(name)
    }
  }
}

/** The embedded engine has one session, so a second piece under way would only stand before the calls of others. */
function atOnceOn({ db }: Context, atOnce: number): number {
  return db.engine === 'embedded' ? 1 : atOnce
}

const readTurnsOf = perContext((context) => {
  const { reads, waitingReads } = context.limits
  // With readers in line, large reads would otherwise keep as many cores of the database busy without a pause.
  return createTurns({ atOnce: atOnceOn(context, reads), waiting: waitingReads, rest: 0.5 }, () => {
    const message = `${waitingReads} large reads of this merchant are waiting already; try again in a moment`
    return new ServiceError('too_many_reads', message)
  })
})

/** Does a read that looks at many rows: few of a tenant at once. Throws `too_many_reads`. Such reads must not stand in each other. */
export function largeRead<Answer>(context: Context, tenant: Tenant, read: () => Promise<Answer>): Promise<Answer> {
  return readTurnsOf(context)(tenant, read)
}

const batchTurnsOf = perContext((context) => {
  const { batches } = context.limits
  const atOnce = Math.min(batches, atOnceOn(context, 2))
  return createTurns({ atOnce, waiting: batches - atOnce }, () => {
    const message = `${batches} large batches of this merchant are under way or waiting already; try again in a moment`
    return new ServiceError('too_many_batches', message)
  })
})

const askTurnsOf = perContext((context) =>
  createTurns({ atOnce: atOnceOn(context, 2), waiting: Number.POSITIVE_INFINITY }, () => {
    throw new Error('a line without an end is never full')
  }),
)

/**
 * Asks whether something of a tenant needs a second person. What one asker wants is judged one after the other, so that many at once
 * would only wait, each with a connection that others need.
 */
export function inAskTurn<Answer>(context: Context, tenant: Tenant, ask: () => Promise<Answer>): Promise<Answer> {
  return askTurnsOf(context)(tenant, ask)
}

/** A batch of as many calls as come together anyway is no large one. */
const largeFrom = 101

/**
 * Posts a batch of `count` calls. A large one is posted after the large batches of the tenant that came before it: the calls of other tenants come in between.
 * Two are under way at once on PostgreSQL, so that the second is at hand when the first is committed. Throws
 * `too_many_batches`.
 */
export function inBatchTurn<Answer>(
  context: Context,
  tenant: Tenant,
  count: number,
  post: () => Promise<Answer>,
): Promise<Answer> {
  return count < largeFrom ? post() : batchTurnsOf(context)(tenant, post)
}
