import { expect, test } from 'vitest'
import type { Dispute } from './dispute-records.ts'
import { failuresOf, refundNameOf, reportsOf, type SeenRefund } from './dispute-reports.ts'
import type { AccountDispute, AccountRefund } from './payment-processor.ts'

// Which refund of an account ends which dispute, and which is money that was taken by itself.

type Known = Pick<Dispute, 'outsideId' | 'state' | 'refundName' | 'refundNames' | 'movementId' | 'movementIds'>

const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes))
const told = (own: Partial<AccountDispute> = {}): AccountDispute => ({
  id: 'd1',
  state: 'open',
  stateReason: null,
  resolution: null,
  category: 'chargeback',
  amount: 1000n,
  currency: 'NGN',
  complaint: null,
  respondBy: null,
  createdAt: at(10),
  ...own,
})
const back = (own: Partial<SeenRefund> = {}): SeenRefund => ({
  id: 'r1',
  returnId: null,
  disputeId: null,
  amount: 1000n,
  currency: 'NGN',
  state: 'processed',
  createdAt: at(20),
  ...own,
})
/** The dispute, as it was booked by the refund. */
const stored = (own: Partial<Known> = {}): Known => ({
  outsideId: 'd1',
  state: 'lost',
  refundName: 'r1',
  refundNames: ['r1'],
  movementId: 'm1',
  movementIds: ['m1'],
  ...own,
})
/** A refund that was booked by itself. */
const taken = (id: string, own: Partial<Known> = {}): Known =>
  stored({
    outsideId: `refund/${id}`,
    refundName: null,
    refundNames: [],
    movementId: `m-${id}`,
    movementIds: [`m-${id}`],
    ...own,
  })
const brief = (disputes: AccountDispute[], refunds: SeenRefund[], known: Known[] = []) =>
  reportsOf(disputes, refunds, known).map(({ outsideId, state, refundName }) => [outsideId, state, refundName])
const alone = (id: string) => [`refund/${id}`, 'lost', null]

test('a dispute and a refund are one thing where the refund names the dispute, or is of its amount and younger', () => {
  expect(brief([told()], [back({ disputeId: 'd1', amount: 900n, createdAt: at(1) })])).toEqual([['d1', 'lost', 'r1']])
  expect(brief([told({ state: 'won' })], [back({ disputeId: 'd1' })])).toEqual([['d1', 'lost', 'r1']])
  expect(brief([told()], [back()])).toEqual([['d1', 'lost', 'r1']])
  expect(brief([told()], [back({ createdAt: at(10) })])).toEqual([['d1', 'lost', 'r1']])
  expect(brief([told({ state: 'lost' })], [back()])).toEqual([['d1', 'lost', 'r1']])
  expect(brief([told({ amount: null })], [back({ amount: 7n })])).toEqual([['d1', 'lost', 'r1']])
})

test('they are two things where the refund is older, of another amount, stands for one of ours, names another, or the dispute was won', () => {
  const two = [['d1', 'open', null], alone('r1')]
  expect(brief([told()], [back({ createdAt: at(1) })])).toEqual(two)
  expect(brief([told()], [back({ amount: 999n })])).toEqual(two)
  expect(brief([told()], [back({ isStandIn: true })])).toEqual(two)
  expect(brief([told()], [back({ disputeId: 'd9' })])).toEqual(two)
  expect(brief([told()], [back({ returnId: 'ours' })])).toEqual(two)
  expect(brief([told()], [back({ returnId: 'ours', disputeId: 'd1' })])).toEqual(two)
  expect(brief([told({ state: 'won' })], [back()])).toEqual([['d1', 'won', null], alone('r1')])
  expect(brief([], [back(), back({ id: 'r2' })])).toEqual([alone('r1'), alone('r2')])
})

test('they are two things while the refund is open, unless the dispute is lost; nothing where it has failed, is ours or of nothing', () => {
  const open = back({ state: 'open' })
  expect(brief([told()], [open])).toEqual([['d1', 'open', null], alone('r1')])
  expect(brief([told({ state: 'lost' })], [open])).toEqual([['d1', 'lost', 'r1']])
  const none = [['d1', 'open', null]]
  expect(brief([told()], [back({ state: 'failed' })])).toEqual(none)
  expect(brief([told()], [back({ state: 'open', returnId: 'ours' })])).toEqual(none)
  expect(brief([told({ amount: 0n })], [back({ amount: 0n })])).toEqual(none)
  expect(brief([], [back({ amount: 1n })])).toEqual([alone('r1')])
})

test('a dispute has one refund, and a refund ends one dispute', () => {
  const [first, second] = [back(), back({ id: 'r2', createdAt: at(30) })]
  expect(brief([told()], [first, second])).toEqual([['d1', 'lost', 'r1'], alone('r2')])
  expect(brief([told(), told({ id: 'd2' })], [first])).toEqual([
    ['d1', 'lost', 'r1'],
    ['d2', 'open', null],
  ])
  expect(brief([told(), told({ id: 'd2' })], [first, second])).toEqual([
    ['d1', 'lost', 'r1'],
    ['d2', 'lost', 'r2'],
  ])
  // One that the account names is guessed for no other.
  expect(brief([told(), told({ id: 'd2' })], [first, back({ id: 'r2', disputeId: 'd1' })])).toEqual([
    ['d1', 'lost', 'r2'],
    ['d2', 'lost', 'r1'],
  ])
})

test('a dispute tells what its refund has taken, and how the account has decided it; a refund tells of itself', () => {
  const dispute = { complaint: 'Not mine', respondBy: at(90), stateReason: 'Papers are missing', amount: 400n }
  expect(reportsOf([told({ ...dispute, state: 'needsAttention' })], [])).toEqual([
    {
      outsideId: 'd1',
      state: 'needsAttention',
      stateReason: 'Papers are missing',
      resolution: null,
      category: 'chargeback',
      amount: 400n,
      complaint: 'Not mine',
      respondBy: at(90),
      refundName: null,
      isRefundFailed: false,
      noRefunds: [],
    },
  ])
  const [ended] = reportsOf([told({ ...dispute, state: 'needsAttention' })], [back({ disputeId: 'd1' })])
  expect(ended).toMatchObject({ state: 'lost', stateReason: null, resolution: 'refunded', amount: 1000n })
  const [declined] = reportsOf([told({ resolution: 'declined' })], [back()])
  expect(declined).toMatchObject({ state: 'lost', resolution: 'declined' })
  expect(reportsOf([], [back({ returnId: 'ours', disputeId: 'd9' })])).toEqual([
    {
      outsideId: 'refund/r1',
      state: 'lost',
      stateReason: null,
      resolution: 'refunded',
      category: 'refund',
      amount: 1000n,
      complaint: null,
      respondBy: null,
      refundName: null,
      ofRefund: 'ours',
      isOfDispute: true,
    },
  ])
  expect(reportsOf([], [back()])[0]).toMatchObject({ ofRefund: null, isOfDispute: false })
  expect(refundNameOf('refund/r1')).toBe('r1')
})

test('a refund stays what it was found to be, whatever is said of it or of its dispute since', () => {
  const [won, changed] = [told({ state: 'won' }), told({ amount: 5n })]
  for (const dispute of [told(), won, changed])
    expect(brief([dispute], [back()], [stored()])).toEqual([['d1', 'lost', 'r1']])
  // Of two, the one by which the dispute has ended before.
  const others = [back({ id: 'r2', createdAt: at(15) }), back()]
  expect(brief([told()], others, [stored()])).toEqual([['d1', 'lost', 'r1'], alone('r2')])
  const named = others.map((each) => ({ ...each, disputeId: 'd1' }))
  expect(brief([told()], named, [stored()])).toEqual([['d1', 'lost', 'r1'], alone('r2')])
  // What the account says is more than what was found.
  const two = [told(), told({ id: 'd2' })]
  const moved = [back({ disputeId: 'd2' })]
  expect(brief(two, moved, [stored()])).toEqual([
    ['d1', 'open', null],
    ['d2', 'lost', 'r1'],
  ])
  expect(reportsOf(two, moved, [stored()])[0]).toMatchObject({ isRefundFailed: true, noRefunds: ['r1'] })
  expect(reportsOf(two, [back()], [stored()])[0]).toMatchObject({ isRefundFailed: false, noRefunds: [] })
})

test('a refund that the account names takes the place of a guess, unless the guess has brought the movement', () => {
  const refunds = [back(), back({ id: 'r2', disputeId: 'd1' })]
  expect(brief([told()], refunds, [stored()])).toEqual([['d1', 'lost', 'r2'], alone('r1')])
  expect(reportsOf([told()], refunds, [stored()])[0]).toMatchObject({ noRefunds: ['r1'] })
  const booked = [stored({ movementId: 'm-r1', movementIds: ['m-r1'] }), taken('r1')]
  expect(brief([told()], refunds, booked)).toEqual([['d1', 'lost', 'r1'], alone('r2')])
  expect(reportsOf([told()], refunds, booked)[0]).toMatchObject({ noRefunds: [] })
})

test('of several refunds of a dispute that is not ended by any, the one counts that is not booked by itself', () => {
  const named = [back({ disputeId: 'd1' }), back({ id: 'r2', disputeId: 'd1' })]
  const before = stored({ state: 'open', refundName: null, refundNames: [], movementId: null, movementIds: [] })
  expect(brief([told()], named, [before])).toEqual([['d1', 'lost', 'r1'], alone('r2')])
  expect(brief([told()], named, [before, taken('r1')])).toEqual([['d1', 'lost', 'r2'], alone('r1')])
  expect(brief([told()], named, [before, taken('r1'), taken('r2')])).toEqual([['d1', 'lost', 'r1'], alone('r2')])
})

test('after the refund of a dispute has failed, one that is booked by itself is not guessed for it', () => {
  const failed = back({ state: 'failed' })
  const other = back({ id: 'r2', createdAt: at(30) })
  const [report] = reportsOf([told()], [failed], [stored()])
  expect(report).toMatchObject({ state: 'open', refundName: null, isRefundFailed: true, noRefunds: [] })
  expect(brief([told()], [failed, other], [stored()])).toEqual([['d1', 'lost', 'r2']])
  expect(brief([told()], [failed, other], [stored(), taken('r2')])).toEqual([['d1', 'open', null], alone('r2')])
  // One that has never been ended may be ended by it.
  const before = stored({ state: 'open', refundName: null, refundNames: [], movementId: null, movementIds: [] })
  expect(brief([told()], [other], [before, taken('r2')])).toEqual([['d1', 'lost', 'r2']])
  expect(reportsOf([told()], [failed], [before])[0]).toMatchObject({ isRefundFailed: false })
})

test('a refund that is booked by itself comes back once it is named for a dispute that is booked as well', () => {
  const named = [back({ id: 'r2', disputeId: 'd1' })]
  const lost = stored({ refundName: null, refundNames: [] })
  const twice = [
    ['d1', 'lost', 'r2'],
    ['refund/r2', 'won', null],
  ]
  expect(brief([told({ state: 'lost' })], named, [lost, taken('r2')])).toEqual(twice)
  expect(reportsOf([told({ state: 'lost' })], named, [lost, taken('r2')])[1]).toMatchObject({
    resolution: null,
    amount: 1000n,
  })
  const once = [['d1', 'lost', 'r2']]
  for (const known of [
    [stored({ ...lost, state: 'open', movementId: null, movementIds: [] }), taken('r2')],
    [lost, taken('r2', { state: 'won' })],
    [lost, taken('r2', { movementId: null, movementIds: [] })],
    [lost],
    [taken('r2')],
    // The dispute has its movement from this refund.
    [stored({ ...lost, movementIds: ['m-r2'] }), taken('r2')],
    // Another dispute has taken over the movement of this one.
    [lost, taken('r2'), stored({ outsideId: 'd0', refundName: null, refundNames: [], movementIds: ['m0', 'm-r2'] })],
    // Its own refund has failed: it takes over the movement of this one.
    [stored({ refundName: 'r0', refundNames: ['r0'] }), taken('r2')],
  ]) {
    expect(brief([told({ state: 'lost' })], [back({ id: 'r0', state: 'failed' }), ...named], known)).toEqual(once)
  }
})

test('a refund that was seen as taken money, and has failed, comes back, and no other', () => {
  const names = (refunds: AccountRefund[], known: Known[]) =>
    failuresOf(refunds, known).map(({ outsideId, state, resolution }) => [outsideId, state, resolution])
  const failed = back({ state: 'failed' })
  expect(names([failed], [taken('r1')])).toEqual([['refund/r1', 'won', null]])
  expect(names([failed], [taken('r1', { state: 'open' })])).toEqual([['refund/r1', 'won', null]])
  expect(names([failed], [taken('r1', { state: 'won' })])).toEqual([])
  expect(names([failed], [taken('r2')])).toEqual([])
  expect(names([back(), back({ state: 'open' })], [taken('r1')])).toEqual([])
  // It has ended a dispute, and comes back with this one.
  expect(names([failed], [taken('r1'), stored()])).toEqual([])
  expect(names([failed, back({ id: 'r2', state: 'failed' })], [taken('r1'), taken('r2')])).toHaveLength(2)
})
