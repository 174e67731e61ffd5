import { expect, test } from 'vitest'
import { createTestTenant } from '../../../../test/service.ts'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()
const found = async (id: string, query = '') => {
  const answer = await wallet.get(`/v1/requests/${id}${query}`)
  expect([answer.statusCode, answer.body]).toEqual([200, expect.anything()])
  return answer.json()
}
const transfer = (headers: Record<string, string> = {}) =>
  wallet.api.app.inject({
    method: 'POST',
    url: '/api/canary/transfers',
    headers: { authorization: `Bearer ${wallet.tenant.secret}`, ...headers },
    payload: { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount: 50, currency: 'ZAR' },
  })

test('a transfer is found by the id of its request, with its movement and its events', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const answer = await transfer()
  const requestId = answer.headers['x-request-id'] as string
  const movement = answer.json().id.replace('transfer_', '')
  const done = await found(requestId)
  expect(done.writes).toMatchObject([{ action: 'transfer', object: movement, requestId, after: { amount: 50 } }])
  expect(done.events).toMatchObject([{ type: 'transfer.completed', customerId: wallet.ada }])
})

test('a request is found when many movements and a long time came after it', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const requestId = (await transfer()).headers['x-request-id'] as string
  wallet.api.service.clock.advance(3_600_000)
  const one = { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount: 1 }
  await wallet.send('POST', '/v1/transfers/batch', { transfers: Array.from({ length: 300 }, () => one) })
  expect((await found(requestId)).writes).toHaveLength(1)
})

test('a write that moves no money is found with its change and its event', async () => {
  wallet.api.service.clock.advance(60_000)
  const answer = await wallet.send('POST', `/v1/customers/${wallet.ada}/risk-action`, {
    riskAction: 'deny',
    reason: 'lost',
  })
  const done = await found(answer.headers['x-request-id'] as string)
  expect(done.writes).toMatchObject([{ action: 'setRiskAction', object: wallet.ada, after: { reason: 'lost' } }])
  expect(done.events).toMatchObject([{ type: 'customer.risk_action_changed', customerId: wallet.ada }])
})

test('a caller’s own id is found among the newest, or at a time that is said', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const at = wallet.api.service.clock.now().toISOString()
  await transfer({ 'x-request-id': 'order-17' })
  expect((await found('order-17')).writes).toHaveLength(1)
  wallet.api.service.clock.advance(3_600_000)
  expect((await found('order-17', `?at=${at}`)).writes).toHaveLength(1)
  const late = wallet.api.service.clock.now().toISOString()
  expect((await wallet.get(`/v1/requests/order-17?at=${late}`)).statusCode).toBe(404)
})

test('a read, a refused call and another merchant’s request are not found', async () => {
  const read = await wallet.get('/v1/customers')
  const refused = await transfer()
  expect(refused.statusCode).toBe(402)
  const made = await wallet.send('POST', '/api/canary/customers', { phoneNumber: '+27821234599', metadata: {} })
  const ids = [read, refused].map(({ headers }) => headers['x-request-id'])
  for (const id of ids) {
    const answer = await wallet.get(`/v1/requests/${id}`)
    expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'request_not_found'])
  }
  const requestId = made.headers['x-request-id']
  expect((await found(requestId as string)).writes).toMatchObject([{ action: 'createCustomer' }])
  const other = await createTestTenant(wallet.api.service, {})
  expect((await wallet.api.call('GET', `/v1/requests/${requestId}`, undefined, other.secret)).statusCode).toBe(404)
})
