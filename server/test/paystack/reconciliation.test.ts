import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { advanceDuePayouts } from '../../src/domain/payouts/advancing.ts'
import { sentReferenceOf } from '../../src/domain/payouts/sent-references.ts'
import { startReconciliation } from '../../src/domain/reconciliation/reconciliations.ts'
import { continueReconciliations, startDailyReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { dyingDb } from '../dying-db.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { addTestKey, createTestTenant } from '../service.ts'
import {
  insertRefund,
  insertTransaction,
  moveRefund,
  openDispute,
  pay,
  type RefundRow,
  refundDispute,
  refundInDashboard,
  resolveDispute,
  settle,
  type TransactionRow,
  type TransferRow,
} from './live-account.ts'
import { moveTransfer } from './live-transfers.ts'
import { dayMs, email, minuteMs, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// The books are compared with a live account, which is the independent stub of Paystack. Each kind of difference is made, and named.

let api: TestApi
let opened: ReconciledAccount
let account: ReconciledAccount['account']
let server: ReconciledAccount['server']
let proxy: ReconciledAccount['proxy']
let tenant: ReconciledAccount['tenant']
let told: ReconciledAccount['told']

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  opened = await openReconciledAccount(api)
  ;({ account, server, proxy, tenant, told } = opened)
  return opened.close
})

const ask: ReconciledAccount['ask'] = (...given) => opened.ask(...given)
const choose: ReconciledAccount['choose'] = (...given) => opened.choose(...given)
const tellAll: ReconciledAccount['tellAll'] = (...given) => opened.tellAll(...given)
const settleDue: ReconciledAccount['settleDue'] = () => opened.settleDue()
const begin: ReconciledAccount['begin'] = (...given) => opened.begin(...given)
const topUp: ReconciledAccount['topUp'] = (...given) => opened.topUp(...given)
const reconcile: ReconciledAccount['reconcile'] = (...given) => opened.reconcile(...given)
const open: ReconciledAccount['open'] = () => opened.open()
const differences: ReconciledAccount['differences'] = (...given) => opened.differences(...given)
const named: ReconciledAccount['named'] = (...given) => opened.named(...given)
const books: ReconciledAccount['books'] = () => opened.books()

/** The command line's view: the operator's call, and the exit code that it stands for. */
async function expectDifference(kind: string, subject: string, amount: number) {
  const run = await reconcile()
  expect([run.status, run.failure, await named()]).toEqual(['differing', null, [[kind, subject, amount]]])
  expect(run.balances.map(({ unexplained }: { unexplained: number }) => unexplained)).toEqual([
    kind === 'unexplained' ? -amount : 0,
  ])
  const [found] = await differences()
  expect(found?.advice).toMatch(/\.$/)
  const events = await api.service.db.query(sql`
    select id from events where merchant_id = ${tenant.merchant.id} and type = 'reconciliation.difference_found'
      and data -> 'details' ->> 'kind' = ${kind}
  `)
  expect(events).toHaveLength(1)
  // It is the same one the next time, and is not told again.
  api.service.clock.advance(minuteMs)
  await reconcile()
  expect(await differences()).toMatchObject([{ id: found?.id }])
  return found as NonNullable<typeof found>
}

describe('an account that agrees', () => {
  test('payments, refunds, disputes, settlements and the balance are read, and nothing differs', async () => {
    await open()
    const first = await topUp('order-1')
    await topUp('order-2', 20_000)
    await ask('POST', '/refund', { transaction: 'order-1', amount: 4_000 })
    await settleDue()
    moveRefund(account, account.refunds[0] as (typeof account.refunds)[number], 'processed')
    await tellAll()
    await settleDue()
    resolveDispute(account, openDispute(account, account.transactions[1]?.reference as string), 'merchant-accepted')
    await tellAll()
    await settleDue()
    settle(account)
    const run = await reconcile()
    expect(run).toMatchObject({ status: 'agreed', completed: 1, openDifferences: 0 })
    expect(run.balances).toEqual([
      { currency: 'NGN', account: -24_000, expected: -24_000, opening: 0, explained: 0, unsettled: 0, unexplained: 0 },
    ])
    expect(await books()).toMatchObject({ 'outside/2': 24_000, 'outside/0': -29_550 })
    expect(first.status).toBe('success')
    const listed = (await ask('GET', '/settlement?perPage=1&status=success')).json()
    expect(listed.meta).toMatchObject({ total: 1, page: 1, pageCount: 1 })
    const { id, total_amount, total_fees, total_processed } = account.settlements[0] as Record<string, unknown>
    expect(listed.data).toMatchObject([{ id, status: 'success', total_amount, total_fees, total_processed }])
    expect((await ask('GET', '/settlement?status=failed')).json().data).toEqual([])
    // Once: the next one books nothing.
    expect(await reconcile()).toMatchObject({ status: 'agreed', completed: 0 })
  })

  test('what was there before the cut-over is the opening balance, also for another key of the same account', async () => {
    insertTransaction(account, { email, amount: 50_000, reference: 'of-before' })
    pay(account, 'of-before')
    told.splice(0)
    api.service.clock.advance(minuteMs)
    await choose({ cutOverAt: api.service.clock.now().toISOString() })
    const first = await open()
    expect(first.balances).toMatchObject([{ account: 49_250, opening: 49_250, unexplained: 0 }])
    await topUp('order-1')
    expect((await reconcile()).balances).toMatchObject([{ account: 59_100, expected: 59_100, opening: 49_250 }])
    account.secretKey = 'sk_live_rotated0123456789'
    await choose()
    await topUp('order-2')
    const run = await reconcile()
    expect(run).toMatchObject({ status: 'agreed' })
    expect(run.balances).toMatchObject([{ account: 68_950, expected: 68_950, opening: 49_250, unexplained: 0 }])
    expect(await books()).toMatchObject({ 'outside/2': -9_850, 'outside/3': -9_850 })
    const openings = await api.service.db.query(sql`
      select currency from opening_balances where merchant_id = ${tenant.merchant.id}
    `)
    expect(openings).toHaveLength(1)
  })

  test('an account that settles to a bank, and does not count payments before, agrees as long as nothing else moves its balance', async () => {
    await open()
    const balance = account.balance.bind(account)
    account.balance = () => 0
    await topUp('order-1')
    await topUp('order-2')
    expect(await reconcile()).toMatchObject({
      status: 'agreed',
      balances: [{ account: 0, unsettled: 19_700, unexplained: 0 }],
    })
    settle(account)
    await topUp('order-3')
    expect(await reconcile()).toMatchObject({
      status: 'agreed',
      balances: [{ account: 0, unsettled: 9_850, unexplained: 0 }],
    })
    account.balance = () => -700
    expect(await reconcile()).toMatchObject({ status: 'differing', balances: [{ unexplained: -10_550 }] })
    // Another account counts them, and is not excused any more.
    account.balance = balance
    expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ account: 9_850, unsettled: 0 }] })
    account.balance = () => 0
    expect(await reconcile()).toMatchObject({ status: 'differing', balances: [{ unexplained: -9_850 }] })
  })

  test('a payment whose webhook was lost is booked as the webhook would have been, once', async () => {
    await open()
    const row = await begin('order-1')
    pay(account, row.reference)
    told.splice(0)
    const run = await reconcile()
    expect(run).toMatchObject({ status: 'agreed', completed: 1 })
    expect(await books()).toEqual({ customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 })
    await settleDue()
    await reconcile()
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
  })

  test('a refund that ended, a dispute that was lost and a refund of the dashboard are booked without their webhooks', async () => {
    await open()
    await topUp('order-1')
    await topUp('order-2')
    const third = await topUp('order-3')
    await ask('POST', '/refund', { transaction: 'order-1', amount: 4_000 })
    await settleDue()
    // It is open: its money has left the account, and is reserved here.
    expect(await reconcile()).toMatchObject({ status: 'agreed' })
    moveRefund(account, account.refunds[0] as (typeof account.refunds)[number], 'processed')
    const dispute = openDispute(account, account.transactions[1]?.reference as string)
    resolveDispute(account, dispute, 'auto-accepted')
    refundDispute(account, dispute, { isNamed: false })
    refundInDashboard(account, third.reference, 1_000)
    told.splice(0)
    api.service.clock.advance(minuteMs)
    const run = await reconcile()
    expect([run.status, run.completed, await named()]).toEqual(['agreed', 3, []])
    expect(await books()).toMatchObject({ customer_cash: 15_000, 'outside/2': -14_550 })
    expect(account.balance()).toBe(14_550)
  })

  test('refunds that a person has settled, made in the dashboard or by the account after all, are compared as they are booked', async () => {
    await open()
    const rows = [await topUp('order-1'), await topUp('order-2'), await topUp('order-3')]
    const lose = async (reference: string, when: 'cut_before' | 'cut_after', outcome: string) => {
      proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? when : 'none')
      const { id } = (await ask('POST', '/v1/refunds', { transactionId: reference, amount: 4_000 })).json()
      proxy.choose = () => 'cut_before'
      const words = { proof: 'Ticket 88121', reason: 'The answer was lost' }
      expect((await ask('POST', `/v1/refunds/${id}/settle`, { outcome, ...words })).json().state).toBe(outcome)
      return id as string
    }
    await lose('order-1', 'cut_before', 'processed')
    await lose('order-2', 'cut_after', 'failed')
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'processed')
    const failed = await lose('order-3', 'cut_after', 'processed')
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'failed')
    refundInDashboard(account, rows[0]?.reference as string, 4_000)
    told.splice(0)
    proxy.choose = () => 'none'
    for (let i = 0; i < 2; i++) {
      api.service.clock.advance(minuteMs)
      const run = await reconcile()
      expect([run.status, await named()]).toEqual(['agreed', []])
    }
    expect((await ask('GET', `/v1/refunds/${failed}`)).json().state).toBe('failed')
    expect(await books()).toMatchObject({ customer_cash: 22_000, 'outside/2': -account.balance() })
  })

  test('pages are read one by one, a thing on two pages is one thing, and a killed server’s reconciliation goes on', async () => {
    await open()
    for (let i = 0; i < 130; i += 1) {
      insertTransaction(account, { email, amount: 1_000 + i, reference: `never-paid-${i}` })
    }
    await topUp('order-1')
    const [first] = account.transactions as [TransactionRow]
    const happened = new Set<string>()
    proxy.choose = ({ path }) => {
      const isNew = (what: string) => !happened.has(what) && happened.add(what)
      if (path.startsWith('/transaction?') && /[?&]page=2\b/.test(path) && isNew('slip')) {
        // The last payment of the first page becomes the first of the second.
        const { created_at, createdAt } = first
        Object.assign(insertTransaction(account, { email, amount: 5_000, reference: 'slips-in' }), {
          created_at,
          createdAt,
        })
      }
      return path.startsWith('/settlement') && isNew('cut') ? 'cut_before' : 'none'
    }
    api.service.clock.advance(1000)
    let run = (await ask('POST', '/v1/reconciliations', {})).json()
    expect(run).toMatchObject({ status: 'running', attempts: 1 })
    // The same one, for everybody who asks.
    expect((await ask('POST', '/v1/reconciliations', {})).json().id).toBe(run.id)
    api.service.clock.advance(31_000)
    await Promise.all([continueReconciliations(api.service), continueReconciliations(api.service)])
    run = (await ask('GET', `/v1/reconciliations/${run.id}`)).json()
    expect([run.status, await named(), [...happened]]).toEqual(['agreed', [], ['slip', 'cut']])
    expect(server.asked.filter((asked) => asked === 'GET /transaction').length).toBeGreaterThan(2)
  })

  test('it begins by itself once a day, for each account', async () => {
    await settleDaily()
    const [run] = (await ask('GET', '/v1/reconciliations')).json().data
    expect(run).toMatchObject({ status: 'agreed', by: { kind: 'background' } })
    await settleDaily()
    expect((await ask('GET', '/v1/reconciliations')).json().data).toHaveLength(1)
    api.service.clock.advance(dayMs + 1)
    await settleDaily()
    expect((await ask('GET', '/v1/reconciliations')).json().data).toHaveLength(2)
  })
})

async function settleDaily() {
  await startDailyReconciliations(api.service)
  for (let i = 0; i < 5; i += 1) {
    api.service.clock.advance(1000)
    await continueReconciliations(api.service)
  }
}

describe('each kind of difference is named', () => {
  test('missing_here: a payment that the list has as paid, and the account does not confirm', async () => {
    await open()
    const row = insertTransaction(account, { email, amount: 7_000, reference: 'unconfirmed' })
    pay(account, row.reference)
    told.splice(0)
    account.unconfirmed.add(row.reference)
    const found = await expectDifference('missing_here', 'payment', 7_000)
    expect([found.ours, found.theirs]).toEqual([null, 7_000])
    account.unconfirmed.clear()
    api.service.clock.advance(minuteMs)
    await reconcile()
    // It is confirmed, and nobody had asked for it.
    expect(await named()).toEqual([['not_ours', 'payment', 7_000]])
  })

  test('missing_there: a payment that is booked, and the account does not know', async () => {
    await open()
    const row = await topUp()
    account.transactions.splice(account.transactions.indexOf(row), 1)
    const found = await expectDifference('missing_there', 'payment', 10_000)
    expect([found.ours, found.theirs]).toEqual([10_000, null])
    account.transactions.push(row)
    api.service.clock.advance(minuteMs)
    expect(await reconcile()).toMatchObject({ status: 'agreed' })
    expect(await differences('status=resolved')).toMatchObject([{ id: found.id }])
  })

  test('missing_there: a refund of ours, and a dispute, that the account does not know any more', async () => {
    await open()
    await topUp('order-1')
    await topUp('order-2')
    await ask('POST', '/refund', { transaction: 'order-1', amount: 4_000 })
    await settleDue()
    moveRefund(account, account.refunds[0] as (typeof account.refunds)[number], 'processed')
    const dispute = openDispute(account, account.transactions[1]?.reference as string)
    resolveDispute(account, dispute, 'merchant-accepted')
    await tellAll()
    await settleDue()
    account.refunds.splice(0)
    account.disputes.splice(0)
    const run = await reconcile()
    expect(run.balances).toMatchObject([{ unexplained: 0, explained: 14_000 }])
    expect((await named()).sort()).toEqual([
      ['missing_there', 'dispute', 10_000],
      ['missing_there', 'refund', 4_000],
    ])
  })

  test('amount: a payment of another amount than is booked', async () => {
    await open()
    const row = await topUp()
    Object.assign(row, { amount: 9_000, requested_amount: 9_000 })
    const found = await expectDifference('amount', 'payment', 1_000)
    expect([found.ours, found.theirs]).toEqual([10_000, 9_000])
  })

  test('fee: another fee than is booked', async () => {
    await open()
    const row = await topUp()
    row.fees = 200
    const found = await expectDifference('fee', 'payment', 50)
    expect([found.ours, found.theirs]).toEqual([150, 200])
  })

  test('state: a payment that is booked, and that the account does not show as paid any more', async () => {
    await open()
    const row = await topUp()
    Object.assign(row, { status: 'failed', paid_at: null })
    await expectDifference('state', 'payment', 10_000)
  })

  test('state: a refund that has gone back here, and has failed there', async () => {
    await open()
    await topUp()
    await ask('POST', '/refund', { transaction: 'order-1', amount: 4_000 })
    await settleDue()
    const [refund] = account.refunds as [(typeof account.refunds)[number]]
    moveRefund(account, refund, 'processed')
    await tellAll()
    await settleDue()
    moveRefund(account, refund, 'failed')
    told.splice(0)
    await expectDifference('state', 'refund', 4_000)
  })

  test('currency: a payment in another currency than is booked', async () => {
    await open()
    const row = await topUp()
    row.currency = 'ZAR'
    const run = await reconcile()
    expect([run.status, await named()]).toMatchObject([
      'differing',
      expect.arrayContaining([['currency', 'payment', 10_000]]),
    ])
  })

  test('currency: money that a person has given back from suspense explains no more than its fee', async () => {
    await open()
    const row = await begin('order-1')
    row.currency = 'GHS'
    pay(account, row.reference)
    await tellAll()
    await settleDue()
    row.currency = 'NGN'
    await reconcile()
    expect(await named()).toEqual([['currency', 'payment', 10_000]])
    const [suspended] = (await ask('GET', '/v1/suspense')).json().data
    expect((await ask('POST', `/v1/suspense/${suspended.id}/give-back`, {})).statusCode).toBe(200)
    await reconcile()
    expect((await named()).map(([, subject]) => subject)).not.toContain('suspense')
    refundInDashboard(account, row.reference, 10_000)
    told.splice(0)
    api.service.clock.advance(minuteMs)
    const run = await reconcile()
    expect(run.balances).toMatchObject([
      { currency: 'GHS', account: 0, expected: -150, explained: 150, unexplained: 0 },
      { currency: 'NGN', account: -150, expected: 0, explained: -150, unexplained: 0 },
    ])
    expect(await named()).toEqual([['currency', 'payment', 10_000]])
  })

  test('duplicate: a charge whose money was taken twice is in suspense the second time', async () => {
    await open()
    const row = await topUp()
    const second = insertTransaction(account, { email, amount: 10_000, reference: 'again', metadata: row.metadata })
    pay(account, second.reference)
    told.splice(0)
    await expectDifference('duplicate', 'payment', 10_000)
    expect(await books()).toMatchObject({ customer_cash: 10_000, suspense: 10_000, 'outside/2': -19_700 })
  })

  test('duplicate: a refund of ours that went back twice', async () => {
    await open()
    const row = await topUp()
    await ask('POST', '/refund', { transaction: 'order-1', amount: 4_000 })
    await settleDue()
    const [refund] = account.refunds as [(typeof account.refunds)[number]]
    moveRefund(account, refund, 'processed')
    await tellAll()
    await settleDue()
    api.service.clock.advance(1000)
    const own = { amount: 4_000, currency: 'NGN', merchant_note: refund.merchant_note }
    moveRefund(account, insertRefund(account, row, own), 'processed')
    told.splice(0)
    await expectDifference('duplicate', 'refund', 4_000)
  })

  test('not_ours: a sale of a shop on the same account is in suspense with its fee, and closed once a person has decided', async () => {
    await open()
    insertTransaction(account, { email: 'shop@example.com', amount: 3_000, reference: 'T-shirt-7' })
    pay(account, 'T-shirt-7')
    told.splice(0)
    const found = await expectDifference('not_ours', 'payment', 3_000)
    expect(await books()).toEqual({ suspense: 3_000, processor_fees: -45, 'outside/2': -2_955 })
    // Nobody records it by hand any more.
    const line = { amount: 3_000, currency: 'NGN', source: 'card', reference: 'T-shirt-7' }
    const taken = await ask('POST', '/v1/pay-ins', line)
    expect([taken.statusCode, taken.json().error.message]).toEqual([409, expect.stringContaining('/v1/suspense')])
    const [suspended] = (await ask('GET', '/v1/suspense')).json().data
    expect((await ask('POST', `/v1/suspense/${suspended.id}/give-back`)).statusCode).toBe(200)
    refundInDashboard(account, 'T-shirt-7', 3_000)
    told.splice(0)
    api.service.clock.advance(minuteMs)
    expect(await reconcile()).toMatchObject({ status: 'agreed' })
    expect(await differences('status=resolved')).toMatchObject([{ id: found.id, status: 'resolved' }])
  })

  test('a refund of a sale of a shop takes its money out of suspense, and then nothing differs', async () => {
    await open()
    insertTransaction(account, { email: 'shop@example.com', amount: 3_000, reference: 'T-shirt-7' })
    pay(account, 'T-shirt-7')
    refundInDashboard(account, 'T-shirt-7', 3_000)
    told.splice(0)
    const run = await reconcile()
    expect(run.balances).toMatchObject([{ unexplained: 0 }])
    expect(await named()).toEqual([['not_ours', 'payment', 3_000]])
    expect(await books()).toEqual({ processor_fees: -45, 'outside/2': 45 })
    expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
    expect(await named()).toEqual([])
  })

  test('unexplained: a balance that no list explains; accepted with a reason it counts, and another one is named again', async () => {
    await open()
    await topUp()
    account.taken = 1_000
    const found = await expectDifference('unexplained', 'balance', 1_000)
    const closing = { outcome: 'accepted', reason: 'A correction of the processor, see its e-mail' }
    const closed = await ask('POST', `/v1/differences/${found.id}/close`, closing)
    expect([closed.statusCode, closed.json()]).toMatchObject([200, { status: 'accepted', by: { kind: 'key' } }])
    // Again is the same, and otherwise is refused.
    expect((await ask('POST', `/v1/differences/${found.id}/close`, closing)).statusCode).toBe(200)
    expect(
      (await ask('POST', `/v1/differences/${found.id}/close`, { ...closing, outcome: 'resolved' })).statusCode,
    ).toBe(409)
    expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ explained: -1_000, unexplained: 0 }] })
    account.taken = 1_500
    expect(await reconcile()).toMatchObject({ status: 'differing' })
    expect(await named()).toEqual([['unexplained', 'balance', 1_500]])
    account.taken = 0
    await reconcile()
    expect(await named()).toEqual([])
  })

  test('unexplained: a balance that was accepted, and is put right at the account, is closed and not told again', async () => {
    await open()
    await topUp()
    account.taken = 1_000
    const found = await expectDifference('unexplained', 'balance', 1_000)
    const closing = { outcome: 'accepted', reason: 'A correction of the processor' }
    expect((await ask('POST', `/v1/differences/${found.id}/close`, closing)).statusCode).toBe(200)
    account.taken = 0
    await reconcile()
    expect(await differences('')).toMatchObject([
      { id: found.id, amount: 1_000, status: 'resolved', reason: null, by: null },
    ])
    expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ explained: 0, unexplained: 0 }] })
    const events = await api.service.db.query(sql`
      select id from events where merchant_id = ${tenant.merchant.id} and type = 'reconciliation.difference_found'
    `)
    expect(events).toHaveLength(1)
  })
})

describe('payouts by the same account', () => {
  test('one that is open has left the account, and one whose end was not told is ended here', async () => {
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    expect(row.status).toBe('pending')
    const run = await reconcile()
    expect(run).toMatchObject({ status: 'agreed', completed: 0, balances: [{ account: 884_000, unexplained: 0 }] })
    moveTransfer(account, row, 'success')
    told.splice(0)
    expect(await reconcile()).toMatchObject({ status: 'agreed', completed: 1, balances: [{ expected: 884_000 }] })
    expect(await books()).toMatchObject({ customer_cash: 900_000, 'outside/2': -985_000, 'outside/9': 101_000 })
    row.fee_charged = 2_500
    await expectDifference('fee', 'payout', 1_500)
  })

  test('one that a restored database has forgotten to have sent is asked about, and never sent by a reconciliation', async () => {
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    const [{ id }] = (await ask('GET', '/v1/payouts')).json().data
    await api.service.db.query(sql`
      update payouts set
        state = 'pending', processor = null, account_id = null, send_count = 0, sent_at = null, due_at = null
      where merchant_id = ${tenant.merchant.id} and id = ${id}
    `)
    const stateOf = async () => (await ask('GET', `/v1/payouts/${id}`)).json().state
    // It is in the list, and verify does not find it.
    proxy.choose = ({ path }) => (path.startsWith('/transfer/verify') ? 'cut_before' : 'none')
    await reconcile()
    expect([await stateOf(), account.transfers.length]).toEqual(['sending', 1])
    proxy.choose = () => 'none'
    moveTransfer(account, row, 'success')
    told.splice(0)
    await reconcile()
    expect([await stateOf(), account.transfers.length]).toEqual(['paid', 1])
  })

  /** The account moves a transfer, and tells of it. */
  async function move(row: TransferRow, status: string) {
    moveTransfer(account, row, status)
    await tellAll()
    await advanceDuePayouts(api.service)
  }

  test('one that has come back has cost the fee that was kept, whether the opening balance was recorded before or after', async () => {
    account.keepsFees = true
    await opened.chooseOut()
    const row = await opened.payOut()
    for (const status of ['success', 'reversed']) await move(row, status)
    const agreed = { status: 'agreed', balances: [{ opening: 0, account: 984_000, unexplained: 0 }] }
    for (let i = 0; i < 2; i++) expect(await reconcile()).toMatchObject(agreed)
    // The next one after it, and one that was made at the account.
    account.transfers.push({ ...row, id: account.nextId(), reference: 'made-in-the-dashboard', amount: 7_000 })
    await expectDifference('not_ours', 'payout', 1_000)
  })

  test('fee: one that has come back with its fee', async () => {
    account.keepsFees = true
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    await move(row, 'success')
    row.fee_charged = 0
    await move(row, 'reversed')
    expect(await expectDifference('fee', 'payout', 1_000)).toMatchObject({ ours: 1_000, theirs: 0 })
  })

  test('one that has come back before anybody had seen it paid has cost the fee that was kept, and another one is named', async () => {
    account.keepsFees = true
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    await move(row, 'reversed')
    const { data } = (await ask('GET', '/v1/payouts')).json()
    expect(data).toMatchObject([{ state: 'failed', stateCode: 'reversed', fee: 1_000 }])
    expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
    row.fee_charged = 400
    expect(await expectDifference('fee', 'payout', 600)).toMatchObject({ ours: 1_000, theirs: 400 })
  })

  test('state: one that is paid after its money had come back', async () => {
    account.keepsFees = true
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    for (const status of ['success', 'reversed', 'success']) await move(row, status)
    const { data } = (await ask('GET', '/v1/payouts')).json()
    expect(data).toMatchObject([{ state: 'returned', needsAttention: { code: 'contradicted' } }])
    await expectDifference('state', 'payout', 100_000)
  })

  test('one that has failed has cost nothing, whatever fee its account tells of it', async () => {
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    await move(row, 'failed')
    expect(row.fee_charged).toBe(1_000)
    expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
  })

  test('missing_there: one that is booked, and that the account does not know', async () => {
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    moveTransfer(account, row, 'success')
    told.splice(0)
    api.service.clock.advance(minuteMs)
    await advanceDuePayouts(api.service)
    account.transfers.splice(0)
    await expectDifference('missing_there', 'payout', 100_000)
  })

  test('one of another merchant of this server is no difference, and explained', async () => {
    await opened.chooseOut()
    await open()
    const { merchant } = await createTestTenant(api.service, { currencies: ['NGN'] })
    const other = await addTestKey(api.service, merchant, 'live')
    const send = async (method: string, path: string, body: object) => {
      const answer = await api.call(method, path, body, other.secret)
      expect(answer.statusCode, answer.body).toBeLessThan(300)
    }
    await send('PUT', '/v1/processors/out', { processor: 'paystack', secretKey: account.secretKey })
    await send('POST', '/v1/pay-ins', { amount: 500_000, currency: 'NGN', source: 'cash', reference: 'till' })
    const row = await opened.payOut()
    moveTransfer(account, row, 'success')
    const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000002', accountName: 'Ada' }
    await send('POST', '/v1/payouts', { amount: 42_420, currency: 'NGN', destination, reference: 'theirs' })
    await advanceDuePayouts(api.service)
    const theirs = account.transfers.at(-1) as TransferRow
    expect(theirs.amount).toBe(42_420)
    for (const status of ['pending', 'success']) {
      if (status === 'success') moveTransfer(account, theirs, 'success')
      told.splice(0)
      const run = await reconcile()
      const left = -theirs.amount - Number(theirs.fee_charged)
      expect(run).toMatchObject({ status: 'agreed', balances: [{ explained: left, unexplained: 0 }] })
    }
    expect(await differences('')).toEqual([])
  })

  test.each(['forgotten', 'pending', 'forgotten by another merchant'] as const)(
    'one that was sent before the account was chosen, by a database that was restored, is in no opening balance: %s',
    async (how) => {
      await opened.chooseOut()
      const row = await opened.payOut()
      moveTransfer(account, row, 'success')
      const { merchant } = await createTestTenant(api.service, { currencies: ['NGN'] })
      const restored = await addTestKey(api.service, merchant, 'live')
      const ofRestored = async (method: string, path: string, body?: object) => {
        const answer = await api.call(method, path, body, restored.secret)
        expect(answer.statusCode, answer.body).toBeLessThan(300)
        return answer.json()
      }
      const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000001', accountName: 'Tolu' }
      const lost = { amount: Number(row.amount), currency: 'NGN', destination, reference: 'lost' }
      await ofRestored('POST', '/v1/pay-ins', { amount: 900_000, currency: 'NGN', source: 'cash', reference: 'till' })
      if (how === 'pending') await ofRestored('POST', '/v1/payouts', lost)
      const sender = how === 'forgotten by another merchant' ? tenant : restored
      const reference = `mteja-${sentReferenceOf(api.service.vault, sender, 'lost')}`
      account.transfers.push({ ...row, id: account.nextId(), transfer_code: 'TRF_lost', reference })
      const transfers = account.transfers.length
      api.service.clock.advance(minuteMs)
      await ofRestored('PUT', '/v1/processors/out', { processor: 'paystack', secretKey: account.secretKey })
      const compare = async () => {
        api.service.clock.advance(minuteMs)
        const { id } = await ofRestored('POST', '/v1/reconciliations', { direction: 'out' })
        for (;;) {
          const run = await ofRestored('GET', `/v1/reconciliations/${id}`)
          if (run.status !== 'running') return run
          await continueReconciliations(api.service)
        }
      }
      const cost = Number(row.amount) + Number(row.fee_charged)
      const agreed = { status: 'agreed', openDifferences: 0, balances: [{ unexplained: 0 }] }
      const first = await compare()
      const [{ account: held, opening }] = first.balances
      expect(opening).toBe(held + cost)
      if (how === 'pending') return expect(first).toMatchObject({ ...agreed, completed: 1 })
      for (const run of [first, await compare()]) {
        expect(run).toMatchObject({ status: 'differing', openDifferences: 1, balances: [{ unexplained: 0 }] })
      }
      // It is asked for again, as the advice says, and is not paid twice.
      if (sender === tenant) {
        const customerId = (await ask('GET', '/customer')).json().data[0].customer_code
        expect((await ask('POST', '/v1/payouts', { ...lost, customerId })).statusCode).toBe(201)
      } else await ofRestored('POST', '/v1/payouts', lost)
      for (let times = 0; times < 3; times++) {
        await advanceDuePayouts(api.service)
        api.service.clock.advance(minuteMs)
      }
      const { data } =
        sender === tenant ? (await ask('GET', '/v1/payouts')).json() : await ofRestored('GET', '/v1/payouts')
      expect([data[0].state, account.transfers.length]).toEqual(['paid', transfers])
      for (let times = 0; times < 2; times++) expect(await compare()).toMatchObject(agreed)
    },
  )

  test('one of an account that only sends money out is compared, by hand and daily', async () => {
    expect((await ask('PUT', '/v1/processors/in', { processor: 'manual' })).statusCode).toBe(200)
    const chosen = { processor: 'paystack', secretKey: account.secretKey }
    expect((await ask('PUT', '/v1/processors/out', chosen)).statusCode).toBe(200)
    account.toppedUp = 1_000_000
    expect(await open()).toMatchObject({ direction: 'out', balances: [{ opening: 1_000_000 }] })
    const refused = await ask('POST', '/v1/reconciliations', { direction: 'in' })
    expect([refused.statusCode, refused.json().error.message]).toEqual([403, expect.stringContaining('manual')])
    const cash = { amount: 500_000, currency: 'NGN', source: 'cash', reference: 'till' }
    expect((await ask('POST', '/v1/pay-ins', cash)).statusCode).toBe(201)
    const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000001', accountName: 'Tolu' }
    const wanted = { amount: 100_000, currency: 'NGN', destination, reference: 'wages' }
    expect((await ask('POST', '/v1/payouts', wanted)).statusCode).toBe(201)
    await advanceDuePayouts(api.service)
    moveTransfer(account, account.transfers[0] as TransferRow, 'success')
    told.splice(0)
    expect(await reconcile({ direction: 'out' })).toMatchObject({
      ...{ status: 'agreed', completed: 1 },
      balances: [{ account: 899_000, expected: 899_000, unexplained: 0 }],
    })
    api.service.clock.advance(dayMs + minuteMs)
    await startDailyReconciliations(api.service)
    const { data } = (await ask('GET', '/v1/reconciliations')).json()
    expect(data.map(({ direction }: { direction: string }) => direction)).toEqual(['out', 'out', 'out'])
  })

  test('not_ours: one that was made in the dashboard', async () => {
    await opened.chooseOut()
    await open()
    const row = await opened.payOut()
    moveTransfer(account, row, 'success')
    account.transfers.push({ ...row, id: account.nextId(), reference: 'made-in-the-dashboard', amount: 7_000 })
    told.splice(0)
    await expectDifference('not_ours', 'payout', 7_000)
  })
})

test('a server that is killed at any statement leaves a reconciliation that another one ends, and nothing is booked twice', async () => {
  const { service } = api
  const random = randomFrom(seed)
  await open()
  let owned = 0
  for (let i = 0; i < 8; i += 1) {
    // The webhooks of all this are lost.
    const [kept, refunded, disputed] = [await begin(`kept-${i}`), await topUp(`back-${i}`), await topUp(`lost-${i}`)]
    pay(account, kept.reference)
    await ask('POST', '/refund', { transaction: `back-${i}`, amount: 4_000 })
    await settleDue()
    moveRefund(account, account.refunds.at(-1) as (typeof account.refunds)[number], 'processed')
    const dispute = openDispute(account, disputed.reference)
    resolveDispute(account, dispute, 'auto-accepted')
    insertTransaction(account, { email: 'shop@example.com', amount: 3_000, reference: `shop-${i}` })
    pay(account, `shop-${i}`)
    settle(account)
    told.splice(0)
    expect(refunded.paid_at).not.toBeNull()
    owned += 10_000 + 6_000
    service.clock.advance(minuteMs)
    await startReconciliation(service, tenant, {})
    const moment = random() < 0.5 ? 'before' : 'after'
    const { db } = dyingDb(service.db, 1 + Math.floor(random() * 90), moment)
    await continueReconciliations({ ...service, db }).catch(() => {})
    service.clock.advance(2 * minuteMs)
    // Two servers find it at once.
    await Promise.all([continueReconciliations(service), continueReconciliations(service)])
    await reconcile()
    const own = await books()
    const said = `seed ${seed}, reconciliation ${i}`
    expect([own.customer_cash, own.suspense, own['outside/2'] ?? 0], said).toEqual([
      owned,
      3_000 * (i + 1),
      0 - account.balance(),
    ])
    expect(await named(), said).toEqual(Array.from({ length: i + 1 }, () => ['not_ours', 'payment', 3_000]))
  }
})

describe('the request', () => {
  test('a period that has ended has no balance, and one that ends before it begins is refused', async () => {
    await open()
    const now = api.service.clock.now()
    const to = new Date(now.getTime() - 1000).toISOString()
    expect(await reconcile({ to })).toMatchObject({ status: 'agreed', balances: [] })
    const from = new Date(now.getTime() + dayMs).toISOString()
    const refused = await ask('POST', '/v1/reconciliations', { from, to })
    expect([refused.statusCode, refused.json().error]).toMatchObject([400, { field: 'from' }])
  })

  test('without an account at a processor there is nothing to compare', async () => {
    expect((await ask('PUT', '/v1/processors/in', { processor: 'manual' })).statusCode).toBe(200)
    const refused = await ask('POST', '/v1/reconciliations', {})
    expect([refused.statusCode, refused.json().error.message]).toEqual([403, expect.stringContaining('manual')])
  })

  test('an account that cannot be asked for hours is given up with its reason, and the next one compares all', async () => {
    await open()
    await topUp()
    proxy.choose = () => 'cut_before'
    const run = (await ask('POST', '/v1/reconciliations', {})).json()
    for (let i = 0; i < 14; i += 1) {
      api.service.clock.advance(61 * minuteMs)
      await continueReconciliations(api.service)
    }
    const failed = (await ask('GET', `/v1/reconciliations/${run.id}`)).json()
    expect(failed).toMatchObject({ status: 'failed', failure: expect.stringContaining('could not be asked') })
    proxy.choose = () => 'none'
    expect(await reconcile()).toMatchObject({ status: 'agreed' })
  })
})
