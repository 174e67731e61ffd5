import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()

const refund = (transactionId: string, more: object = {}, key?: string) =>
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
