import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import type { EventType, RecordedEvent } from '../../domain/events/events.ts'
import { renderChargeEvent } from './render-transaction.ts'

const email = 'zero@example.com'
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const charge = async (more: object = {}) =>
  (await call('POST', '/charge', { email, amount: 700, card, ...more })).json().data

type Told = Pick<RecordedEvent, 'type' | 'data'>

/** Events with a transaction, oldest first, and whether Paystack's webhook gets them. */
async function eventsOfTransactions(): Promise<(Told & { told: boolean })[]> {
  return api.service.db.query<Told & { told: boolean }>(sql`
    select type, data, is_told('paystack', type, data) as told from events
    where merchant_id = ${tenant.merchant.id} and (data -> 'details' -> 'transaction') is not null
    order by id
  `)
}

describe('charge.success', () => {
  test.each([[{ order: 17 }], [{ purpose: 'wallet_topup' }]])(
    'charge.success of a transaction with the metadata %j has the answer of verify, and is sent once',
    async (metadata) => {
      await call('POST', '/customer', { email, first_name: 'Zero', phone: '+2348123456789', metadata: { a: 1 } })
      const { reference } = await charge({ metadata })
      const told = await eventsOfTransactions()
      expect(told.map((event) => [event.type, event.told])).toEqual([['payment_intent.succeeded', true]])
      const { data } = (await call('GET', `/transaction/verify/${reference}`)).json()
      expect(renderChargeEvent(told[0] as Told)).toEqual({
        event: 'charge.success',
        data: {
          ...data,
          plan: {},
          source: { source: 'merchant_api', type: 'api', identifier: null, entry_point: 'charge' },
        },
      })
      expect(data.customer).toEqual({
        id: expect.any(Number),
        first_name: 'Zero',
        last_name: null,
        email,
        customer_code: expect.stringMatching(/^CUS_/),
        phone: '+2348123456789',
        metadata: { a: 1 },
        risk_action: 'default',
        international_format_phone: '+2348123456789',
      })
    },
  )

  test('charge.success shows the transaction and its customer as they were at that time', async () => {
    const { reference } = await charge()
    const event = (await eventsOfTransactions())[0] as Told
    const { data } = renderChargeEvent(event) as { data: object }
    expect(data).toMatchObject({ reference, status: 'success', customer: { email }, authorization: { last4: '4081' } })
    expect(event.data.customer).toMatchObject({ email })
    await call('PUT', `/customer/${email}`, { first_name: 'New' })
    expect((renderChargeEvent(event) as { data: object }).data).toEqual(data)
  })

  test('charge.success is not sent for a failed transaction, though its event holds the transaction', async () => {
    await charge({ card: { ...card, number: '4084080000005408' } })
    const events = await eventsOfTransactions()
    expect(events.map((event) => [event.type, event.told])).toEqual([['payment_intent.failed', false]])
    expect(events[0]?.data.details?.transaction).toMatchObject({ status: 'failed', attempts: 1 })
    expect(renderChargeEvent(events[0] as Told)).toBeNull()
  })

  test('charge.success is not sent for payments that are no Paystack transactions', async () => {
    const paid = await call('POST', '/api/canary/payment-intents', { amount: 5, currency: 'NGN' })
    await call('POST', `/api/canary/payment-intents/${paid.json().id}/confirm`, {})
    expect(await eventsOfTransactions()).toEqual([])
    for (const type of ['payment_intent.succeeded', 'pay_in.succeeded', 'customer.created'] as EventType[]) {
      expect(renderChargeEvent({ type, data: { details: {} } })).toBeNull()
    }
  })
})
