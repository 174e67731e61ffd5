import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from '../../db/sql.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { createCustomer, setRiskAction } from '../customers.ts'
import { type EventRenderers, deliverDue } from './deliveries.ts'
import { createWebhookEndpoint } from './endpoints.ts'
import type { WebhookAnswer, WebhookRequest } from './sender.ts'

let base: TestService
beforeAll(async () => {
  base = await openTestService()
})
afterAll(() => base.close())

const renderers: EventRenderers = {
  paystack: ({ type, data }) => ({ event: type, data }),
  standard: ({ publicId, type, data }) => ({ id: publicId, type, data }),
}

test('smoke', async () => {
  const sent: WebhookRequest[] = []
  const answer: WebhookAnswer = { status: 200, headers: {}, body: 'ok', durationMs: 3 }
  const service: TestService = { ...base, webhookSender: { send: async (r) => { sent.push(r); return answer }, close: async () => {} } }
  const tenant: TestTenant = await createTestTenant(service)
  await createWebhookEndpoint(service, tenant, { url: 'http://localhost:3000/hooks' })
  void createCustomer
  void setRiskAction
  await service.db.query(sql`select 1`)
  expect(await deliverDue(service, renderers)).toBe(0)
})
