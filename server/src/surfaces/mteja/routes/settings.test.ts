import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant } from '../../../../test/service.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

const changes = [
  ['approval-settings', { limits: [{ currency: 'ZAR', amountOver: 5000 }] }, { newDestinations: true }],
  ['payout-settings', { feesBorneBy: 'owner' }, { feesBorneBy: 'merchant' }],
  ['payment-settings', { knownCustomers: 'wallet_topup' }, { knownCustomers: 'payment' }],
  ['payment-settings', { feesBorneBy: 'owner' }, { feesBorneBy: 'merchant_balance' }],
  ['dispute-settings', { borneBy: 'merchant' }, { holdsAmount: true }],
] as const

test.each(changes)(
  '%s are changed by whoever has seen their last change, and by nobody else',
  async (path, change, other) => {
    const { secret } = await createTestTenant(api.service)
    const ask = async (method: 'GET' | 'PATCH', seenAt?: string, payload?: object) => {
      const headers = { authorization: `Bearer ${secret}`, ...(seenAt && { 'if-match': `"${seenAt}"` }) }
      const answer = await api.app.inject({ method, url: `/v1/${path}`, headers, ...(payload && { payload }) })
      return { status: answer.statusCode, body: answer.json() }
    }
    // Settings that were never changed can be compared as well.
    const first = (await ask('GET')).body
    api.service.clock.advance(1000)
    expect((await ask('PATCH', first.updatedAt, {})).body).toEqual(first)
    const changed = await ask('PATCH', first.updatedAt, change)
    expect([changed.status, changed.body.updatedAt > first.updatedAt]).toEqual([200, true])
    const late = await ask('PATCH', first.updatedAt, other)
    expect([late.status, late.body.error.code]).toEqual([412, 'changed_meanwhile'])
    expect((await ask('GET')).body).toEqual(changed.body)
    expect((await ask('PATCH', 'yesterday', other)).body.error).toMatchObject({
      code: 'invalid_request',
      field: 'If-Match',
    })
    // A change of nothing is no change.
    api.service.clock.advance(1000)
    const members = Object.keys(change).map((member): [string, null] => [member, null])
    for (const nothing of [{}, Object.fromEntries(members), change]) {
      const same = await ask('PATCH', changed.body.updatedAt, nothing)
      expect([nothing, same.status, same.body]).toEqual([nothing, 200, changed.body])
    }
    // Of two at once, one has not seen the change of the other.
    api.service.clock.advance(1000)
    const both = await Promise.all([
      ask('PATCH', changed.body.updatedAt, other),
      ask('PATCH', changed.body.updatedAt, other),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
    expect((await ask('PATCH', undefined, change)).status).toBe(200)
  },
)
