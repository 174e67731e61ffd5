import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { startReconciliation } from '../../src/domain/reconciliation/reconciliations.ts'
import { continueReconciliations, startDailyReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import {
  insertRefund,
  insertTransaction,
  moveRefund,
  openDispute,
  pay,
  refundDispute,
  refundInDashboard,
  resolveDispute,
  settle,
} from './live-account.ts'
import { dayMs, minuteMs, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// A reconciliation says that something differs where it does, and only there; and it comes to its end.

let api: TestApi
let opened: ReconciledAccount
let account: ReconciledAccount['account']

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  opened = await openReconciledAccount(api)
  account = opened.account
  return opened.close
})

const wait = (ms: number) => api.service.clock.advance(ms)

/** Each time that the balance is read, a shop on the account sells something just before: each time for so much more. */
function sellAtEachLook(more = 100) {
  let sold = 0
  opened.proxy.choose = ({ path }) => {
    if (path.startsWith('/balance')) opened.sell(`sold-${++sold}`, 3_000 + sold * more)
    return 'none'
  }
}

function stopSelling() {
  opened.proxy.choose = () => 'none'
}

describe('the balance', () => {
  test('an account that was busy during the first reconciliations has its opening balance by a later one', async () => {
    sellAtEachLook()
    for (const _ of [1, 2]) {
      await opened.reconcile()
      wait(5 * dayMs)
    }
    stopSelling()
    const run = await opened.reconcile()
    expect(run.balances).toMatchObject([{ currency: 'NGN', opening: 0, unexplained: 0 }])
  })

  test.each([
    [4_000, 4_000],
    [4_000, 1_500],
    [1_500, 4_000],
  ])('at first has a dispute of %s once that a refund of %s has ended', async (asked, paid) => {
    const { reference } = await opened.topUp('order-1')
    const dispute = openDispute(account, reference)
    dispute.refund_amount = paid
    const refund = refundDispute(account, dispute, { isNamed: true })
    dispute.refund_amount = asked
    resolveDispute(account, dispute, 'auto-accepted')
    wait(minuteMs)
    moveRefund(account, refund, 'processed')
    await opened.tellAll()
    await opened.settleDue()
    for (let runs = 0; runs < 2; runs++) {
      const run = await opened.reconcile()
      expect(run.balances).toMatchObject([{ currency: 'NGN', opening: 0, unexplained: 0 }])
    }
  })

  test.each([null, 'processed', 'failed'] as const)(
    'at first waits for a refund that its account has made and does not list, settled by hand as %s',
    async (outcome) => {
      await opened.topUp('order-1')
      await opened.refundLost(1_000, 'cut_after', outcome)
      const hidden = account.refunds.splice(0)
      account.taken = 1_000
      await opened.reconcile()
      account.taken = 0
      account.refunds.push(...hidden)
      for (const row of hidden) moveRefund(account, row, 'processed')
      await opened.tellAll()
      await opened.settleDue()
      for (let runs = 0; runs < 2; runs++) {
        const run = await opened.reconcile()
        expect(run.balances).toMatchObject([{ currency: 'NGN', opening: 0, unexplained: 0 }])
      }
    },
  )

  test('at first waits for a payout that its account has made and does not list', async () => {
    await opened.chooseOut()
    await opened.payOut()
    const held = account.balance()
    const hidden = account.transfers.splice(0)
    account.taken = account.balance() - held
    opened.proxy.choose = ({ path }) => (path.startsWith('/transfer/verify') ? 'cut_before' : 'none')
    await opened.reconcile()
    account.taken = 0
    account.transfers.push(...hidden)
    opened.proxy.choose = () => 'none'
    for (let runs = 0; runs < 2; runs++) {
      const run = await opened.reconcile()
      expect(run.balances).toMatchObject([{ currency: 'NGN', opening: 0, unexplained: 0 }])
    }
  })

  test('an account that sells for the same price at each look of the first reconciliations has its true opening balance later', async () => {
    sellAtEachLook(0)
    for (const _ of [1, 2]) {
      await opened.reconcile()
      wait(minuteMs)
    }
    stopSelling()
    for (const _ of [1, 2]) {
      const run = await opened.reconcile()
      expect(run.balances).toMatchObject([{ currency: 'NGN', opening: 0, unexplained: 0 }])
    }
  })

  test('one that moves during each look is not judged by one reconciliation', async () => {
    await opened.open()
    sellAtEachLook()
    await opened.reconcile()
    expect((await opened.named()).filter(([kind]) => kind !== 'not_ours')).toEqual([])
    stopSelling()
    wait(minuteMs)
    expect((await opened.reconcile()).balances).toMatchObject([{ unexplained: 0 }])
  })

  test('one that moves during each look of two reconciliations, and is never explained, is named', async () => {
    await opened.open()
    account.taken = 50_000
    sellAtEachLook()
    await opened.reconcile()
    wait(minuteMs)
    await opened.reconcile()
    expect((await opened.named()).filter(([kind]) => kind === 'unexplained')).toHaveLength(1)
  })

  test('a payment that was begun hours ago, and is paid between list and balance, is found and not unexplained', async () => {
    await opened.open()
    insertTransaction(account, { email: 'shop@example.com', amount: 3_000, reference: 'slow' })
    wait(3 * 60 * minuteMs)
    let isPaid = false
    opened.proxy.choose = ({ path }) => {
      if (path.startsWith('/balance') && !isPaid) {
        isPaid = true
        pay(account, 'slow')
      }
      return 'none'
    }
    const run = await opened.reconcile()
    expect([run.balances[0].unexplained, await opened.named()]).toEqual([0, [['not_ours', 'payment', 3_000]]])
  })

  test('a refund that is open at the account, of money that was given back from suspense, is taken off once', async () => {
    await opened.open()
    const row = opened.sell('T-shirt-7')
    await opened.reconcile()
    const [suspended] = (await opened.ask('GET', '/v1/suspense')).json().data
    expect((await opened.ask('POST', `/v1/suspense/${suspended.id}/give-back`)).statusCode).toBe(200)
    insertRefund(account, row, { amount: 3_000, currency: 'NGN' })
    wait(minuteMs)
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
  })

  test('money that was given back from suspense is missing at the account until the account has refunded it, in parts', async () => {
    await opened.open()
    const row = opened.sell('T-shirt-7')
    await opened.reconcile()
    const [{ id }] = (await opened.ask('GET', '/v1/suspense')).json().data
    expect((await opened.ask('POST', `/v1/suspense/${id}/give-back`)).statusCode).toBe(200)
    wait(minuteMs)
    const expectMissing = async (amount: number, theirs: number | null) => {
      expect(await opened.reconcile()).toMatchObject({ status: 'differing', balances: [{ unexplained: 0 }] })
      const found = await opened.differences()
      const named = { kind: 'missing_there', subject: 'suspense', name: id, reference: 'T-shirt-7' }
      expect(found).toMatchObject([{ ...named, amount, ours: 3_000, theirs }])
      expect(found[0]?.advice).toContain('Refund the payment at the account')
    }
    await expectMissing(3_000, null)
    const part = insertRefund(account, row, { amount: 1_000, currency: 'NGN' })
    wait(minuteMs)
    await expectMissing(2_000, 1_000)
    moveRefund(account, part, 'processed')
    wait(minuteMs)
    await expectMissing(2_000, 1_000)
    // However old it is.
    wait(10 * dayMs)
    const past = { to: new Date(api.service.clock.now().getTime() - dayMs).toISOString() }
    expect(await opened.reconcile(past)).toMatchObject({ status: 'differing', openDifferences: 1 })
    const rest = insertRefund(account, row, { amount: 2_000, currency: 'NGN' })
    wait(minuteMs)
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
    expect(await opened.books()).toEqual({ processor_fees: -45, 'outside/2': 45 })
    // A refund that fails brings the money back to suspense.
    moveRefund(account, rest, 'failed')
    wait(minuteMs)
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
    expect(await opened.books()).toEqual({ suspense: 2_000, processor_fees: -45, 'outside/2': -1_955 })
    expect(await opened.differences('status=resolved&kind=missing_there')).toMatchObject([{ name: id }])
  })

  test('money that was given back from suspense and is accepted to stay at the account counts in its balance', async () => {
    await opened.open()
    opened.sell('T-shirt-7')
    await opened.reconcile()
    const [suspended] = (await opened.ask('GET', '/v1/suspense')).json().data
    await opened.ask('POST', `/v1/suspense/${suspended.id}/give-back`)
    await opened.reconcile()
    const [found] = await opened.differences()
    const close = { outcome: 'accepted', reason: 'It was paid back in cash' }
    expect((await opened.ask('POST', `/v1/differences/${found?.id}/close`, close)).statusCode).toBe(200)
    wait(minuteMs)
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
  })

  test('a second dispute of money that was given back, after a first one was lost and won, is booked besides', async () => {
    await opened.open()
    opened.sell('T-shirt-7')
    await opened.reconcile()
    const [suspended] = (await opened.ask('GET', '/v1/suspense')).json().data
    await opened.ask('POST', `/v1/suspense/${suspended.id}/give-back`)
    const tell = async () => {
      wait(minuteMs)
      await opened.tellAll()
      await opened.settleDue()
    }
    const first = openDispute(account, 'T-shirt-7')
    resolveDispute(account, first, 'auto-accepted')
    await tell()
    resolveDispute(account, first, 'declined')
    await tell()
    expect(await opened.books()).toMatchObject({ suspense: 3_000, 'outside/2': -2_955 })
    resolveDispute(account, openDispute(account, 'T-shirt-7'), 'auto-accepted')
    await tell()
    expect(await opened.books()).toMatchObject({ 'outside/2': 45 })
    expect(await opened.reconcile()).toMatchObject({ balances: [{ unexplained: 0 }] })
    expect(await opened.named()).toEqual([])
  })

  test('a refund at the account that shows only where it is asked about a missing one of ours is booked', async () => {
    await opened.open()
    const row = await opened.topUp('order-1')
    const createdAt = account.now()
    wait(5 * dayMs)
    await opened.ask('POST', '/refund', { transaction: 'order-1', amount: 4_000 })
    await opened.settleDue()
    const own = account.refunds.at(-1) as (typeof account.refunds)[number]
    moveRefund(account, own, 'processed')
    await opened.tellAll()
    await opened.settleDue()
    wait(minuteMs)
    account.refunds.splice(account.refunds.indexOf(own), 1)
    // Too old for the list that is read.
    Object.assign(refundInDashboard(account, row.reference, 3_000), { createdAt })
    opened.told.splice(0)
    await opened.reconcile({ from: new Date(api.service.clock.now().getTime() - 60 * minuteMs).toISOString() })
    expect(await opened.named()).toEqual([['missing_there', 'refund', 4_000]])
    expect(await opened.books()).toMatchObject({ customer_cash: 3_000 })
  })

  test('a refund that somebody makes at the account is booked while it is open, and comes back if it fails, though nobody tells', async () => {
    await opened.open()
    const row = await opened.topUp('order-1')
    const refund = insertRefund(account, row, { amount: 3_000, currency: 'NGN' })
    opened.told.splice(0)
    wait(minuteMs)
    const agreed = { status: 'agreed', completed: 1, balances: [{ unexplained: 0 }] }
    expect(await opened.reconcile()).toMatchObject(agreed)
    expect(await opened.books()).toMatchObject({ customer_cash: 7_000 })
    moveRefund(account, refund, 'failed')
    opened.told.splice(0)
    wait(minuteMs)
    expect(await opened.reconcile()).toMatchObject(agreed)
    expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
  })

  test('the open refund by which the money of a lost dispute goes back is taken off once', async () => {
    await opened.open()
    const row = await opened.topUp('order-1')
    const dispute = openDispute(account, row.reference)
    resolveDispute(account, dispute, 'merchant-accepted')
    await opened.tellAll()
    await opened.settleDue()
    wait(minuteMs)
    insertRefund(account, row, { amount: 10_000, currency: 'NGN', endsDispute: dispute.id, dispute: null })
    wait(minuteMs)
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
  })

  test('an account that settles to a bank agrees after a payout, which is paid from what was added to its balance', async () => {
    await opened.chooseOut()
    account.toppedUp = 2_000_000
    account.balance = () =>
      account.toppedUp - account.transfers.reduce((total, { amount, fee_charged }) => total + amount + fee_charged, 0)
    await opened.open()
    await opened.payOut()
    expect(await opened.reconcile()).toMatchObject({
      status: 'agreed',
      balances: [{ account: 1_899_000, unsettled: 985_000, unexplained: 0 }],
    })
  })
})

describe('what is read', () => {
  test('a reconciliation by hand of the last hour leaves no gap before it', async () => {
    await opened.open()
    opened.sell('T-shirt-7')
    wait(5 * dayMs)
    await opened.reconcile({ from: new Date(api.service.clock.now().getTime() - 60 * minuteMs).toISOString() })
    await opened.reconcile()
    expect(await opened.named()).toEqual([['not_ours', 'payment', 3_000]])
  })

  test('a settlement that is under way is read again until it has reached the bank', async () => {
    await opened.open()
    await opened.topUp('order-1')
    settle(account)
    const [settlement] = account.settlements as [(typeof account.settlements)[number]]
    Object.assign(settlement, { status: 'pending' })
    for (const _ of [1, 2, 3]) {
      await opened.reconcile()
      wait(4 * dayMs)
    }
    Object.assign(settlement, { status: 'success' })
    const run = await opened.reconcile()
    expect(run).toMatchObject({ completed: 1, balances: [{ unexplained: 0 }] })
    expect(await opened.books()).toMatchObject({ 'outside/0': -9_850 })
  })

  test('a difference that was accepted does not have everything since then read each day', async () => {
    await opened.open()
    const row = await opened.topUp('order-1')
    row.fees = 200
    await opened.reconcile()
    const [found] = await opened.differences()
    const closing = { outcome: 'accepted', reason: 'See the invoice' }
    expect((await opened.ask('POST', `/v1/differences/${found?.id}/close`, closing)).statusCode).toBe(200)
    for (const _ of [1, 2]) {
      wait(10 * dayMs)
      await opened.reconcile()
    }
    const run = await opened.reconcile()
    expect(run).toMatchObject({ status: 'agreed', balances: [{ explained: -50, unexplained: 0 }] })
    expect(Date.parse(run.to) - Date.parse(run.from)).toBeLessThan(4 * dayMs)
  })

  test('a pay-in of another account under the same name is not taken for a payment of this one', async () => {
    await opened.open()
    const { merchant } = opened.tenant
    const now = api.service.clock.now()
    await api.service.db.query(sql`
      insert into processor_accounts (merchant_id, id, mode, direction, processor, created_at, updated_at, replaced_at)
      values (${merchant.id}, 7, 'live', 'in', 'paystack', ${now}, ${now}, ${now})
    `)
    await api.service.db.query(sql`
      insert into pay_ins (merchant_id, id, mode, account_id, amount, currency, source, reference, state, due_at, created_at)
      values (${merchant.id}, gen_random_uuid(), 'live', 7, 5000, 'NGN', 'card', 'T-shirt-7', 'recorded', ${now}, ${now})
    `)
    opened.sell('T-shirt-7')
    await opened.reconcile()
    expect([await opened.books(), await opened.named()]).toEqual([
      { suspense: 3_000, processor_fees: -45, 'outside/2': -2_955 },
      [['not_ours', 'payment', 3_000]],
    ])
  })

  test('a payer who bears the fee has paid no other amount, also where the fee is not told or no list has the payment', async () => {
    account.feeBearer = 'payer'
    await opened.open()
    const [listed, unlisted] = [await opened.topUp('order-1'), await opened.topUp('order-2')]
    listed.fees = null
    Object.assign(unlisted, { created_at: '2020-01-01T00:00:00.000Z', createdAt: '2020-01-01T00:00:00.000Z' })
    account.balance = () => 20_000
    const run = await opened.reconcile()
    expect([run.status, await opened.named()]).toEqual(['agreed', []])
  })

  test('a thing that cannot be read is counted and keeps no other from being compared', async () => {
    await opened.open()
    const broken = insertTransaction(account, { email: 'shop@example.com', amount: 1_000, reference: 'broken' })
    Object.assign(broken, { amount: 'much' })
    opened.sell('T-shirt-7')
    const run = await opened.reconcile()
    expect(run).toMatchObject({ status: 'differing', failure: null, itemsUnreadable: 1 })
    expect(await opened.named()).toEqual([['not_ours', 'payment', 3_000]])
    broken.amount = 1_000
    wait(minuteMs)
    expect(await opened.reconcile()).toMatchObject({ itemsUnreadable: 0 })
  })
})

describe('the end', () => {
  test('an error of this service ends a reconciliation after some hours, and the next one begins', async () => {
    await opened.open()
    const { id } = await startReconciliation(api.service, opened.tenant, {})
    const statementOf = () => Promise.reject(new Error('a bug'))
    for (let i = 0; i < 14; i += 1) {
      await continueReconciliations({ ...api.service, statementOf })
      wait(61 * minuteMs)
    }
    const failed = (await opened.ask('GET', `/v1/reconciliations/${id}`)).json()
    expect(failed).toMatchObject({ status: 'failed', failure: expect.stringContaining('error of this service') })
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
  })

  test('one that has ended is answered by its id, and no new one begins', async () => {
    const { id } = await opened.open()
    const again = await opened.ask('POST', '/v1/reconciliations', { id })
    expect([again.statusCode, again.json()]).toMatchObject([201, { id, status: 'agreed' }])
    expect((await opened.ask('GET', '/v1/reconciliations')).json().data).toHaveLength(1)
    const both = await opened.ask('POST', '/v1/reconciliations', { id, to: '2026-01-15' })
    expect([both.statusCode, both.json().error]).toMatchObject([400, { field: 'to' }])
    const none = await opened.ask('POST', '/v1/reconciliations', { id: '019aa8a3-1c2d-7a4b-8c5d-6e7f0a1b2c3d' })
    expect(none.statusCode).toBe(404)
  })

  test('the one of the day begins for an account that cannot be asked, and is tried like every other', async () => {
    await opened.open()
    await opened.topUp('order-1')
    account.secretKey = 'sk_live_rotated0123456789'
    await opened.choose()
    opened.proxy.choose = () => 'cut_before'
    wait(dayMs)
    await startDailyReconciliations(api.service)
    await continueReconciliations(api.service)
    const [run] = (await opened.ask('GET', '/v1/reconciliations')).json().data
    expect(run).toMatchObject({ status: 'running', attempts: 1 })
    stopSelling()
    wait(60 * minuteMs)
    for (const _ of [1, 2, 3]) {
      await continueReconciliations(api.service)
      wait(minuteMs)
    }
    const ended = (await opened.ask('GET', `/v1/reconciliations/${run.id}`)).json()
    expect(ended).toMatchObject({ status: 'agreed', balances: [{ account: 9_850, unexplained: 0 }] })
  })
})
