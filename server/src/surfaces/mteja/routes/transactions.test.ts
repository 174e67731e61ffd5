import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()

const get = async (path: string) => (await wallet.get(path)).json()
/** Each call comes a moment later, because ids are ordered by the time. */
async function post(path: string, body: object) {
  wallet.api.service.clock.advance(1)
  return (await wallet.send('POST', path, body)).json()
}
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }

/** A payment under the merchant's reference, which pays the merchant 500. */
async function pay(reference: string, metadata: unknown = { cart: 7 }) {
  const { data } = await post('/charge', { email: 'ada@example.com', amount: 500, reference, metadata, card })
  return data as { id: number; status: string }
}

test('a transfer shows both sides, with the balance of each after it', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const sent = await post('/api/canary/transfers', {
    fromCustomerId: wallet.ada,
    toCustomerId: wallet.ben,
    amount: 300,
    currency: 'ZAR',
    description: 'Lunch',
  })
  const id = sent.id.replace('transfer_', '')
  expect(await get(`/v1/transactions/${sent.id}`)).toEqual({
    id,
    kind: 'transfer',
    amount: 300,
    currency: 'ZAR',
    description: 'Lunch',
    details: {},
    entries: [
      { account: 'customer_cash', customerId: wallet.ada, number: 2, amount: -300, balanceAfter: 700 },
      { account: 'customer_cash', customerId: wallet.ben, number: 1, amount: 300, balanceAfter: 300 },
    ],
    reference: null,
    payment: null,
    holdId: null,
    refundedTransactionId: null,
    refundedAmount: 0,
    createdAt: sent.createdAt,
    by: {
      kind: 'key',
      apiKeyId: expect.any(String),
      name: null,
      personId: null,
      personName: null,
      issuer: null,
      subject: null,
      surface: 'cashful',
    },
    requestId: expect.any(String),
  })
  expect((await get(`/v1/transactions/${id}`)).id).toBe(id)
  expect((await get(`/v1/transactions/txn_${id}`)).id).toBe(id)
})

test('a purchase shows its product, and a refund of it shows what it gives back', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const product = { customerId: wallet.ada, productId: 'airtime', amount: 100, currency: 'ZAR', quantity: 2 }
  const { id } = await post('/api/canary/purchases', product)
  const refund = await post('/v1/refunds', { transactionId: id, amount: 40, reason: 'Returned' })
  const purchase = await get(`/v1/transactions/${id}`)
  expect(purchase).toMatchObject({
    kind: 'purchase',
    details: { productId: 'airtime', quantity: 2 },
    refundedAmount: 40,
    refundedTransactionId: null,
  })
  expect(purchase.entries.map((each: { account: string }) => each.account)).toEqual([
    'customer_cash',
    'merchant_balance',
  ])
  expect(await get(`/v1/transactions/${refund.id}`)).toMatchObject({
    kind: 'refund',
    amount: 40,
    description: 'Returned',
    refundedTransactionId: purchase.id,
    refundedAmount: 0,
  })
})

test('a capture and its refund show the hold', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const hold = await post('/v1/holds', { customerId: wallet.ada, amount: 100 })
  const capture = await post(`/v1/holds/${hold.id}/capture`, { amount: 60 })
  const refund = await post('/v1/refunds', { transactionId: capture.id })
  for (const id of [capture.id, refund.id]) {
    expect(await get(`/v1/transactions/${id}`)).toMatchObject({ holdId: hold.id })
  }
  await post(`/v1/holds/${hold.id}/capture`, {})
  const { data } = await get(`/v1/transactions?reference=${hold.id}`)
  expect(data.map((each: { kind: string; amount: number }) => [each.kind, each.amount])).toEqual([
    ['hold_capture', 40],
    ['refund', 60],
    ['hold_capture', 60],
  ])
})

test('a payment is found by every name that it has', async () => {
  const { id: number, status } = await pay('order-17')
  expect(status).toBe('success')
  const found = await get('/v1/transactions/order-17')
  expect(found).toMatchObject({
    kind: 'pay_in',
    amount: 500,
    reference: 'order-17',
    payment: { reference: 'order-17', number, status: 'succeeded', metadata: { cart: 7 }, checkoutSessionId: null },
  })
  const names = [String(number), found.payment.paymentIntentId, found.id, `txn_${found.id}`]
  for (const name of names) {
    expect([name, await get(`/v1/transactions/${name}`)]).toEqual([name, found])
    const { data } = await get(`/v1/transactions?reference=${name}`)
    expect([name, data]).toEqual([name, [found]])
  }
})

test('a payment by checkout is found by its session, and by its payment intent', async () => {
  const session = await post('/api/canary/checkout/sessions', {
    customerId: wallet.ada,
    mode: 'payin',
    totalAmount: 700,
    currency: 'ZAR',
  })
  expect((await wallet.get(`/v1/transactions/${session.id}`)).json().error).toEqual({
    code: 'transaction_not_found',
    message: `The checkout session "${session.id}" is not paid, so there is no transaction of it`,
  })
  expect(await get(`/v1/transactions?reference=${session.id}`)).toEqual({ data: [], nextBefore: null })
  const page = {
    method: 'card',
    number: card.number,
    expiry: '12/30',
    cvv: '408',
    expiryMonth: '12',
    expiryYear: '2030',
  }
  await wallet.api.app.inject({ method: 'POST', url: new URL(session.sessionUrl).pathname, payload: page })
  const found = await get(`/v1/transactions/${session.id}`)
  expect(found).toMatchObject({
    kind: 'pay_in',
    amount: 700,
    reference: null,
    payment: { checkoutSessionId: session.id },
  })
  expect(found.entries[1]).toMatchObject({ account: 'customer_cash', customerId: wallet.ada })
  expect(await get(`/v1/transactions/${found.payment.paymentIntentId}`)).toEqual(found)
})

test('the list by reference has the payment, its refunds and its reversal, newest first, page by page', async () => {
  await pay('order-18')
  await wallet.payIn(wallet.ada, 1000)
  await post('/v1/refunds', { transactionId: 'order-18', amount: 100 })
  await post('/v1/refunds', { transactionId: 'order-18', amount: 150 })
  await post('/v1/reversals', { transactionId: 'order-18' })
  const all = (await get('/v1/transactions?reference=order-18')).data
  expect(all.map((each: { kind: string; amount: number }) => [each.kind, each.amount])).toEqual([
    ['reversal', 250],
    ['refund', 150],
    ['refund', 100],
    ['pay_in', 500],
  ])
  expect(new Set(all.map((each: { reference: string }) => each.reference))).toEqual(new Set(['order-18']))
  const first = await get('/v1/transactions?reference=order-18&limit=3')
  const second = await get(`/v1/transactions?reference=order-18&limit=3&before=${first.nextBefore}`)
  expect([...first.data, ...second.data]).toEqual(all)
  expect(second.nextBefore).toBeNull()
})

test('a reference that is also the number of another payment is refused, not guessed', async () => {
  const { id: number } = await pay('order-19')
  await pay(String(number))
  const answer = await wallet.send('POST', '/v1/refunds', { transactionId: String(number) })
  expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'invalid_request'])
  expect(answer.json().error.message).toMatch(
    new RegExp(
      `^"${number}" is a name of 2 things, the payment pi_[0-9a-f-]{36} and the payment pi_[0-9a-f-]{36}; send one of these ids$`,
    ),
  )
  expect((await wallet.send('POST', '/v1/refunds', { transactionId: 'order-19' })).statusCode).toBe(201)
})

test('a payment whose reference is its own number is found', async () => {
  const reference = '999999999999'
  await pay(reference)
  expect((await get(`/v1/transactions/${reference}`)).reference).toBe(reference)
})

test.each(['nothing', 'txn_', 'pi_nothing', '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', '9223372036854775807'])(
  'nothing is found under the name %s',
  async (name) => {
    expect((await wallet.get(`/v1/transactions/${name}`)).json().error.code).toBe('transaction_not_found')
    expect((await wallet.get(`/v1/transactions?reference=${name}`)).json().error.code).toBe('reference_not_found')
  },
)
