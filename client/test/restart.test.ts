import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CashfulClient, type LogEvent, MtejaClient, PaystackClient } from '../src/index.ts'
import { createMerchant, type StartedServer, startServer } from './server.ts'

/**
 * The server is killed and started again during transfers. Its callers are plain code that knows nothing about that.
 */
let server: StartedServer

beforeAll(async () => {
  server = await startServer()
})

afterAll(() => server.close())

async function startAfter(downMs: number): Promise<void> {
  await sleep(downMs)
  await server.start()
}

test('a caller notices nothing but a slower answer when the server is killed between two calls', async () => {
  const { baseUrl } = server
  const key = await createMerchant(server)
  // A machine that is busy with other tests may need long to start a server.
  const patience = { maxRetries: 20, deadlineMs: 90_000 }
  const cashful = new CashfulClient({ baseUrl, token: key, ...patience })
  const mteja = new MtejaClient({ baseUrl, token: key, ...patience })
  const paystack = new PaystackClient({ baseUrl, secretKey: key, ...patience })

  const customer = await cashful.customers.create({ phoneNumber: '+27821234567', email: 'ada@example.com' })
  await server.kill()
  const restarted = startAfter(300)
  await mteja.sandbox.payIn({ customerId: customer.id, amount: 5000 })
  await restarted
  const amounts = await Array.fromAsync(cashful.customers.transactions(customer.id), ({ amount }) => amount)
  expect(amounts).toEqual([5000])
  expect(await paystack.customers.fetch('ada@example.com')).toMatchObject({ customer_code: customer.id })
}, 120_000)

test('each transfer is made once, however often the server is killed during transfers', async () => {
  const { baseUrl } = server
  const key = await createMerchant(server)
  const events: LogEvent[] = []
  const options = {
    baseUrl,
    token: key,
    maxRetries: 60,
    deadlineMs: 90_000,
    backoffMs: 100,
    logger: (event: LogEvent) => events.push(event),
  }
  const cashful = new CashfulClient(options)
  const [ada, ben] = [
    await cashful.customers.create({ phoneNumber: '+27821234568' }),
    await cashful.customers.create({ phoneNumber: '+27821234569' }),
  ]
  await new MtejaClient(options).sandbox.payIn({ customerId: ada.id, amount: 1_000_000 })

  let isOver = false
  const transfers: string[] = []
  const send = async () => {
    while (!isOver) {
      const body = { fromCustomerId: ada.id, toCustomerId: ben.id, amount: 7, currency: 'ZAR' }
      transfers.push((await cashful.transfers.create(body)).id)
    }
  }
  const callers = Promise.all(Array.from({ length: 8 }, send))
  for (const downMs of [0, 200, 500]) {
    await sleep(700)
    await server.kill()
    await startAfter(downMs)
  }
  await sleep(300)
  isOver = true
  await callers

  const retries = events.filter(({ type }) => type === 'retry').length
  const replays = events.filter(({ isReplayed }) => isReplayed).length
  console.log(`${transfers.length} transfers, ${retries} repeats, of which ${replays} had been done already`)
  expect(retries).toBeGreaterThan(0)
  expect(new Set(transfers).size).toBe(transfers.length)
  expect(await cashful.customers.balance(ben.id)).toMatchObject({ amount: 7 * transfers.length })
  const entries = await Array.fromAsync(cashful.customers.transactions(ben.id, { limit: 100 }))
  expect(entries).toHaveLength(transfers.length)
}, 120_000)
