import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { EventRenderers } from './deliveries.ts'
import { startDispatcher } from './dispatcher.ts'
import { createWebhookEndpoint } from './endpoints.ts'
import { writeFanOuts } from './fan-outs.ts'
import type { WebhookAnswer, WebhookRequest } from './sender.ts'

let base: TestService
beforeAll(async () => {
  base = await openTestService()
})
afterAll(() => base.close())

const renderers: EventRenderers = { paystack: ({ type }) => ({ type }), standard: ({ type }) => ({ type }) }

/** A service whose receivers answer as told, by path. */
function answering(answer: (path: string) => Promise<WebhookAnswer>): TestService {
  const send = ({ url }: WebhookRequest) => answer(new URL(url).pathname)
  return { ...base, webhookSender: { send, mayReach: () => true, close: async () => {} } }
}

test('an event is sent without anybody asking, and a receiver that hangs holds up nobody else', async () => {
  let release = () => {}
  const hanging = new Promise<WebhookAnswer>((resolve) => {
    release = () => resolve({ status: 200, headers: {}, body: '', durationMs: 1 })
  })
  const service = answering((path) =>
    path === '/hangs' ? hanging : Promise.resolve({ status: 200, headers: {}, body: '', durationMs: 1 }),
  )
  const tenant = await createTestTenant(service)
  await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/hangs' })
  const { endpoint } = await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/answers' })
  const stop = startDispatcher(service, renderers)
  await createWallets(service, tenant, 30)
  await vi.waitFor(
    async () => {
      const rows = await service.db.query<{ status: string }>(sql`
        select distinct status from deliveries where endpoint_id = ${endpoint.id}
      `)
      expect(rows).toEqual([{ status: 'delivered' }])
    },
    { timeout: 60_000 },
  )
  release()
  await stop()
})

test('13 endpoints of one merchant that never answer hold up no webhook of another merchant', async () => {
  const hanging = new Promise<WebhookAnswer>(() => {})
  const answer = { status: 200, headers: {}, body: '', durationMs: 1 }
  const service = answering((path) => (path.startsWith('/silent') ? hanging : Promise.resolve(answer)))
  const [silent, victim] = [await createTestTenant(service), await createTestTenant(service)]
  for (let i = 0; i < 13; i++) await createWebhookEndpoint(service, silent, { url: `http://localhost:1/silent/${i}` })
  await createWebhookEndpoint(service, victim, { url: 'http://localhost:1/answers' })
  await createWallets(service, silent, 30)
  await writeFanOuts(service)
  const countOf = async (where: Sql) => {
    const [row] = await service.db.query<{ count: bigint }>(
      sql`select count(*) as count from deliveries where ${where}`,
    )
    return Number(row?.count)
  }
  const stop = startDispatcher(service, renderers)
  const taken = sql`merchant_id = ${silent.merchant.id} and claimed_until is not null`
  await vi.waitFor(async () => expect(await countOf(taken)).toBe(128), { timeout: 60_000 })
  await createWallets(service, victim, 10)
  const delivered = sql`merchant_id = ${victim.merchant.id} and status = 'delivered'`
  // No silent attempt ends meanwhile.
  await vi.waitFor(async () => expect(await countOf(delivered)).toBe(10), { timeout: 60_000 })
  expect(await countOf(taken)).toBe(128)
  await stop()
})

test('a stop leaves a receiver that hangs after some seconds: nothing is recorded or logged, the delivery stays pending', async () => {
  const warn = vi.fn()
  const failures = createFailureLog(base.clock, { warn })
  const service = { ...answering(() => new Promise(() => {})), failures }
  const tenant = await createTestTenant(service)
  const { endpoint } = await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/hangs' })
  const stop = startDispatcher(service, renderers)
  await createWallets(service, tenant, 1)
  const find = () =>
    service.db.query<{ status: string; attempt_count: number; isTaken: boolean }>(sql`
      select status, attempt_count, claimed_until is not null as "isTaken" from deliveries where endpoint_id = ${endpoint.id}
    `)
  const taken = { status: 'pending', attempt_count: 0, isTaken: true }
  await vi.waitFor(async () => expect(await find()).toEqual([taken]), { timeout: 60_000 })
  await stop()
  expect(await find()).toEqual([taken])
  expect(warn).not.toHaveBeenCalled()
})
