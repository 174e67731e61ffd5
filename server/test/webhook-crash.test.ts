import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { openDatabase } from '../src/db/connect.ts'
import { sql } from '../src/db/sql.ts'
import { makeTestDatabase, makeTestFolder, testEngine } from './engines.ts'
import { randomFrom, testSeed as seed } from './random.ts'
import { freePort, ServerProcess } from './server-process.ts'

// Kills a server at random moments between a change and the sending of its event.

const random = randomFrom(seed)
const rounds = Number(process.env.MTEJA_CRASH_ROUNDS ?? 4)
const testKey = 'sk_test_crash0123456789'
const environment = { MTEJA_TEST_KEY: testKey, MTEJA_LOG_LEVEL: 'silent' }

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

/** A receiver that refuses a tenth of the events once. It remembers the others in the order they came. */
async function startReceiver(): Promise<{ url: string; received: string[] }> {
  const received: string[] = []
  const refused = new Set<string>()
  const server = http.createServer(async (request, response) => {
    request.resume()
    await sleep(random() * 20)
    const id = String(request.headers['webhook-id'])
    const isNew = !refused.has(id) && !received.includes(id)
    if (isNew && random() < 0.1) {
      refused.add(id)
      response.writeHead(500)
    } else received.push(id)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received }
}

/** Repeats the request until it gets an answer. */
async function ask(origin: string, method: string, path: string, body: object, key: string) {
  for (;;) {
    const answer = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    }).catch(() => null)
    if (answer?.ok) return (await answer.json()) as { id: string }
    if (answer !== null && answer.status !== 503) throw new Error(`${answer.status} ${await answer.text()}`)
    await sleep(20 + random() * 60)
  }
}

/** Changes a customer again and again until `isOver`. */
async function keepChanging(origin: string, name: string, isOver: () => boolean): Promise<void> {
  const body = { phoneNumber: '+27821234567', email: `${name}@example.com` }
  const { id } = await ask(origin, 'POST', '/api/canary/customers', body, `${name}-create`)
  for (let i = 0; !isOver(); i++) {
    await ask(origin, 'PATCH', `/api/canary/customers/${id}`, { firstName: `${name} ${i}` }, `${name}-${i}`)
    await sleep(random() * 40)
  }
}

test('every event is sent, in order for each customer, however often the server is killed', {
  timeout: 240_000,
}, async () => {
  const { options, remove } = await makeTestDatabase()
  undo.push(remove)
  const place = testEngine === 'embedded' ? options : { ...options, dataFolder: await makeTestFolder() }
  const server = new ServerProcess(await freePort(), place, environment)
  undo.push(() => server.kill())
  await server.start()
  const { url, received } = await startReceiver()
  await ask(server.origin, 'POST', '/v1/webhook-endpoints', { url }, 'endpoint')

  let isOver = false
  const changing = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => keepChanging(server.origin, name, () => isOver))
  for (let round = 0; round < rounds; round++) {
    await sleep(300 + random() * 1000)
    await server.kill()
    await server.start()
  }
  isOver = true
  await Promise.all(changing)
  await untilTold(server.origin)
  await server.kill()

  const db = await openDatabase(place)
  undo.push(() => db.close())
  const [left] = await db.query<{ count: bigint }>(sql`select count(*) from deliveries where status <> 'delivered'`)
  expect(left).toEqual({ count: 0n })
  const told = await db.query<{ customer_id: bigint; name: string }>(sql`
    select d.customer_id, a.request_headers ->> 'webhook-id' as name
    from deliveries d
    join delivery_attempts a on a.merchant_id = d.merchant_id and a.delivery_id = d.id and a.status = 200
    order by d.event_id
  `)
  const [events] = await db.query<{ count: bigint }>(sql`select count(*) from events`)
  const names = [...new Set(told.map(({ name }) => name))]
  expect(BigInt(names.length)).toBe(events?.count)
  expect([...new Set(received)].sort()).toEqual([...names].sort())
  for (const customer of new Set(told.map(({ customer_id }) => customer_id))) {
    const expected = [...new Set(told.filter((each) => each.customer_id === customer).map(({ name }) => name))]
    expect([...new Set(received.filter((name) => expected.includes(name)))]).toEqual(expected)
  }
  console.log(`${testEngine}: ${events?.count} events told ${received.length} times, ${rounds} kills, seed ${seed}`)
})

test('each event has one delivery for each of many endpoints, however often the server is killed while they are written', {
  timeout: 240_000,
}, async () => {
  const endpoints = 20
  const { options, remove } = await makeTestDatabase()
  undo.push(remove)
  const place = testEngine === 'embedded' ? options : { ...options, dataFolder: await makeTestFolder() }
  const server = new ServerProcess(await freePort(), place, environment)
  undo.push(() => server.kill())
  await server.start()
  const { origin } = server
  // Nobody listens there: the deliveries stay.
  for (let i = 0; i < endpoints; i++)
    await ask(origin, 'POST', '/v1/webhook-endpoints', { url: `http://127.0.0.1:1/${i}` }, `endpoint-${i}`)
  const made = []
  for (const name of ['a', 'b']) {
    const body = { phoneNumber: '+27821234567', email: `${name}@example.com` }
    made.push(await ask(origin, 'POST', '/api/canary/customers', body, `${name}-create`))
  }
  const [from, to] = made.map(({ id }) => id)
  await ask(origin, 'POST', '/v1/sandbox/pay-ins', { customerId: from, amount: 1000, currency: 'ZAR' }, 'money')
  const line = { fromCustomerId: from, toCustomerId: to, amount: 1, currency: 'ZAR' }
  await ask(origin, 'POST', '/v1/transfers/batch', { transfers: Array(200).fill(line) }, 'batch')

  const written: bigint[] = []
  for (let isOver = false; !isOver; ) {
    // The first kill comes at once, however fast the machine is. Each later one leaves more time, however slow it is.
    await sleep(written.length ** 3 * (20 + random() * 40))
    await server.kill()
    const db = await openDatabase(place)
    const [row] = await db.query<{ deliveries: bigint; left: bigint }>(sql`
      select (select count(*) from deliveries) as deliveries, (select count(*) from fan_outs) as left
    `)
    written.push(row?.deliveries ?? 0n)
    isOver = row?.left === 0n
    const wrong = await db.query(sql`
      select event_id, endpoint_id from deliveries group by event_id, endpoint_id having count(*) > 1
    `)
    expect(wrong).toEqual([])
    if (isOver) {
      const expected = await db.query<{ count: bigint }>(sql`
        select count(*) from events e join webhook_endpoints w on w.merchant_id = e.merchant_id and w.created_at <= e.created_at
      `)
      expect(await db.query(sql`select count(*) from deliveries`)).toEqual(expected)
      // Ids rise as deliveries are written.
      const disorder = await db.query(sql`
        select from (
          select event_id, lag(event_id) over (partition by endpoint_id order by id) as former from deliveries
        ) each where event_id < former
      `)
      expect(disorder).toEqual([])
    }
    await db.close()
    if (!isOver) await server.start()
  }
  expect(written.length).toBeGreaterThan(1)
  console.log(`${testEngine}: killed when there were ${written.join(', ')} deliveries, seed ${seed}`)
})

/** Waits until every event is sent, also the deliveries that a killed server had claimed. */
async function untilTold(origin: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${origin}/v1/deliveries?status=pending&limit=1`, {
      headers: { authorization: `Bearer ${testKey}` },
    })
    const { data } = (await answer.json()) as { data: unknown[] }
    if (data.length === 0) return
    await sleep(250)
  }
}
