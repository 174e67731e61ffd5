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
import { email, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// Whatever disputes and refunds of a payment do at the account, in whatever order, with lost webhooks: what is booked as taken is what the
// account has taken. Money in suspense is assigned and given back meanwhile, and refunds are settled by hand: what a person has given back
// is taken no second time.
// MTEJA_TEST_STEPS makes the walk longer.

const stepCount = Number(process.env.MTEJA_TEST_STEPS ?? 80)
const walkCount = 3
const paid = 10_000

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
  /** Refunds of this service. One that was made here and then at the account stays so. */
  ours: RefundRow[]
  /** How many refunds were settled by hand. */
  lost: number
  /** What a person has given back of money in suspense, whether the account has taken it or not. */
  givenBack: number
  /** What a person has settled as refunded, whether the account has taken it or not. */
  settled: number
  steps: string[]
}

/** Each has an amount of its own, so that none is taken for another; but a refund of the dashboard may stand for one that was lost. */
const disputed = [1_000, 700]
const refunded = [301, 302, 303]
const refundedHere = [51, 52, 53]
const refundsLost = [301, 303, 57, 58]

const pick = <Each>({ random }: Walk, list: readonly Each[]) => list[Math.floor(random() * list.length)] as Each

const actions: Record<string, (walk: Walk) => string | null | Promise<string | null>> = {
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
    if (walk.refunds.length === 0 || walk.disputes.length === 0 || walk.random() < 0.5) return null
    const [refund, dispute] = [pick(walk, walk.refunds), pick(walk, walk.disputes)]
    // One that it has named for the other dispute is named once more where this one has none.
    if (refund.dispute !== null && walk.refunds.some((each) => each.dispute === dispute)) return null
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
  async refundHere({ opened, ours }) {
    const amount = refundedHere.find((each) => !ours.some((row) => row.amount === each))
    if (amount === undefined) return null
    const made = await opened.ask('POST', '/v1/refunds', { transactionId: 'order-1', amount })
    // Nobody has the money, or nothing is left of it.
    if (made.statusCode !== 201) return null
    ours.push(opened.account.refunds.at(-1) as RefundRow)
    return String(amount)
  },
  async refundLost(walk) {
    const { opened, lost, ours } = walk
    const amount = refundsLost[lost]
    if (amount === undefined) return null
    const [when, outcome] = [
      pick(walk, ['cut_before', 'cut_after'] as const),
      pick(walk, ['processed', 'failed'] as const),
    ]
    const { made, settled } = await opened.refundLost(amount, when, outcome)
    if (made.statusCode !== 201) return null
    walk.lost += 1
    if (when === 'cut_after') ours.push(opened.account.refunds.at(-1) as RefundRow)
    const isSettled = settled?.statusCode === 200
    if (isSettled && outcome === 'processed') walk.settled += amount
    return `${amount} ${when} ${isSettled ? outcome : settled?.json().error.code}`
  },
  moveHere(walk) {
    const open = walk.ours.filter(({ status }) => status !== 'processed')
    if (open.length === 0) return null
    const row = pick(walk, open)
    const status = row.status === 'failed' ? 'processed' : pick(walk, ['processed', 'failed'])
    moveRefund(walk.opened.account, row, status)
    return `${row.id} ${row.amount} ${status}`
  },
  async answer(walk) {
    const { ask } = walk.opened
    const all: { id: string; category: string; state: string }[] = (await ask('GET', '/v1/disputes')).json().data
    const open = all.filter(({ category, state }) => category !== 'refund' && state === 'open')
    if (open.length === 0) return null
    const [{ id }, answer] = [pick(walk, open), pick(walk, ['accept', 'decline'])]
    const answered = await ask('POST', `/v1/disputes/${id}/${answer}`)
    return `${answer} ${id} ${answered.statusCode}`
  },
  async settings(walk) {
    const wanted = { borneBy: pick(walk, ['customer', 'merchant']), holdsAmount: walk.random() < 0.5 }
    expect((await walk.opened.ask('PATCH', '/v1/dispute-settings', wanted)).statusCode).toBe(200)
    return JSON.stringify(wanted)
  },
  async spend(walk) {
    const { ask } = walk.opened
    const { customer_code: customerId } = (await ask('POST', '/customer', { email })).json().data
    const amount = pick(walk, [1, 500, 5_000])
    const bought = await ask('POST', '/api/canary/purchases', {
      customerId,
      productId: 'airtime',
      amount,
      currency: 'NGN',
    })
    return bought.statusCode === 201 ? String(amount) : null
  },
  async decideAboutSuspense(walk) {
    const { ask } = walk.opened
    const open: { id: string; left: number }[] = (await ask('GET', '/v1/suspense?open=true')).json().data
    if (open.length === 0 || walk.random() < 0.6) return null
    const { id, left } = pick(walk, open)
    const isAssigned = walk.random() < 0.4
    const { customer_code: customerId } = (await ask('POST', '/customer', { email })).json().data
    const done = isAssigned
      ? await ask('POST', `/v1/suspense/${id}/assign`, { customerId })
      : await ask('POST', `/v1/suspense/${id}/give-back`)
    expect(done.statusCode, done.body).toBe(200)
    if (!isAssigned) walk.givenBack += left
    return `${left} ${isAssigned ? 'assigned' : 'given back'}`
  },
}

/** What the account has taken: each refund that is there, and each lost dispute that has none. */
function takenThere({ disputes, refunds, ours }: Walk): number {
  const isThere = ({ row }: Walk['refunds'][number]) => row.status !== 'failed'
  const lost = disputes.filter(
    (dispute) =>
      String(dispute.resolution).endsWith('accepted') &&
      !refunds.some((each) => each.dispute === dispute && isThere(each)),
  )
  const amounts = [
    ...lost.map((each) => Number(each.refund_amount)),
    ...refunds.filter(isThere).map(({ row }) => row.amount),
    ...ours.filter(({ status }) => status === 'processed').map(({ amount }) => amount),
  ]
  return amounts.reduce((sum, each) => sum + each, 0)
}

/** Sees what is booked as taken, and that all of it is once the account has taken the rest as well. */
async function look(walk: Walk, before: number) {
  const { opened, steps, givenBack, settled } = walk
  const taken = async () => {
    await opened.tellAll()
    await opened.settleDue()
    return ((await opened.books())['outside/2'] ?? 0) - before
  }
  const check = async () => {
    const [booked, there] = [await taken(), takenThere(walk)]
    expect(booked, steps.join('\n')).toBeGreaterThanOrEqual(there)
    expect(booked, steps.join('\n')).toBeLessThanOrEqual(there + givenBack + settled)
  }
  await check()
  const isUnderWay = walk.ours.some(({ status }) => !['processed', 'failed'].includes(status))
  const rest = paid - takenThere(walk)
  if (givenBack === 0 || settled > 0 || rest <= 1_000 || isUnderWay) return
  const last = refundInDashboard(opened.account, walk.reference, rest)
  expect(await taken(), `${steps.join('\n')}\nthe rest`).toBe(paid)
  api.service.clock.advance(1000)
  moveRefund(opened.account, last, 'failed')
  await check()
}

const seeds = Array.from({ length: walkCount }, (_, i) => testSeed + i)

test.each([...seeds.map((seed) => ['topUp', seed] as const), ...seeds.map((seed) => ['suspend', seed] as const)])(
  'what is booked as taken of a payment is what its account has taken: %s, seed %s',
  async (way, seed) => {
    const opened = await openReconciledAccount(api)
    try {
      await opened.open()
      const { reference } = await opened[way]('order-1', paid)
      const before = (await opened.books())['outside/2'] as number
      const walk: Walk = {
        opened,
        random: randomFrom(seed),
        reference,
        disputes: [],
        refunds: [],
        ours: [],
        lost: 0,
        givenBack: 0,
        settled: 0,
        steps: [],
      }
      for (let i = 0; i < stepCount; i++) {
        const name = pick(walk, Object.keys(actions))
        api.service.clock.advance(1000)
        const done = (await actions[name]?.(walk)) ?? null
        if (done === null) continue
        walk.steps.push(`${name} ${done}`)
        // A webhook that is lost: the next one of the payment tells of all.
        if (walk.random() >= 0.4) await look(walk, before)
      }
      await look(walk, before)
      expect(walk.steps.length).toBeGreaterThan(stepCount / 6)
    } finally {
      await opened.close()
    }
  },
)
