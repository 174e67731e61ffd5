import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { uuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import { lookAlone } from './payment-looks.ts'

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
})

afterEach(() => {
  vi.useRealTimers()
})

const newId = () => uuidV7(service.random, service.clock.now())
const rows = () => service.db.query(sql`select from payment_looks where merchant_id = ${tenant.merchant.id}`)

const held = (id: string) => service.db.query(sql`select held_until from payment_looks where transaction_id = ${id}`)

/** The look of another server, which was seen last just now. */
function insert(id: string, forMs: number) {
  const until = new Date(service.clock.now().getTime() + forMs)
  return service.db.query(sql`
    insert into payment_looks (merchant_id, transaction_id, holder, held_until)
    values (${tenant.merchant.id}, ${id}, ${newId()}, ${until})
  `)
}

/** A look that is under way until it is told to end, and whether it has a right to book then. */
function begin(id: string) {
  const steps: string[] = []
  let end: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const done = lookAlone(service, tenant, id, async (hold) => {
    steps.push('asks')
    await ended
    await hold()
    steps.push('books')
  })
  return { steps, end, done }
}

test('of two looks at a payment the second asks when the first has booked; other payments do not wait', async () => {
  const id = newId()
  const first = begin(id)
  await expect.poll(() => first.steps).toEqual(['asks'])
  const second = begin(id)
  const other = begin(newId())
  other.end()
  await other.done
  expect([first.steps, second.steps]).toEqual([['asks'], []])
  first.end()
  await first.done
  await expect.poll(() => second.steps).toEqual(['asks'])
  second.end()
  await second.done
  expect(await rows()).toEqual([])
})

test('a look that fails lets the next one begin', async () => {
  const id = newId()
  await expect(lookAlone(service, tenant, id, () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  await lookAlone(service, tenant, id, (hold) => hold())
})

test('a look holds its payment for as long as it takes', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const id = newId()
  const slow = begin(id)
  await expect.poll(() => slow.steps).toEqual(['asks'])
  const next = begin(id)
  for (let i = 0; i < 3; i++) {
    service.clock.advance(10_000)
    vi.advanceTimersByTime(5_000)
    const heldUntil = new Date(service.clock.now().getTime() + 15_000)
    await expect.poll(() => held(id)).toEqual([{ held_until: heldUntil }])
  }
  slow.end()
  await slow.done
  expect(vi.getTimerCount()).toBe(0)
  await expect.poll(() => next.steps).toEqual(['asks'])
  next.end()
  await next.done
  expect([slow.steps, next.steps]).toEqual([
    ['asks', 'books'],
    ['asks', 'books'],
  ])
})

test('the look of a server that has died is taken over after some seconds', async () => {
  const id = newId()
  await insert(id, 15_000)
  const next = begin(id)
  service.clock.advance(14_999)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(next.steps).toEqual([])
  service.clock.advance(1)
  await expect.poll(() => next.steps).toEqual(['asks'])
  next.end()
  await next.done
  expect(next.steps).toEqual(['asks', 'books'])
})

test('a look that was taken over books nothing', async () => {
  const id = newId()
  const slow = begin(id)
  await expect.poll(() => slow.steps).toEqual(['asks'])
  await service.db.query(sql`delete from payment_looks where transaction_id = ${id}`)
  await insert(id, 15_000)
  slow.end()
  await expect(slow.done).rejects.toMatchObject({ code: 'busy' })
  expect([slow.steps, await held(id)]).toEqual([['asks'], [expect.anything()]])
})
