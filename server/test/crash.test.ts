import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/db/connect.ts'
import { sql } from '../src/db/sql.ts'
import { unsoundBooks } from './books.ts'
import { makeTestDatabase, makeTestFolder, startPostgres, type TestPlace, testEngine } from './engines.ts'
import { randomFrom, testSeed as seed } from './random.ts'
import { freePort, runMteja, ServerProcess } from './server-process.ts'

// Kills servers and databases at random moments, under clients that repeat their requests with their keys until they
// get an answer. MTEJA_CRASH_ROUNDS sets the number of kills. MTEJA_TEST_SEED repeats the moments of a run.

const random = randomFrom(seed)
const rounds = Number(process.env.MTEJA_CRASH_ROUNDS ?? 6)
const testKey = 'sk_test_crash0123456789'
const environment = { MTEJA_TEST_KEY: testKey, MTEJA_LOG_LEVEL: 'silent' }
const allowedMs = 60_000 + rounds * 30_000
const clientCount = 24

const undo: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

/** A client that never gives up: it repeats a request until it knows the outcome. */
class Client {
  readonly #origins: readonly string[]
  #asked = 0
  /** The number of attempts without an answer, or with an unknown outcome. */
  retries = 0

  constructor(origins: readonly string[]) {
    this.#origins = origins
  }

  async ask(path: string, body: object, key: string): Promise<{ status: number; text: string; replayed: boolean }> {
    for (;;) {
      const answer = await this.#try(path, body, key)
      if (answer !== undefined) return answer
      this.retries += 1
      await sleep(20 + random() * 60)
    }
  }

  async #try(path: string, body: object, key: string) {
    const origin = this.#origins[this.#asked++ % this.#origins.length]
    try {
      const response = await fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(20_000),
      })
      const text = await response.text()
      if (response.status === 503) return undefined
      if (response.status >= 500) throw new Error(`${response.status} ${text}`)
      return { status: response.status, text, replayed: response.headers.has('idempotent-replayed') }
    } catch (error) {
      // The error that fetch throws when there is no connection, or the connection is lost.
      if (error instanceof TypeError || (error as Error).name === 'TimeoutError') return undefined
      throw error
    }
  }
}

interface Acknowledged {
  path: string
  body: object
  key: string
  status: number
  text: string
}

/** Moves money around among a few customers. Every request has a key. */
class Load {
  readonly client: Client
  readonly acknowledged: Acknowledged[] = []
  readonly #customers: string[] = []
  #last = 0
  #isOver = false
  #walks: Promise<void>[] = []

  constructor(origins: readonly string[]) {
    this.client = new Client(origins)
  }

  async prepare(): Promise<void> {
    for (let i = 0; i < 8; i++) {
      const body = { phoneNumber: '+27821234567', email: `c${i}@example.com` }
      const made = await this.#do('/api/canary/customers', body)
      this.#customers.push(JSON.parse(made.text).id)
      await this.#do('/v1/sandbox/pay-ins', { customerId: this.#customers[i], amount: 100_000 })
    }
  }

  start(): void {
    this.#walks = Array.from({ length: clientCount }, () => this.#walk())
  }

  /** Waits until every client has its answer. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#walks)
  }

  async #walk(): Promise<void> {
    while (!this.#isOver) await this.#step()
  }

  async #step(): Promise<void> {
    const [from, to] = [this.#pick(), this.#pick()]
    const amount = 1 + Math.floor(random() * 50)
    const draw = random()
    if (draw < 0.5 && from !== to) {
      const body = { fromCustomerId: from, toCustomerId: to, amount, currency: 'ZAR' }
      await this.#do('/api/canary/transfers', body)
    } else if (draw < 0.7) {
      const body = { customerId: from, productId: 'p', amount: amount * (draw < 0.52 ? 10_000 : 1), currency: 'ZAR' }
      const made = await this.#do('/api/canary/purchases', body)
      if (made.status === 201 && random() < 0.3) {
        await this.#do('/v1/refunds', { transactionId: JSON.parse(made.text).id, amount: 1 })
      }
    } else if (draw < 0.75) await this.#do('/v1/sandbox/pay-ins', { customerId: from, amount })
    else if (draw < 0.8) {
      const body = { customerId: from, amount, currency: 'ZAR', source: 'cash', reference: `line ${this.#last}` }
      await this.#do('/v1/pay-ins', body)
    } else if (draw < 0.85) await this.#do('/api/canary/customers', { phoneNumber: '+27821234567' })
    else {
      const hold = await this.#do('/v1/holds', { customerId: from, amount })
      // A customer who has spent everything has nothing to reserve.
      if (hold.status !== 201) return
      const { id } = JSON.parse(hold.text)
      if (random() < 0.7) await this.#do(`/v1/holds/${id}/capture`, { amount: 1, final: random() < 0.5 })
      else await this.#do(`/v1/holds/${id}/release`, {})
    }
  }

  #pick(): string {
    return this.#customers[Math.floor(random() * this.#customers.length)] ?? ''
  }

  async #do(path: string, body: object): Promise<Acknowledged> {
    this.#last += 1
    const key = `key-${this.#last}`
    const { status, text } = await this.client.ask(path, body, key)
    const acknowledged = { path, body, key, status, text }
    this.acknowledged.push(acknowledged)
    return acknowledged
  }
}

/** Everything acknowledged is stored once, nothing else is stored, and a repeat gets the same answer. */
async function expectExactlyOnce(load: Load, place: TestPlace['options']): Promise<void> {
  expect(load.acknowledged.filter(({ status }) => status >= 400 && status !== 402)).toEqual([])
  for (const each of load.acknowledged.slice(-200)) {
    const again = await load.client.ask(each.path, each.body, each.key)
    expect([again.status, again.text, again.replayed]).toEqual([each.status, each.text, true])
  }
  const moved = /(pay-ins|purchases|transfers|refunds|capture)$/
  const told = load.acknowledged
    .filter(({ status, path }) => status < 300 && moved.test(path))
    .map(({ text }) => String(JSON.parse(text).id).replace(/^[a-z]+_/, ''))
  expect(await runMteja(['ledger', 'verify'], place, environment)).toMatchObject({
    stderr: '',
    stdout: expect.stringContaining('The ledger is sound'),
    code: 0,
  })
  await stopServers()
  const db = await openDatabase(place)
  const rows = await db.query<{ id: string }>(sql`select id from ledger_transactions`)
  const customers = await db.query<{ code: string }>(sql`select code from customers`)
  expect(await unsoundBooks(db)).toEqual([])
  await db.close()
  expect(rows.map(({ id }) => id).sort()).toEqual(told.sort())
  const created = load.acknowledged.filter(({ path }) => path === '/api/canary/customers')
  expect(customers.map(({ code }) => code).sort()).toEqual(created.map(({ text }) => JSON.parse(text).id).sort())
}

const servers: ServerProcess[] = []

async function startServer(place: TestPlace['options']): Promise<ServerProcess> {
  const server = new ServerProcess(await freePort(), place, environment)
  servers.push(server)
  undo.push(() => server.kill())
  await server.start()
  return server
}

async function stopServers(): Promise<void> {
  for (const server of servers.splice(0)) await server.kill()
}

function report(title: string, { acknowledged, client }: Load): void {
  console.log(`${title}: ${rounds} kills, ${acknowledged.length} answers, ${client.retries} retries, seed ${seed}`)
}

test('a killed server has stored everything it acknowledged, once', { timeout: allowedMs }, async () => {
  const { options, remove } = await makeTestDatabase()
  undo.push(remove)
  const place = testEngine === 'embedded' ? options : { ...options, dataFolder: await makeTestFolder() }
  const server = await startServer(place)
  const load = new Load([server.origin])
  await load.prepare()
  load.start()
  for (let round = 0; round < rounds; round++) {
    await sleep(200 + random() * 1500)
    await server.kill()
    await server.start()
  }
  await sleep(500)
  await load.stop()
  report(`server on ${testEngine}`, load)
  await expectExactlyOnce(load, place)
})

describe.runIf(testEngine === 'postgresql')('PostgreSQL under kills', () => {
  test('a PostgreSQL killed with all its processes has everything acknowledged, once', {
    timeout: allowedMs,
  }, async () => {
    const postgres = await startPostgres()
    undo.push(() => postgres.stop())
    const place = { databaseUrl: postgres.url, dataFolder: await makeTestFolder() }
    const server = await startServer(place)
    const load = new Load([server.origin])
    await load.prepare()
    load.start()
    for (let round = 0; round < rounds; round++) {
      await sleep(200 + random() * 1500)
      await postgres.kill()
      await postgres.restart()
    }
    await sleep(500)
    await load.stop()
    report('database', load)
    await expectExactlyOnce(load, place)
  })

  test('two servers killed in turn answer the same keys, and the work is done once', {
    timeout: allowedMs,
  }, async () => {
    const { options, remove } = await makeTestDatabase()
    undo.push(remove)
    const place = { ...options, dataFolder: await makeTestFolder() }
    const both = [await startServer(place), await startServer(place)]
    // A client that gets no answer from one server asks the other.
    const load = new Load(both.map(({ origin }) => origin))
    await load.prepare()
    load.start()
    for (let round = 0; round < rounds; round++) {
      await sleep(200 + random() * 1000)
      const server = both[round % 2] as ServerProcess
      await server.kill()
      await server.start()
    }
    await load.stop()
    report('two servers', load)
    await expectExactlyOnce(load, place)
  })

  test(
    'two servers that post over the same accounts in opposite order refuse nobody',
    async () => {
      const { options, remove } = await makeTestDatabase()
      undo.push(remove)
      const place = { ...options, dataFolder: await makeTestFolder() }
      const both = [await startServer(place), await startServer(place)]
      const clients = both.map(({ origin }) => new Client([origin]))
      const [first, second] = clients as [Client, Client]
      const customers = await Promise.all(
        [0, 1, 2, 3, 4, 5].map(async (i) => {
          const made = await first.ask('/api/canary/customers', { phoneNumber: '+27821234567' }, `customer-${i}`)
          const { id } = JSON.parse(made.text)
          await first.ask('/v1/sandbox/pay-ins', { customerId: id, amount: 10_000 }, `pay-in-${i}`)
          return id as string
        }),
      )
      const statuses = new Map<number, number>()
      const send = async (client: Client, from: string, to: string, key: string) => {
        const body = { fromCustomerId: from, toCustomerId: to, amount: 1, currency: 'ZAR' }
        const { status } = await client.ask('/api/canary/transfers', body, key)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      // One client goes around the circle forwards, the other backwards, a batch at a time.
      const aroundTheCircle = async (client: Client, circle: string[], name: string) => {
        for (let round = 0; round < 25; round++) {
          const steps = circle.map((from, i) => [from, circle[(i + 1) % circle.length] ?? ''] as const)
          await Promise.all(
            [...steps, ...steps].map(([from, to], i) => send(client, from, to, `${name}-${round}-${i}`)),
          )
        }
      }
      await Promise.all([
        aroundTheCircle(first, customers, 'forwards'),
        aroundTheCircle(second, customers.toReversed(), 'backwards'),
      ])
      expect(Object.fromEntries(statuses)).toEqual({ 201: 2 * 25 * 12 })
      expect(first.retries + second.retries).toBe(0)

      // The same key goes to both servers at once. One does the work, the other answers the same.
      for (let i = 0; i < 20; i++) {
        const body = { customerId: customers[i % 6], productId: 'p', amount: 1, currency: 'ZAR' }
        const answers = await Promise.all(clients.map((each) => each.ask('/api/canary/purchases', body, `both-${i}`)))
        expect(answers[0]?.text).toBe(answers[1]?.text)
        expect(answers.map(({ replayed }) => replayed).sort()).toEqual([false, true])
      }
      const verified = await runMteja(['ledger', 'verify'], place, environment)
      expect(verified).toMatchObject({ code: 0, stderr: '' })
    },
    allowedMs,
  )
})
