import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()

const buy = (amount: unknown, key?: string, more: object = {}) =>
  wallet.send(
    'POST',
    '/api/canary/purchases',
    { customerId: wallet.ada, productId: 'airtime', amount, currency: 'ZAR', ...more },
    key,
  )

test('a purchase moves the amount from the customer to the merchant and answers both balances', async () => {
  await wallet.payIn(wallet.ada, 5000)
  const answer = await buy(50, undefined, { quantity: 2 })
  expect(answer.statusCode).toBe(201)
  expect(answer.json()).toEqual({
    id: expect.stringMatching(/^purchase_[0-9a-f-]{36}$/),
    merchantId: wallet.tenant.merchant.code,
    customerId: wallet.ada,
    productId: 'airtime',
    amount: 50,
    currency: 'ZAR',
    status: 'completed',
    customerBalanceBefore: 5000,
    customerBalanceAfter: 4950,
    createdAt: '2026-01-15T10:30:00.000Z',
    updatedAt: '2026-01-15T10:30:00.000Z',
  })
  expect((await wallet.get('/api/canary/balance')).json()).toMatchObject({ amount: 50, available: 50 })
})

test('a purchase is the same in the customer’s and in the merchant’s history', async () => {
  await wallet.payIn(wallet.ada, 5000)
  const { id } = (await buy(50)).json()
  const [mine] = (await wallet.get(`/api/canary/customers/${wallet.ada}/transactions`)).json().data
  const [theirs] = (await wallet.get('/api/canary/balance/history')).json().data
  expect(mine).toMatchObject({
    type: 'purchase',
    amount: -50,
    balanceAfter: 4950,
    relatedEntityId: id,
    relatedEntityType: 'Purchase',
  })
  expect(theirs).toMatchObject({ amount: 50, balanceAfter: 50, relatedEntityId: id, relatedEntityType: 'Purchase' })
})

test('a purchase the balance does not cover answers 402, and its repeat stays 402 after money has come', async () => {
  await wallet.payIn(wallet.ada, 49)
  const first = await buy(50, 'k')
  await wallet.payIn(wallet.ada, 1000)
  const again = await buy(50, 'k')
  expect([first.statusCode, again.statusCode]).toEqual([402, 402])
  expect(again.body).toBe(first.body)
  expect(again.headers['idempotent-replayed']).toBe('true')
  expect((await buy(50, 'k2')).statusCode).toBe(201)
})

test('a repeated purchase with the same key answers the first bytes and buys nothing more', async () => {
  await wallet.payIn(wallet.ada, 500)
  const first = await buy(100, 'k')
  await buy(50)
  const again = await buy(100, 'k')
  expect(again.body).toBe(first.body)
  expect([first, again].map((each) => each.headers['idempotent-replayed'])).toEqual([undefined, 'true'])
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 350 })
})

test('another purchase under a used key answers 409 and names the difference', async () => {
  await wallet.payIn(wallet.ada, 500)
  await buy(100, 'k')
  const answer = await buy(101, 'k')
  expect([answer.statusCode, answer.json().message]).toEqual([409, [expect.stringContaining('another amount')]])
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 400 })
})

test('of twenty purchases at once no more succeed than the balance covers', async () => {
  await wallet.payIn(wallet.ada, 700)
  const answers = await Promise.all(Array.from({ length: 20 }, () => buy(100)))
  expect(answers.filter((each) => each.statusCode === 201)).toHaveLength(7)
  expect(answers.filter((each) => each.statusCode === 402)).toHaveLength(13)
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 0, available: 0 })
})

test('twenty repeats of one purchase at once buy once', async () => {
  await wallet.payIn(wallet.ada, 700)
  const answers = await Promise.all(Array.from({ length: 20 }, () => buy(100, 'one')))
  expect(new Set(answers.map((each) => each.body)).size).toBe(1)
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 600 })
})

test('a denied customer’s purchase is refused', async () => {
  await wallet.payIn(wallet.ada, 500)
  await wallet.send('POST', '/customer/set_risk_action', { customer: wallet.ada, risk_action: 'deny' })
  const answer = await buy(100)
  expect([answer.statusCode, answer.json().message[0]]).toEqual([402, expect.stringContaining('denied')])
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 500 })
})

test.each([0, -5, 1.5, '10.5', 'ten', 2 ** 53, '90071992547409920'])(
  'a purchase with the amount %j answers 400',
  async (amount) => {
    const answer = await buy(amount)
    expect([answer.statusCode, answer.json().message[0]]).toEqual([400, expect.stringContaining('amount')])
  },
)

test('a purchase accepts a whole amount sent as text or as a float', async () => {
  await wallet.payIn(wallet.ada, 500)
  const answers = [await buy('100'), await buy('10.0')]
  expect(answers.map((each) => each.json().amount)).toEqual([100, 10])
})

test('a purchase answers 400 to a currency the merchant does not hold and 404 to an unknown customer', async () => {
  expect((await buy(1, undefined, { currency: 'KES' })).statusCode).toBe(400)
  expect((await buy(1, undefined, { customerId: 'CUS_000000000000000' })).statusCode).toBe(404)
})

test('a purchase takes money only from the balance in its currency', async () => {
  await wallet.payIn(wallet.ada, 500)
  expect((await buy(100, undefined, { currency: 'XOF' })).statusCode).toBe(402)
  await wallet.payIn(wallet.ada, 300, 'XOF')
  expect((await buy(100, undefined, { currency: 'xof' })).json()).toMatchObject({
    currency: 'XOF',
    customerBalanceAfter: 200,
  })
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 500 })
})

test.each([0, 1.5, -1, 1e10])('a purchase of the quantity %s is refused', async (quantity) => {
  await wallet.payIn(wallet.ada, 1000)
  const answer = await buy(50, undefined, { quantity })
  const message = `quantity must be a whole number from 1 to 1000000000, not ${quantity}`
  expect([answer.statusCode, answer.json().message]).toEqual([400, [message]])
})
