import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { uuidV7 } from '../../src/base/ids.ts'
import { sql } from '../../src/db/sql.ts'
import { outsideOfHand } from '../../src/domain/ledger/accounts.ts'
import { doCommand } from '../../src/domain/ledger/commands.ts'
import { settleDueArrivals } from '../../src/domain/payments/account-arrivals.ts'
import { askDueQuestions, settleDueDisputes } from '../../src/domain/payments/dispute-lookups.ts'
import { settleDueCharges } from '../../src/domain/payments/due-charges.ts'
import { settleDuePayments } from '../../src/domain/payments/due-payments.ts'
import { settleDueRefunds } from '../../src/domain/payments/refunds.ts'
import { advanceDuePayouts } from '../../src/domain/payouts/advancing.ts'
import { continueReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { createTestTenant, type TestTenant } from '../service.ts'

// Two of this service: the second one, in test mode, is the Paystack account of the first. Their books are compared.

let here: TestApi
let there: TestApi
let tenant: TestTenant
let account: TestTenant

beforeAll(async () => {
  ;[here, there] = [await openTestApi(), await openTestApi()]
  const paystackUrl = await there.app.listen({ port: 0, host: '127.0.0.1' })
  Object.assign(
    here.service,
    chooseProviders(here.service, { sandboxDelayMs: 1000, upstreamPaystack: undefined, paystackUrl }),
  )
})
afterAll(async () => {
  expect([await unsoundBooks(here.service.db), await unsoundBooks(there.service.db)]).toEqual([[], []])
  await here.close()
  await there.close()
})
beforeEach(async () => {
  tenant = await createTestTenant(here.service, { currencies: ['NGN'], country: 'NG' })
  account = await createTestTenant(there.service, { currencies: ['NGN'], country: 'NG' })
})

// biome-ignore lint/suspicious/noExplicitAny: the shapes of answers are held to their schemas elsewhere
async function ask(of: TestApi, { secret }: TestTenant, method: string, path: string, body?: object): Promise<any> {
  const answer = await of.call(method, path, body, secret)
  expect(answer.statusCode, `${method} ${path}: ${answer.body}`).toBeLessThan(300)
  return answer.json()
}
const ours = (method: string, path: string, body?: object) => ask(here, tenant, method, path, body)
const theirs = (method: string, path: string, body?: object) => ask(there, account, method, path, body)

function wait(ms: number) {
  for (const { service } of [here, there]) service.clock.advance(ms)
}

/** The background of both. */
async function settleAll() {
  for (const { service } of [there, here, here]) {
    await settleDueCharges(service)
    await settleDuePayments(service)
    await settleDueRefunds(service)
    await settleDueArrivals(service)
    await askDueQuestions(service)
    await settleDueDisputes(service)
    await advanceDuePayouts(service)
  }
}

const ada = { email: 'ada@example.com', first_name: 'Ada', last_name: 'Obi', phone: '+2348031234567' }
const card = { method: 'card', number: '4084 0840 8408 4081', expiry: '12/30', cvv: '123' }

/** A wallet is filled on the page of the account. Answers the account's name of the payment. */
async function payOnPage(reference: string, amount: number): Promise<string> {
  const metadata = { purpose: 'wallet_topup' }
  const { data } = await ours('POST', '/transaction/initialize', {
    ...{ email: ada.email, amount, currency: 'NGN', reference, metadata },
  })
  const paid = await there.app.inject({
    method: 'POST',
    url: new URL(data.authorization_url).pathname,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(card).toString(),
  })
  expect(paid.statusCode).toBe(303)
  wait(2000)
  await settleAll()
  expect((await ours('GET', `/transaction/verify/${reference}`)).data.status).toBe('success')
  const { data: listed } = await theirs('GET', '/transaction?perPage=1')
  return listed[0].reference
}

const send = (accountNumber: string, amount: number) =>
  theirs('POST', `/v1/sandbox/dedicated-accounts/${accountNumber}/transfers`, { amount })

const dispute = (reference: string, more: object = {}) =>
  theirs('POST', '/v1/sandbox/disputes', { reference, reason: 'I did not make this payment', ...more })

/** What the account has sent to the merchant's bank: the sandbox has no settlements of its own. */
async function settleToBank(amount: bigint) {
  const { service } = there
  const { merchant, mode } = account
  const now = service.clock.now()
  await doCommand(service, account, {
    ...{ action: 'book', kind: 'settlement', id: uuidV7(service.random, now), currency: 'NGN', amount },
    ...{ from: { kind: 'outside', at: outsideOfHand(mode) }, to: { kind: 'outside' } },
    ...{
      description: 'Settlement',
      details: { settlement: '77' },
      event: null,
      request: null,
      ownKey: 'settlement/0/77',
    },
  })
  await service.db.query(sql`
    insert into processor_accounts (merchant_id, id, mode, direction, processor, created_at, updated_at, replaced_at)
    values (${merchant.id}, 7, ${mode}, 'in', 'paystack', ${now}, ${now}, ${now})
  `)
  await service.db.query(sql`
    insert into statement_items (
      merchant_id, account_id, kind, outside_id, mode, state, amount, fee, currency, at, reconciliation_id
    )
    values (${merchant.id}, 7, 'settlement', '77', ${mode}, 'done', ${amount}, 0, 'NGN', ${now}, gen_random_uuid())
  `)
}

/** A reconciliation of ours with the account, to its end. */
async function reconcile() {
  wait(60_000)
  let run = await ours('POST', '/v1/reconciliations', {})
  for (let i = 0; i < 20 && run.status === 'running'; i += 1) {
    wait(1000)
    await continueReconciliations(here.service)
    run = await ours('GET', `/v1/reconciliations/${run.id}`)
  }
  const differences = (await ours('GET', '/v1/differences?status=open')).data as Record<string, unknown>[]
  const named = differences.map(({ kind, subject, amount }) => [kind, subject, amount])
  return { status: run.status, named, balances: run.balances }
}

const agreedAt = (amount: number, opening: number) => ({
  ...{ status: 'agreed', named: [] },
  balances: [
    { ...{ currency: 'NGN', account: amount, expected: amount, opening }, explained: 0, unsettled: 0, unexplained: 0 },
  ],
})

/** What the account has by its wire: the merchant's own, and all of it. */
const told = async () => {
  const { data } = await theirs('GET', '/balance')
  return [data[0].balance, data[0].account_balance]
}

test('the account agrees to the unit after payments, arrivals, refunds, disputes, settlements and transfers', async () => {
  // Before the cut-over a wallet there has been filled.
  const { data: ben } = await theirs('POST', '/customer', { ...ada, email: 'ben@example.com', phone: '+2348031234568' })
  const { data: old } = await theirs('POST', '/dedicated_account', { customer: ben.customer_code })
  await send(old.account_number, 7_000)
  wait(60_000)
  for (const direction of ['in', 'out']) {
    await ours('PUT', `/v1/processors/${direction}`, { processor: 'paystack', secretKey: account.secret })
  }
  expect(await reconcile()).toEqual(agreedAt(7_000, 7_000))

  const { data: customer } = await ours('POST', '/customer', ada)
  const { data: number } = await ours('POST', '/dedicated_account', { customer: customer.customer_code })
  const paid = await payOnPage('order-1', 100_000)
  const second = await payOnPage('order-2', 50_000)
  await send(number.account_number, 30_000)
  expect(await reconcile()).toEqual(agreedAt(187_000, 7_000))
  // Its wallets are not the merchant's own, and are at the processor all the same.
  expect(await told()).toEqual([150_000, 187_000])
  const wallet = await ours('GET', `/api/canary/customers/${customer.customer_code}/balance`)
  expect(wallet.amount).toBe(180_000)

  // A refund of ours, one in the dashboard, one of an arrival, and one that is open.
  await ours('POST', '/refund', { transaction: 'order-1', amount: 20_000 })
  await theirs('POST', '/refund', { transaction: second, amount: 5_000 })
  const { data: listed } = await ours('GET', '/transaction?perPage=1')
  await ours('POST', '/refund', { transaction: listed[0].reference, amount: 4_000 })
  wait(2000)
  await settleAll()
  expect(await reconcile()).toEqual(agreedAt(158_000, 7_000))
  await theirs('POST', '/v1/sandbox/outcomes', { on: 'refund', outcome: 'unknown', times: 1 })
  await ours('POST', '/refund', { transaction: 'order-1', amount: 1_000 })
  expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })

  // Disputes: one that is open and reserves its amount there, one that is lost, one that is won.
  await theirs('PATCH', '/v1/dispute-settings', { holdsAmount: true })
  await dispute(paid, { amount: 30_000 })
  expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
  const lost = await dispute(second, { amount: 10_000 })
  await theirs('POST', `/v1/disputes/${lost.id}/accept`)
  const won = await dispute(second, { amount: 2_000 })
  await theirs('POST', `/v1/disputes/${won.id}/decline`)
  await settleAll()
  expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })

  // Money out: to the bank of the merchant, and to a bank of the customer.
  await settleToBank(25_000n)
  const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000001', accountName: 'Tolu' }
  const wages = { customerId: customer.customer_code, amount: 20_000, currency: 'NGN', destination, reference: 'wages' }
  await ours('POST', '/v1/payouts', wages)
  for (let i = 0; i < 4; i += 1) {
    wait(61_000)
    await settleAll()
  }
  expect((await ours('GET', '/v1/payouts')).data).toMatchObject([{ state: 'paid' }])
  expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })

  // An arrival whose customer there has spent it, and that is taken back: more than the merchant has by now.
  const [, before] = await told()
  const { data: arrived } = await theirs('GET', '/transaction?perPage=20')
  const arrival = arrived.find(({ channel }: { channel: string }) => channel === 'dedicated_nuban')
  const customerId = arrival.customer.customer_code
  await theirs('POST', '/api/canary/purchases', { customerId, productId: 'p', amount: 20_000, currency: 'NGN' })
  const taken = await dispute(arrival.reference, { amount: 25_000 })
  await theirs('POST', `/v1/disputes/${taken.id}/accept`)
  await settleAll()
  expect(await reconcile()).toMatchObject({
    status: 'agreed',
    balances: [{ account: before - 25_000, expected: before - 25_000, explained: 0 }],
  })
})
