import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import type { RecordedEvent } from '../../../domain/events/events.ts'
import { settleDueRefunds } from '../../../domain/payments/refunds.ts'
import { renderRefundEvent } from '../render-refund.ts'

const email = 'zero@example.com'
const card = { cvv: '408', expiry_month: '12', expiry_year: '2030' }
const [plain, failing, waiting] = ['4084084084084081', '4084080000671803', '4084080000671902']

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { currencies: ['NGN', 'XOF'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const dataOf = async (method: string, path: string, body?: unknown) => (await call(method, path, body)).json().data
const refund = (body: object) => call('POST', '/refund', body)
const statusOf = async (reference: string) => (await dataOf('GET', `/transaction/verify/${reference}`)).status
const moveOn = () => settleDueRefunds(api.service)

let payments = 0
async function pay(number = plain, amount = 20000): Promise<{ id: number; reference: string }> {
  const reference = `order-${payments++}`
  return dataOf('POST', '/charge', { email, amount, reference, card: { ...card, number } })
}

/** The webhooks in Paystack's style about refunds, oldest first. */
async function webhooksOf() {
  const events = await api.service.db.query<Pick<RecordedEvent, 'mode' | 'data'>>(sql`
    select mode, data from events
    where merchant_id = ${tenant.merchant.id} and type ~ '^(refund|reversal)[.]' and is_told('paystack', type, data)
    order by id
  `)
  return events.map(renderRefundEvent)
}

describe('a refund on the wire of Paystack', () => {
  test.each(['reference', 'id as a number', 'id as a text'])(
    'is made by %s, in hundredths, and moves on by itself',
    async (name) => {
      const { id, reference } = await pay()
      const transaction = name === 'reference' ? reference : name === 'id as a number' ? id : String(id)
      const answer = await refund({ transaction, amount: '5000', customer_note: 'Sorry' })
      expect([answer.statusCode, answer.json().message]).toEqual([200, 'Refund has been queued for processing'])
      const { data } = answer.json()
      expect(data).toMatchObject({
        id: expect.any(Number),
        status: 'pending',
        reason: 'PENDING',
        amount: 5000,
        currency: 'NGN',
        domain: 'test',
        integration: tenant.merchant.id,
        customer_note: 'Sorry',
        merchant_note: expect.stringContaining(`Refund for transaction ${reference} by `),
        transaction: { id, reference, amount: 20000 },
      })
      expect(await statusOf(reference)).toBe('reversal-pending')
      await moveOn()
      expect(await statusOf(reference)).toBe('success')
      expect(await dataOf('GET', `/refund/${data.id}`)).toMatchObject({
        id: data.id,
        status: 'processed',
        transaction: id,
        transaction_reference: reference,
        transaction_amount: 20000,
        refund_type: 'partial',
        refunded_at: expect.any(String),
        customer: { email },
      })
      // Without an amount the whole payment is meant, which is more than its rest.
      const again = (await refund({ transaction })).json()
      expect(again.message).toBe('Total refund amount cannot exceed original transaction amount')
      await refund({ transaction, amount: 15000 })
      await moveOn()
      expect(await statusOf(reference)).toBe('reversed')
      expect((await refund({ transaction })).json()).toMatchObject({
        status: false,
        message: 'Transaction has been fully reversed',
        type: 'api_error',
        code: 'transaction_reversed',
      })
    },
  )

  test('an amount counts hundredths in a currency without a smaller unit', async () => {
    const { reference } = await dataOf('POST', '/charge', {
      email,
      amount: 5000,
      currency: 'XOF',
      reference: 'xof',
      card: { ...card, number: plain },
    })
    expect((await refund({ transaction: reference, amount: 150 })).statusCode).toBe(400)
    expect((await refund({ transaction: reference, amount: 1000 })).json().data).toMatchObject({ amount: 1000 })
    const [kept] = (await call('GET', '/v1/refunds')).json().data
    expect(kept).toMatchObject({ amount: 10, currency: 'XOF', state: 'pending' })
  })

  test.each<[string, (paid: { id: number; reference: string }) => object, object]>([
    [
      'an unknown transaction',
      () => ({ transaction: 'nothing' }),
      { message: 'Transaction not found', code: 'transaction_not_found' },
    ],
    [
      'more than the transaction',
      ({ reference }) => ({ transaction: reference, amount: 20100 }),
      { message: 'Refund amount exceeds transaction amount', code: 'refund_amount_exceeds_transaction_amount' },
    ],
    [
      'another currency',
      ({ id }) => ({ transaction: id, currency: 'XOF' }),
      { message: 'Transaction currency must match refund currency' },
    ],
    ['no amount at all', ({ id }) => ({ transaction: id, amount: 0 }), { message: 'Invalid Amount Sent' }],
  ])('%s is refused in the words of Paystack', async (_what, bodyOf, expected) => {
    const answer = await refund(bodyOf(await pay()))
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ status: false, ...expected })
  })

  test('a transaction that is not paid, and one whose money was spent, are not refunded', async () => {
    await call('POST', '/transaction/initialize', { email, amount: 500, reference: 'later' })
    expect((await refund({ transaction: 'later' })).json().message).toBe('Transaction has not been successful')
    const metadata = { purpose: 'wallet_topup' }
    const body = { email, amount: 700, reference: 'topped', metadata, card: { ...card, number: plain } }
    const { customer } = await dataOf('POST', '/charge', body)
    const spent = { customerId: customer.customer_code, productId: 'p', amount: 100, currency: 'NGN' }
    await call('POST', '/api/canary/purchases', spent)
    expect((await refund({ transaction: 'topped' })).json()).toMatchObject({
      message: 'Your balance is not enough to fulfil this request',
      code: 'insufficient_balance',
    })
  })

  test('refunds are listed by page and by the numeric id of a transaction, with the rest of it', async () => {
    const [first, second] = [await pay(), await pay(waiting)]
    const ids = []
    for (const [{ id: transaction }, amount] of [
      [first, 2500],
      [second, 5000],
      [first, 7500],
    ] as const) {
      ids.unshift((await refund({ transaction, amount })).json().data.id)
    }
    await moveOn()
    const list = async (query: string) => (await call('GET', `/refund?${query}`)).json()
    const all = await list('currency=GHS')
    expect(all.data.map(({ id }: { id: number }) => id)).toEqual(ids)
    expect(all.meta).toMatchObject({ total: 3, page: 1, pageCount: 1, totalRetriable: 1, partialAmountLeft: null })
    const own = await list(`transaction=${first.id}`)
    expect(own.data.map(({ amount }: { amount: number }) => amount)).toEqual([7500, 2500])
    expect(own.meta).toMatchObject({ total: 2, totalRetriable: 0, partialAmountLeft: 10000 })
    expect((await list(`transaction=${first.reference}`)).data).toEqual([])
    expect((await list('perPage=1&page=2')).data).toMatchObject([{ id: ids[1] }])
    expect((await list('from=2099-01-01')).data).toEqual([])
    expect((await call('GET', '/refund?from=once')).json().message).toBe("Invalid 'from' date passed")
    const missing = await call('GET', '/refund/17')
    expect([missing.statusCode, missing.json().message, missing.json().code]).toEqual([
      404,
      'Refund not found',
      'not_found',
    ])
  })

  test('a refund of the card whose refunds fail gives the money back to the merchant', async () => {
    const { id, reference } = await pay(failing)
    const { data } = (await refund({ transaction: id })).json()
    expect((await call('GET', '/api/canary/balance')).json()).toMatchObject({ amount: 20000, pending: 20000 })
    await moveOn()
    expect((await call('GET', '/api/canary/balance')).json()).toMatchObject({ amount: 20000, pending: 0 })
    expect(await statusOf(reference)).toBe('success')
    expect(await dataOf('GET', `/refund/${data.id}`)).toMatchObject({ status: 'failed', deducted_amount: 0 })
  })

  test('a refund that needs attention is sent to a bank account, once it waits for one', async () => {
    const { id, reference } = await pay(waiting)
    const made = (await refund({ transaction: id })).json().data
    const fetched = () => dataOf('GET', `/refund/${made.id}`)
    const account = { currency: 'NGN', account_number: '0123456789', bank_id: '9' }
    const retry = (more: object = {}) =>
      call('POST', `/refund/retry_with_customer_details/${made.id}`, {
        refund_account_details: { ...account, ...more },
      })
    const early = await retry()
    expect([early.statusCode, early.json().message, early.json().code]).toEqual([
      422,
      'Invalid Refund state, refund status should be "needs-attention"',
      'invalid_params',
    ])
    await moveOn()
    expect(await fetched()).toMatchObject({ status: 'needs-attention', collect_account_number: true })
    expect((await retry({ currency: 'XOF' })).json().message).toBe('Transaction currency must match refund currency')
    const answer = await retry()
    expect(answer.json()).toMatchObject({
      message: 'Refund retried and has been queued for processing',
      data: { id: made.id, status: 'processing' },
    })
    expect(await statusOf(reference)).toBe('reversal-pending')
    api.service.clock.advance(10_000)
    await moveOn()
    expect(await fetched()).toMatchObject({ status: 'processed' })
    expect(await statusOf(reference)).toBe('reversed')
  })

  test('every state is told in the style of Paystack, with the types of its samples, and in the standard style', async () => {
    for (const style of ['paystack', 'standard']) {
      await call('POST', '/v1/webhook-endpoints', { url: `https://example.com/${style}`, style })
    }
    const [good, bad, slow] = [await pay(), await pay(failing), await pay(waiting)]
    const ids: string[] = []
    for (const { id: transaction } of [good, bad, slow]) {
      ids.push(String((await refund({ transaction, amount: 5000 })).json().data.id))
    }
    const [one, two, three] = ids as [string, string, string]
    await moveOn()
    const rows = await api.service.db.query<{ event_type: string; style: string }>(sql`
      select d.event_type, w.style from deliveries d
      join webhook_endpoints w on w.merchant_id = d.merchant_id and w.id = d.endpoint_id
      where d.merchant_id = ${tenant.merchant.id} and d.event_type like 'refund.%'
    `)
    const types = ['refund.failed', 'refund.needs_attention', 'refund.pending', 'refund.succeeded']
    for (const style of ['paystack', 'standard']) {
      const told = new Set(rows.filter((row) => row.style === style).map(({ event_type }) => event_type))
      expect([...told].sort()).toEqual(types)
    }
    const events = (await call('GET', '/v1/events?limit=100')).json().data
    const own = events.filter(({ type }: { type: string }) => type.startsWith('refund.'))
    expect(new Set(own.map(({ type }: { type: string }) => type))).toEqual(new Set(types))
    const common = {
      currency: 'NGN',
      domain: 'test',
      integration: tenant.merchant.id,
      customer: { first_name: null, last_name: null, email },
      processor: null,
    }
    const of = ({ reference }: { reference: string }, id: string, status: string, amount: unknown) => ({
      event: `refund.${status}`,
      data: {
        ...{ ...common, status, amount, id, transaction_reference: reference },
        refund_reference: status === 'pending' ? null : expect.any(String),
        customer_note: `Refund for transaction ${reference}`,
        merchant_note: `Refund for transaction ${reference}`,
      },
    })
    const webhooks = await webhooksOf()
    expect(webhooks.slice(0, 3)).toEqual([
      of(good, one, 'pending', '5000'),
      of(bad, two, 'pending', '5000'),
      of(slow, three, 'pending', '5000'),
    ])
    // These come in any order.
    expect(new Set(webhooks.slice(3))).toEqual(
      new Set([
        of(good, one, 'processed', '5000'),
        of(bad, two, 'failed', 5000),
        of(slow, three, 'needs-attention', 5000),
      ]),
    )
  })
})
