import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import type { RecordedEvent } from '../../../domain/events/events.ts'
import { advanceDuePayouts } from '../../../domain/payouts/advancing.ts'
import { renderEventData } from '../webhooks.ts'

let api: TestApi
let tenant: TestTenant
let customerId: string
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
  customerId = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
  await call('POST', '/v1/sandbox/pay-ins', { customerId, amount: 10_000 })
  await call('POST', '/api/canary/purchases', { customerId, productId: 'airtime', amount: 5000, currency: 'ZAR' })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)

/** A recipient of the tenant. The last digits of the account number choose what the sandbox does. */
async function recipient(accountNumber = '0123456789', bankCode = '198765'): Promise<string> {
  const body = { type: 'bank_account', bankCode, accountNumber, accountName: 'Zero Sum', currency: 'ZAR' }
  return (await call('POST', '/v1/recipients', body)).json().id
}
const pay = (own: object = {}) => call('POST', '/api/canary/payouts', { amount: 2000, currency: 'ZAR', ...own })
const balance = async () => (await call('GET', '/api/canary/balance')).json()

describe('a payout on the wire of Cashful', () => {
  test('holds the money, is pending, and then completed, to the recipient that is named', async () => {
    const bankAccount = await recipient()
    const made = await pay({ bankAccount, description: 'Earnings', metadata: { week: 47 } })
    expect([made.statusCode, made.json()]).toEqual([
      201,
      {
        id: expect.stringMatching(/^payout_[0-9a-f-]{36}$/),
        merchantId: tenant.merchant.code,
        amount: 2000,
        currency: 'ZAR',
        status: 'pending',
        bankAccount: '****6789',
        description: 'Earnings',
        metadata: { week: 47 },
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
      },
    ])
    expect(await balance()).toMatchObject({ amount: 5000, available: 3000, pending: 2000 })
    await advanceDuePayouts(api.service)
    expect(await balance()).toMatchObject({ amount: 3000, available: 3000, pending: 0 })
    const { data } = (await call('GET', '/api/canary/payouts')).json()
    expect(data).toMatchObject([{ id: made.json().id, status: 'completed' }])
    const { data: history } = (await call('GET', '/api/canary/balance/history?transactionType=payout')).json()
    expect(history).toMatchObject([
      {
        type: 'payout',
        amount: -2000,
        balanceAfter: 3000,
        relatedEntityId: made.json().id,
        relatedEntityType: 'Payout',
      },
    ])
    expect((await call('GET', '/api/canary/balance/history?transactionType=debit')).json().data).toEqual([])
  })

  test('goes to the usual recipient where none is named, and is refused where there is none', async () => {
    const refused = await pay()
    expect([refused.statusCode, refused.json().message[0]]).toEqual([400, expect.stringContaining('bankAccount')])
    const defaultRecipient = await recipient('0000000123')
    const set = await call('PATCH', '/v1/payout-settings', { defaultRecipient })
    expect(set.json()).toMatchObject({ defaultRecipient })
    expect((await pay()).json().bankAccount).toBe('****0123')
    expect((await call('PATCH', '/v1/payout-settings', { defaultRecipient: 'RCP_nobody' })).statusCode).toBe(404)
    await call('PATCH', '/v1/payout-settings', { defaultRecipient: 'none' })
    expect((await pay()).statusCode).toBe(400)
  })

  test('names its recipient by the account number too, if only one has it', async () => {
    await recipient('0000000124')
    expect((await pay({ bankAccount: '0000000124' })).statusCode).toBe(201)
    await recipient('0000000124', '051001')
    expect((await pay({ bankAccount: '0000000124' })).statusCode).toBe(400)
    expect((await pay({ bankAccount: '0000000999' })).statusCode).toBe(400)
    expect(await balance()).toMatchObject({ available: 3000 })
  })

  test('is answered again for its key, also after its recipient was deactivated', async () => {
    const bankAccount = await recipient()
    const headers = { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'k-2' }
    const payload = { amount: 2000, currency: 'ZAR', bankAccount }
    const repeat = () => api.app.inject({ method: 'POST', url: '/api/canary/payouts', headers, payload })
    const first = await repeat()
    expect((await call('PATCH', `/v1/recipients/${bankAccount}`, { active: false })).statusCode).toBe(200)
    const second = await repeat()
    expect([second.statusCode, second.json().id]).toEqual([201, first.json().id])
    expect((await pay({ bankAccount })).statusCode).toBe(400)
  })

  test('is made once for an Idempotency-Key, and again without one', async () => {
    const payload = { amount: 1000, currency: 'ZAR', bankAccount: await recipient() }
    const headers = { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'k-1' }
    const send = () => api.app.inject({ method: 'POST', url: '/api/canary/payouts', headers, payload })
    const [first, second] = [await send(), await send()]
    expect([second.statusCode, second.json()]).toEqual([201, first.json()])
    expect(await balance()).toMatchObject({ available: 4000 })
    await pay(payload)
    expect(await balance()).toMatchObject({ available: 3000 })
  })

  test('of more than the balance is refused with 402', async () => {
    const refused = await pay({ bankAccount: await recipient(), amount: 5001 })
    expect([refused.statusCode, refused.json().error]).toEqual([402, 'Payment Required'])
  })

  test.each(['customerId', 'fromCustomerId', 'destination'])(
    'is refused with %s, and moves nothing: it would be the merchant’s money, to a recipient of the merchant',
    async (member) => {
      const bankAccount = await recipient()
      const refused = await pay({ bankAccount, [member]: customerId })
      expect([refused.statusCode, refused.json()]).toEqual([
        400,
        { statusCode: 400, message: [expect.stringMatching(`^${member} .*POST /v1/payouts`)], error: 'Bad Request' },
      ])
      expect(await balance()).toMatchObject({ available: 5000, pending: 0 })
      expect((await pay({ bankAccount, [member]: null, unknown: 1 })).statusCode).toBe(201)
    },
  )

  test('that fails gives the money back, and is told as Cashful tells it', async () => {
    const { id } = (await pay({ bankAccount: await recipient('0000000002') })).json()
    await advanceDuePayouts(api.service)
    expect(await balance()).toMatchObject({ amount: 5000, available: 5000 })
    expect((await call('GET', '/api/canary/payouts?status=failed')).json().data).toMatchObject([{ id }])
    expect((await call('GET', '/api/canary/payouts?status=completed')).json().data).toEqual([])
    expect((await call('GET', '/api/canary/payouts?status=lost')).json().data).toEqual([])
    const [event] = await api.service.db.query<RecordedEvent>(sql`
      select type, data, created_at as "createdAt" from events
      where merchant_id = ${tenant.merchant.id} and type = 'payout.failed'
    `)
    expect(renderEventData({ ...(event as RecordedEvent), merchantCode: tenant.merchant.code })).toMatchObject({
      payoutId: id,
      error: 'The bank of the payee could not take the money',
    })
  })

  test('of a customer is no payout of the merchant, and a negative row of its own type in their history', async () => {
    const destination = { type: 'bank_account', bankCode: '198765', accountNumber: '0123456789' }
    const wanted = { customerId, amount: 1500, currency: 'ZAR', destination, reference: 'cash-out-1' }
    const { id } = (await call('POST', '/v1/payouts', wanted)).json()
    await advanceDuePayouts(api.service)
    expect((await call('GET', '/api/canary/payouts')).json().data).toEqual([])
    const { data } = (await call('GET', `/api/canary/customers/${customerId}/transactions`)).json()
    expect(data[0]).toMatchObject({
      type: 'payout',
      amount: -1500,
      balanceAfter: 3500,
      relatedEntityId: `payout_${id}`,
      relatedEntityType: 'Payout',
    })
  })

  test('is listed by pages, in either order, and by its ids', async () => {
    const bankAccount = await recipient()
    const ids = [(await pay({ bankAccount })).json().id, (await pay({ bankAccount, amount: 100 })).json().id]
    const idsOf = async (query: string) =>
      (await call('GET', `/api/canary/payouts?${query}`)).json().data.map((each: { id: string }) => each.id)
    expect(await idsOf('')).toEqual([...ids].reverse())
    expect(await idsOf('order=ASC')).toEqual(ids)
    expect(await idsOf('limit=1&offset=1')).toEqual([ids[0]])
    expect(await idsOf(`filter=${encodeURIComponent(JSON.stringify({ ids: [ids[1], 'payout_none'] }))}`)).toEqual([
      ids[1],
    ])
    expect((await call('GET', '/api/canary/payouts?limit=1')).json().pagination).toMatchObject({
      total: 2,
      hasMore: true,
    })
  })
})
