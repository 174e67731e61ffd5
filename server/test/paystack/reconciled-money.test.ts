import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { recordPayIn } from '../../src/domain/wallet/pay-ins.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import {
  insertRefund,
  insertTransaction,
  moveRefund,
  openDispute,
  pay,
  resolveDispute,
  settle,
  type TransactionRow,
} from './live-account.ts'
import { email, minuteMs, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// What a reconciliation books is booked once: whoever else tells of it, under which key, and after whatever crash.

let api: TestApi
let opened: ReconciledAccount
let account: ReconciledAccount['account']
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
  ;({ account, told } = opened)
  return opened.close
})

const line = { amount: 3_000, currency: 'NGN', source: 'card' }

test('the fee of a payment whose record by hand was refused is booked once, with the money', async () => {
  const { sell, ask, open, reconcile, books } = opened
  await open()
  sell('T-shirt-7')
  const wanted = { ...line, customerId: 'CUS_nobody0000000', reference: 'T-shirt-7' }
  expect((await ask('POST', '/v1/pay-ins', wanted)).statusCode).toBe(404)
  expect(await books()).toEqual({})
  await reconcile()
  expect(await books()).toEqual({ suspense: 3_000, processor_fees: -45, 'outside/2': -2_955 })
})

test('the fee of a payment that was recorded by hand is booked once, also where the server was killed before it', async () => {
  const { sell, ask, open, reconcile, books, named, tenant } = opened
  await open()
  sell('T-shirt-7')
  expect((await ask('POST', '/v1/pay-ins', { ...line, reference: 'T-shirt-7' })).statusCode).toBe(201)
  expect(await books()).toEqual({ merchant_balance: 3_000, processor_fees: -45, 'outside/2': -2_955 })
  sell('T-shirt-8')
  await recordPayIn(api.service, tenant, { ...line, source: 'card', reference: 'T-shirt-8' }, 2n)
  expect(await books()).toMatchObject({ merchant_balance: 6_000, processor_fees: -45 })
  await reconcile()
  expect([await books(), await named()]).toEqual([
    { merchant_balance: 6_000, processor_fees: -90, 'outside/2': -5_910 },
    [],
  ])
  await reconcile()
  expect(await books()).toMatchObject({ processor_fees: -90 })
})

test.each(['after', 'before'])(
  'a payment of before the cut-over that is recorded by hand %s the first reconciliation leaves the opening balance as it is',
  async (when) => {
    const { sell, ask, choose, open, reconcile, books, named } = opened
    sell('old-1', 11_000)
    api.service.clock.advance(minuteMs)
    await choose({ cutOverAt: api.service.clock.now().toISOString() })
    const record = async () => {
      const wanted = { ...line, amount: 11_000, reference: 'old-1' }
      const different = await ask('POST', '/v1/pay-ins', { ...wanted, amount: 11_001 })
      expect([different.statusCode, different.json().error.field]).toEqual([400, 'amount'])
      const [first, again] = [await ask('POST', '/v1/pay-ins', wanted), await ask('POST', '/v1/pay-ins', wanted)]
      expect([first.statusCode, first.json().processor, again.body]).toEqual([201, 'manual', first.body])
    }
    if (when === 'before') await record()
    const opening = await open()
    expect(opening.balances[0]).toMatchObject({ currency: 'NGN', account: 10_835, opening: 10_835 })
    if (when === 'after') await record()
    sell('new-1', 2_000)
    expect(await reconcile()).toMatchObject({ status: 'differing', balances: [{ opening: 10_835, unexplained: 0 }] })
    expect(await named()).toEqual([['not_ours', 'payment', 2_000]])
    expect(await books()).toEqual({
      ...{ merchant_balance: 11_000, 'outside/0': -11_000 },
      ...{ suspense: 2_000, processor_fees: -30, 'outside/2': -1_970 },
    })
  },
)

test('money that nobody has asked for, and that came just before the key was changed, goes to suspense', async () => {
  const { sell, topUp, choose, open, reconcile, books, named } = opened
  await open()
  await topUp('order-1')
  sell('T-shirt-7')
  api.service.clock.advance(minuteMs)
  account.secretKey = 'sk_live_rotated0123456789'
  await choose()
  const run = await reconcile()
  expect([run.balances[0].unexplained, await named()]).toEqual([0, [['not_ours', 'payment', 3_000]]])
  expect(await books()).toMatchObject({ suspense: 3_000 })
})

test('a chargeback of a pay-in that was recorded under a former key is booked, once', async () => {
  const { ask, topUp, choose, open, reconcile, books, named } = opened
  await open()
  await topUp('order-1')
  insertTransaction(account, { email: 'shop@example.com', amount: 3_000, reference: 'T-shirt-7' })
  pay(account, 'T-shirt-7')
  told.splice(0)
  const { customer_code: customerId } = (await ask('GET', `/customer/${email}`)).json().data
  const line = { customerId, amount: 3_000, currency: 'NGN', source: 'card', reference: 'T-shirt-7' }
  expect((await ask('POST', '/v1/pay-ins', line)).statusCode).toBe(201)
  account.secretKey = 'sk_live_rotated0123456789'
  await choose()
  api.service.clock.advance(minuteMs)
  await reconcile()
  resolveDispute(account, openDispute(account, 'T-shirt-7'), 'auto-accepted')
  told.splice(0)
  for (const completed of [1, 0]) {
    api.service.clock.advance(minuteMs)
    expect([await reconcile(), await named()]).toMatchObject([{ status: 'agreed', completed }, []])
  }
  expect(await books()).toMatchObject({ customer_cash: 10_000 })
})

test('a settlement is booked once where two keys are found to be of one account after it', async () => {
  const { sell, begin, choose, open, reconcile, books, settleDue } = opened
  await open()
  const row = await begin('order-1')
  const former = account.secretKey
  account.secretKey = 'sk_live_rotated0123456789'
  await choose()
  api.service.clock.advance(minuteMs)
  sell('T-shirt-7')
  settle(account)
  // Nothing tells yet that the key is of the same account.
  await reconcile()
  expect(await books()).toMatchObject({ 'outside/0': -2_955 })
  account.secretKey = former
  pay(account, row.reference)
  api.service.clock.advance(minuteMs)
  await settleDue()
  account.secretKey = 'sk_live_rotated0123456789'
  api.service.clock.advance(minuteMs)
  await reconcile()
  const [linked] = await api.service.db.query<{ same_as: bigint }>(sql`
    select same_as from processor_accounts where merchant_id = ${opened.tenant.merchant.id} and id = 3
  `)
  expect(linked).toEqual({ same_as: 2n })
  expect(await books()).toMatchObject({ customer_cash: 10_000, suspense: 3_000, 'outside/0': -2_955 })
})

test('a server of a former version does not record by hand what a reconciliation has taken to suspense', async () => {
  const { sell, open, reconcile, books, tenant } = opened
  await open()
  sell('T-shirt-7')
  await reconcile()
  const { db, clock } = api.service
  const insert = (reference: string) =>
    db.query(sql`
      insert into pay_ins (merchant_id, id, mode, account_id, amount, currency, source, reference, due_at, created_at)
      values (
        ${tenant.merchant.id}, gen_random_uuid(), 'live', 2, 3000, 'NGN', 'card', ${reference}, ${clock.now()}, ${clock.now()}
      )
      on conflict do nothing
      returning id
    `)
  expect(await insert('T-shirt-7')).toEqual([])
  expect(await insert('T-shirt-8')).toHaveLength(1)
  expect(await books()).toMatchObject({ suspense: 3_000 })
})

test.each(['processed', 'pending'])(
  'a refund there that bears the mark of one of ours, of another amount, and is %s explains the balance, and is what it is once ours is settled',
  async (status) => {
    const { ask, open, topUp, proxy, settleDue, reconcile, named, books } = opened
    await open()
    const { reference } = await topUp('order-1')
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_before' : 'none')
    const { id } = (await ask('POST', '/v1/refunds', { transactionId: 'order-1', amount: 4_000 })).json()
    proxy.choose = () => 'none'
    const own = { amount: 1_000, currency: 'NGN', merchant_note: `Mteja refund ${id}` }
    const row = account.transactions.find((each) => each.reference === reference) as TransactionRow
    const made = insertRefund(account, row, own)
    if (status === 'processed') moveRefund(account, made, status)
    const found = await reconcile()
    expect(found).toMatchObject({ status: 'differing', balances: [{ unexplained: 0 }] })
    expect(await named()).toEqual([['amount', 'refund', 3_000]])
    const words = { outcome: 'failed', proof: 'The account has another one', reason: 'Checked' }
    expect((await ask('POST', `/v1/refunds/${id}/settle`, words)).json().state).toBe('failed')
    if (status === 'pending') moveRefund(account, made, 'processed')
    api.service.clock.advance(5_000)
    await settleDue()
    expect(await books()).toMatchObject({ customer_cash: 9_000 })
    expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
    expect(await named()).toEqual([])
  },
)
