import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { continueReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { addTestKey, createTestTenant } from '../service.ts'
import { pay, receiveTransfer } from './live-account.ts'
import { openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// Two merchants of one server have the same account at a processor. A payment is credited to the one that has asked for it.

let api: TestApi
let opened: ReconciledAccount
let secret: string

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  opened = await openReconciledAccount(api)
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'] })
  ;({ secret } = await addTestKey(api.service, merchant, 'live'))
  const chosen = { processor: 'paystack', secretKey: opened.account.secretKey }
  expect((await askOther('PUT', '/v1/processors/in', chosen)).statusCode).toBe(200)
  await opened.open()
  return opened.close
})

const askOther = (method: string, path: string, body?: object) => api.call(method, path, body, secret)

async function reconcileOther() {
  api.service.clock.advance(1000)
  let run = (await askOther('POST', '/v1/reconciliations', {})).json()
  for (let i = 0; i < 20 && run.status === 'running'; i++) {
    await continueReconciliations(api.service)
    run = (await askOther('GET', `/v1/reconciliations/${run.id}`)).json()
    api.service.clock.advance(1000)
  }
  return run
}

const payIn = (reference: string, amount = 10_000) =>
  askOther('POST', '/v1/pay-ins', { amount, currency: 'NGN', source: 'card', reference })

test('a payment of the one is neither recorded nor taken to suspense by the other, and is no difference', async () => {
  expect(await reconcileOther()).toMatchObject({ status: 'agreed' })
  const row = await opened.topUp('order-1')
  const refused = await payIn(row.reference)
  expect([refused.statusCode, refused.json().error]).toMatchObject([409, { code: 'reference_taken' }])
  expect(refused.json().error.message).toContain('another merchant')
  for (const spelling of [row.reference.toUpperCase(), String(row.id)]) {
    expect((await payIn(spelling)).statusCode).toBe(409)
  }
  const run = await reconcileOther()
  expect(run).toMatchObject({ status: 'agreed', balances: [{ expected: 0, explained: 9_850, unexplained: 0 }] })
  expect((await askOther('GET', '/v1/suspense')).json().data).toEqual([])
  expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
  expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
})

test('what neither has asked for is taken to suspense as before, and a page that is not paid is nobody’s to record', async () => {
  expect(await reconcileOther()).toMatchObject({ status: 'agreed' })
  opened.sell('T-shirt-7')
  await reconcileOther()
  expect((await askOther('GET', '/v1/suspense')).json().data).toMatchObject([{ amount: 3_000 }])
  const row = await opened.begin('order-2')
  expect((await payIn(row.reference)).statusCode).toBe(409)
  pay(opened.account, row.reference)
  expect((await payIn(row.reference)).statusCode).toBe(409)
})

test('a transfer to a customer of one merchant is neither recorded nor taken to suspense by the other, and is no difference there', async () => {
  expect(await reconcileOther()).toMatchObject({ status: 'agreed' })
  const dee = { email: 'dee@example.com', first_name: 'Dee', last_name: 'Obi', phone: '+2348012345678' }
  const { customer_code: customer } = (await opened.ask('POST', '/customer', dee)).json().data
  const asked = { customer, preferred_bank: 'wema-bank' }
  const { data } = (await opened.ask('POST', '/dedicated_account', asked)).json()
  const row = receiveTransfer(opened.account, data.account_number, 10_000)
  opened.told.splice(0)
  // Before the one has heard of it, and afterwards.
  for (const isKnown of [false, true]) {
    if (isKnown) expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
    const refused = await payIn(row.reference)
    expect([refused.statusCode, refused.json().error]).toMatchObject([409, { code: 'reference_taken' }])
    const run = await reconcileOther()
    expect((await askOther('GET', '/v1/suspense')).json().data).toEqual([])
    const named = (await askOther('GET', '/v1/differences')).json().data
    expect(named.filter(({ subject }: { subject: string }) => subject === 'payment')).toEqual([])
    if (isKnown) expect(run).toMatchObject({ status: 'agreed', balances: [{ expected: 0, unexplained: 0 }] })
  }
  expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
})
