import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../test/api.ts'
import { makeBelongings } from '../../test/belongings.ts'
import { sql } from '../db/sql.ts'
import { type EventType, eventTypes, type RecordedEvent } from '../domain/events/events.ts'
import { relatedEntity } from '../surfaces/cashful/webhooks.ts'
import { eventRenderers } from './webhook-bodies.ts'

let api: TestApi
let events: RecordedEvent[]

beforeAll(async () => {
  api = await openTestApi()
  const { customerCode, holdId, purchaseId, paymentIntentId, cardCode, email } = await makeBelongings(api, api.tenant)
  const ask = async (path: string, body: object) => {
    const answer = await api.call('POST', path, body)
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.body}`)
  }
  await ask(`/v1/holds/${holdId}/capture`, { amount: 50 })
  await ask(`/v1/holds/${holdId}/release`, {})
  await ask('/v1/refunds', { transactionId: `purchase_${purchaseId}`, amount: 30 })
  await ask(`/api/canary/payment-intents/${paymentIntentId}/confirm`, {})
  await ask('/customer/authorization/deactivate', { authorization_code: cardCode })
  await ask('/customer/set_risk_action', { customer: email, risk_action: 'allow' })
  await ask(`/customer/${customerCode}/identification`, {
    country: 'NG',
    type: 'bank_account',
    account_number: '0111111111',
    bvn: '222222222221',
    bank_code: '007',
    first_name: 'Uchenna',
    last_name: 'Okoro',
  })
  await api.settle()
  events = await readEvents()
})
afterAll(() => api.close())

async function readEvents(): Promise<RecordedEvent[]> {
  const { merchant, mode } = api.tenant
  const rows = await api.service.db.query<{ id: bigint; type: EventType; data: object; created_at: Date }>(sql`
    select id, type, data, created_at from events where merchant_id = ${merchant.id} order by id
  `)
  return rows.map(({ id, type, data, created_at }) => ({
    id,
    publicId: `evt_${id}`,
    merchantCode: merchant.code,
    mode,
    type,
    data,
    createdAt: created_at,
  }))
}

/** The body of the first event of a type. */
function bodyOf(style: keyof typeof eventRenderers, type: EventType): Record<string, unknown> {
  const event = events.find((each) => each.type === type)
  if (event === undefined) throw new Error(`${type} did not happen`)
  return eventRenderers[style](event) as Record<string, unknown>
}

test('every event is told by Cashful’s ids, of its merchant, without members that have no value', () => {
  expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThanOrEqual(15)
  for (const event of events) {
    const body = eventRenderers.standard(event) as { data: Record<string, unknown> }
    expect(body).toMatchObject({ id: event.publicId, type: event.type, timestamp: event.createdAt.toISOString() })
    expect(body.data.merchantId).toBe(api.tenant.merchant.code)
    expect(Object.values(body.data)).not.toContain(undefined)
    expect(Object.values(body.data)).not.toContain(null)
    expect(relatedEntity(event)).toMatchObject({ relatedEntityId: expect.stringMatching(/\w/) })
  }
})

test('an event that Cashful documents is told as its resource', () => {
  expect(bodyOf('standard', 'purchase.succeeded').data).toMatchObject({
    id: expect.stringMatching(/^purchase_/),
    customerId: expect.stringMatching(/^CUS_/),
    productId: 'airtime',
    amount: 100,
    currency: 'ZAR',
    status: 'completed',
  })
  expect(bodyOf('standard', 'transfer.completed').data).toMatchObject({
    id: expect.stringMatching(/^transfer_/),
    fromCustomerId: expect.stringMatching(/^CUS_/),
    toCustomerId: expect.stringMatching(/^CUS_/),
    amount: 100,
    status: 'completed',
  })
  expect(bodyOf('standard', 'payment_intent.succeeded').data).toMatchObject({
    id: expect.stringMatching(/^pi_/),
    amount: 500,
    status: 'succeeded',
    transactionId: expect.stringMatching(/^txn_/),
  })
  expect(bodyOf('standard', 'hold.captured').data).toMatchObject({ amount: 50, remaining: 150 })
})

test('an identity check is told in Paystack’s words, compact and masked', () => {
  const text = JSON.stringify(bodyOf('paystack', 'identity.succeeded'))
  expect(text).toMatch(
    /^\{"event":"customeridentification\.success","data":\{"customer_id":"\d+","customer_code":"CUS_/,
  )
  expect(text).toContain('"bvn":"222*****221","account_number":"011****111","bank_code":"007"')
})

test('Paystack is told of exactly those events that it has a name for', async () => {
  for (const event of events) {
    const [row] = await api.service.db.query<{ told: boolean }>(sql`
      select is_told('paystack', ${event.type}, ${JSON.stringify(event.data)}::json) as told
    `)
    if (row?.told) expect(eventRenderers.paystack(event)).toMatchObject({ event: expect.any(String) })
    else expect(() => eventRenderers.paystack(event)).toThrow(`Paystack has no name for ${event.type}`)
  }
})

test('the standard style is told of every event', async () => {
  const rows = await api.service.db.query(sql`
    select type from unnest(${[...eventTypes]}::text[]) as t (type) where not is_told('standard', type, '{}')
  `)
  expect(rows).toEqual([])
})
