import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { startReconciliation } from '../../src/domain/reconciliation/reconciliations.ts'
import { continueReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { minuteMs, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// An account that is slow, or fails about one thing, holds no reconciliation for ever, and none is lost by it.

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
  await opened.open()
  return opened.close
})

const wait = (ms: number) => api.service.clock.advance(ms)
const isAboutOne = ({ path }: { path: string }) => path.startsWith('/transaction/verify')

/** Sales of a shop on the account: each is asked about by itself. */
async function sellAndStart(count: number) {
  for (let i = 0; i < count; i += 1) opened.sell(`T-shirt-${i}`)
  wait(1000)
  return startReconciliation(api.service, opened.tenant, {})
}

const places = () =>
  api.service.db.query<{ page: number; compared: string | null; attempts: number }>(sql`
    select page, compared, attempts from reconciliations
    where merchant_id = ${opened.tenant.merchant.id} and due_at is not null
  `)

test('a slow account is compared within a page, a few things at a time, and each is asked about once', async () => {
  const { id } = await sellAndStart(12)
  const now = performance.now.bind(performance)
  let [waited, asked] = [0, 0]
  // The time of the steps goes on by three seconds with each answer.
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + waited)
  opened.proxy.choose = (request) => {
    if (!isAboutOne(request)) return 'none'
    asked += 1
    waited += 3_000
    return 'none'
  }
  try {
    await continueReconciliations(api.service)
    expect([asked, await places()]).toEqual([2, [{ page: 1, compared: expect.any(String), attempts: 0 }]])
    for (let i = 0; i < 8; i += 1) await continueReconciliations(api.service)
  } finally {
    spy.mockRestore()
  }
  expect(asked).toBe(12)
  const { data } = (await opened.ask('GET', '/v1/reconciliations?limit=1')).json()
  expect(data).toMatchObject([{ id, status: 'differing', itemsRead: 12, balances: [{ unexplained: 0 }] }])
  expect(await opened.books()).toMatchObject({ suspense: 36_000, processor_fees: -540 })
  expect(await opened.named()).toHaveLength(12)
})

test('an account that fails about one thing is asked about that one again, and everything before stays compared', async () => {
  const { id } = await sellAndStart(6)
  let asked = 0
  opened.proxy.choose = (request) => {
    if (!isAboutOne(request)) return 'none'
    asked += 1
    return asked > 3 ? 'cut_before' : 'none'
  }
  for (const attempts of [1, 2]) {
    await continueReconciliations(api.service)
    expect(await places()).toEqual([{ page: 1, compared: expect.any(String), attempts }])
    expect(await opened.books()).toMatchObject({ suspense: 9_000 })
    wait(5 * minuteMs)
  }
  // The fourth was asked about again at once, and once more later; the first three never again.
  expect(asked).toBe(3 + 2 + 1)
  opened.proxy.choose = () => 'none'
  for (let i = 0; i < 5; i += 1) {
    await continueReconciliations(api.service)
    wait(minuteMs)
  }
  const ended = (await opened.ask('GET', `/v1/reconciliations/${id}`)).json()
  expect(ended).toMatchObject({ status: 'differing', failure: null, itemsRead: 6, balances: [{ unexplained: 0 }] })
  expect(await opened.books()).toMatchObject({ suspense: 18_000, processor_fees: -270 })
})

test('a list that never comes ends a reconciliation with the reason, and the next one has lost nothing', async () => {
  const { id } = await sellAndStart(1)
  opened.proxy.choose = ({ path }) => (path.startsWith('/refund') ? 'cut_before' : 'none')
  for (let i = 0; i < 14; i += 1) {
    await continueReconciliations(api.service)
    wait(61 * minuteMs)
  }
  const failed = (await opened.ask('GET', `/v1/reconciliations/${id}`)).json()
  expect(failed).toMatchObject({ status: 'failed', failure: expect.stringContaining('could not be asked') })
  const sale = [['not_ours', 'payment', 3_000]]
  expect(await opened.named()).toEqual(sale)
  opened.proxy.choose = () => 'none'
  expect(await opened.reconcile()).toMatchObject({ status: 'differing', balances: [{ unexplained: 0 }] })
  expect([await opened.named(), await opened.books()]).toMatchObject([sale, { suspense: 3_000 }])
})

test('a page that changes while it is compared in parts is compared whole', async () => {
  await sellAndStart(5)
  let asked = 0
  opened.proxy.choose = (request) => {
    if (!isAboutOne(request)) return 'none'
    asked += 1
    return asked > 2 ? 'cut_before' : 'none'
  }
  await continueReconciliations(api.service)
  // The last thing that was compared is not on the page any more.
  const [place] = await places()
  const { account } = opened
  const moved = account.transactions.find(({ id }) => String(id) === place?.compared)
  Object.assign(moved as object, { created_at: '2020-01-01T00:00:00.000Z', createdAt: '2020-01-01T00:00:00.000Z' })
  opened.proxy.choose = () => 'none'
  wait(5 * minuteMs)
  await continueReconciliations(api.service)
  expect(await opened.books()).toMatchObject({ suspense: 15_000 })
})
