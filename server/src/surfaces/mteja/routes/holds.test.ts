import { expect, test } from 'vitest'
import { useWalletApi } from '../../../../test/wallet-api.ts'
import { expireDueHolds } from '../../../domain/wallet/due-holds.ts'

const wallet = useWalletApi()

const place = (amount: number, more: object = {}, key?: string) =>
  wallet.send('POST', '/v1/holds', { customerId: wallet.ada, amount, ...more }, key)
const capture = (id: string, body: object = {}, key?: string) =>
  wallet.send('POST', `/v1/holds/${id}/capture`, body, key)
const release = (id: string, key?: string) => wallet.send('POST', `/v1/holds/${id}/release`, {}, key)

test('a hold lowers the available balance and leaves the posted balance', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const answer = await place(400, { description: 'Ride' })
  expect([answer.statusCode, answer.json()]).toMatchObject([
    201,
    {
      customerId: wallet.ada,
      amount: 400,
      captured: 0,
      remaining: 400,
      status: 'placed',
      description: 'Ride',
      expiresAt: null,
    },
  ])
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 1000, available: 600, pending: 400 })
  expect((await wallet.get(`/v1/holds/${answer.json().id}`)).json()).toEqual(answer.json())
})

test('a hold cannot exceed the available balance', async () => {
  await wallet.payIn(wallet.ada, 1000)
  await place(700)
  expect((await place(301)).statusCode).toBe(402)
  expect((await place(300)).statusCode).toBe(201)
})

test('held money cannot be spent otherwise', async () => {
  await wallet.payIn(wallet.ada, 1000)
  await place(700)
  const buy = (amount: number) =>
    wallet.send('POST', '/api/canary/purchases', { customerId: wallet.ada, productId: 'p', amount, currency: 'ZAR' })
  expect([(await buy(301)).statusCode, (await buy(300)).statusCode]).toEqual([402, 201])
})

test('a hold is captured in parts, and the rest stays held until it is released', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const { id } = (await place(500)).json()
  expect((await capture(id, { amount: 200 })).json()).toMatchObject({ holdId: id, amount: 200, balanceAfter: 800 })
  expect((await capture(id, { amount: 100 })).json()).toMatchObject({ amount: 100, balanceAfter: 700 })
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 700, available: 500, pending: 200 })
  expect((await release(id)).json()).toMatchObject({ id, status: 'released' })
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 700, available: 700, pending: 0 })
  expect((await wallet.get(`/v1/holds/${id}`)).json()).toMatchObject({
    status: 'released',
    captured: 300,
    remaining: 0,
  })
  expect((await wallet.get('/api/canary/balance')).json().amount).toBe(300)
})

test('a capture without an amount takes the rest, and a final capture releases the rest', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const whole = (await place(500)).json().id
  expect((await capture(whole)).json().amount).toBe(500)
  const part = (await place(500)).json().id
  expect((await capture(part, { amount: 100, final: true })).json().amount).toBe(100)
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 400, available: 400, pending: 0 })
  expect((await capture(part)).json().error.code).toBe('hold_not_open')
})

test('a capture cannot exceed the rest of a hold, and a closed hold cannot be captured', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const { id } = (await place(500)).json()
  await capture(id, { amount: 300 })
  expect((await capture(id, { amount: 201 })).json().error.code).toBe('hold_exceeded')
  await capture(id, { amount: 200 })
  expect([(await capture(id, { amount: 1 })).statusCode, (await release(id)).statusCode]).toEqual([409, 409])
})

test('many captures of a hold at once take no more than was held', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const { id } = (await place(500)).json()
  const answers = await Promise.all(Array.from({ length: 20 }, () => capture(id, { amount: 100 })))
  expect(answers.filter((each) => each.statusCode === 201)).toHaveLength(5)
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 500, available: 500, pending: 0 })
})

test('placing, capturing and releasing a hold each happen once for their key', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const [placed, placedAgain] = [await place(500, {}, 'a'), await place(500, {}, 'a')]
  expect(placedAgain.body).toBe(placed.body)
  const { id } = placed.json()
  const [captured, capturedAgain] = [await capture(id, { amount: 100 }, 'b'), await capture(id, { amount: 100 }, 'b')]
  expect(capturedAgain.body).toBe(captured.body)
  const [released, releasedAgain] = [await release(id, 'c'), await release(id, 'c')]
  expect([releasedAgain.statusCode, releasedAgain.body]).toEqual([200, released.body])
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 900, available: 900 })
})

test('a hold that is due is released by itself, and cannot be captured any more', async () => {
  const { clock } = wallet.api.service
  await wallet.payIn(wallet.ada, 1000)
  const expiresAt = new Date(clock.now().getTime() + 60_000).toISOString()
  const { id } = (await place(500, { expiresAt })).json()
  await capture(id, { amount: 100 })
  clock.advance(59_999)
  expect(await expireDueHolds(wallet.api.service)).toBe(0)
  clock.advance(1)
  expect((await capture(id, { amount: 100 })).json().error.code).toBe('hold_not_open')
  expect(await expireDueHolds(wallet.api.service)).toBe(1)
  expect((await wallet.get(`/v1/holds/${id}`)).json()).toMatchObject({ status: 'expired', captured: 100, remaining: 0 })
  expect(await wallet.balance(wallet.ada)).toMatchObject({ amount: 900, available: 900, pending: 0 })
})

test.each(['2020-01-01', '2099-01-01', 'soon'])('placing a hold with the expiry %s answers 400', async (expiresAt) => {
  await wallet.payIn(wallet.ada, 1000)
  const answer = await place(1, { expiresAt })
  expect([answer.statusCode, answer.json().error.field]).toEqual([400, 'expiresAt'])
})

test('a customer’s holds are listed newest first', async () => {
  await wallet.payIn(wallet.ada, 1000)
  for (const amount of [1, 2, 3]) {
    wallet.api.service.clock.advance(1)
    await place(amount)
  }
  const list = (await wallet.get(`/v1/holds?customerId=${wallet.ada}&limit=2`)).json()
  expect(list.total).toBe(3)
  expect(list.data.map((each: { amount: number }) => each.amount)).toEqual([3, 2])
  expect((await wallet.get(`/v1/holds?customerId=${wallet.ben}`)).json()).toEqual({ data: [], total: 0 })
})

test('a denied customer’s hold can be released, but not placed or captured', async () => {
  await wallet.payIn(wallet.ada, 1000)
  const { id } = (await place(100)).json()
  await wallet.send('POST', '/customer/set_risk_action', { customer: wallet.ada, risk_action: 'deny' })
  expect((await place(1)).statusCode).toBe(403)
  expect((await capture(id)).statusCode).toBe(403)
  expect((await release(id)).statusCode).toBe(200)
})
