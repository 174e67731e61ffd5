import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { dropReplacedCredentials } from '../../src/domain/payments/processor-accounts.ts'
import { takeOverRefusedKeys } from '../../src/domain/reconciliation/key-takeovers.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { moveRefund, pay, type RefundRow, type TransactionRow } from './live-account.ts'
import { dayMs, minuteMs, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// The account of a merchant revokes a key while things that were sent by it are open, and the merchant chooses another key.

let api: TestApi
let opened: ReconciledAccount

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})
beforeEach(async () => {
  opened = await openReconciledAccount(api)
  return () => opened.close()
})

const shown = async () => (await opened.ask('GET', '/v1/processors')).json().data[0]

const keyOf = (id: number) =>
  api.service.db.query<{ same_as: bigint | null; asked_by: bigint | null }>(sql`
    select same_as, asked_by from processor_accounts
    where merchant_id = ${opened.tenant.merchant.id} and id = ${id}::bigint
  `)

async function settleLater(ms = 2 * minuteMs) {
  api.service.clock.advance(ms)
  await opened.settleDue()
}

/** A payment that is open and one that is paid; the key is revoked, and the open one paid. Answers the open one. */
async function revokeWithOpen(key: string): Promise<TransactionRow> {
  const { account, begin, topUp, told } = opened
  const open = await begin('rv-1')
  await topUp('rv-2', 20_000)
  account.secretKey = key
  pay(account, open.reference)
  told.splice(0)
  return open
}

async function refund(reference: string, amount: number) {
  const { data } = (await opened.ask('GET', `/v1/transactions?reference=${reference}`)).json()
  const made = await opened.ask('POST', '/v1/refunds', { transactionId: data[0].id, amount })
  expect(made.statusCode, made.body).toBe(201)
  return made.json()
}

test('a newer key of the same account asks about everything that was sent by a key that was revoked, and all is booked once', async () => {
  const { account, choose, tellAll, ask, books, told, reconcile } = opened
  const former = account.secretKey.slice(-4)
  const open = await revokeWithOpen('sk_live_newer0123456789')
  const { id } = await refund('rv-2', 4_000)
  await choose()
  await settleLater()
  expect(await books()).toMatchObject({ customer_cash: 20_000 })
  const refused = { keyHint: former, lastError: expect.stringContaining('401'), askedBy: null }
  expect(await shown()).toMatchObject({ state: 'ready', keyHint: '6789', refusedKeys: [refused] })

  expect(await takeOverRefusedKeys(api.service)).toBe(1)
  expect(await keyOf(2)).toEqual([{ same_as: null, asked_by: 3n }])
  expect((await ask('GET', '/v1/audit?action=takeOverKey')).json().data).toMatchObject([
    {
      object: 'in',
      by: { kind: 'background' },
      before: { keyHint: former, askedBy: null },
      after: { keyHint: former, askedBy: '6789' },
    },
  ])
  await opened.settleDue()
  expect(await books()).toMatchObject({ customer_cash: 30_000 })
  expect(await shown()).toMatchObject({ state: 'ready', refusedKeys: [{ keyHint: former, askedBy: '6789' }] })
  await settleLater()
  moveRefund(account, account.refunds.at(-1) as RefundRow, 'processed')
  await tellAll()
  await settleLater()
  expect((await ask('GET', `/v1/refunds/${id}`)).json()).toMatchObject({ state: 'processed' })
  expect(account.refunds).toHaveLength(1)

  // What is told again, or compared, is not credited again.
  told.splice(0)
  await ask('POST', '/v1/pay-ins', { amount: 10_000, currency: 'NGN', source: 'card', reference: open.reference })
  await settleLater(minuteMs)
  expect(await books()).toMatchObject({ customer_cash: 26_000 })
  expect(await reconcile()).toMatchObject({ status: 'agreed', balances: [{ unexplained: 0 }] })
  expect(await books()).toMatchObject({ customer_cash: 26_000 })
  expect(await takeOverRefusedKeys(api.service)).toBe(0)
})

test('a key that has taken over is kept as long as it asks for another, and is taken over in turn', async () => {
  const { account, choose, books } = opened
  await revokeWithOpen('sk_live_second0123456789')
  await choose()
  await settleLater()
  expect(await takeOverRefusedKeys(api.service)).toBe(1)
  account.secretKey = 'sk_live_third0123451234'
  await choose()
  await settleLater(dayMs + minuteMs)
  await dropReplacedCredentials(api.service)
  expect(await books()).toMatchObject({ customer_cash: 20_000 })
  expect(await takeOverRefusedKeys(api.service)).toBe(1)
  expect(await keyOf(2)).toEqual([{ same_as: null, asked_by: 4n }])
  await opened.settleDue()
  expect(await books()).toMatchObject({ customer_cash: 30_000 })
})

test('a payment that nobody has paid yet shows that two keys are of the same account', async () => {
  const { account, begin, choose, books, told } = opened
  const open = await begin('rv-1')
  account.secretKey = 'sk_live_newer0123456789'
  await choose()
  await settleLater()
  expect(await takeOverRefusedKeys(api.service)).toBe(1)
  pay(account, open.reference)
  told.splice(0)
  await settleLater(dayMs)
  expect(await books()).toMatchObject({ customer_cash: 10_000 })
})

test('a key of another account takes nothing over, and its questions are not asked again and again', async () => {
  const { account, proxy, choose, books } = opened
  await revokeWithOpen('sk_live_newer0123456789')
  // Behind the new key there is an account without any of these.
  const own = account.transactions.splice(0)
  await choose()
  await settleLater()
  expect(await takeOverRefusedKeys(api.service)).toBe(0)
  expect(await keyOf(2)).toEqual([{ same_as: null, asked_by: null }])
  expect(await shown()).toMatchObject({ refusedKeys: [{ askedBy: null }] })
  let asked = 0
  proxy.choose = () => {
    asked += 1
    return 'none'
  }
  expect([await takeOverRefusedKeys(api.service), asked]).toEqual([0, 0])
  await settleLater()
  expect(await books()).toMatchObject({ customer_cash: 20_000 })
  // The right key is compared at once.
  account.transactions.push(...own)
  account.secretKey = 'sk_live_right0123456789'
  await choose()
  expect(await takeOverRefusedKeys(api.service)).toBe(1)
})

test('a reconciliation whose key is refused ends at once with its reason, and the next one compares all with the new key', async () => {
  const { account, ask, open, choose, reconcile, books } = opened
  await open()
  await revokeWithOpen('sk_live_newer0123456789')
  const failed = (await ask('POST', '/v1/reconciliations', {})).json()
  expect(failed).toMatchObject({ status: 'failed', failure: expect.stringContaining('401') })
  await choose()
  expect(await reconcile()).toMatchObject({ status: 'agreed', failure: null })
  expect(account.refunds).toEqual([])
  expect(await books()).toMatchObject({ customer_cash: 30_000 })
})

test('a reconciliation that was under way goes on with the key that has taken over', async () => {
  const { account, ask, open, choose, proxy, reconcile } = opened
  await open()
  proxy.choose = () => 'cut_before'
  const run = (await ask('POST', '/v1/reconciliations', {})).json()
  expect(run).toMatchObject({ status: 'running' })
  proxy.choose = () => 'none'
  await revokeWithOpen('sk_live_newer0123456789')
  await choose()
  await settleLater(61 * minuteMs)
  expect(await reconcile({ id: run.id })).toMatchObject({ id: run.id, status: 'agreed' })
  expect(account.secretKey).toBe('sk_live_newer0123456789')
})
