import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'

const wallet = useWalletApi()

const transfer = (amount: unknown, key?: string, more: object = {}) =>
  wallet.send(
    'POST',
    '/api/canary/transfers',
    { fromCustomerId: wallet.ada, toCustomerId: wallet.ben, amount, currency: 'ZAR', ...more },
    key,
  )

test('a transfer moves the amount, and both histories show it', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const answer = await transfer(250, undefined, { description: 'Lunch' })
  expect(answer.statusCode).toBe(201)
  const made = answer.json()
  expect(made).toEqual({
    id: expect.stringMatching(/^transfer_[0-9a-f-]{36}$/),
    merchantId: wallet.tenant.merchant.code,
    fromCustomerId: wallet.ada,
    toCustomerId: wallet.ben,
    amount: 250,
    currency: 'ZAR',
    description: 'Lunch',
    status: 'completed',
    createdAt: '2026-01-15T10:30:00.000Z',
    updatedAt: '2026-01-15T10:30:00.000Z',
  })
  const related = { relatedEntityId: made.id, relatedEntityType: 'Transfer', description: 'Lunch' }
  const newest = async (id: string) => (await wallet.get(`/api/canary/customers/${id}/transactions`)).json().data[0]
  expect(await newest(wallet.ada)).toMatchObject({ type: 'transfer_out', amount: -250, balanceAfter: 750, ...related })
  expect(await newest(wallet.ben)).toMatchObject({ type: 'transfer_in', amount: 250, balanceAfter: 250, ...related })
})

test('transfers are listed newest first, in pages with the total of all', async () => {
  await wallet.payIn(wallet.ada, 1000)
  for (const amount of [1, 2, 3, 4, 5]) await transfer(amount)
  const page = (await wallet.get('/api/canary/transfers?limit=2&offset=1')).json()
  expect(page.data.map((each: { amount: number }) => each.amount)).toEqual([4, 3])
  expect(page.pagination).toEqual({ limit: 2, offset: 1, total: 5, hasMore: true })
  const beyond = (await wallet.get('/api/canary/transfers?offset=900000')).json()
  expect(beyond).toEqual({ data: [], pagination: { limit: 50, offset: 900000, total: 5, hasMore: false } })
})

test('a transfer is sent once for its key, whatever happened in between', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const first = await transfer(300, 'k')
  await transfer(600)
  const again = await transfer(300, 'k')
  expect([again.statusCode, again.body]).toEqual([201, first.body])
  expect(await wallet.balance(wallet.ben)).toMatchObject({ amount: 900 })
})

test('money that many customers send in circles at once is all there afterwards', async () => {
  await wallet.payIn(wallet.ada, 1000)
  await wallet.payIn(wallet.ben, 1000)
  const back = { fromCustomerId: wallet.ben, toCustomerId: wallet.ada }
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => transfer(1 + (i % 7), undefined, i % 2 ? back : {})),
  )
  expect(new Set(answers.map((each) => each.statusCode))).toEqual(new Set([201]))
  const [ada, ben] = [await wallet.balance(wallet.ada), await wallet.balance(wallet.ben)]
  expect(ada.amount + ben.amount).toBe(2000)
})

test.each([
  ['an empty balance', {}, 402],
  ['a sender nobody knows', { fromCustomerId: 'CUS_000000000000000' }, 404],
  ['a receiver nobody knows', { toCustomerId: 'CUS_000000000000000' }, 404],
  ['another merchant', { merchantId: 'mer_000000000000000' }, 404],
])('a transfer from %s is refused and moves nothing', async (_case, more, status) => {
  expect((await transfer(1, undefined, more)).statusCode).toBe(status)
  expect((await wallet.get('/api/canary/transfers')).json().pagination.total).toBe(0)
})

test('the refusal of a transfer names the customer that does not exist, and no other', async () => {
  await wallet.payIn(wallet.ada, 10)
  const [nobody, other] = ['CUS_000000000000000', 'CUS_000000000000001']
  const messageOf = async (more: object, key?: string) => (await transfer(1, key, more)).json().message
  for (const key of [undefined, 'missing-receiver', 'missing-receiver']) {
    expect(await messageOf({ toCustomerId: nobody }, key)).toEqual([`There is no customer "${nobody}"`])
  }
  expect(await messageOf({ fromCustomerId: nobody })).toEqual([`There is no customer "${nobody}"`])
  expect(await messageOf({ fromCustomerId: nobody, toCustomerId: other })).toEqual([
    `There is no customer "${nobody}" and no customer "${other}"`,
  ])
})

test('a transfer to oneself is refused', async () => {
  await wallet.payIn(wallet.ada, 10)
  expect((await transfer(1, undefined, { toCustomerId: wallet.ada })).statusCode).toBe(400)
})

test('a transfer from or to a denied customer is refused', async () => {
  await wallet.payIn(wallet.ada, 100)
  await wallet.payIn(wallet.ben, 100)
  await wallet.send('POST', '/customer/set_risk_action', { customer: wallet.ben, risk_action: 'deny' })
  const back = { fromCustomerId: wallet.ben, toCustomerId: wallet.ada }
  expect([(await transfer(1)).statusCode, (await transfer(1, undefined, back)).statusCode]).toEqual([402, 402])
})
