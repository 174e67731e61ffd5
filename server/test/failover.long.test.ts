import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTestFolder, testEngine } from './engines.ts'
import { type PostgresServer, type Standby, startCluster } from './postgres-server.ts'
import { freePort, runMteja, ServerProcess } from './server-process.ts'

const key = 'sk_test_failover_0123456789'
const environment = {
  MTEJA_TEST_KEY: key,
  MTEJA_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  MTEJA_STATEMENT_TIMEOUT: '3s',
}
const statementTimeoutMs = 3000
/** A caller gives up a call after this time, and makes it again with its key. */
const callTimeoutMs = 10_000

/** Callers that each pay in 1, again and again, and repeat a call with its key until it is answered by success. */
class Load {
  readonly acknowledged: string[] = []
  readonly outcomes = new Map<string, number>()
  longestGapMs = 0
  #last = performance.now()
  #isOver = false
  readonly #origin: string
  readonly #customer: string
  readonly #callers: Promise<void>[]

  constructor(origin: string, customer: string, callers: number) {
    this.#origin = origin
    this.#customer = customer
    this.#callers = Array.from({ length: callers }, (_, caller) => this.#call(caller))
  }

  /** Ends when each caller has success for its last key. */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#callers)
  }

  async #call(caller: number): Promise<void> {
    for (let i = 0; !this.#isOver; i += 1) {
      while (!(await this.#tryOnce(`${caller}-${i}`))) await sleep(50)
    }
  }

  async #tryOnce(idempotencyKey: string): Promise<boolean> {
    const outcome = await fetch(`${this.#origin}/v1/sandbox/pay-ins`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify({ customerId: this.#customer, amount: 1, currency: 'ZAR' }),
      signal: AbortSignal.timeout(callTimeoutMs),
    }).then(
      async (answer) => ({ name: String(answer.status), body: (await answer.json()) as { id?: string } }),
      (error: Error) => ({ name: error.name, body: {} as { id?: string } }),
    )
    this.outcomes.set(outcome.name, (this.outcomes.get(outcome.name) ?? 0) + 1)
    if (!outcome.name.startsWith('2')) return false
    const now = performance.now()
    this.longestGapMs = Math.max(this.longestGapMs, now - this.#last)
    this.#last = now
    this.acknowledged.push(outcome.body.id ?? '')
    return true
  }
}

describe.runIf(testEngine === 'postgresql')('losing the primary', { timeout: 180_000 }, () => {
  let primary: PostgresServer
  let standby: Standby
  let server: ServerProcess
  let customer: string
  let databaseUrl: string
  let dataFolder: string

  beforeEach(async () => {
    ;({ primary, standby } = await startCluster())
    const [one, two] = [new URL(standby.url).host, new URL(primary.url).host]
    databaseUrl = `postgres://postgres@${one},${two}/postgres`
    dataFolder = await makeTestFolder()
    server = new ServerProcess(await freePort(), { dataFolder, databaseUrl }, environment)
    await server.start()
    const made = await call('POST', '/customer', { email: 'a@example.com', first_name: 'A', last_name: 'B' })
    customer = made.body.data.customer_code
  })
  afterEach(async () => {
    await server.stop()
    await primary.stop()
    await standby.stop()
  })

  async function call(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${server.origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: JSON.parse(await answer.text()) }
  }

  /** What the new primary has of the calls that were acknowledged. */
  async function compare(acknowledged: string[]) {
    const client = new pg.Client(standby.url)
    await client.connect()
    const { rows } = await client.query(
      `select
         (select count(*)::int from ledger_transactions where id = any($1)) as found,
         (select count(*)::int from ledger_transactions where kind = 'pay_in') as all`,
      [acknowledged],
    )
    await client.end()
    const { found, all } = rows[0] as { found: number; all: number }
    return { lost: new Set(acknowledged).size - found, doubled: all - acknowledged.length }
  }

  test.each([
    ['killed', 1500],
    ['frozen', 1500],
  ] as const)(
    'a primary that is %s is replaced: nothing acknowledged is lost, nothing is done twice',
    async (how, waitMs) => {
      const load = new Load(server.origin, customer, 16)
      await sleep(2000)
      const before = load.acknowledged.length
      const lostAt = performance.now()
      if (how === 'killed') await primary.kill()
      else primary.freeze()
      await sleep(waitMs)
      // While the primary is away, the server says so.
      const ready = fetch(`${server.origin}/readyz`).then(({ status }) => status)
      await standby.promote()
      const promotedAfterMs = performance.now() - lostAt
      await sleep(8000)
      // A primary that comes back with its old history is none.
      if (how === 'frozen') primary.thaw()
      await sleep(2000)
      await load.end()
      const { lost, doubled } = await compare(load.acknowledged)
      const detectionMs = how === 'killed' ? promotedAfterMs : Math.max(promotedAfterMs, statementTimeoutMs)
      console.log(
        `${how}: promoted after ${Math.round(promotedAfterMs)} ms, outage ${Math.round(load.longestGapMs)} ms, ` +
          `${load.acknowledged.length} acknowledged (${before} before), lost ${lost}, doubled ${doubled}, ` +
          `outcomes ${JSON.stringify(Object.fromEntries(load.outcomes))}`,
      )
      expect({ lost, doubled }).toEqual({ lost: 0, doubled: 0 })
      expect(load.acknowledged.length).toBeGreaterThan(before)
      expect(load.longestGapMs).toBeLessThan(detectionMs + 1000)
      expect([200, 503]).toContain(await ready)
      if (how === 'frozen') expect(await ready).toBe(503)
    },
  )

  test('a start against a standby alone is refused by one sentence', async () => {
    const { code, stderr } = await runMteja(['migrate'], { dataFolder, databaseUrl: standby.url }, environment)
    expect(code).toBe(1)
    expect(stderr).toContain('is a standby, which only reads. Name the primary, or all servers, in --database-url.')
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
