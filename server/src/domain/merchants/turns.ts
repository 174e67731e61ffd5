import { ServiceError } from '../../base/errors.ts'
import { type Context, perContext } from '../context.ts'
import { type Tenant, tenantKey } from './tenant.ts'

/** Does a piece of work of a tenant when it is the tenant's turn. */
export type Turns = <Answer>(tenant: Tenant, work: () => Promise<Answer>) => Promise<Answer>

interface Line {
  underWay: number
  readonly waiting: (() => void)[]
}

/**
 * A tenant's own line: some pieces of its work are under way at once, the others wait, so that they wait for no piece of
 * another tenant, and no other tenant waits for more than those under way.
 *
 * @param refuse makes the refusal of a piece that finds the line full
 */
export function createTurns(
  { atOnce, waiting }: { atOnce: number; waiting: number },
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
    try {
      return await work()
    } finally {
      // The place goes to the next in the line.
      const next = line.waiting.shift()
      if (next !== undefined) next()
      else if (--line.underWay === 0) lines.delete(name)
    }
  }
}

/** The embedded engine has one session, so a second piece under way would only stand before the calls of others. */
function atOnceOn({ db }: Context, atOnce: number): number {
  return db.engine === 'embedded' ? 1 : atOnce
}

const readTurnsOf = perContext((context) => {
  const { reads, waitingReads } = context.limits
  return createTurns({ atOnce: atOnceOn(context, reads), waiting: waitingReads }, () => {
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
    const message = `${batches} batches of this merchant are under way or waiting already; try again in a moment`
    return new ServiceError('too_many_batches', message)
  })
})

/**
 * Posts a large batch, after the batches of the tenant that came before it: the calls of other tenants come in between.
 * Two are under way at once on PostgreSQL, so that the second is at hand when the first is committed. Throws
 * `too_many_batches`.
 */
export function largeBatch<Answer>(context: Context, tenant: Tenant, post: () => Promise<Answer>): Promise<Answer> {
  return batchTurnsOf(context)(tenant, post)
}
