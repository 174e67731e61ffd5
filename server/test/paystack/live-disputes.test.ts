import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import type { RecordedEvent } from '../../src/domain/events/events.ts'
import { askDueQuestions, settleDueDisputes } from '../../src/domain/payments/dispute-lookups.ts'
import { settleDueCharges } from '../../src/domain/payments/due-charges.ts'
import { settleDuePayments } from '../../src/domain/payments/due-payments.ts'
import { settleDueRefunds } from '../../src/domain/payments/refunds.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import { renderDisputeEvent } from '../../src/surfaces/paystack/render-dispute.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { dyingDb } from '../dying-db.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../service.ts'
import { chooseSometimes, type Fault, openFaultProxy, requestFaults, waitForNothingLate } from './fault-proxy.ts'
import {
  createLiveAccount,
  insertRefund,
  insertTransaction,
  type LiveAccount,
  moveRefund,
  openDispute,
  pay,
  type RefundRow,
  type Row,
  refundDispute,
  refundInDashboard,
  resolveDispute,
  sendWebhook,
  type TransactionRow,
  type Webhook,
} from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'

// Money that payers take back at a live account, which is the independent stub of Paystack, behind a proxy with faults.

let api: TestApi
let account: LiveAccount
let server: LiveServer
let proxy: Awaited<ReturnType<typeof openFaultProxy>>
let tenant: TestTenant
let told: Webhook[]

const email = 'ada@example.com'

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  told = []
  account = createLiveAccount((webhook) => told.push(webhook), api.service.clock)
  server = await openLiveServer(account)
  proxy = await openFaultProxy(server.url)
  const own = { sandboxDelayMs: 1000, upstreamPaystack: undefined, paystackUrl: proxy.url }
  Object.assign(api.service, chooseProviders(api.service, own))
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'ZAR'] })
  tenant = await addTestKey(api.service, merchant, 'live')
  const chosen = await ask('PUT', '/v1/processors/in', { processor: 'paystack', secretKey: account.secretKey })
  expect(chosen.statusCode, chosen.body).toBe(200)
  return async () => {
    await proxy.close()
    await server.close()
  }
})

const ask = (method: string, path: string, body?: object) => api.call(method, path, body, tenant.secret)

/** What goes wrong with the next requests to the account. */
function failNext(...faults: Fault[]) {
  proxy.choose = () => faults.shift() ?? 'none'
}

async function tellAll(webhooks = told.splice(0)) {
  for (const { body, signature } of webhooks) {
    const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
    const url = `/webhooks/paystack/${tenant.merchant.code}/live`
    expect((await api.app.inject({ method: 'POST', url, headers, payload: body })).statusCode).toBe(200)
  }
}

/** The background's rounds, now. */
async function settleDue() {
  const { service } = api
  await settleDueCharges(service)
  await settleDuePayments(service)
  await settleDueRefunds(service)
  await askDueQuestions(service)
  await settleDueDisputes(service)
}

async function settleLater(ms: number) {
  api.service.clock.advance(ms)
  await settleDue()
}

/** A wallet that was filled on the account's page. Answers the account's name of the payment. */
async function topUp({ reference = 'order-17' } = {}): Promise<string> {
  const metadata = { purpose: 'wallet_topup' }
  await ask('POST', '/transaction/initialize', { email, amount: 10_000, currency: 'NGN', metadata, reference })
  const sent = account.transactions.at(-1)?.reference as string
  pay(account, sent)
  await tellAll()
  await settleDue()
  return sent
}

/** What each account of the tenant has, by its kind, without those that have nothing. */
async function books(): Promise<Record<string, number>> {
  const rows = await api.service.db.query<{ name: string; posted: bigint }>(sql`
    select a.kind || case when a.kind = 'outside' then '/' || a.party_id else '' end as name, sum(a.posted)::bigint as posted
    from ledger_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.mode = 'live'
    group by 1
    having sum(a.posted) <> 0
  `)
  return Object.fromEntries(rows.map(({ name, posted }) => [name, Number(posted)]))
}

/** Ours of the account agrees with what the account itself has. */
async function expectAgreement() {
  const own = await books()
  expect(own['outside/2'] ?? 0).toBe(account.balance() === 0 ? 0 : -account.balance())
}

const disputes = async () => (await ask('GET', '/v1/disputes')).json().data as Record<string, unknown>[]
const events = async () => {
  const rows = await api.service.db.query<{ type: string }>(sql`
    select type from events where merchant_id = ${tenant.merchant.id} and type like 'dispute.%' order by id
  `)
  return rows.map(({ type }) => type)
}

const taken = { processor_fees: -150, 'outside/2': 150 }

describe('a dispute at the account', () => {
  test('tells the fee of its payment, when it is fetched and in its webhooks', async () => {
    const sent = await topUp()
    resolveDispute(account, openDispute(account, sent), 'auto-accepted')
    await tellAll()
    await settleDue()
    const [{ id, transaction } = { id: 0, transaction: {} }] = (await ask('GET', '/dispute')).json().data
    expect(transaction).toMatchObject({ amount: 10_000, fees: 150 })
    expect((await ask('GET', `/dispute/${id}`)).json().data.transaction.fees).toBe(150)
    const rows = await api.service.db.query<{ type: string; mode: 'live'; data: RecordedEvent['data'] }>(sql`
      select type, mode, data from events where merchant_id = ${tenant.merchant.id} and type like 'dispute.%' order by id
    `)
    const webhooks = rows.map((row) => renderDisputeEvent({ ...row, type: row.type as 'dispute.lost' })?.data)
    expect(webhooks).toMatchObject([{ transaction: { fees: 150 } }, { transaction: { fees: 150 } }])
  })

  test('that is lost is one movement, however it is told: each order of its webhooks, twice, with or without a name', async () => {
    const orders = [
      ['create', 'resolve', 'refund'],
      ['refund', 'create', 'resolve'],
      ['refund', 'resolve', 'create'],
      ['resolve', 'refund', 'create'],
    ] as const
    for (const [i, order] of orders.entries()) {
      const sent = await topUp({ reference: `order-${i}` })
      const dispute = openDispute(account, sent)
      const create = told.splice(0)
      if (i % 2 === 0) await tellAll(create)
      if (i % 2 === 0) await settleDue()
      resolveDispute(account, dispute, 'auto-accepted')
      const resolve = told.splice(0)
      refundDispute(account, dispute, { isNamed: i % 2 === 1 })
      const refund = told.splice(0)
      for (const name of order) {
        const webhooks = { create, resolve, refund }[name]
        await tellAll([...webhooks, ...webhooks])
        await settleDue()
      }
      await settleLater(60 * 60_000)
      expect(
        (await disputes()).filter(({ reference }) => reference === `order-${i}`),
        order.join(),
      ).toEqual([
        expect.objectContaining({ state: 'lost', resolution: 'auto-accepted', amount: 10_000, borneBy: 'customer' }),
      ])
      const charged = { processor_fees: -150 * (i + 1), 'outside/2': 150 * (i + 1) }
      expect(await books(), order.join()).toEqual(charged)
    }
    await expectAgreement()
    expect((await ask('GET', '/transaction/verify/order-0')).json().data.status).toBe('reversed')
  })

  test('is told by a refund before the account decides it, and still taken once', async () => {
    const sent = await topUp()
    const dispute = openDispute(account, sent)
    refundDispute(account, dispute, { isNamed: false })
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(taken)
    resolveDispute(account, dispute, 'merchant-accepted')
    await tellAll()
    await settleLater(60 * 60_000)
    expect(await books()).toEqual(taken)
    expect(await events()).toEqual(['dispute.opened', 'dispute.lost'])
    await expectAgreement()
  })

  test('that was lost and is won afterwards gives the money back', async () => {
    const sent = await topUp()
    const dispute = openDispute(account, sent)
    resolveDispute(account, dispute, 'auto-accepted')
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(taken)
    resolveDispute(account, dispute, 'declined')
    const webhooks = told.splice(0)
    await tellAll([...webhooks, ...webhooks])
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 10_000, processor_fees: -150, 'outside/2': -9_850 })
    expect((await disputes())[0]).toMatchObject({ state: 'won', borneBy: null })
    await expectAgreement()
  })

  test('gives the payer back the fee as well that the payer had borne, which the wallet never had', async () => {
    account.feeBearer = 'payer'
    const dispute = openDispute(account, await topUp())
    expect(dispute.refund_amount).toBe(10_150)
    resolveDispute(account, dispute, 'auto-accepted')
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(taken)
    await expectAgreement()
    resolveDispute(account, dispute, 'declined')
    await tellAll()
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 10_000, 'outside/2': -10_000 })
    await expectAgreement()
  })

  test('changes nothing by its webhook alone: what the account does not show, or shows of another payment, is not booked', async () => {
    const sent = await topUp()
    const before = await books()
    const dispute = openDispute(account, sent)
    told.splice(0)
    // The account tells more than it shows.
    sendWebhook(account, 'charge.dispute.resolve', { ...dispute, status: 'resolved', resolution: 'auto-accepted' })
    sendWebhook(account, 'charge.dispute.create', { ...dispute, id: 1 })
    await tellAll()
    await settleDue()
    expect(await books()).toEqual(before)
    expect(await disputes()).toEqual([expect.objectContaining({ state: 'open', amount: 10_000 })])

    insertTransaction(account, { email: 'shop@example.com', amount: 700, reference: 'shop-1', currency: 'NGN' })
    pay(account, 'shop-1')
    resolveDispute(account, openDispute(account, 'shop-1'), 'auto-accepted')
    await tellAll()
    await settleDue()
    expect(await disputes()).toHaveLength(1)
    const left = await api.service.db.query(
      sql`select name from account_questions where merchant_id = ${tenant.merchant.id}`,
    )
    expect(left).toEqual([{ name: '1' }])
    await settleLater(2 * 60 * 60_000)
    expect(await api.service.db.query(sql`select name from account_questions`)).toEqual([])
  })

  test('is found although every webhook after its first is lost, and although the account is away at first', async () => {
    const sent = await topUp()
    const dispute = openDispute(account, sent)
    await tellAll()
    failNext('oops_after', 'cut_before', 'unreadable')
    await settleDue()
    await settleLater(5 * 60_000)
    await settleLater(10 * 60_000)
    await settleLater(10 * 60_000)
    expect(await disputes()).toEqual([expect.objectContaining({ state: 'open' })])
    resolveDispute(account, dispute, 'auto-accepted')
    told.splice(0)
    await settleLater(60 * 60_000)
    await settleLater(60 * 60_000)
    expect(await books()).toEqual(taken)
  })

  test('is answered at the account: declined once, although the answer was lost, or refused in its words', async () => {
    const sent = await topUp()
    const dispute = openDispute(account, sent)
    await tellAll()
    await settleDue()
    const [{ id } = { id: 0 }] = (await ask('GET', '/dispute')).json().data
    const evidence = {
      customer_email: email,
      customer_name: 'Ada',
      customer_phone: '0800',
      service_details: 'A top-up',
    }
    expect((await ask('POST', `/dispute/${id}/evidence`, evidence)).json()).toMatchObject({
      message: 'Evidence created',
      data: { ...evidence, dispute: id },
    })
    expect(dispute.evidence).toMatchObject(evidence)
    expect((await ask('GET', `/dispute/${id}/upload_url?upload_filename=a.pdf`)).json().data).toEqual({
      signedUrl: expect.stringContaining('https://'),
      fileName: 'qesp8a4df1xejihd9x5q.pdf',
    })
    const changed = await ask('PUT', `/dispute/${id}`, { refund_amount: 4_000 })
    expect([changed.statusCode, dispute.refund_amount]).toEqual([200, 4_000])
    failNext('cut_after')
    const answer = { resolution: 'declined', message: 'Delivered', refund_amount: 4_000, uploaded_filename: 'a.pdf' }
    const resolved = await ask('PUT', `/dispute/${id}/resolve`, answer)
    expect(resolved.json()).toMatchObject({
      message: 'Dispute successfully resolved',
      data: { id, status: 'resolved', resolution: 'declined', message: { body: 'Delivered' } },
    })
    expect((await books()).customer_cash).toBe(10_000)
    await expectAgreement()
    const again = await ask('PUT', `/dispute/${id}/resolve`, { ...answer, resolution: 'merchant-accepted' })
    expect(again.statusCode).toBe(400)
  })

  test('is accepted at the account for a part, and the part is taken', async () => {
    const sent = await topUp()
    openDispute(account, sent)
    await tellAll()
    await settleDue()
    const [{ id } = { id: '' }] = await disputes()
    const accepted = await ask('POST', `/v1/disputes/${id}/accept`, { amount: 4_000 })
    expect(accepted.json()).toMatchObject({ state: 'lost', amount: 4_000, resolution: 'merchant-accepted' })
    await tellAll()
    await settleDue()
    expect(await books()).toEqual({ customer_cash: 6_000, processor_fees: -150, 'outside/2': -5_850 })
    await expectAgreement()
  })
})

describe('an account whose key was changed', () => {
  test('tells of disputes by its new key: each is booked once, to the outside that took the money', async () => {
    const sent = await topUp()
    const dispute = openDispute(account, sent)
    await tellAll()
    await settleDue()
    account.secretKey = account.secretKey.replace('0123', '3210')
    await ask('PUT', '/v1/processors/in', { processor: 'paystack', secretKey: account.secretKey })
    resolveDispute(account, dispute, 'auto-accepted')
    refundDispute(account, dispute, { isNamed: true })
    await tellAll()
    await settleDue()
    await settleLater(60 * 60_000)
    expect(await disputes()).toEqual([expect.objectContaining({ state: 'lost', amount: 10_000 })])
    expect(await books()).toEqual(taken)
  })
})

describe('a refund that somebody makes in the dashboard', () => {
  test('takes its money as soon as it is made, so that nobody spends it, and once; if it fails, the money comes back', async () => {
    await topUp()
    const transaction = account.transactions.at(-1) as TransactionRow
    const told = async (status: string, refund: RefundRow) => {
      moveRefund(account, refund, status)
      await tellAll()
      await settleLater(60_000)
    }
    const make = (amount: number) => insertRefund(account, transaction, { amount, currency: 'NGN', status: 'pending' })
    const first = make(3_000)
    for (const status of ['pending', 'processing', 'needs-attention', 'processed']) {
      await told(status, first)
      expect(await books()).toMatchObject({ customer_cash: 7_000 })
      await expectAgreement()
    }
    const second = make(2_000)
    await told('pending', second)
    expect(await books()).toMatchObject({ customer_cash: 5_000 })
    const { customer_code: customerId } = (await ask('GET', `/customer/${email}`)).json().data
    const spent = { customerId, amount: 6_000, direction: 'debit', currency: 'NGN', reason: 'x', reference: 's' }
    expect((await ask('POST', '/v1/adjustments', spent)).statusCode).toBe(402)
    for (let i = 0; i < 2; i++) await told('failed', second)
    expect(await books()).toMatchObject({ customer_cash: 7_000 })
    await expectAgreement()
    expect(await disputes()).toMatchObject([
      { category: 'refund', state: 'won', amount: 2_000 },
      { category: 'refund', state: 'lost', amount: 3_000 },
    ])
  })

  test.each([
    ['at once', 'none'],
    ['by the background, where the account is away then', 'cut_before'],
  ] as const)('before a person records its payment is booked with it: %s', async (_, fault) => {
    await topUp()
    const { customer_code: customerId } = (await ask('GET', `/customer/${email}`)).json().data
    insertTransaction(account, { email, amount: 2_000, reference: 'old-17' })
    const row = pay(account, 'old-17')
    moveRefund(account, insertRefund(account, row, { amount: 500, currency: 'NGN' }), 'processed')
    openDispute(account, 'old-17')
    told.splice(0)
    proxy.choose = ({ path }) => (path.startsWith('/refund') ? fault : 'none')
    const line = { customerId, amount: 2_000, currency: 'NGN', source: 'card', reference: 'old-17' }
    const recorded = await ask('POST', '/v1/pay-ins', line)
    expect(recorded.statusCode, recorded.body).toBe(201)
    proxy.choose = () => 'none'
    if (fault !== 'none') await settleLater(60_000)
    expect(await books()).toMatchObject({ customer_cash: 11_500 })
    const states = (await disputes()).map(({ category, state }) => `${category} ${state}`)
    expect(states.toSorted()).toEqual(['chargeback open', 'refund lost'])
    await expectAgreement()
  })

  test('is one with the dispute that it ends, in each order', async () => {
    const sent = await topUp()
    const transaction = account.transactions.at(-1) as TransactionRow
    const dispute = openDispute(account, sent)
    api.service.clock.advance(1000)
    const refund = insertRefund(account, transaction, { amount: 10_000, currency: 'NGN', status: 'pending' })
    const look = async () => {
      await tellAll()
      await settleLater(60_000)
      expect(await books()).toEqual(taken)
    }
    await look()
    resolveDispute(account, dispute, 'merchant-accepted')
    await look()
    moveRefund(account, refund, 'processed')
    await look()
    expect((await disputes()).map(({ state }) => state)).toEqual(['lost', 'lost'])
  })

  test('is money taken back, beside a refund of ours, each once', async () => {
    const sent = await topUp()
    const { id } = account.transactions.at(-1) as Row
    await ask('POST', '/v1/refunds', { transactionId: 'order-17', amount: 2_000 })
    const ours = account.refunds.at(-1)
    if (ours === undefined) throw new Error(`the account has no refund of ${id}`)
    moveRefund(account, ours, 'processed')
    refundInDashboard(account, sent, 3_000)
    const webhooks = told.splice(0)
    await tellAll([...webhooks.toReversed(), ...webhooks])
    await settleDue()
    await settleLater(60 * 60_000)
    expect(await disputes()).toEqual([
      expect.objectContaining({ category: 'refund', state: 'lost', amount: 3_000, resolution: 'refunded' }),
    ])
    expect((await ask('GET', '/dispute')).json().data).toEqual([])
    expect(await books()).toEqual({ customer_cash: 5_000, processor_fees: -150, 'outside/2': -4_850 })
    await expectAgreement()
  })

  test('and of which nobody has told is booked once it shows while a refund of ours is sent to another bank account', async () => {
    const sent = await topUp()
    await ask('POST', '/v1/refunds', { transactionId: 'order-17', amount: 2_000 })
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'needs-attention')
    await tellAll()
    await settleDue()
    refundInDashboard(account, sent, 3_000)
    told = []
    expect(await disputes()).toEqual([])
    const [{ id } = { id: 0 }] = (await ask('GET', '/refund')).json().data as { id: number }[]
    const refund_account_details = { currency: 'NGN', account_number: '0123456789', bank_id: '9' }
    const retried = await ask('POST', `/refund/retry_with_customer_details/${id}`, { refund_account_details })
    expect(retried.statusCode, retried.body).toBe(200)
    expect(await disputes()).toMatchObject([{ category: 'refund', state: 'lost', amount: 3_000 }])
    expect(await books()).toMatchObject({ customer_cash: 7_000 })
  })
})

test('the webhook of a refund has the open refunds of its payment asked about at once, and no others', async () => {
  const refund = async (transactionId: string) => {
    const { id } = (await ask('POST', '/v1/refunds', { transactionId, amount: 1_000 })).json()
    return { id: id as string, row: account.refunds.at(-1) as RefundRow }
  }
  const dueOf = async ({ id }: { id: string }) => {
    const [row] = await api.service.db.query<{ due_at: Date | null }>(sql`select due_at from refunds where id = ${id}`)
    return row?.due_at
  }
  for (const reference of ['first', 'second']) await topUp({ reference })
  const over = await refund('first')
  moveRefund(account, over.row, 'processed')
  await settleLater(60_000)
  const [named, sibling, other] = [await refund('first'), await refund('first'), await refund('second')]
  const dueBefore = await dueOf(other)
  expect(dueBefore?.getTime()).toBeGreaterThan(api.service.clock.now().getTime())
  told = []
  moveRefund(account, named.row, 'processing')
  await tellAll()
  const now = api.service.clock.now()
  expect([await dueOf(named), await dueOf(sibling), await dueOf(other)]).toEqual([now, now, dueBefore])
  expect(await dueOf(over)).toBeNull()
})

describe('a refund of ours for which others leave too little', () => {
  const refund = async (amount: number) =>
    (await ask('POST', '/v1/refunds', { transactionId: 'order-17', amount })).json() as { id: string }
  const read = async (id: string) =>
    (await ask('GET', `/v1/refunds/${id}`)).json() as { state: string; stateReason: string }
  const heldOf = async () => {
    const rows = await api.service.db.query<{ held: bigint }>(sql`
      select sum(held)::bigint as held from ledger_accounts where merchant_id = ${tenant.merchant.id} and mode = 'live'
    `)
    return rows[0]?.held
  }
  /** What somebody has asked for in the dashboard, and is not done yet. */
  function askInDashboard(amount: number): RefundRow {
    const transaction = account.transactions.at(-1) as TransactionRow
    return insertRefund(account, transaction, { amount, currency: 'NGN', status: 'pending' })
  }

  test('that the account refuses has failed at once, and its money is free', async () => {
    await topUp()
    const other = askInDashboard(1_000)
    told = []
    const { id } = await refund(10_000)
    expect(await read(id)).toMatchObject({ state: 'failed', stateReason: expect.stringContaining('other refunds') })
    expect([account.refunds.length, await heldOf()]).toEqual([1, 0n])
    await refund(9_000)
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'processed')
    moveRefund(account, other, 'processed')
    await tellAll()
    await settleLater(60 * 60_000)
    expect(await books()).toEqual(taken)
    await expectAgreement()
  })

  test('and that never reached the account stays open while the others can fail, and fails when they have gone back', async () => {
    await topUp()
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_before' : 'none')
    const { id } = await refund(10_000)
    await settleLater(20_000)
    expect((await read(id)).state).toBe('unknown')
    const other = askInDashboard(10_000)
    await settleLater(60 * 60_000)
    await settleLater(60 * 60_000)
    expect([(await read(id)).state, await heldOf()]).toEqual(['needsAttention', 10_000n])
    const [row] = (await ask('GET', '/refund')).json().data
    const details = { currency: 'NGN', account_number: '0123456789', bank_id: '9' }
    const retried = await ask('POST', `/refund/retry_with_customer_details/${row.id}`, {
      refund_account_details: details,
    })
    expect([retried.statusCode, retried.json().message]).toEqual([422, expect.stringContaining('does not show')])
    proxy.choose = () => 'cut_before'
    const unheard = await ask('POST', `/refund/retry_with_customer_details/${row.id}`, {
      refund_account_details: details,
    })
    expect(unheard.json()).toMatchObject({ status: false, message: expect.stringContaining('could not be asked') })
    proxy.choose = () => 'none'
    moveRefund(account, other, 'processed')
    await tellAll()
    await settleLater(60 * 60_000)
    expect([(await read(id)).state, await heldOf(), account.refunds.length]).toEqual(['failed', 0n, 1])
    expect(await books()).toEqual(taken)
    await expectAgreement()
  })

  test.each([
    ['open', null],
    ['lost', 'merchant-accepted'],
    ['won', 'declined'],
  ] as const)(
    'and that the account refuses because of a dispute nobody has heard of has failed at once, which is then %s',
    async (_, resolution) => {
      const sent = await topUp()
      account.keepsDisputed = true
      const dispute = openDispute(account, sent)
      if (resolution === 'merchant-accepted') resolveDispute(account, dispute, resolution)
      const webhooks = told.splice(0)
      const { id } = await refund(10_000)
      expect(await read(id)).toMatchObject({ state: 'failed', stateReason: expect.stringContaining('A dispute') })
      expect([account.refunds.length, await heldOf()]).toEqual([0, 0n])
      // What the answer has shown is booked although nobody has told of it.
      expect(await disputes()).toMatchObject([
        { state: resolution === 'merchant-accepted' ? 'lost' : 'open', amount: 10_000 },
      ])
      if (resolution === 'merchant-accepted') expect(await books()).toEqual(taken)
      if (resolution === 'declined') resolveDispute(account, dispute, resolution)
      told.push(...webhooks)
      await tellAll()
      await settleLater(60 * 60_000)
      if (resolution === 'merchant-accepted') expect(await books()).toEqual(taken)
      else if (resolution === 'declined') {
        // The money is there again for another try.
        account.keepsDisputed = false
        const { id: again } = await refund(10_000)
        moveRefund(account, account.refunds.at(-1) as RefundRow, 'processed')
        await tellAll()
        await settleLater(60 * 60_000)
        expect(await read(again)).toMatchObject({ state: 'processed' })
      }
      await expectAgreement()
    },
  )

  test('shows at once what others have taken, although no webhook comes: in whole or in part, also by a refund that is made', async () => {
    for (const [i, [theirs, ours, state]] of (
      [
        [10_000, 1_000, 'failed'],
        [6_000, 5_000, 'failed'],
        [6_000, 4_000, 'pending'],
      ] as const
    ).entries()) {
      api.service.clock.advance(1000)
      const reference = `order-${i}`
      const sent = await topUp({ reference })
      refundInDashboard(account, sent, theirs)
      told = []
      const before = (await books()).customer_cash ?? 0
      const made = await ask('POST', '/v1/refunds', { transactionId: reference, amount: ours })
      expect(await read(made.json().id)).toMatchObject({ state })
      expect((await disputes())[0]).toMatchObject({ state: 'lost', category: 'refund', amount: theirs })
      expect((await books()).customer_cash ?? 0).toBe(before - theirs)
      const questions = sql`select from account_questions where merchant_id = ${tenant.merchant.id}`
      expect(await api.service.db.query(questions)).toEqual([])
    }
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'processed')
    await settleLater(60 * 60_000)
    await expectAgreement()
  })

  test('shows what others have taken, and the background books it, where the account is away or the server dies afterwards', async () => {
    const sent = await topUp()
    refundInDashboard(account, sent, 10_000)
    told = []
    // The disputes are asked for only by the look at what was taken.
    proxy.choose = ({ path }) => (path.startsWith('/dispute') ? 'cut_before' : 'none')
    const { id } = await refund(1_000)
    expect(await read(id)).toMatchObject({ state: 'failed' })
    expect(await books()).toMatchObject({ customer_cash: 10_000 })
    proxy.choose = () => 'none'
    await settleLater(61_000)
    expect(await books()).toEqual(taken)
    await expectAgreement()
  })

  test('and that never reached the account fails when a dispute has taken the money', async () => {
    const sent = await topUp()
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_before' : 'none')
    const { id } = await refund(10_000)
    await settleLater(60_000)
    const dispute = openDispute(account, sent)
    await tellAll()
    await settleLater(60 * 60_000)
    expect(['unknown', 'needsAttention']).toContain((await read(id)).state)
    resolveDispute(account, dispute, 'merchant-accepted')
    await tellAll()
    await settleLater(60 * 60_000)
    expect([(await read(id)).state, await heldOf(), account.refunds.length]).toEqual(['failed', 0n, 0])
    expect(await books()).toEqual(taken)
    await expectAgreement()
  })

  test('and that was lost is known by its name, where a person makes it at the account', async () => {
    await topUp()
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_before' : 'none')
    const { id } = await refund(10_000)
    await settleLater(60_000)
    const transaction = account.transactions.at(-1) as TransactionRow
    const named = { amount: 10_000, currency: 'NGN', status: 'pending', merchant_note: `Mteja refund ${id}` }
    moveRefund(account, insertRefund(account, transaction, named), 'processed')
    await tellAll()
    await settleLater(60 * 60_000)
    expect([(await read(id)).state, await heldOf(), await disputes()]).toEqual(['processed', 0n, []])
    expect(await books()).toEqual(taken)
    await expectAgreement()
  })

  test('and that the account has got is followed to its own end', async () => {
    await topUp()
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_after' : 'none')
    const { id } = await refund(4_000)
    proxy.choose = () => 'none'
    const ours = account.refunds.at(-1) as RefundRow
    moveRefund(account, askInDashboard(6_000), 'processed')
    await tellAll()
    await settleLater(60 * 60_000)
    expect((await read(id)).state).toBe('pending')
    moveRefund(account, ours, 'processed')
    await tellAll()
    await settleLater(60_000)
    expect([(await read(id)).state, await books()]).toEqual(['processed', taken])
    await expectAgreement()
  })
})

describe('a refund of ours whose end a person says', () => {
  interface Read {
    id: string
    state: string
    contradictedAt: string | null
  }
  const words = { proof: 'Ticket 88121', reason: 'The answer was lost' }
  const settle = (id: string, outcome: 'processed' | 'failed') =>
    ask('POST', `/v1/refunds/${id}/settle`, { outcome, ...words })
  const read = async (id: string) => (await ask('GET', `/v1/refunds/${id}`)).json() as Read
  /** A refund whose request was cut before or after the account has taken it, of which nobody can say whether it has. */
  async function loseRefund(amount: number, when: 'cut_before' | 'cut_after'): Promise<string> {
    proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? when : 'none')
    const { id } = (await ask('POST', '/v1/refunds', { transactionId: 'order-17', amount })).json() as Read
    expect((await read(id)).state).toBe('unknown')
    return id
  }
  const goDown = () => {
    proxy.choose = () => 'cut_before'
  }
  const comeBack = async () => {
    proxy.choose = () => 'none'
    await tellAll()
    await settleLater(2_000)
  }
  const spend = async (amount: number) => {
    const { customer_code } = (await ask('GET', `/customer/${email}`)).json().data
    const used = { customerId: customer_code, amount, direction: 'debit', currency: 'NGN', reason: 'x', reference: 's' }
    expect((await ask('POST', '/v1/adjustments', used)).statusCode).toBe(201)
    return customer_code as string
  }
  const fundsOf = async (customer: string) => {
    const { balances } = (await ask('GET', `/v1/customers/${customer}/balances`)).json()
    return balances
  }

  test('frees its money as failed, where somebody has made it in the dashboard, and is not processed besides', async () => {
    const sent = await topUp()
    const id = await loseRefund(4_000, 'cut_before')
    refundInDashboard(account, sent, 4_000)
    const both = await settle(id, 'processed')
    expect([both.statusCode, both.json().error]).toEqual([
      409,
      expect.objectContaining({ code: 'refund_exceeded', field: 'outcome' }),
    ])
    const settled = await settle(id, 'failed')
    expect(settled.json()).toMatchObject({ state: 'failed', proof: 'Ticket 88121', stateReason: 'The answer was lost' })
    expect((await settle(id, 'failed')).json()).toEqual(settled.json())
    expect((await settle(id, 'processed')).json().error.code).toBe('refund_not_open')
    await settleLater(60 * 60_000)
    expect(await disputes()).toEqual([expect.objectContaining({ category: 'refund', amount: 4_000, state: 'lost' })])
    expect(await books()).toEqual({ ...taken, customer_cash: 6_000, 'outside/2': -5_850 })
    await expectAgreement()
  })

  test('is processed, and the refund that somebody then makes in the dashboard is the same money', async () => {
    const sent = await topUp()
    const id = await loseRefund(4_000, 'cut_before')
    expect((await settle(id, 'processed')).json()).toMatchObject({
      state: 'processed',
      stateReason: 'The answer was lost',
    })
    for (const amount of [4_000, 4_000]) {
      refundInDashboard(account, sent, amount)
      await tellAll()
      await settleLater(60_000)
    }
    // The second one of the same amount is another one.
    expect(await disputes()).toHaveLength(1)
    expect((await read(id)).contradictedAt).toBeNull()
    expect(await books()).toEqual({ ...taken, customer_cash: 2_000, 'outside/2': -1_850 })
    await expectAgreement()
  })

  test('that its account has made after it was settled as failed is taken back: what is available pays, the rest is owed', async () => {
    await topUp()
    const id = await loseRefund(4_000, 'cut_after')
    goDown()
    expect((await settle(id, 'failed')).json()).toMatchObject({ state: 'failed' })
    const customer = await spend(9_000)
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'processed')
    await comeBack()
    expect(await disputes()).toEqual([
      expect.objectContaining({ category: 'refund', amount: 4_000, state: 'lost', borneBy: 'customer' }),
    ])
    expect(await read(id)).toMatchObject({ state: 'failed', contradictedAt: expect.any(String) })
    expect(await fundsOf(customer)).toMatchObject([{ available: 0, held: 0, owed: 3_000 }])
    for (let i = 0; i < 3; i++) await settleLater(60 * 60_000)
    expect(await disputes()).toHaveLength(1)
    await expectAgreement()
  })

  test('that its account has made all the same is taken back by the next look, also where no message tells of it', async () => {
    await topUp()
    const id = await loseRefund(4_000, 'cut_after')
    goDown()
    expect((await settle(id, 'failed')).json()).toMatchObject({ state: 'failed' })
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'processed')
    proxy.choose = () => 'none'
    await settleLater(60_000)
    expect(await disputes()).toEqual([expect.objectContaining({ category: 'refund', amount: 4_000, state: 'lost' })])
    expect([await books(), (await read(id)).contradictedAt]).toEqual([
      { ...taken, customer_cash: 6_000, 'outside/2': -5_850 },
      expect.any(String),
    ])
  })

  test('that its account has failed after it was settled as processed comes back to its owner', async () => {
    await topUp()
    const id = await loseRefund(4_000, 'cut_after')
    goDown()
    expect((await settle(id, 'processed')).json()).toMatchObject({ state: 'processed' })
    expect(await books()).toMatchObject({ customer_cash: 6_000 })
    moveRefund(account, account.refunds.at(-1) as RefundRow, 'failed')
    await comeBack()
    expect(await read(id)).toMatchObject({ state: 'failed', contradictedAt: expect.any(String) })
    const listed = (await ask('GET', '/v1/refunds')).json().data
    expect(listed).toMatchObject([{ id, state: 'failed' }])
    for (let i = 0; i < 3; i++) await settleLater(60 * 60_000)
    expect(await books()).toEqual({ ...taken, customer_cash: 10_000, 'outside/2': -9_850 })
    const { data } = (await ask('GET', '/v1/transactions?reference=order-17')).json()
    const payment = { reference: 'order-17' }
    expect(data).toHaveLength(3)
    for (const kind of ['pay_in', 'refund', 'chargeback_returned'])
      expect(data).toContainEqual(expect.objectContaining({ kind, payment: expect.objectContaining(payment) }))
    await expectAgreement()
    // The account is asked for three days.
    await settleLater(3 * 24 * 60 * 60_000)
    const due = await api.service.db.query(sql`select id from refunds where id = ${id} and due_at is not null`)
    expect(due).toEqual([])
  })

  test('that was settled as processed, and that its account has made, is another one than that of the dashboard', async () => {
    const sent = await topUp()
    const id = await loseRefund(4_000, 'cut_after')
    goDown()
    await settle(id, 'processed')
    refundInDashboard(account, sent, 4_000)
    await comeBack()
    await expectAgreement()
    moveRefund(account, account.refunds[0] as RefundRow, 'processed')
    for (let i = 0; i < 3; i++) await comeBack()
    expect(await disputes()).toEqual([expect.objectContaining({ category: 'refund', amount: 4_000, state: 'lost' })])
    expect([(await read(id)).state, await books()]).toEqual([
      'processed',
      { ...taken, customer_cash: 2_000, 'outside/2': -1_850 },
    ])
    await expectAgreement()
  })

  test('that its account shows is not said to be processed', async () => {
    await topUp()
    const id = await loseRefund(4_000, 'cut_after')
    const row = account.refunds.at(-1) as RefundRow
    moveRefund(account, row, 'needs-attention')
    proxy.choose = () => 'none'
    expect((await settle(id, 'processed')).json().error.code).toBe('not_available')
    expect((await settle(id, 'failed')).json()).toMatchObject({ state: 'failed' })
    moveRefund(account, row, 'failed')
    await comeBack()
    expect([await books(), await disputes()]).toEqual([{ ...taken, customer_cash: 10_000, 'outside/2': -9_850 }, []])
    await expectAgreement()
  })

  test('never moves the money twice, also where the dashboard’s refund is told at the same moment', async () => {
    const random = randomFrom(seed)
    for (let i = 0; i < 6; i++) {
      const sent = await topUp({ reference: `order-17-${i}` })
      proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_before' : 'none')
      const wanted = { transactionId: `order-17-${i}`, amount: 4_000 }
      const { id } = (await ask('POST', '/v1/refunds', wanted)).json() as Read
      proxy.choose = ({ path, method }) =>
        path.startsWith('/refund') && method === 'GET' && random() < 0.3 ? 'cut_before' : 'none'
      refundInDashboard(account, sent, 4_000)
      const work = [settle(id, 'processed'), tellAll().then(settleDue), settle(id, 'processed')]
      await Promise.all(random() < 0.5 ? work : work.toReversed())
      proxy.choose = () => 'none'
      if ((await read(id)).state !== 'processed') expect((await settle(id, 'failed')).statusCode).toBe(200)
      await settleLater(60 * 60_000)
      await settleLater(60 * 60_000)
    }
    const own = await books()
    expect([own.customer_cash, own['outside/2']]).toEqual([36_000, 6 * 150 - 36_000])
    await expectAgreement()
  })
})

describe('money that is disputed before it has an owner', () => {
  test('goes back out of suspense, and cannot be assigned any more', async () => {
    await ask('POST', '/transaction/initialize', { email, amount: 10_000, currency: 'NGN' })
    const sent = account.transactions.at(-1)?.reference as string
    Object.assign(pay(account, sent), { amount: 9_000, requested_amount: 9_000 })
    await tellAll()
    await settleDue()
    expect((await books()).suspense).toBe(9_000)
    const [{ id } = { id: '' }] = (await ask('GET', '/v1/suspense')).json().data
    resolveDispute(account, openDispute(account, sent), 'auto-accepted')
    await tellAll()
    await settleDue()
    expect((await books()).suspense).toBeUndefined()
    expect(await disputes()).toEqual([expect.objectContaining({ state: 'lost', amount: 9_000, borneBy: 'suspense' })])
    const { customer_code } = (await ask('GET', `/customer/${email}`)).json().data
    const assigned = await ask('POST', `/v1/suspense/${id}/assign`, { customerId: customer_code })
    expect(assigned.statusCode).toBe(409)
    await expectAgreement()
  })
})

/** Things that happen to a payment at the account, one after the other, and how each dispute of it ends. */
type Story = { steps: (() => void)[]; ends: { category: string; state: string; amount: number }[] }

function tellStory(random: () => number, sent: string): Story {
  let dispute: Row
  const open = (amount: number) => () => {
    dispute = openDispute(account, sent)
    dispute.refund_amount = amount
  }
  const resolve = (resolution: 'merchant-accepted' | 'auto-accepted' | 'declined') => () =>
    resolveDispute(account, dispute, resolution)
  const isNamed = random() < 0.5
  const giveBack = () => void refundDispute(account, dispute, { isNamed })
  const inDashboard = () => void refundInDashboard(account, sent, 3_000)
  const lost = { category: 'chargeback', state: 'lost', amount: 10_000 }
  const won = { ...lost, state: 'won' }
  const refund = { category: 'refund', state: 'lost', amount: 3_000 }
  const stories: Story[] = [
    { steps: [open(10_000), resolve('auto-accepted'), giveBack], ends: [lost] },
    { steps: [open(10_000), giveBack, resolve('merchant-accepted')], ends: [lost] },
    { steps: [open(10_000), resolve('declined')], ends: [won] },
    { steps: [open(10_000), resolve('declined'), resolve('auto-accepted')], ends: [lost] },
    { steps: [open(10_000), resolve('auto-accepted'), resolve('declined')], ends: [won] },
    { steps: [inDashboard], ends: [refund] },
    {
      steps: [inDashboard, open(7_000), resolve('auto-accepted'), giveBack],
      ends: [refund, { ...lost, amount: 7_000 }],
    },
  ]
  return stories[Math.floor(random() * stories.length)] as Story
}

test('after all faults end, and whenever servers were killed, each thing that was taken back is booked once', async () => {
  waitForNothingLate(proxy)
  const random = randomFrom(seed)
  const { service } = api
  const stories = new Map<string, Story>()
  for (let i = 0; i < 12; i++) {
    const reference = `order-${i}`
    stories.set(reference, tellStory(random, await topUp({ reference })))
  }
  const customerId = (await ask('GET', `/customer/${email}`)).json().data.customer_code
  await ask('POST', '/api/canary/purchases', { customerId, productId: 'p', amount: 90_000, currency: 'NGN' })
  const happening = [...stories.values()].map(({ steps, ends }) => ({ steps: [...steps], ends }))
  const lost: Webhook[] = []
  proxy.choose = chooseSometimes(random, requestFaults, 0.2)
  let kills = 0
  while (happening.some(({ steps }) => steps.length > 0)) {
    const left = happening.filter(({ steps }) => steps.length > 0)
    left[Math.floor(random() * left.length)]?.steps.shift()?.()
    for (const webhook of told.splice(0).sort(() => random() - 0.5)) {
      const draw = random()
      if (draw < 0.4) lost.push(webhook)
      else await tellAll(draw < 0.6 ? [webhook, webhook] : [webhook])
    }
    const last = 1 + Math.floor(random() * 40)
    const { db, asked } = dyingDb(service.db, last, random() < 0.5 ? 'before' : 'after')
    const dying = { ...service, db }
    await askDueQuestions(dying)
      .then(() => settleDueDisputes(dying))
      .catch(() => {})
    if (asked() >= last) kills += 1
    if (random() < 0.3) await settleDue()
    service.clock.advance(Math.floor(random() * 120_000))
  }
  proxy.choose = () => 'none'
  // The account repeats a webhook until it is taken.
  await tellAll(lost)
  for (let i = 0; i < 4; i++) await settleLater(61 * 60_000)

  const said = `seed ${seed}, ${kills} kills`
  const shown = (await disputes()).map(({ reference, category, state, amount }) => ({
    reference,
    category,
    state,
    amount,
  }))
  const wanted = [...stories].flatMap(([reference, { ends }]) => ends.map((end) => ({ reference, ...end })))
  const inOrder = (list: object[]) => list.map((each) => JSON.stringify(each)).sort()
  expect(inOrder(shown), said).toEqual(inOrder(wanted))
  const taken = wanted.filter(({ state }) => state === 'lost').reduce((sum, { amount }) => sum + amount, 0)
  const { customer_cash = 0, customer_receivable = 0 } = await books()
  expect(customer_cash + customer_receivable, said).toBe(30_000 - taken)
  await expectAgreement()
  const due = sql`
    select id from disputes where merchant_id = ${tenant.merchant.id} and due_at is not null
    union all
    select id from account_questions where merchant_id = ${tenant.merchant.id}
  `
  expect(await service.db.query(due), said).toEqual([])
  expect(kills).toBeGreaterThan(5)
})
