import { expect, test } from 'vitest'
import { suspend } from '../../../../test/belongings.ts'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()
const get = async (path: string) => {
  const answer = await wallet.get(path)
  expect([path, answer.statusCode, answer.body]).toEqual([path, 200, expect.anything()])
  return answer.json()
}

interface Position {
  currency: string
  customers: number
  merchant: number
  suspense: number
  owed: number
  outside: { accountId: number; amount: number }[]
  costs: number
}

test('what is owed is what is held, in each currency, whatever has moved', async () => {
  expect((await get('/v1/positions')).data).toEqual([])
  await wallet.payIn(wallet.ada, 1000)
  await wallet.payIn(wallet.ben, 70, 'XOF')
  await wallet.send('POST', '/api/canary/purchases', {
    ...{ customerId: wallet.ada, productId: 'x', amount: 300, currency: 'ZAR' },
  })
  await wallet.send('POST', '/v1/adjustments', {
    ...{ customerId: wallet.ada, currency: 'ZAR', direction: 'credit', amount: 20, reason: 'sorry', reference: 'a1' },
  })
  await suspend(wallet.api.service, wallet.tenant, 60n)
  const { data } = (await get('/v1/positions')) as { data: Position[] }
  expect(data).toMatchObject([
    { currency: 'ZAR', customers: 720, merchant: 300, suspense: 60, owed: 0, costs: 20 },
    { currency: 'XOF', customers: 70, merchant: 0, suspense: 0, owed: 0, costs: 0 },
  ])
  for (const { customers, merchant, suspense, owed, outside, costs } of data) {
    const held = outside.reduce((sum, { amount }) => sum + amount, 0)
    expect(customers + merchant + suspense).toBe(held + owed + costs)
  }
  const balances = await get('/v1/customers')
  const cash = balances.data.flatMap((each: { balances: { currency: string; posted: number }[] }) => each.balances)
  const sum = cash.filter(({ currency }: { currency: string }) => currency === 'ZAR')
  expect(sum.reduce((all: number, { posted }: { posted: number }) => all + posted, 0)).toBe(data[0]?.customers)
})

test('what moved is counted by day, currency and kind, by the merchant’s clocks', async () => {
  const { clock } = wallet.api.service
  await wallet.payIn(wallet.ada, 1000)
  await wallet.payIn(wallet.ada, 500)
  clock.advance(24 * 3_600_000)
  await wallet.payIn(wallet.ben, 70, 'XOF')
  const { days, data } = await get('/v1/positions/days?days=2')
  expect(days).toHaveLength(2)
  expect(data).toEqual([
    { day: days[0], currency: 'ZAR', kind: 'pay_in', count: 2, amount: 1500 },
    { day: days[1], currency: 'XOF', kind: 'pay_in', count: 1, amount: 70 },
  ])
  expect((await get('/v1/positions/days?days=1')).data).toHaveLength(1)
})
