import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { hire } from '../../../../test/people.ts'
import { createTestTenant } from '../../../../test/service.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

test('an approver of a payout sees the place to which the money goes, and of an adjustment the words of the asker', async () => {
  const send = async (method: string, path: string, body?: object) => (await api.call(method, path, body)).json()
  const { id: customerId } = await send('POST', '/api/canary/customers', { phoneNumber: '0821234560' })
  await send('POST', '/v1/sandbox/pay-ins', { customerId, amount: 5000 })
  await send('PATCH', '/v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 100 }] })
  const account = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', accountName: 'Ada Obi' }
  const money = { customerId, amount: 101, currency: 'ZAR' }
  const payout = await send('POST', '/v1/payouts', {
    ...money,
    destination: account,
    reference: 'out-1',
    reason: 'Rent',
  })
  expect(payout).toMatchObject({ state: 'awaiting_approval' })
  const adjustment = { ...money, direction: 'credit', reason: 'Goodwill', reference: 'ticket-1' }
  expect(await send('POST', '/v1/adjustments', adjustment)).toMatchObject({ status: 'awaiting_approval' })
  const { data } = await send('GET', '/v1/approvals?status=waiting')
  const shown = new Map(data.map((each: { kind: string }) => [each.kind, each]))
  expect(shown.get('payout')).toMatchObject({
    subjectId: payout.id,
    words: 'Rent',
    destination: account,
    direction: null,
  })
  expect(shown.get('adjustment')).toMatchObject({ words: 'Goodwill', destination: null, direction: 'credit' })
})

test('whoever looks at what waits is told why their own key may not approve it', async () => {
  const tenant = await createTestTenant(api.service)
  const [asker, other] = await Promise.all(
    ['Asker', 'Other'].map(async (name) => (await hire(api.service, tenant, name)).secret),
  )
  const send = async (method: string, path: string, body: object | undefined, secret: string | undefined) =>
    (await api.call(method, path, body, secret)).json()
  await send('PATCH', '/v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 1 }] }, asker)
  const { id: customerId } = await send('POST', '/api/canary/customers', { phoneNumber: '0821234561' }, asker)
  const wanted = { customerId, amount: 2, currency: 'ZAR', direction: 'credit', reason: 'Goodwill', reference: 'a' }
  const { approvalId } = await send('POST', '/v1/adjustments', wanted, asker)
  const made = await send('POST', '/v1/api-keys', { name: 'made', role: 'owner' }, asker)
  const obstacleFor = async (secret: string | undefined) =>
    (await send('GET', `/v1/approvals/${approvalId}`, undefined, secret)).obstacle
  expect(await obstacleFor(asker)).toContain('You have asked for it yourself')
  expect(await obstacleFor(made.secret)).toContain('Only a person approves')
  expect(await obstacleFor(other)).toBeNull()
  expect(await send('POST', `/v1/approvals/${approvalId}/approve`, undefined, other)).toMatchObject({
    status: 'approved',
  })
  expect(await obstacleFor(asker)).toBeNull()
})
