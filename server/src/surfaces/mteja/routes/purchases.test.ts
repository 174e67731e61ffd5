import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()
const day = 24 * 3_600_000
const buy = async (amount: number, currency = 'ZAR', customerId = wallet.ada) =>
  (
    await wallet.send('POST', '/api/canary/purchases', {
      customerId,
      productId: `p${amount}`,
      amount,
      currency,
      quantity: 2,
    })
  )
    .json()
    .id.replace('purchase_', '')
const get = async (path: string) => {
  const answer = await wallet.get(path)
  expect([path, answer.statusCode, answer.body]).toEqual([path, 200, expect.anything()])
  return answer.json()
}

test('purchases are listed newest first, of all and of one customer, with what was given back', async () => {
  await wallet.payIn(wallet.ada, 1000)
  await wallet.payIn(wallet.ben, 1000, 'XOF')
  const { clock } = wallet.api.service
  const first = await buy(30)
  clock.advance(1000)
  const other = await buy(40, 'XOF', wallet.ben)
  clock.advance(1000)
  const last = await buy(20)
  await wallet.send('POST', '/v1/refunds', { transactionId: last, amount: 5 })
  const all = await get('/v1/purchases')
  expect(all.data.map(({ id }: { id: string }) => id)).toEqual([last, other, first])
  expect(all.data[0]).toMatchObject({
    ...{ customerId: wallet.ada, productId: 'p20', quantity: 2, amount: 20, refundedAmount: 5, currency: 'ZAR' },
  })
  const own = await get(`/v1/purchases?customerId=${wallet.ada}`)
  expect(own.data).toEqual([all.data[0], all.data[2]])
  expect((await get('/v1/purchases?currency=xof')).data).toEqual([all.data[1]])
})

test('purchases of a period are read page by page, in the order of time, across currencies', async () => {
  await wallet.payIn(wallet.ada, 1000)
  await wallet.payIn(wallet.ada, 1000, 'XOF')
  const { clock } = wallet.api.service
  await buy(1)
  clock.advance(2 * day)
  const from = clock.now().toISOString()
  const ids: string[] = []
  for (let i = 0; i < 6; i++) {
    ids.unshift(await buy(10 + i, i % 2 === 0 ? 'ZAR' : 'XOF'))
    if (i % 3 === 0) clock.advance(1000)
  }
  const to = new Date(clock.now().getTime() + 1).toISOString()
  clock.advance(2 * day)
  await buy(2)
  const read: string[] = []
  for (let before: string | null = ''; before !== null; ) {
    const query: string = before === '' ? '' : `&before=${before}`
    const page = await get(`/v1/purchases?limit=2&from=${from}&to=${to}${query}`)
    read.push(...page.data.map(({ id }: { id: string }) => id))
    before = page.nextBefore
  }
  expect(read.toSorted()).toEqual(ids.toSorted())
  expect(new Set(read).size).toBe(6)
})

test('a customer’s entries are chosen by kind, direction, currency and period', async () => {
  await wallet.payIn(wallet.ada, 1000)
  await wallet.payIn(wallet.ada, 70, 'XOF')
  await buy(30)
  const move = { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount: 50, currency: 'ZAR' }
  await wallet.send('POST', '/api/canary/transfers', move)
  const amounts = async (query: string) =>
    (await get(`/v1/customers/${wallet.ada}/entries?${query}`)).data.map(({ amount }: { amount: number }) => amount)
  expect((await amounts('')).toSorted()).toEqual([-30, -50, 1000, 70].toSorted())
  expect(await amounts('kind=transfer')).toEqual([-50])
  expect(await amounts('direction=out&currency=ZAR')).toHaveLength(2)
  expect(await amounts('direction=in&currency=XOF')).toEqual([70])
  expect(await amounts('kind=pay_in&direction=out')).toEqual([])
  expect(await amounts('from=2020-01-01&to=2020-12-31')).toEqual([])
  const received = await get(`/v1/customers/${wallet.ben}/entries`)
  expect(received.data).toMatchObject([{ kind: 'transfer', amount: 50, otherCustomerId: wallet.ada, balanceAfter: 50 }])
  const foreign = await wallet.get(`/v1/customers/${wallet.ben}/entries?before=019aa8a2-0b7e-7c11-8a54-6f0c1b2a3d4e`)
  expect([foreign.statusCode, foreign.json().error.field]).toEqual([400, 'before'])
})
