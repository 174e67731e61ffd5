import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import { inTransaction } from '../../../domain/context.ts'
import type { RecordedEvent } from '../../../domain/events/events.ts'
import { revokeApiKey } from '../../../domain/merchants/api-keys.ts'
import { createKeyFinder } from '../../../domain/merchants/key-holders.ts'
import { renderDisputeEvent } from '../render-dispute.ts'

const email = 'zero@example.com'
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { currencies: ['NGN', 'XOF', 'KWD'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const dataOf = async (method: string, path: string, body?: unknown) => (await call(method, path, body)).json().data

let payments = 0
async function pay({ amount = 20000, currency = 'NGN' } = {}): Promise<{ id: number; reference: string }> {
  const reference = `order-${payments++}`
  return dataOf('POST', '/charge', { email, amount, currency, reference, card })
}

/** A disputed payment of NGN 200. */
async function dispute(own: object = {}) {
  const { id: transaction, reference } = await pay()
  const made = await call('POST', '/v1/sandbox/disputes', { reference, reason: 'Not mine', ...own })
  expect(made.statusCode, made.body).toBe(201)
  const [{ id } = { id: 0 }] = await dataOf('GET', `/dispute?transaction=${transaction}`)
  return { id: id as number, transaction, reference }
}

/** The members of a value with the type of each, as the samples of Paystack have them. */
const membersOf = (value: object) => Object.keys(value).sort()

/** The webhook of the sample in Paystack’s documentation. */
const sample = [
  ...['attachments', 'bin', 'category', 'created_at', 'currency', 'customer', 'domain', 'dueAt', 'evidence', 'history'],
  ...['id', 'last4', 'messages', 'note', 'refund_amount', 'resolution', 'resolvedAt', 'status', 'transaction'],
  ...['transaction_reference', 'updated_at'],
]

async function webhooksOf() {
  const events = await api.service.db.query<Pick<RecordedEvent, 'type' | 'mode' | 'data'>>(sql`
    select type, mode, data from events
    where merchant_id = ${tenant.merchant.id} and type like 'dispute.%' and is_told('paystack', type, data)
    order by id
  `)
  return events.map(renderDisputeEvent)
}

describe('a dispute on the wire of Paystack', () => {
  test('is listed, fetched and found by its transaction, and told with the members of the sample', async () => {
    const { id, transaction, reference } = await dispute()
    const one = await call('GET', `/dispute/${id}`)
    expect(one.json()).toMatchObject({
      message: 'Dispute retrieved',
      data: {
        id,
        status: 'awaiting-merchant-feedback',
        resolution: null,
        refund_amount: 20000,
        domain: 'test',
        category: 'chargeback',
        transaction: { id: transaction, reference, status: 'success', amount: 20000 },
        customer: { email },
        bin: '408408',
        last4: '4081',
        dueAt: expect.stringMatching(/Z$/),
        messages: [{ body: 'Not mine' }],
        history: [{ status: 'awaiting-merchant-feedback' }],
        attachments: '[]',
      },
    })
    const of = (await call('GET', `/dispute/transaction/${transaction}`)).json()
    expect(of).toMatchObject({
      message: 'Dispute retrieved successfully',
      data: { id, merchant_transaction_reference: reference, integration: tenant.merchant.id, history: [{ id: 1 }] },
    })
    const [told] = await webhooksOf()
    expect([told?.event, membersOf(told?.data ?? {})]).toEqual(['charge.dispute.create', sample])
    const { data, meta } = (await call('GET', '/dispute?status=awaiting-merchant-feedback')).json()
    expect([data.length, meta.total, (await dataOf('GET', '/dispute?status=resolved')).length]).toEqual([1, 1, 0])
    expect((await dataOf('GET', `/dispute?transaction=${reference}`)).length).toBe(0)
  })

  test('is listed by pages and by cursors, newest first', async () => {
    const made = [await dispute(), await dispute(), await dispute()].map(({ id }) => id).reverse()
    const pages: number[] = []
    for (const page of [1, 2, 3, 4]) {
      pages.push(...(await dataOf('GET', `/dispute?perPage=1&page=${page}`)).map((each: { id: number }) => each.id))
    }
    expect(pages).toEqual(made)
    const walked: number[] = []
    let query = 'use_cursor=true'
    for (let step = 0; step < 3; step++) {
      const { data, meta } = (await call('GET', `/dispute?perPage=1&${query}`)).json()
      walked.push(data[0].id)
      query = `next=${encodeURIComponent(meta.next)}`
      expect(meta.next === null).toBe(step === 2)
    }
    expect(walked).toEqual(made)
    const bad = await call('GET', '/dispute?next=x')
    expect(bad.statusCode).toBe(400)
  })

  test('is accepted for a part, and the transaction stays paid; accepted in full it is reversed', async () => {
    const part = await dispute()
    const answer = { message: 'Accepted', uploaded_filename: 'a.pdf', resolution: 'merchant-accepted' }
    const resolved = await call('PUT', `/dispute/${part.id}/resolve`, { ...answer, refund_amount: '5000' })
    expect(resolved.json()).toMatchObject({
      message: 'Dispute successfully resolved',
      data: {
        id: part.id,
        status: 'resolved',
        resolution: 'merchant-accepted',
        refund_amount: 5000,
        message: { dispute: part.id, body: 'Accepted' },
        attachments: '["a.pdf"]',
      },
    })
    expect((await dataOf('GET', `/transaction/verify/${part.reference}`)).status).toBe('success')
    expect((await call('GET', '/api/canary/balance')).json().amount).toBe(15000)

    const whole = await dispute()
    await call('PUT', `/dispute/${whole.id}/resolve`, { ...answer, refund_amount: 20000 })
    expect((await dataOf('GET', `/transaction/verify/${whole.reference}`)).status).toBe('reversed')
    const told = await webhooksOf()
    expect(told.at(-1)).toMatchObject({
      event: 'charge.dispute.resolve',
      data: { status: 'resolved', resolution: 'merchant-accepted', transaction: { status: 'reversed' } },
    })
    expect((await call('GET', '/api/canary/balance')).json().amount).toBe(15000)
  })

  test('that the bank decides for the payer although it was declined is lost', async () => {
    const { id } = await dispute({ afterDecline: 'lost' })
    const answer = { message: 'No', uploaded_filename: '', resolution: 'declined', refund_amount: 0 }
    const resolved = await call('PUT', `/dispute/${id}/resolve`, answer)
    expect(resolved.json().data, resolved.body).toMatchObject({ status: 'resolved', resolution: 'auto-accepted' })
    expect((await call('GET', '/api/canary/balance')).json().amount).toBe(0)
  })

  test('has its amount changed and evidence added, until it is resolved', async () => {
    const { id } = await dispute()
    const updated = await call('PUT', `/dispute/${id}`, { refund_amount: 12000, uploaded_filename: 'b.pdf' })
    expect(updated.json()).toMatchObject({
      message: 'Dispute updated successfully',
      data: [{ id, refund_amount: 12000, attachments: '["b.pdf"]' }],
    })
    expect((await call('PUT', `/dispute/${id}`, { refund_amount: 20000 })).json().data[0].refund_amount).toBe(20000)
    const tooMuch = await call('PUT', `/dispute/${id}`, { refund_amount: 20100 })
    expect([tooMuch.statusCode, tooMuch.json().message]).toEqual([
      400,
      'Refund amount cannot be greater than initial amount',
    ])
    const evidence = {
      customer_email: email,
      customer_name: 'Zero Sum',
      customer_phone: '08023456789',
      service_details: 'A top-up',
      delivery_address: '3a, Ladoke street',
    }
    expect((await call('POST', `/dispute/${id}/evidence`, evidence)).json()).toMatchObject({
      message: 'Evidence created',
      data: { ...evidence, dispute: id, id: expect.any(Number) },
    })
    expect((await dataOf('GET', `/dispute/${id}`)).evidence).toMatchObject(evidence)
    const answer = { message: 'No', uploaded_filename: 'b.pdf', resolution: 'declined', refund_amount: 20000 }
    await call('PUT', `/dispute/${id}/resolve`, answer)
    expect((await call('PUT', `/dispute/${id}`, { refund_amount: 1 })).statusCode).toBe(400)
    expect((await call('POST', `/dispute/${id}/evidence`, evidence)).statusCode).toBe(400)
  })

  test('is refused in Paystack’s words: unknown, without a member, with a file, and an export of nothing', async () => {
    const nothing = await call('GET', '/dispute/export')
    expect([nothing.statusCode, nothing.json()]).toEqual([
      404,
      expect.objectContaining({ message: 'No disputes found', type: 'api_error', code: 'unknown' }),
    ])
    const unknown = await call('GET', '/dispute/999')
    expect([unknown.statusCode, unknown.json()]).toEqual([
      404,
      expect.objectContaining({ message: 'Dispute not found', type: 'validation_error', code: 'not_found' }),
    ])
    expect((await call('GET', '/dispute/transaction/order-1')).json().message).toBe('Dispute not found')
    const { id } = await dispute()
    const missing = await call('PUT', `/dispute/${id}/resolve`, { resolution: 'declined', message: 'No' })
    expect([missing.statusCode, missing.json().code]).toEqual([400, 'missing_params'])
    const file = await call('GET', `/dispute/${id}/upload_url?upload_filename=a.pdf`)
    expect([file.statusCode, file.json().message]).toEqual([403, expect.stringContaining('keeps no files')])
  })

  test('is exported as CSV, by a link that opens one merchant’s disputes only', async () => {
    const { id, reference } = await dispute()
    const { path } = await dataOf('GET', '/dispute/export?status=awaiting-merchant-feedback')
    const file = await api.app.inject({ method: 'GET', url: path.replace(/^http:..[^/]+/, '') })
    const [head, line, end] = file.body.split('\n')
    expect(head).toContain('id,status,resolution')
    expect(line).toMatch(new RegExp(`^${id},awaiting-merchant-feedback,.*,${reference},CUS_`))
    expect(end).toBe('')
    const holder = await createKeyFinder(api.service)(tenant.secret)
    await inTransaction(api.service, (tx) => revokeApiKey(tx, tenant.merchant, holder?.apiKeyId as string))
    const refused = await api.app.inject({ method: 'GET', url: path.replace(/^http:..[^/]+/, '') })
    expect([refused.statusCode, refused.json().message]).toEqual([404, expect.stringContaining('was revoked')])
  })

  test('of an amount with thousandths does not exist here', async () => {
    const { id: customerId } = (await call('POST', '/api/canary/customers', { phoneNumber: '+27821234501' })).json()
    const { transactionId } = (
      await call('POST', '/v1/sandbox/pay-ins', { customerId, amount: 1500, currency: 'KWD' })
    ).json()
    const made = await call('POST', '/v1/sandbox/disputes', { reference: transactionId, reason: 'Not mine' })
    expect(made.json()).toMatchObject({ state: 'open', amount: 1500, currency: 'KWD', reference: null })
    expect(await dataOf('GET', '/dispute')).toEqual([])
    expect(await webhooksOf()).toEqual([])
  })
})
