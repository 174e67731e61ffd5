import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { keepLog } from '../../../test/kept-log.ts'
import {
  addTestKey,
  createTestTenant,
  openTestService,
  type TestService,
  type TestTenant,
} from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import { createMeter } from '../../base/meter.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import { createPlaces, type DueRow, type DueTask, doDue, oldestDue } from './due.ts'

// The rows are identity checks. Their work is the test's own.

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
beforeEach(async () => {
  await service.db.query(sql`update identity_checks set status = 'succeeded' where status = 'pending'`)
  tenant = await createTestTenant(service)
})
afterAll(() => service.close())

/** Writes rows of a tenant that are due now, numbered from the given number on. */
async function writeRows(owner: TestTenant, count: number, first = 1): Promise<bigint[]> {
  const [code = ''] = await createWallets(service, owner, 1)
  const now = service.clock.now()
  const rows = await service.db.query<{ id: bigint }>(sql`
    insert into identity_checks (
      merchant_id, id, mode, customer_id, status, details, details_hmac, masked, due_at, created_at
    )
    select c.merchant_id, n, c.mode, c.id, 'pending', '', '', '{}', ${now}::timestamptz, ${now}::timestamptz
    from customers c cross join generate_series(${first}::integer, ${first + count - 1}::integer) n
    where c.merchant_id = ${owner.merchant.id} and c.code = ${code}
    returning id
  `)
  return rows.map(({ id }) => id)
}

/** A task whose work ends a row after `work`. */
function taskOf(work: (row: DueRow) => Promise<void>): DueTask<FreeContext, object> {
  return {
    name: 'test',
    table: sql`identity_checks`,
    open: sql`d.status = 'pending'`,
    columns: sql`d.customer_id`,
    async work(context, row) {
      await work(row)
      await context.db.query(sql`
        update identity_checks set status = 'succeeded'
        where merchant_id = ${row.tenant.merchant.id} and id = ${row.id}
      `)
    },
  }
}

test('a due row comes with its tenant and is worked on once', async () => {
  const live = await addTestKey(service, tenant.merchant, 'live')
  await writeRows(live, 1)
  const seen: DueRow[] = []
  const task = taskOf(async (row) => {
    seen.push(row)
  })
  await Promise.all([doDue(service, task), doDue(service, task)])
  expect(await doDue(service, task)).toBe(0)
  expect(seen).toMatchObject([{ tenant: { merchant: tenant.merchant, mode: 'live' }, id: 1n, attempts: 0 }])
})

test('a due row whose work fails keeps no other row waiting, and is counted, and logged once', async () => {
  await writeRows(tenant, 150)
  const log = keepLog()
  const bug = new TypeError('undefined is not a function')
  const done = new Set<bigint>()
  const task = taskOf(async ({ id }) => {
    if (id <= 100n) throw bug
    done.add(id)
  })
  const meter = createMeter()
  const failures = createFailureLog(service.clock, log)
  expect(await doDue({ ...service, failures, meter }, task)).toBe(0)
  expect(await meter.render()).toContain('mteja_background_failures_total{task="test"} 100\n')
  expect(await doDue({ ...service, failures }, task)).toBe(50)
  expect(done.size).toBe(50)
  const subject = `background test of ${tenant.merchant.code} in test mode`
  expect(log.lines).toEqual([
    { level: 'warn', members: { subject, row: expect.any(String), attempt: 1, err: bug }, sentence: 'begins to fail' },
    { level: 'warn', members: { subject, failures: 100, since: expect.any(Date) }, sentence: 'works again' },
  ])
})

test('the wait of a due row that fails again doubles each time, up to one hour', async () => {
  await writeRows(tenant, 1)
  const began = service.clock.now().getTime()
  const times: number[] = []
  const task = taskOf(async () => {
    times.push((service.clock.now().getTime() - began) / 1000)
    throw new Error('no')
  })
  for (let i = 0; i < 1200; i += 1) {
    await doDue(service, task)
    service.clock.advance(15_000)
  }
  const waits = times.map((time, i) => time - (times[i - 1] ?? 0))
  expect(waits).toEqual([0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
})

test('the age of due work is counted from its first failure on, however often it has failed since', async () => {
  await writeRows(tenant, 1)
  const began = service.clock.now()
  const failing = taskOf(() => Promise.reject(new Error('no')))
  const since: unknown[] = []
  for (const seconds of [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
    service.clock.advance(seconds * 1000)
    await doDue(service, failing)
    const [row] = await service.db.query<{ since: Date }>(sql`select (${oldestDue(failing)}) as since`)
    since.push(row?.since)
  }
  expect(since).toEqual(since.map(() => began))
})

test('a due row that was claimed by a server that died is due again after a minute', async () => {
  await writeRows(tenant, 1)
  let calls = 0
  await new Promise<void>((taken) => {
    const dying = taskOf(() => {
      taken()
      return new Promise(() => undefined)
    })
    void doDue(service, dying)
  })
  const counting = taskOf(async () => {
    calls += 1
  })
  service.clock.advance(59_999)
  await doDue(service, counting)
  expect(calls).toBe(0)
  service.clock.advance(1)
  await doDue(service, counting)
  expect(calls).toBe(1)
})

test('tenants take turns: thousands of due rows of one do not keep the single due row of another waiting', async () => {
  const other = await createTestTenant(service)
  await writeRows(tenant, 2500)
  service.clock.advance(1)
  await writeRows(other, 1)
  const round: string[] = []
  await doDue(
    service,
    taskOf(async ({ tenant: { merchant } }) => {
      round.push(merchant.code)
    }),
  )
  expect(round).toHaveLength(100)
  expect(round).toContain(other.merchant.code)
})

test('rounds that overlap pass over a tenant whose rows fill its places, and do the rows of others', async () => {
  const other = await createTestTenant(service)
  await writeRows(tenant, 25)
  const places = createPlaces()
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  let hung = 0
  const done: string[] = []
  const task = taskOf(async ({ tenant: { merchant } }) => {
    if (merchant.code === tenant.merchant.code) {
      hung += 1
      await answered
    }
    done.push(merchant.code)
  })
  const slow = doDue(service, task, places)
  await vi.waitFor(() => expect(hung).toBe(10))
  await writeRows(other, 25)
  expect(await doDue(service, task, places)).toBe(25)
  expect(done).toEqual(Array.from({ length: 25 }, () => other.merchant.code))
  expect(hung).toBe(10)
  answer()
  expect(await slow).toBe(25)
  expect(places.taken.size).toBe(0)
})

test('one slow row keeps no row of the same tenant waiting, and looks do not overlap', async () => {
  await writeRows(tenant, 1)
  const places = createPlaces()
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const done: bigint[] = []
  const task = taskOf(async ({ id }) => {
    if (id === 1n) await answered
    done.push(id)
  })
  const slow = doDue(service, task, places)
  expect(await doDue(service, task, places)).toBe(0)
  await vi.waitFor(() => expect(places.taken.size).toBe(1))
  const [second] = await writeRows(tenant, 12, 2)
  expect(await doDue(service, task, places)).toBe(12)
  expect(done).toContain(second)
  answer()
  expect(await slow).toBe(1)
})

test('a step that fails by a fault of this service is noted from the given failure on; a note that fails keeps no row waiting', async () => {
  await writeRows(tenant, 2)
  const noted: bigint[] = []
  const failing: DueTask<FreeContext, object> = {
    ...taskOf(() => Promise.reject(new Error('no'))),
    fault: {
      attempts: 2,
      async note(_, { id }) {
        noted.push(id)
        throw new Error('no note either')
      },
    },
  }
  await doDue(service, failing)
  expect(noted).toEqual([])
  service.clock.advance(30_000)
  await doDue(service, failing)
  expect(noted.toSorted()).toEqual([1n, 2n])
  const away: DueTask<FreeContext, object> = {
    ...failing,
    ...taskOf(() => Promise.reject(new UpstreamError('ask', 'timed_out'))),
  }
  service.clock.advance(60_000)
  await doDue(service, away)
  expect(noted).toHaveLength(2)
})
