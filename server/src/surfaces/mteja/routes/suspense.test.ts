import { expect, test } from 'vitest'
import { suspend } from '../../../../test/belongings.ts'
import { unsoundBooks } from '../../../../test/books.ts'
import { useWalletApi } from '../../../../test/wallet-api.ts'
import { uuidV7 } from '../../../base/ids.ts'
import { sql } from '../../../db/sql.ts'
import { takeFromSuspense } from '../../../domain/wallet/suspense.ts'

const wallet = useWalletApi()

/** A millisecond apart, because ids of one millisecond have no order. */
const put = (amount = 100n) => {
  wallet.api.service.clock.advance(1)
  return suspend(wallet.api.service, wallet.tenant, amount)
}
const assign = (id: string, customerId: string) => wallet.send('POST', `/v1/suspense/${id}/assign`, { customerId })
const giveBack = (id: string) => wallet.send('POST', `/v1/suspense/${id}/give-back`)
const list = async (query = '') => (await wallet.get(`/v1/suspense?${query}`)).json()

async function posted(kind: string): Promise<bigint[]> {
  const rows = await wallet.api.service.db.query<{ posted: bigint }>(sql`
    select posted from ledger_accounts where merchant_id = ${wallet.tenant.merchant.id} and kind = ${kind}
  `)
  return rows.map((row) => row.posted)
}

test('money in suspense is assigned to a customer once, denied or not, and the customer is told', async () => {
  const [first, second] = [await put(), await put(40n)]
  expect(await list()).toMatchObject({
    data: [
      { id: second, status: 'open' },
      { id: first, amount: 100 },
    ],
    nextBefore: null,
  })
  await wallet.send('POST', '/customer/set_risk_action', { customer: wallet.ada, risk_action: 'deny' })
  const answer = await assign(first, wallet.ada)
  expect([answer.statusCode, answer.json()]).toMatchObject([
    200,
    {
      id: first,
      status: 'assigned',
      customerId: wallet.ada,
      decidedBy: { kind: 'key' },
      decidedAt: expect.any(String),
    },
  ])
  expect((await assign(first, wallet.ada)).json()).toEqual(answer.json())
  for (const other of [await assign(first, wallet.ben), await giveBack(first)]) {
    expect([other.statusCode, other.json().error]).toEqual([
      409,
      { code: 'suspense_decided', message: `The money "${first}" was assigned to ${wallet.ada} before` },
    ])
  }
  expect(await wallet.balance(wallet.ada)).toMatchObject({ available: 100 })
  expect((await list('open=true')).data.map((each: { id: string }) => each.id)).toEqual([second])
  expect((await wallet.get('/v1/events?type=pay_in.succeeded')).json().data).toHaveLength(1)
  const { transactionId } = answer.json()
  expect((await wallet.get(`/v1/transactions/${transactionId}`)).json()).toMatchObject({
    kind: 'assigned',
    details: { suspendedId: first },
  })
  expect(await posted('suspense')).toEqual([40n])
  expect(await unsoundBooks(wallet.api.service.db)).toEqual([])
})

test('money in suspense goes back to the account at a processor that it came from', async () => {
  const id = await put()
  const answers = await Promise.all([giveBack(id), giveBack(id), giveBack(`txn_${id}`)])
  expect(new Set(answers.map((each) => `${each.statusCode} ${each.body}`)).size).toBe(1)
  expect(answers[0]?.json()).toMatchObject({ status: 'given_back', customerId: null })
  expect([await posted('suspense'), await posted('outside')]).toEqual([[0n], [0n]])
  const { data } = (await wallet.get(`/v1/transactions?reference=${id}`)).json()
  expect(data.map((each: { kind: string }) => each.kind).sort()).toEqual(['given_back', 'suspended'])
})

test('of an assignment and a giving back at the same moment one is done', async () => {
  for (let round = 0; round < 5; round++) {
    const id = await put()
    const answers = await Promise.all([assign(id, wallet.ada), giveBack(id), assign(id, wallet.ben)])
    expect(answers.map((each) => each.statusCode).sort()).toEqual([200, 409, 409])
  }
  expect(await posted('suspense')).toEqual([0n])
})

test('a customer who is not there gets nothing, and the money can then be assigned to another', async () => {
  const id = await put()
  await wallet.send('DELETE', '/api/canary/customers/bulk', { ids: [wallet.ben] })
  expect((await assign(id, wallet.ben)).json().error.code).toBe('customer_not_found')
  expect((await assign(id, wallet.ada)).statusCode).toBe(200)
  expect((await wallet.get(`/v1/suspense/${await wallet.payIn(wallet.ada, 10)}`)).statusCode).toBe(404)
})

test('of an assignment and a taking back by the account at the same moment, only the rest is assigned', async () => {
  const { service } = wallet.api
  let expected = Number((await wallet.balance(wallet.ada)).available)
  for (let round = 0; round < 6; round++) {
    const id = await put()
    const taking = {
      disputeId: uuidV7(service.random, service.clock.now()),
      time: '0',
      amount: round === 5 ? 100n : 40n,
    }
    const take = () => takeFromSuspense(service, wallet.tenant, id, taking)
    const [assigned, taken, again] = await Promise.all([assign(id, wallet.ada), take(), take()])
    const left = 100 - Number(taken?.amount ?? 0n)
    expect(again?.movementId).toBe(taken?.movementId)
    expect(assigned.statusCode).toBe(left === 0 ? 409 : 200)
    expected += left
    expect(await wallet.balance(wallet.ada)).toMatchObject({ available: expected })
    expect((await wallet.get(`/v1/suspense/${id}`)).json()).toMatchObject({ amount: 100, left: 0 })
    expect(await take()).toEqual(taken)
  }
  expect(await posted('suspense')).toEqual([0n])
  expect(await unsoundBooks(service.db)).toEqual([])
})
