import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()

const refund = (transactionId: string | number, more: object = {}, key?: string) =>
  wallet.send('POST', '/v1/refunds', { transactionId, ...more }, key)
const reverse = (transactionId: string, key?: string) => wallet.send('POST', '/v1/reversals', { transactionId }, key)

async function buy(amount: number): Promise<string> {
  const body = { customerId: wallet.ada, productId: 'p', amount, currency: 'ZAR' }
  return (await wallet.send('POST', '/api/canary/purchases', body)).json().id
}

async function send(amount: number): Promise<string> {
  const body = { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount, currency: 'ZAR' }
  return (await wallet.send('POST', '/api/canary/transfers', body)).json().id
}

test('a purchase is refunded in parts, never more than the rest of it', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const purchase = await buy(100)
  expect((await refund(purchase, { amount: 60, reason: 'Returned' })).json()).toMatchObject({
    amount: 60,
    currency: 'ZAR',
  })
  expect((await refund(purchase, { amount: 41 })).json().error.code).toBe('refund_exceeded')
  expect((await refund(purchase)).json()).toMatchObject({ amount: 40 })
  expect((await refund(purchase)).json().error.code).toBe('refund_exceeded')
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 1000 })
  const [newest] = (await wallet.get(`/api/canary/customers/${wallet.ada}/transactions`)).json().data
  expect(newest).toMatchObject({ type: 'refund', amount: 40, relatedEntityId: purchase.replace('purchase_', 'txn_') })
})

test('many refunds of a purchase at once give back no more than was paid', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const purchase = await buy(100)
  const answers = await Promise.all(Array.from({ length: 12 }, () => refund(purchase, { amount: 30 })))
  expect(answers.filter((each) => each.statusCode === 201)).toHaveLength(3)
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 990 })
})

test('a refund is made once for its key', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const purchase = await buy(100)
  const [first, again] = [await refund(purchase, {}, 'k'), await refund(purchase, {}, 'k')]
  expect([again.statusCode, again.body]).toEqual([201, first.body])
})

test('a transfer is undone by a reversal, if the receiver still has the money', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const transfer = await send(300)
  expect((await refund(transfer)).json().error).toMatchObject({ code: 'invalid_request', field: 'transactionId' })
  await wallet.send('POST', '/v1/holds', { customerId: wallet.ben, amount: 1 })
  expect((await reverse(transfer)).statusCode).toBe(402)
  await wallet.payIn(wallet.ben, 1)
  expect((await reverse(transfer)).json()).toMatchObject({ amount: 300 })
  expect((await reverse(transfer)).json().error.code).toBe('refund_exceeded')
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 1000 })
})

test('a reversal after a partial refund gives back the rest', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const purchase = await buy(100)
  await refund(purchase, { amount: 30 })
  expect((await reverse(purchase)).json()).toMatchObject({ amount: 70 })
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 1000 })
})

test('a pay-in is refunded to where it came from', async () => {
  const payIn = await wallet.payIn(wallet.ada, 1000)
  expect((await refund(`txn_${payIn}`, { amount: 400 })).statusCode).toBe(201)
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 600 })
})

test('a refund of a refund and of an unknown transaction is refused', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const { id } = (await refund(await buy(100))).json()
  expect((await refund(id)).statusCode).toBe(400)
  expect((await reverse(id)).statusCode).toBe(400)
  expect((await refund('txn_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d')).statusCode).toBe(404)
  expect((await refund('nothing')).statusCode).toBe(404)
})

test('refunds and reversals are listed newest first: all, of a transaction, and of a customer on either side', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const [purchase, transfer] = [await buy(100), await send(50)]
  const later = () => wallet.api.service.clock.advance(1)
  const made = [(await refund(purchase, { amount: 30, reason: 'Returned' })).json()]
  later()
  made.unshift((await refund(purchase, { amount: 20 })).json())
  later()
  made.unshift((await reverse(transfer)).json())
  const list = async (query: string) => (await wallet.get(`/v1/refunds?${query}`)).json()
  const all = await list('')
  expect(all).toMatchObject({ data: made, nextBefore: null })
  expect((await list(`transactionId=${purchase}`)).data).toEqual(all.data.slice(1))
  expect((await list(`customerId=${wallet.ada}`)).data).toEqual(all.data)
  expect((await list(`customerId=${wallet.ben}`)).data).toEqual(all.data.slice(0, 1))
  expect((await list(`customerId=${wallet.ben}&transactionId=${purchase}`)).data).toEqual([])
  const first = await list('limit=2')
  expect([first.data, first.nextBefore]).toEqual([all.data.slice(0, 2), made[1].id])
  expect(await list(`limit=2&before=${first.nextBefore}`)).toEqual({ data: all.data.slice(2), nextBefore: null })
  expect(all.data[0]).toMatchObject({ kind: 'reversal', customerId: wallet.ben, reason: null })
  expect(all.data[2]).toMatchObject({ kind: 'refund', customerId: wallet.ada, reason: 'Returned' })
})

test('one refund is read by its id, and other transactions are no refunds', async () => {
  const payIn = await wallet.payIn(wallet.ada, 1000)
  const made = (await refund(payIn, { amount: 30 })).json()
  for (const id of [made.id, `txn_${made.id}`])
    expect((await wallet.get(`/v1/refunds/${id}`)).json()).toMatchObject(made)
  for (const id of [payIn, 'nothing']) {
    expect((await wallet.get(`/v1/refunds/${id}`)).json().error.code).toBe('transaction_not_found')
  }
})

test('a payment is refunded and reversed by any of its names', async () => {
  const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
  const body = { email: 'ada@example.com', amount: 500, reference: 'order-17', card }
  const { data } = (await wallet.send('POST', '/charge', body)).json()
  const first = (await refund('order-17', { amount: 100 })).json()
  expect((await wallet.get(`/v1/refunds/${first.id}`)).json()).toMatchObject({ amount: 100, customerId: null })
  const { payment } = (await wallet.get('/v1/transactions/order-17')).json()
  expect((await refund(String(data.id), { amount: 100 })).json().transactionId).toBe(first.transactionId)
  // A key tells the number and its text as one request.
  const byNumber = await refund(data.id, { amount: 10 }, 'by-number')
  expect(byNumber.json()).toMatchObject({ transactionId: first.transactionId, amount: 10 })
  expect((await refund(String(data.id), { amount: 10 }, 'by-number')).json()).toEqual(byNumber.json())
  expect((await refund(payment.paymentIntentId, { amount: 100 })).json().transactionId).toBe(first.transactionId)
  expect((await reverse('order-17')).json()).toMatchObject({ amount: 190, transactionId: first.transactionId })
  expect((await refund('order-17')).json().error.code).toBe('refund_exceeded')
  const reversed = await wallet.send('POST', '/v1/reversals', { transactionId: data.id })
  expect(reversed.json().error.code).toBe('refund_exceeded')
})

test.each([
  [1.5, 'transactionId must be a string or a whole number, not 1.5'],
  [true, 'transactionId must be a string or a whole number, not true'],
  [-5, 'transactionId must be a whole number from 0 to 9007199254740991, not -5'],
])('a payment is not named by %s', async (transactionId, message) => {
  const { error } = (await wallet.send('POST', '/v1/refunds', { transactionId })).json()
  expect(error).toEqual({ code: 'invalid_request', message, field: 'transactionId' })
})

test('a payment that is not paid is not refunded, and the message says so', async () => {
  await wallet.send('POST', '/transaction/initialize', { email: 'ada@example.com', amount: 500, reference: 'later' })
  expect((await refund('later')).json().error).toEqual({
    code: 'transaction_not_found',
    message: 'The payment "later" is not paid, so there is no transaction of it',
  })
})
