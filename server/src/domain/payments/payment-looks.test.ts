import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
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

const newId = () => uuidV7(service.random, service.clock.now())
const rows = () => service.db.query(sql`select from payment_looks where merchant_id = ${tenant.merchant.id}`)

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

test('the look of a server that has died is taken over after a minute, and books nothing if it lives after all', async () => {
  const id = newId()
  const slow = begin(id)
  await expect.poll(() => slow.steps).toEqual(['asks'])
  const next = begin(id)
  service.clock.advance(59_999)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(next.steps).toEqual([])
  service.clock.advance(1)
  await expect.poll(() => next.steps).toEqual(['asks'])
  slow.end()
  await expect(slow.done).rejects.toMatchObject({ code: 'busy' })
  expect([slow.steps, await rows()]).toEqual([['asks'], [{}]])
  next.end()
  await next.done
  expect(next.steps).toEqual(['asks', 'books'])
})
