import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { OwnedDb } from '../../src/db/database.ts'
import { sql } from '../../src/db/sql.ts'
import { inTransaction } from '../../src/domain/context.ts'
import { dropReplacedCredentials, listAccounts } from '../../src/domain/payments/processor-accounts.ts'
import { pauseAll, setPaused } from '../../src/domain/payments/sending-pauses.ts'
import { advanceDuePayouts } from '../../src/domain/payouts/advancing.ts'
import { continueReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { getMerchantBalance } from '../../src/domain/wallet/merchant-balances.ts'
import { workers } from '../../src/start/background.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { finishErasures } from '../erasures.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../service.ts'
import { chooseSometimes, openFaultProxy, requestFaults, waitForNothingLate, webhookFaults } from './fault-proxy.ts'
import { createLiveAccount, type LiveAccount, sendWebhook, type TransferRow, type Webhook } from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'
import { judge, liveOtp, moveTransfer } from './live-transfers.ts'

// A merchant in live mode who pays out by an account at the independent stub of Paystack, behind a proxy with faults.

let api: TestApi
let account: LiveAccount
let server: LiveServer
let proxy: Awaited<ReturnType<typeof openFaultProxy>>
let tenant: TestTenant
let customerId: string
/** Webhooks of the account that are not sent yet. */
let told: Webhook[]

const toppedUp = 1_000_000_000
const openAnother = () =>
  Object.assign(
    createLiveAccount((webhook) => told.push(webhook), api.service.clock),
    { toppedUp },
  )

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  told = []
  account = openAnother()
  server = await openLiveServer(account)
  proxy = await openFaultProxy(server.url)
  restart()
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN', 'GHS'] })
  tenant = await addTestKey(api.service, merchant, 'live')
  await choose()
  customerId = (await ask('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
  const cash = { amount: 1_000_000, currency: 'NGN', source: 'cash' }
  for (const own of [{ customerId, reference: 'till-1' }, { reference: 'till-2' }]) {
    const recorded = await ask('POST', '/v1/pay-ins', { ...cash, ...own })
    expect(recorded.statusCode, recorded.body).toBe(201)
  }
  return async () => {
    await proxy.close()
    await server.close()
  }
})

/** What a server knows of accounts by itself is forgotten. */
function restart() {
  const own = { sandboxDelayMs: 1000, upstreamPaystack: undefined, paystackUrl: proxy.url }
  Object.assign(api.service, chooseProviders(api.service, own))
}

const ask = (method: string, path: string, body?: object) => api.call(method, path, body, tenant.secret)

async function choose(secretKey = account.secretKey) {
  const chosen = await ask('PUT', '/v1/processors/out', { processor: 'paystack', secretKey })
  expect(chosen.statusCode, chosen.body).toBe(200)
}

let references = 0
/** Asks for a payout of a customer, and answers its id. */
async function payOut(own: object = {}): Promise<string> {
  const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000001', accountName: 'Tolu' }
  const wanted = { customerId, amount: 100_000, currency: 'NGN', destination, reference: `wages-${++references}` }
  const made = await ask('POST', '/v1/payouts', { ...wanted, ...own })
  expect(made.statusCode, made.body).toBe(201)
  return made.json().id
}

const show = async (id: string) => (await ask('GET', `/v1/payouts/${id}`)).json()
const stateOf = async (id: string) => (await show(id)).state
const advance = () => advanceDuePayouts(api.service)
async function advanceLater(ms: number) {
  api.service.clock.advance(ms)
  await advance()
}
const last = () => account.transfers.at(-1) as TransferRow

/** The database does not know the payout any more: nothing finds it under its names. */
async function forget(id: string) {
  await (api.service.db as OwnedDb).asOwner((owner) =>
    owner.execute(`
      update payouts set reference = reference || '-gone', sent_reference = reverse(sent_reference), due_at = null
      where merchant_id = ${tenant.merchant.id} and id = '${id}'
    `),
  )
}

/** A payout as it was before it was sent. */
async function restore(id: string, state: string) {
  const old = state === 'cancelled' ? 'pending' : state
  await (api.service.db as OwnedDb).asOwner((owner) =>
    owner.execute(`
      update payouts set
        state = '${old}', processor = null, account_id = null, send_count = 0, unsent_count = 0, sent_at = null,
        due_at = ${state === 'pending' ? `'${api.service.clock.now().toISOString()}'` : 'null'}
      where merchant_id = ${tenant.merchant.id} and id = '${id}'
    `),
  )
}

/** Sends the webhooks of the account, as the account would. */
async function tellAll(webhooks = told.splice(0)) {
  for (const { body, signature } of webhooks) {
    const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
    const url = `/webhooks/paystack/${tenant.merchant.code}/live`
    expect((await api.app.inject({ method: 'POST', url, headers, payload: body })).statusCode).toBe(200)
  }
}

async function balanceOf(customer: string) {
  const { balances } = (await ask('GET', `/v1/customers/${customer}/balances`)).json()
  return balances.find(({ currency }: { currency: string }) => currency === 'NGN')
}

/** What left by the account here, and at the account: both without fees. */
async function goneBoth() {
  const [row] = await api.service.db.query<{ gone: bigint }>(sql`
    select coalesce(sum(case t.kind when 'payout' then t.amount when 'payout_returned' then -t.amount end), 0)::bigint as gone
    from ledger_transactions t
    where t.merchant_id = ${tenant.merchant.id} and t.mode = 'live'
  `)
  const there = account.transfers
    .filter(({ status }) => status === 'success')
    .reduce((sum, { amount }) => sum + amount, 0)
  return { here: Number(row?.gone), there }
}

const onTransfer = (fault: ReturnType<typeof proxy.choose>) => {
  proxy.choose = ({ method, path }) => (method === 'POST' && path === '/transfer' ? fault : 'none')
}

describe('a payout by an account at Paystack', () => {
  test('is reserved, sent, and paid once the account says so, with the account’s fee', async () => {
    const id = await payOut()
    expect(await balanceOf(customerId)).toMatchObject({ posted: 1_000_000, held: 100_000 })
    await advance()
    expect(await show(id)).toMatchObject({ state: 'sent', processor: 'paystack', needsAttention: null })
    expect(last()).toMatchObject({ amount: 100_000, status: 'pending', recipient: { type: 'nuban' } })
    moveTransfer(account, last(), 'success')
    await tellAll()
    await advance()
    expect(await show(id)).toMatchObject({ state: 'paid', fee: 1000 })
    expect(await balanceOf(customerId)).toMatchObject({ posted: 900_000, held: 0 })
    expect(await goneBoth()).toEqual({ here: 100_000, there: 100_000 })
  })

  test('that comes back after it was paid is returned once, however often it is told', async () => {
    const id = await payOut()
    await advance()
    moveTransfer(account, last(), 'success')
    await tellAll()
    await advance()
    moveTransfer(account, last(), 'reversed', 'Account closed')
    const webhooks = told.splice(0)
    for (let times = 0; times < 3; times++) {
      await tellAll([...webhooks, ...webhooks])
      await advance()
    }
    expect(await show(id)).toMatchObject({ state: 'returned', stateReason: 'Account closed' })
    expect(await balanceOf(customerId)).toMatchObject({ posted: 1_000_000, held: 0 })
    expect(await goneBoth()).toEqual({ here: 0, there: 0 })
  })

  test('that the account reverses before it was paid here fails, and releases its money', async () => {
    const id = await payOut()
    await advance()
    moveTransfer(account, last(), 'reversed', 'Account closed')
    await tellAll()
    await advance()
    expect(await show(id)).toMatchObject({ state: 'failed', stateCode: 'reversed' })
    expect(await balanceOf(customerId)).toMatchObject({ posted: 1_000_000, held: 0 })
  })

  test.each(['failed', 'blocked', 'rejected', 'abandoned'])(
    'that ended as %s at the account has failed',
    async (end) => {
      const id = await payOut()
      await advance()
      moveTransfer(account, last(), end)
      told = []
      // Most of these ends are told by no webhook: they are found by asking.
      await advanceLater(3 * 60 * 60_000)
      expect(await show(id)).toMatchObject({ state: 'failed', stateCode: end })
      expect(await balanceOf(customerId)).toMatchObject({ posted: 1_000_000, held: 0 })
    },
  )

  test('ends, whatever characters the account and its webhook tell it with', async () => {
    const id = await payOut()
    await advance()
    moveTransfer(account, last(), 'failed', `x\0y\ud800${'z'.repeat(50_000)}`)
    sendWebhook(account, 'transfer.failed', { ...last(), reason: 'a\0b', 'c\0d': 'e' })
    await tellAll()
    await advance()
    const ended = await show(id)
    expect(ended).toMatchObject({ state: 'failed', stateCode: 'failed', needsAttention: null })
    expect(ended.stateReason).toMatch(/^x\ufffdy\ufffdz{496}$/)
    expect(await balanceOf(customerId)).toMatchObject({ posted: 1_000_000, held: 0 })
  })

  test.each(['cut_after', 'fail_after', 'oops_after', 'unreadable', 'repeated'] as const)(
    'whose answer suffers %s stays reserved, is found, and is made once',
    async (fault) => {
      onTransfer(fault)
      const id = await payOut()
      await advance()
      proxy.choose = () => 'none'
      expect(['sending', 'sent']).toContain(await stateOf(id))
      expect(await balanceOf(customerId)).toMatchObject({ held: 100_000 })
      await advanceLater(5_000)
      expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
      moveTransfer(account, last(), 'success')
      await tellAll()
      await advance()
      expect([await stateOf(id), account.transfers.length]).toEqual(['paid', 1])
    },
  )

  test('that never arrived is sent again under the same reference within a minute, but not while its answer is waited for', async () => {
    onTransfer('cut_before')
    const id = await payOut()
    await advance()
    proxy.choose = () => 'none'
    for (let second = 0; second < 38; second++) await advanceLater(1000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['sending', 0])
    for (let second = 0; second < 4; second++) await advanceLater(1000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
    expect(last().reference).toBe(`mteja-${(await show(id)).processorReference}`)
  })

  test('that the account still judges is not taken for lost: its money stays reserved until it is found', async () => {
    account.isSlowToJudge = true
    onTransfer('cut_after')
    const id = await payOut()
    await advance()
    proxy.choose = () => 'none'
    for (let minute = 0; minute < 10; minute++) await advanceLater(60_000)
    expect(await balanceOf(customerId)).toMatchObject({ held: 100_000 })
    judge(account)
    await advanceLater(10 * 60_000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
  })

  test.each(['before', 'after'])(
    'that a restored database has forgotten is made again, and is the transfer that the account has: %s it was paid',
    async (moment) => {
      const reference = `forgotten-${moment}`
      const id = await payOut({ reference })
      await advance()
      if (moment === 'after') moveTransfer(account, last(), 'success')
      told = []
      const { processorReference } = await show(id)
      await forget(id)
      const again = await payOut({ reference })
      expect(again).not.toBe(id)
      expect((await show(again)).processorReference).toBe(processorReference)
      await advance()
      await advanceLater(10_000)
      expect(account.transfers.length).toBe(1)
      if (moment === 'before') moveTransfer(account, last(), 'success')
      await tellAll()
      await advance()
      expect([await stateOf(again), account.transfers.length]).toEqual(['paid', 1])
      expect(await goneBoth()).toEqual({ here: 100_000, there: 100_000 })
    },
  )

  test.each(['returned', 'late'])('of a customer who was erased is booked when it is %s', async (fact) => {
    const all = { amount: 1_000_000 }
    const id = await payOut(all)
    await advance()
    moveTransfer(account, last(), fact === 'late' ? 'failed' : 'success')
    await tellAll()
    await advance()
    if (fact === 'late') {
      const adjusted = { customerId, ...all, currency: 'NGN', direction: 'debit', reason: 'Moved', reference: 'moved' }
      expect((await ask('POST', '/v1/adjustments', adjusted)).statusCode).toBe(201)
    }
    const erased = await ask('POST', `/v1/customers/${customerId}/erase`, {})
    expect(erased.statusCode, erased.body).toBe(202)
    await finishErasures(api.service)
    expect((await show(id)).destination).toMatchObject({ accountNumber: null })
    moveTransfer(account, last(), fact === 'late' ? 'success' : 'reversed', 'Tolu Robert has moved')
    await tellAll()
    await advance()
    const state = fact === 'late' ? 'paid' : 'returned'
    expect(await show(id)).toMatchObject({ state, needsAttention: fact === 'late' ? { code: 'late' } : null })
    expect((await show(id)).stateReason).toBe(fact === 'late' ? null : 'The money has come back')
    const gone = fact === 'late' ? 1_000_000 : 0
    expect(await goneBoth()).toEqual({ here: gone, there: gone })
    const { posted } = await getMerchantBalance(api.service, tenant, 'NGN')
    expect(posted).toBe(fact === 'late' ? 0n : 2_000_000n)
  })

  test('keeps the key of its account until nothing can come back any more, and is asked about without a key, too', async () => {
    const id = await payOut()
    await advance()
    moveTransfer(account, last(), 'success')
    await tellAll()
    await advance()
    const old = account.secretKey
    account.secretKey = 'sk_live_second'
    await choose()
    const keyed = async () =>
      (await listAccounts(api.service, tenant)).filter(({ secretKey }) => secretKey === old).length
    for (let hours = 0; hours < 71; hours++) {
      await advanceLater(60 * 60_000)
      await dropReplacedCredentials(api.service)
    }
    expect(await keyed()).toBe(1)
    await advanceLater(2 * 60 * 60_000)
    await dropReplacedCredentials(api.service)
    expect(await keyed()).toBe(0)
    // The same account under its new key tells of it: whoever has no key for it asks there.
    moveTransfer(account, last(), 'reversed', 'Account closed')
    await tellAll()
    await advance()
    expect(await show(id)).toMatchObject({ state: 'returned' })
  })

  test.each(['pending', 'awaiting_approval', 'cancelled'])(
    'that a restored database knows as %s, and that was sent since, is asked about, and not sent',
    async (state) => {
      const [id, other] = [await payOut({ amount: 5000 }), await payOut()]
      await advance()
      const row = account.transfers.find(({ amount }) => amount === 5000) as TransferRow
      await restore(id, state)
      if (state === 'cancelled') await ask('POST', `/v1/payouts/${id}/cancel`)
      moveTransfer(account, row, 'success')
      await tellAll()
      account.transfers.splice(account.transfers.indexOf(row), 1)
      await advance()
      // It cannot be found at this moment.
      for (let minute = 0; minute < 5; minute++) await advanceLater(60_000)
      expect(account.transfers.map(({ amount }) => amount)).toEqual([100_000])
      expect(await stateOf(id)).toBe(state === 'cancelled' ? 'cancelled' : 'sending')
      account.transfers.push(row)
      moveTransfer(account, row, 'success')
      await tellAll()
      await advance()
      expect([await stateOf(id), await stateOf(other)]).toEqual(['paid', 'sent'])
    },
  )

  test('waits after a start on a database that has forgotten another, until a person lets sending go on', async () => {
    await payOut({ reference: 'unknown' })
    await advance()
    await forget((await ask('GET', '/v1/payouts')).json().data[0].id)
    const [waiting, unseen] = [await payOut(), await payOut()]
    restart()
    await advance()
    expect([await stateOf(waiting), await stateOf(unseen), account.transfers.length]).toEqual(['pending', 'pending', 1])
    const { data } = (await ask('GET', '/v1/processors')).json()
    expect(data[1].pause).toMatchObject({ cause: 'unknown_here', reference: last().reference })
    await advanceLater(5 * 60_000)
    expect([await stateOf(unseen), account.transfers.length]).toEqual(['pending', 1])
    expect((await ask('PUT', '/v1/sending', { paused: false })).statusCode).toBe(403)
    const operator = await api.openAnother({ adminKey: 'operator-of-the-service' })
    const path = `/v1/merchants/${tenant.merchant.code}/sending`
    const resumed = await operator.call('PUT', path, { mode: 'live', paused: false }, 'operator-of-the-service')
    expect([resumed.statusCode, resumed.json()]).toEqual([200, { paused: false, pause: null, pauses: [] }])
    await operator.app.close()
    restart()
    await advanceLater(10 * 60_000)
    expect([await stateOf(waiting), await stateOf(unseen), account.transfers.length]).toEqual(['sent', 'sent', 3])
    const told = (await ask('GET', '/v1/events?limit=100')).json().data.map(({ type }: { type: string }) => type)
    expect(told.filter((type: string) => type.startsWith('sending.'))).toEqual(['sending.resumed', 'sending.paused'])
  })

  test('is sent after a pause has ended, also where the account lists what is older than it was asked for', async () => {
    account.ignoresPeriods = true
    await payOut({ reference: 'unknown' })
    await advance()
    await forget((await ask('GET', '/v1/payouts')).json().data[0].id)
    const waiting = await payOut()
    restart()
    await advance()
    expect([await stateOf(waiting), account.transfers.length]).toEqual(['pending', 1])
    api.service.clock.advance(1000)
    await inTransaction(api.service, (tx) => setPaused(tx, tenant, false, 'operator'))
    await advance()
    expect([await stateOf(waiting), account.transfers.length]).toEqual(['sent', 2])
    restart()
    await advanceLater(1000)
    expect((await ask('GET', '/v1/processors')).json().data[1].pause).toBeNull()
    // What was sent since then and is unknown pauses again.
    await forget(waiting)
    restart()
    const later = await payOut()
    await advance()
    expect([await stateOf(later), account.transfers.length]).toEqual(['pending', 2])
  })

  test('waits in a restored database whose key had to be chosen again, and goes on after a reconciliation', async () => {
    await payOut({ reference: 'known' })
    await advanceLater(1000)
    await payOut({ reference: 'unknown' })
    await advanceLater(1000)
    const lost = last().reference
    await forget((await ask('GET', '/v1/payouts')).json().data[0].id)
    account.secretKey = 'sk_live_second'
    api.service.clock.advance(60 * 60_000)
    await choose()
    const waiting = await payOut()
    await advance()
    expect([await stateOf(waiting), account.transfers.length]).toEqual(['pending', 2])
    const pause = async () => (await ask('GET', '/v1/processors')).json().data[1].pause
    expect(await pause()).toMatchObject({ cause: 'unknown_here', reference: lost })
    api.service.clock.advance(1000)
    let run = (await ask('POST', '/v1/reconciliations', {})).json()
    for (let turn = 0; turn < 20 && run.status === 'running'; turn++) {
      await continueReconciliations(api.service)
      run = (await ask('GET', `/v1/reconciliations/${run.id}`)).json()
      api.service.clock.advance(1000)
    }
    expect(run).toMatchObject({ status: 'differing', direction: 'out' })
    const { data } = (await ask('GET', '/v1/differences?status=open')).json()
    expect(data).toContainEqual(expect.objectContaining({ kind: 'missing_here', subject: 'payout', reference: lost }))
    expect(await pause()).toBeNull()
    await advance()
    expect([await stateOf(waiting), account.transfers.length]).toEqual(['sent', 3])
  })

  test('is sent where the account has transfers of another installation', async () => {
    await payOut()
    await advance()
    account.transfers.push({ ...last(), id: account.nextId(), reference: `mteja-${'a'.repeat(24)}` })
    restart()
    const id = await payOut()
    await advance()
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 3])
  })

  test('that waits for a key is sent as soon as one is chosen', async () => {
    account.secretKey = 'sk_live_second'
    const id = await payOut()
    await advanceLater(60 * 60_000)
    expect(await show(id)).toMatchObject({ state: 'pending', stateCode: 'unauthorized' })
    await choose()
    await advance()
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
  })

  test('is sent after a start where all transfers of the account are known, and waits while the account cannot be read', async () => {
    await payOut()
    await advance()
    account.transfers.push({ ...last(), id: account.nextId(), reference: 'made-in-the-dashboard' })
    restart()
    proxy.choose = ({ method }) => (method === 'GET' ? 'cut_before' : 'none')
    const id = await payOut()
    await advance()
    expect([await show(id), account.transfers.length]).toMatchObject([
      { state: 'pending', stateCode: 'no_connection' },
      2,
    ])
    proxy.choose = () => 'none'
    await advanceLater(60 * 60_000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 3])
  })

  test('makes a charge that is the first to find it unknown here be refused, and its reference stay free', async () => {
    const chosen = { processor: 'paystack', secretKey: account.secretKey }
    expect((await ask('PUT', '/v1/processors/in', chosen)).statusCode).toBe(200)
    await payOut({ reference: 'forgotten' })
    await advance()
    await forget((await ask('GET', '/v1/payouts')).json().data[0].id)
    restart()
    const charge = {
      ...{ email: 'ada@example.com', amount: 10_000, currency: 'NGN', reference: 'charge-after-the-backup' },
      mobile_money: { phone: '0551234987', provider: 'mtn' },
    }
    for (const _ of [1, 2]) {
      const refused = await ask('POST', '/charge', charge)
      expect([refused.statusCode, refused.json().message]).toEqual([403, expect.stringContaining('Sending is paused')])
    }
    expect(account.transactions).toEqual([])
    api.service.clock.advance(60_000)
    const operator = await api.openAnother({ adminKey: 'operator-of-the-service' })
    const path = `/v1/merchants/${tenant.merchant.code}/sending`
    await operator.call('PUT', path, { mode: 'live', paused: false }, 'operator-of-the-service')
    await operator.app.close()
    expect((await ask('POST', '/charge', charge)).statusCode).toBe(200)
    expect((await ask('GET', '/transaction/verify/charge-after-the-backup')).json().data.status).not.toBe('failed')
  })

  test('that its merchant has paused is not sent, and is sent once the merchant says so', async () => {
    await ask('PUT', '/v1/sending', { paused: true })
    const id = await payOut()
    await advance()
    await advanceLater(5 * 60_000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['pending', 0])
    const stateReason = 'Sending is paused: see the pause at GET /v1/processors'
    expect(await show(id)).toMatchObject({ stateCode: 'paused', stateReason, needsAttention: null })
    expect((await ask('PUT', '/v1/sending', { paused: false })).json()).toEqual({
      paused: false,
      pause: null,
      pauses: [],
    })
    await advance()
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
    expect(await show(id)).toMatchObject({ stateCode: null, stateReason: null })
  })

  test('is not sent before each pause has ended: that of its merchant, that of the operator, and that of the start', async () => {
    await ask('PUT', '/v1/sending', { paused: true })
    await inTransaction(api.service, (tx) => setPaused(tx, tenant, true, 'operator'))
    await pauseAll(api.service)
    const id = await payOut()
    const shown = async () => (await ask('GET', '/v1/processors')).json().data[1]
    const all = [{ cause: 'by_hand' }, { cause: 'by_operator' }, { cause: 'started_paused' }]
    expect(await shown()).toMatchObject({ pause: all[0], pauses: all })
    const own = await ask('PUT', '/v1/sending', { paused: false })
    expect([own.statusCode, own.json()]).toMatchObject([200, { paused: true, pause: all[1], pauses: all.slice(1) }])
    const again = await ask('PUT', '/v1/sending', { paused: false })
    expect([again.statusCode, again.json().error.message]).toEqual([403, expect.stringContaining('The operator')])
    expect((await ask('PUT', '/v1/sending', { paused: true })).json().pauses).toHaveLength(3)
    api.service.clock.advance(1000)
    let run = (await ask('POST', '/v1/reconciliations', {})).json()
    for (let turn = 0; turn < 20 && run.status === 'running'; turn++) {
      await continueReconciliations(api.service)
      run = (await ask('GET', `/v1/reconciliations/${run.id}`)).json()
      api.service.clock.advance(1000)
    }
    expect((await shown()).pauses.map(({ cause }: { cause: string }) => cause).sort()).toEqual([
      'by_hand',
      'by_operator',
    ])
    await advanceLater(5 * 60_000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['pending', 0])
    await inTransaction(api.service, (tx) => setPaused(tx, tenant, false, 'operator'))
    await advance()
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
  })

  test('waits where its merchant ends an own pause, and the database has forgotten another one', async () => {
    await payOut({ reference: 'unknown' })
    await advance()
    await forget((await ask('GET', '/v1/payouts')).json().data[0].id)
    await ask('PUT', '/v1/sending', { paused: true })
    restart()
    const id = await payOut()
    await advanceLater(5 * 60_000)
    await ask('PUT', '/v1/sending', { paused: false })
    await advance()
    expect([await stateOf(id), account.transfers.length]).toEqual(['pending', 1])
    expect((await ask('GET', '/v1/processors')).json().data[1].pause).toMatchObject({ cause: 'unknown_here' })
  })

  test('has another name at the account for each reference and merchant', async () => {
    const nameOf = async (own: object) => (await show(await payOut({ amount: 5000, ...own }))).processorReference
    const names = [await nameOf({ reference: 'same' }), await nameOf({ reference: 'other' })]
    tenant = await addTestKey(
      api.service,
      (await createTestTenant(api.service, { currencies: ['NGN'] })).merchant,
      'live',
    )
    await choose()
    const cash = { amount: 1_000_000, currency: 'NGN', source: 'cash', reference: 'till' }
    expect((await ask('POST', '/v1/pay-ins', cash)).statusCode).toBe(201)
    names.push(await nameOf({ reference: 'same', customerId: undefined }))
    expect(new Set(names).size).toBe(3)
    await advance()
    expect(account.transfers.map(({ reference }) => reference).sort()).toEqual(
      names.map((each) => `mteja-${each}`).sort(),
    )
  })

  test('that asks for a one-time password needs a person, who gives it on the wire of Paystack', async () => {
    account.asksOtp = true
    const id = await payOut()
    await advance()
    expect(await show(id)).toMatchObject({ state: 'sent', needsAttention: { code: 'otp' } })
    const { data } = (await ask('GET', '/transfer?status=otp')).json()
    const { transfer_code } = data[0]
    const given = await ask('POST', '/transfer/finalize_transfer', { transfer_code, otp: liveOtp })
    expect(given.json()).toMatchObject({ status: true, data: { status: 'pending' } })
    expect(await show(id)).toMatchObject({ state: 'sent', needsAttention: null })
    expect(last().status).toBe('pending')
    // Whether the account asks is a setting of the account.
    expect((await ask('POST', '/transfer/disable_otp')).statusCode).toBe(403)
  })

  test('whose account is short of funds waits, and goes out once it has money; it can be cancelled meanwhile', async () => {
    account.toppedUp = 0
    const [id, other] = [await payOut(), await payOut()]
    await advance()
    expect(await show(id)).toMatchObject({ state: 'pending', needsAttention: { code: 'short_of_funds' } })
    expect((await ask('POST', `/v1/payouts/${other}/cancel`)).json().state).toBe('cancelled')
    account.toppedUp = toppedUp
    await advanceLater(2 * 60 * 60_000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
    expect((await ask('POST', `/v1/payouts/${id}/cancel`)).statusCode).toBe(409)
  })

  test('of a business that may not pay out waits, and goes out once it may; it can be cancelled meanwhile', async () => {
    account.isStarter = true
    const [id, other] = [await payOut(), await payOut()]
    await advance()
    const said = 'It said: You cannot initiate third party payouts as a starter business'
    expect(await show(id)).toMatchObject({
      state: 'pending',
      stateReason: expect.stringContaining(said),
      needsAttention: { code: 'not_enabled', reason: expect.not.stringContaining(said) },
    })
    expect(await balanceOf(customerId)).toMatchObject({ held: 200_000 })
    expect((await ask('POST', `/v1/payouts/${other}/cancel`)).json().state).toBe('cancelled')
    account.isStarter = false
    await advanceLater(2 * 60 * 60_000)
    expect([await stateOf(id), account.transfers.length]).toEqual(['sent', 1])
  })

  test('that the account refuses has failed with its sentence, and its money is released', async () => {
    const destination = { type: 'bank_account', bankCode: '000', accountNumber: '0100000001' }
    const id = await payOut({ destination })
    await advance()
    expect(await show(id)).toMatchObject({
      state: 'failed',
      stateCode: 'invalid_bank_code',
      stateReason: 'Bank is invalid',
    })
    expect(await balanceOf(customerId)).toMatchObject({ posted: 1_000_000, held: 0 })
  })

  test('is not moved by a webhook that the account does not stand behind, nor by one of another order', async () => {
    const id = await payOut()
    await advance()
    const row = last()
    moveTransfer(account, { ...row }, 'failed')
    moveTransfer(account, { ...row, reference: 'salary-7' }, 'success')
    await tellAll()
    await advance()
    expect(await stateOf(id)).toBe('sent')
    expect(await balanceOf(customerId)).toMatchObject({ held: 100_000 })
  })

  test('under whose reference the account has another amount is for a person, and nothing moves', async () => {
    const id = await payOut()
    await advance()
    Object.assign(last(), { amount: 100_100 })
    moveTransfer(account, last(), 'success')
    await tellAll()
    await advance()
    expect(await show(id)).toMatchObject({ state: 'sent', needsAttention: { code: 'disagrees' } })
    expect(await balanceOf(customerId)).toMatchObject({ posted: 1_000_000, held: 100_000 })
  })

  test('is asked about at the account that has it, also after another was chosen', async () => {
    const id = await payOut()
    await advance()
    const [first, firstServer] = [last(), account]
    account = openAnother()
    account.secretKey = 'sk_live_second'
    await choose()
    api.service.clock.advance(25 * 60 * 60_000)
    await dropReplacedCredentials(api.service)
    moveTransfer(firstServer, first, 'success')
    await tellAll()
    await advance()
    expect([await stateOf(id), account.transfers.length]).toEqual(['paid', 0])
  })
})

test('an account that answers late keeps no payout of another merchant waiting, and none of its own', async () => {
  const other = await createTestTenant(api.service)
  const askOther = (method: string, path: string, body?: object) => api.call(method, path, body, other.secret)
  await askOther('POST', '/v1/pay-ins', { amount: 1_000_000, source: 'cash', reference: 'till-1' })
  let answerAll = () => {}
  const late = new Promise<void>((resolve) => {
    answerAll = resolve
  })
  let held = 0
  const send = fetch
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const answer = await send(url, init)
    const isHeld = held < 3 && init.method === 'POST' && url === `${proxy.url}/transfer`
    if (isHeld) {
      held += 1
      await late
    }
    return answer
  })
  const slow = [await payOut(), await payOut(), await payOut()]
  const stop = workers.find(({ task }) => task === 'payouts')?.start(api.service)
  await vi.waitFor(() => expect(held).toBe(3), 20_000)
  const own = await payOut()
  const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000001' }
  const asked = { amount: 1000, destination, reference: 'wages-1' }
  const { id: others } = (await askOther('POST', '/v1/payouts', asked)).json()
  await vi.waitFor(async () => {
    expect(await stateOf(own)).toBe('sent')
    expect((await askOther('GET', `/v1/payouts/${others}`)).json().state).not.toBe('pending')
  }, 10_000)
  expect(await Promise.all(slow.map(stateOf))).toEqual(['sending', 'sending', 'sending'])
  answerAll()
  await stop?.()
  vi.unstubAllGlobals()
  expect(await Promise.all(slow.map(stateOf))).toEqual(['sent', 'sent', 'sent'])
})

test(`payouts behind a proxy with faults are each made once, and both books agree; seed ${seed}`, async () => {
  waitForNothingLate(proxy)
  const random = randomFrom(seed)
  const faultOf = chooseSometimes(random, requestFaults, 0.4)
  proxy.choose = faultOf
  const ids: string[] = []
  const moveOn = () => {
    for (const row of account.transfers) {
      if (row.status !== 'pending' || random() < 0.5) continue
      moveTransfer(account, row, random() < 0.7 ? 'success' : random() < 0.5 ? 'failed' : 'reversed')
    }
    for (const row of account.transfers) {
      if (row.status === 'success' && random() < 0.05) moveTransfer(account, row, 'reversed')
    }
  }
  const webhookFault = chooseSometimes(random, webhookFaults, 0.4)
  for (let round = 0; round < 12; round++) {
    for (let each = 0; each < 5; each++) {
      const owner = random() < 0.5 ? { customerId } : { customerId: undefined }
      ids.push(await payOut({ ...owner, amount: 5000 + Math.floor(random() * 5000) }))
    }
    await advanceLater(Math.floor(random() * 40_000))
    moveOn()
    const webhooks = told.splice(0).filter(() => webhookFault() !== 'lost')
    if (random() < 0.3) webhooks.reverse()
    await tellAll([...webhooks, ...webhooks.filter(() => webhookFault() === 'repeated')])
    await advance()
  }
  // The faults end, and so does every transfer.
  proxy.choose = () => 'none'
  for (let minute = 0; minute < 12; minute++) {
    await advanceLater(10 * 60_000)
    for (const row of account.transfers) if (row.status === 'pending') moveTransfer(account, row, 'success')
    await tellAll()
    await advance()
  }
  // A return that no webhook has told is learnt when it is told again.
  for (const row of account.transfers) if (row.status === 'reversed') moveTransfer(account, row, 'reversed')
  await tellAll()
  await advance()
  const states = await Promise.all(ids.map(stateOf))
  expect(states.filter((state) => !['paid', 'failed', 'returned'].includes(state))).toEqual([])
  const sent = account.transfers.map(({ reference }) => reference)
  expect(new Set(sent).size).toBe(sent.length)
  const { here, there } = await goneBoth()
  expect(here).toBe(there)
  expect(await balanceOf(customerId)).toMatchObject({ held: 0 })
})
