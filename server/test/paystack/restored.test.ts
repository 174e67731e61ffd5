import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { copyTestDatabase, makeTestDatabase, makeTestFolder, type TestPlace } from '../engines.ts'
import { freePort, ServerProcess } from '../server-process.ts'
import { createLiveAccount, type LiveAccount, type TransferRow } from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'
import { moveTransfer } from './live-transfers.ts'

// A backup is restored, and a server is started on it. Payouts were made by the account of the merchant meanwhile.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const adminKey = 'operator-of-the-service'
const encryptionKey = Buffer.alloc(32, 7).toString('base64')
const patienceMs = 60_000

let account: LiveAccount
let live: LiveServer
let original: TestPlace
let environment: Record<string, string>
let server: ServerProcess

beforeAll(async () => {
  account = Object.assign(createLiveAccount(), { toppedUp: 1_000_000_000 })
  live = await openLiveServer(account)
  original = await makeTestDatabase()
  environment = {
    MTEJA_ADMIN_KEY: adminKey,
    MTEJA_ENCRYPTION_KEY: encryptionKey,
    MTEJA_PAYSTACK_URL: live.url,
    MTEJA_WEBHOOK_NETWORKS: '127.0.0.0/8',
  }
})
afterAll(async () => {
  await server.stop()
  await live.close()
  await original.remove()
})

async function start({ options }: TestPlace, more: Record<string, string> = {}): Promise<void> {
  const dataFolder = options.dataFolder || (await makeTestFolder())
  server = new ServerProcess(await freePort(), { ...options, dataFolder }, { ...environment, ...more })
  await server.start()
}

// biome-ignore lint/suspicious/noExplicitAny: the shapes of answers are held to their schemas elsewhere
async function ask(method: string, url: string, body: object | undefined, bearer: string): Promise<any> {
  const answer = await fetch(`${server.origin}${url}`, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const json = await answer.json()
  expect(answer.ok, `${method} ${url}: ${JSON.stringify(json)}`).toBe(true)
  return json
}

async function until<Answer>(look: () => Promise<Answer>, wanted: (answer: Answer) => boolean): Promise<Answer> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const answer = await look()
    if (wanted(answer)) return answer
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(answer)}`)
    await sleep(100)
  }
}

test('a restored backup sends nothing of what was sent since, and goes on after a reconciliation', async () => {
  await start(original)
  const merchant = await ask('POST', '/v1/merchants', { name: 'Duka', currencies: ['NGN'] }, adminKey)
  const { secret } = await ask('POST', `/v1/merchants/${merchant.id}/api-keys`, { mode: 'live' }, adminKey)
  const mine = (method: string, url: string, body?: object) => ask(method, url, body, secret)
  for (const direction of ['in', 'out']) {
    const chosen = { mode: 'live', processor: 'paystack', secretKey: account.secretKey }
    await ask('PUT', `/v1/merchants/${merchant.id}/processors/${direction}`, chosen, adminKey)
  }
  await mine('POST', '/v1/pay-ins', { amount: 1_000_000, currency: 'NGN', source: 'cash', reference: 'till' })
  const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0100000001', accountName: 'Tolu' }
  const payOut = async (reference: string) =>
    (await mine('POST', '/v1/payouts', { amount: 10_000, currency: 'NGN', destination, reference })).id as string
  const stateOf = async (id: string) => (await mine('GET', `/v1/payouts/${id}`)).state as string
  const last = () => account.transfers.at(-1) as TransferRow
  /** How often each webhook was sent. Nobody takes them. */
  const attempts = async (): Promise<number[]> =>
    (await mine('GET', '/v1/deliveries')).data.map((each: { attemptCount: number }) => each.attemptCount)
  const sentAs = (state: string) => (found: string) => found === state

  const known = await payOut('known')
  await until(() => stateOf(known), sentAs('sent'))
  account.toppedUp = 0
  const early = await payOut('early')
  await until(
    async () => (await mine('GET', `/v1/payouts/${early}`)).stateCode,
    (code) => code === 'short_of_funds',
  )
  await mine('POST', '/v1/webhook-endpoints', { url: 'https://127.0.0.1:9/hooks', events: ['payout.pending'] })
  await server.stop()
  const backup = await copyTestDatabase(original)

  await start(original)
  account.toppedUp = 1_000_000_000
  await until(() => stateOf(early), sentAs('sent'))
  moveTransfer(account, last(), 'success')
  const lost = await payOut('lost')
  await until(() => stateOf(lost), sentAs('sent'))
  moveTransfer(account, last(), 'success')
  await server.stop()
  const lostReference = last().reference
  expect(account.transfers.length).toBe(3)

  await start(backup)
  const { data } = await until(
    () => mine('GET', '/v1/processors'),
    (shown) => shown.data[1].pause !== null,
  )
  expect(data[1].pause).toMatchObject({ cause: 'unknown_here' })
  const later = await payOut('later')
  await sleep(3_000)
  expect([await stateOf(early), await stateOf(later), account.transfers.length]).toEqual(['pending', 'pending', 3])
  expect(new Set(await attempts())).toEqual(new Set([0]))

  const run = await until(
    () => mine('POST', '/v1/reconciliations', {}),
    ({ status }) => status !== 'running',
  )
  expect(run).toMatchObject({ status: 'differing', openDifferences: expect.any(Number) })
  expect(await stateOf(early)).toBe('paid')
  const differences = (await mine('GET', '/v1/differences')).data
  expect(differences).toContainEqual(
    expect.objectContaining({ kind: 'missing_here', subject: 'payout', reference: lostReference }),
  )
  expect((await mine('GET', '/v1/processors')).data[1].pause).toBeNull()
  await until(() => stateOf(later), sentAs('sent'))
  await until(attempts, (counts) => counts.some((count) => count > 0))

  // The caller asks for it again, and it is the transfer that the account has.
  const again = await payOut('lost')
  await until(() => stateOf(again), sentAs('paid'))
  expect(account.transfers.length).toBe(4)
  const [row] = account.transfers.filter(({ reference }) => reference === lostReference)
  expect(row?.status).toBe('success')
  await server.stop()

  // Started so, nothing is sent by any merchant until the operator says so.
  await start(backup, { MTEJA_START_PAUSED: 'on' })
  const held = await payOut('held')
  await sleep(2_000)
  expect([await stateOf(held), account.transfers.length]).toEqual(['pending', 4])
  expect((await mine('GET', '/v1/processors')).data[0].pause).toMatchObject({ cause: 'started_paused' })
  await ask('PUT', `/v1/merchants/${merchant.id}/sending`, { mode: 'live', paused: false }, adminKey)
  await until(() => stateOf(held), sentAs('sent'))
  await server.stop()
  await backup.remove()
})
