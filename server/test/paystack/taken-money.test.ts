import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { randomFrom, testSeed } from '../random.ts'
import {
  moveRefund,
  openDispute,
  type RefundRow,
  type Row,
  refundDispute,
  refundInDashboard,
  resolveDispute,
} from './live-account.ts'
import { openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// Whatever disputes and refunds of a payment do at the account, in whatever order, with lost webhooks: what is booked as taken is what the
// account has taken. MTEJA_TEST_STEPS makes the walk longer.

const stepCount = Number(process.env.MTEJA_TEST_STEPS ?? 60)
const walkCount = 3

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})

interface Walk {
  opened: ReconciledAccount
  random: () => number
  reference: string
  disputes: Row[]
  /** With the dispute that each ends; null for one of the dashboard. */
  refunds: { row: RefundRow; dispute: Row | null }[]
  steps: string[]
}

/** Each dispute and each refund of the dashboard has an amount of its own: so none is taken for another. */
const disputed = [1_000, 700]
const refunded = [301, 302, 303]

const pick = <Each>({ random }: Walk, list: readonly Each[]) => list[Math.floor(random() * list.length)] as Each

const actions: Record<string, (walk: Walk) => string | null> = {
  dispute({ opened, reference, disputes }) {
    const amount = disputed[disputes.length]
    if (amount === undefined) return null
    const row = openDispute(opened.account, reference)
    row.refund_amount = amount
    disputes.push(row)
    return String(amount)
  },
  decide(walk) {
    if (walk.disputes.length === 0) return null
    const row = pick(walk, walk.disputes)
    const resolution = pick(walk, ['auto-accepted', 'declined'] as const)
    resolveDispute(walk.opened.account, row, resolution)
    return `${row.refund_amount} ${resolution}`
  },
  refundDispute(walk) {
    if (walk.disputes.length === 0) return null
    const dispute = pick(walk, walk.disputes)
    if (walk.refunds.filter((each) => each.dispute === dispute).length >= 2) return null
    const asked = dispute.refund_amount
    // Not every refund is of all that the payer wants.
    if (walk.random() < 0.3) dispute.refund_amount = Number(asked) - 99
    const row = refundDispute(walk.opened.account, dispute, { isNamed: true })
    dispute.refund_amount = asked
    walk.refunds.push({ row, dispute })
    return `${asked} ${row.id} ${row.amount}`
  },
  refundInDashboard({ opened, reference, refunds }) {
    const amount = refunded.find((each) => !refunds.some(({ row }) => row.amount === each))
    if (amount === undefined) return null
    refunds.push({ row: refundInDashboard(opened.account, reference, amount), dispute: null })
    return String(amount)
  },
  name(walk) {
    const unnamed = walk.refunds.filter(({ dispute }) => dispute === null)
    if (unnamed.length === 0 || walk.disputes.length === 0 || walk.random() < 0.5) return null
    const [refund, dispute] = [pick(walk, unnamed), pick(walk, walk.disputes)]
    refund.dispute = dispute
    Object.assign(refund.row, { dispute: dispute.id, endsDispute: dispute.id })
    moveRefund(walk.opened.account, refund.row, refund.row.status)
    return `${refund.row.id} ${refund.row.amount} ${dispute.refund_amount}`
  },
  move(walk) {
    if (walk.refunds.length === 0) return null
    const { row } = pick(walk, walk.refunds)
    const status = pick(walk, ['failed', 'failed', 'pending', 'processed'])
    moveRefund(walk.opened.account, row, status)
    return `${row.id} ${row.amount} ${status}`
  },
}

/** What the account has taken: each refund that is there, and each lost dispute that has none. */
function takenThere({ disputes, refunds }: Walk): number {
  const isThere = ({ row }: Walk['refunds'][number]) => row.status !== 'failed'
  const lost = disputes.filter(
    (dispute) =>
      String(dispute.resolution).endsWith('accepted') &&
      !refunds.some((each) => each.dispute === dispute && isThere(each)),
  )
  const amounts = [
    ...lost.map((each) => Number(each.refund_amount)),
    ...refunds.filter(isThere).map(({ row }) => row.amount),
  ]
  return amounts.reduce((sum, each) => sum + each, 0)
}

test.each(Array.from({ length: walkCount }, (_, i) => testSeed + i))(
  'what is booked as taken of a payment is what its account has taken; seed %s',
  async (seed) => {
    const opened = await openReconciledAccount(api)
    try {
      await opened.open()
      const { reference } = await opened.topUp('order-1', 10_000)
      const before = (await opened.books())['outside/2'] as number
      const walk: Walk = { opened, random: randomFrom(seed), reference, disputes: [], refunds: [], steps: [] }
      for (let i = 0; i < stepCount; i++) {
        const name = pick(walk, Object.keys(actions))
        api.service.clock.advance(1000)
        const done = actions[name]?.(walk) ?? null
        if (done === null) continue
        walk.steps.push(`${name} ${done}`)
        const luck = walk.random()
        // A webhook that is lost: the next one of the payment tells of all.
        if (luck < 0.4) continue
        await opened.tellAll()
        await opened.settleDue()
        const taken = ((await opened.books())['outside/2'] ?? 0) - before
        expect(taken, walk.steps.join('\n')).toBe(takenThere(walk))
      }
      await opened.tellAll()
      await opened.settleDue()
      expect(((await opened.books())['outside/2'] ?? 0) - before, walk.steps.join('\n')).toBe(takenThere(walk))
      expect(walk.steps.length).toBeGreaterThan(stepCount / 6)
    } finally {
      await opened.close()
    }
  },
)
