import type { Session } from '../base/session.ts'
import { nameOf } from '../customers/names.ts'
import { namesOf } from '../customers/reads.ts'

/** A list is counted as far as one page of it goes. */
export const most = 50

/** How many things need somebody. */
export const needsQuery = ({ mteja, can }: Session) => ({
  queryKey: ['home', 'needs'],
  queryFn: async () => {
    const mine = can('approve') ? mteja.approvals.list({ mine: true, limit: most }).page() : { data: [] }
    const [approvals, approvalsOfMine, payouts, suspense, differences, refunds, failed, processors] = await Promise.all(
      [
        mteja.approvals.list({ status: 'waiting', limit: most }).page(),
        mine,
        mteja.payouts.list({ needsAttention: true, limit: most }).page(),
        mteja.suspense.list({ open: true, limit: most }).page(),
        mteja.reconciliations.listDifferences({ status: 'open', limit: most }).page(),
        mteja.refunds.list({ limit: most }).page(),
        mteja.deliveries.list({ status: 'failed', limit: most }).page(),
        can('settings') ? mteja.processors.list() : { data: [] },
      ],
    )
    return {
      approvals: approvals.data.length,
      approvalsOfMine: approvalsOfMine.data.length,
      payouts: payouts.data.length,
      suspense: suspense.data.length,
      differences: differences.data.length,
      refunds: refunds.data.filter(({ state }) => state === 'needsAttention' || state === 'unknown').length,
      failed: failed.data.length,
      processors: processors.data.filter(({ state }) => state === 'failing'),
      pause: processors.data[0]?.pause ?? null,
    }
  },
})

export const numbersQuery = ({ cashful }: Session) => ({
  queryKey: ['home', 'numbers'],
  staleTime: 30_000,
  queryFn: async () => {
    const [analytics, summary] = await Promise.all([cashful.analytics.retrieve(), cashful.analytics.summary()])
    return { analytics, summary }
  },
})

/** With the names of the customers that are still there. */
export const recentQuery = (session: Session) => ({
  queryKey: ['home', 'recent'],
  queryFn: async () => {
    const { data: events } = await session.mteja.events.list({ limit: 10 }).page()
    const codes = events.map(({ customerId }) => customerId).filter((code) => code !== null)
    return { events, names: await namesOf(session, codes, nameOf) }
  },
})
