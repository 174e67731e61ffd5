import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()

const batch = (transfers: object[], key?: string) => wallet.send('POST', '/v1/transfers/batch', { transfers }, key)
const there = (amount: number, more: object = {}) => ({
  fromCustomerId: wallet.ada,
  toCustomerId: wallet.ben,
  amount,
  ...more,
})

test('each transfer of a batch has its own answer, and a refused transfer does not stop the others', async () => {
  await wallet.payIn(wallet.ada, 100)
  const answer = await batch([
    there(60),
    there(60),
    there(1, { toCustomerId: 'CUS_000000000000000' }),
    there(0),
    there(1, { currency: 'KES' }),
    there(40),
  ])
  expect(answer.statusCode).toBe(200)
  const { completed, refused, outcomes } = answer.json()
  expect([completed, refused]).toEqual([2, 4])
  expect(outcomes.map((each: { status: string; error?: { code: string } }) => each.error?.code ?? each.status)).toEqual(
    ['completed', 'insufficient_funds', 'customer_not_found', 'invalid_request', 'currency_not_held', 'completed'],
  )
  expect(await wallet.balance(wallet.ben)).toMatchObject({ amount: 100 })
})

test('a later transfer of a batch may spend the money of an earlier one', async () => {
  await wallet.payIn(wallet.ada, 100)
  const back = { fromCustomerId: wallet.ben, toCustomerId: wallet.ada }
  const { completed } = (await batch([there(100), there(100, back), there(100)])).json()
  expect(completed).toBe(3)
})

test('a batch holds a thousand transfers, and one more is refused as a whole', async () => {
  await wallet.payIn(wallet.ada, 1000)
  expect((await batch(Array.from({ length: 1000 }, () => there(1)))).json().completed).toBe(1000)
  expect((await batch(Array.from({ length: 1001 }, () => there(1)))).statusCode).toBe(400)
  expect((await batch([])).statusCode).toBe(400)
  expect(await wallet.balance(wallet.ben)).toMatchObject({ amount: 1000 })
})

test('a batch of transfers is made once for its key, refusals included', async () => {
  await wallet.payIn(wallet.ada, 100)
  const first = await batch([there(60), there(60)], 'k')
  await wallet.payIn(wallet.ada, 100)
  const again = await batch([there(60), there(60)], 'k')
  expect(again.body).toBe(first.body)
  expect(again.headers['idempotent-replayed']).toBe('true')
  expect(await wallet.balance(wallet.ben)).toMatchObject({ amount: 60 })
})

test('a refused transfer of a batch names its line, its member and the one customer there is not', async () => {
  await wallet.payIn(wallet.ada, 100)
  const nobody = 'CUS_000000000000000'
  const { outcomes } = (
    await batch([
      there(1),
      there(1, { toCustomerId: nobody }),
      there(1, { fromCustomerId: nobody }),
      there(1, { fromCustomerId: nobody, toCustomerId: 'CUS_1' }),
      there(0),
      there(1, { toCustomerId: wallet.ada }),
      there(1, { currency: 'KES' }),
      there(100),
    ])
  ).json()
  expect(outcomes.map((each: { error?: { message: string; field: string } }) => each.error)).toMatchObject([
    undefined,
    { field: 'transfers.1.toCustomerId', message: `transfers.1.toCustomerId: There is no customer "${nobody}"` },
    { field: 'transfers.2.fromCustomerId', message: `transfers.2.fromCustomerId: There is no customer "${nobody}"` },
    { message: `transfers.3.fromCustomerId: There is no customer "${nobody}" and no customer "CUS_1"` },
    { field: 'transfers.4.amount', message: expect.stringMatching(/^transfers\.4\.amount: amount must be a whole/) },
    { field: 'transfers.5.toCustomerId' },
    { field: 'transfers.6.currency' },
    {
      code: 'insufficient_funds',
      field: 'transfers.7',
      message: `transfers.7: The available balance of customer ${wallet.ada} does not cover the amount`,
    },
  ])
})
