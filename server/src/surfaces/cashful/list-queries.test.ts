import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { type Belongings, makeBelongings } from '../../../test/belongings.ts'

let api: TestApi
let own: Belongings
/** The ids of three items of each list, newest first. */
const made: Record<string, string[]> = {}

const lists = [
  'customers',
  'transfers',
  'checkout/sessions',
  'payment-methods',
  'balance/history',
  'events',
  'webhook-endpoints',
]

const get = (path: string, query: Record<string, string> = {}) =>
  api.call('GET', `/api/canary/${path}?${new URLSearchParams(query)}`)

async function idsOf(path: string, query: Record<string, string> = {}): Promise<string[]> {
  const answer = await get(path, { limit: '100', ...query })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data.map(({ id }: { id: string }) => id)
}

beforeAll(async () => {
  api = await openTestApi()
  own = await makeBelongings(api, api.tenant)
  const { customerCode, otherCode } = own
  const post = (path: string, body: object) => api.call('POST', `/api/canary/${path}`, body)
  for (let i = 1; i <= 3; i++) {
    api.service.clock.advance(1000)
    await post('customers', { phoneNumber: `+2782000000${i}`, email: `c${i}@example.com`, name: `Customer ${3 - i}` })
    await post('webhook-endpoints', { url: `https://example.com/${i}`, events: ['*'] })
    await post('transfers', { fromCustomerId: customerCode, toCustomerId: otherCode, amount: i, currency: 'ZAR' })
    await post('purchases', { customerId: customerCode, productId: 'x', amount: i, currency: 'ZAR' })
    await post('checkout/sessions', { customerId: otherCode, totalAmount: i, currency: 'ZAR', mode: 'payin' })
    await api.call('POST', '/v1/sandbox/payment-methods', { customerId: otherCode, type: 'card' })
  }
  for (const list of lists) made[list] = (await idsOf(list)).slice(0, 3)
})
afterAll(() => api.close())

describe.each(lists)('the list %s', (list) => {
  test(`${list}: a filter by ids finds those items only, in each form that clients send`, async () => {
    const [first = '', , third = ''] = made[list] ?? []
    expect(await idsOf(list, { filter: JSON.stringify({ ids: [third, first, 'nobody', 'CUS_x'] }) })).toEqual([
      first,
      third,
    ])
    expect(await idsOf(list, { filter: JSON.stringify({ ids: third }) })).toEqual([third])
    expect(await idsOf(list, { filter: JSON.stringify({ ids: [] }) })).toEqual([])
    expect(await idsOf(list, { filter: JSON.stringify({ id: [first, third], ids: [third] }) })).toEqual([third])
    expect(await idsOf(list, { 'filter[ids]': first })).toEqual([first])
    const repeated = await api.call('GET', `/api/canary/${list}?filter%5Bids%5D=${first}&filter%5Bids%5D=${third}`)
    expect(repeated.json().data.map(({ id }: { id: string }) => id)).toEqual([first, third])
    expect(await idsOf(list, { 'filter[ids][0]': first, 'filter[ids][1]': third })).toEqual([first, third])
    expect(await idsOf(list, { 'filter[ids][]': third })).toEqual([third])
    expect(repeated.json().pagination).toEqual({ limit: 50, offset: 0, total: 2, hasMore: false })
    const both = await get(list, { filter: JSON.stringify({ ids: [first, third] }), limit: '1', offset: '1' })
    expect([both.json().data[0].id, both.json().pagination.total]).toEqual([third, 2])
  })

  test(`${list}: an empty filter hides nothing`, async () => {
    expect(await idsOf(list, { filter: '{}' })).toEqual(await idsOf(list))
    expect(await idsOf(list, { sort: '', order: '' })).toEqual(await idsOf(list))
  })

  test(`${list}: the order ASC is the opposite of DESC, on every page`, async () => {
    const all = await idsOf(list)
    expect(all.length).toBeGreaterThan(2)
    for (const order of ['ASC', 'asc']) expect(await idsOf(list, { order })).toEqual(all.toReversed())
    expect(await idsOf(list, { sort: 'createdAt', order: 'desc' })).toEqual(all)
    for (const order of ['ASC', 'DESC']) {
      const pages = await Promise.all(
        all.map(async (_, i) => (await idsOf(list, { sort: 'createdAt', order, limit: '1', offset: String(i) }))[0]),
      )
      expect(pages).toEqual(order === 'ASC' ? all.toReversed() : all)
      expect(await idsOf(list, { order, offset: String(all.length) })).toEqual([])
      expect((await get(list, { order, limit: '2', offset: '1' })).json().pagination.total).toBe(all.length)
    }
  })

  test(`${list}: a filter, sort, order or limit that cannot be read is refused, never ignored`, async () => {
    const filters = [
      '',
      ' ',
      'mer_x',
      '["ids"]',
      'null',
      '5',
      '"x"',
      '{"ids":',
      '{"nothing":1}',
      '{"ids":[{}]}',
      '{"ids":null}',
    ]
    const unfit = [
      ...[...filters, '{"ids":["\\u0000"]}', '{"ids":["\\ud800"]}', '{"__proto__":1}'].map((filter) => ({ filter })),
      { 'filter[nothing]': 'x' },
      { 'filter[]': 'x' },
      { 'filter[ids][a]': 'x' },
      { 'filter[ids': 'x' },
      { filter: JSON.stringify({ ids: Array.from({ length: 101 }, (_, i) => `x${i}`) }) },
      { filter: `{"ids":["${'x'.repeat(17_000)}"]}` },
      { sort: 'amount; drop table' },
      { sort: 'metadata' },
      { order: 'sideways' },
      { limit: 'mer_x' },
    ]
    for (const query of unfit) {
      const answer = await get(list, query as Record<string, string>)
      expect([query, answer.statusCode]).toEqual([query, 400])
    }
  })

  test(`${list}: a filter by another merchant is answered as another merchant's id is`, async () => {
    expect(await idsOf(list, { filter: JSON.stringify({ merchantId: own.merchantId }) })).toEqual(await idsOf(list))
    expect((await get(list, { filter: '{"merchantId":"mer_other"}' })).statusCode).toBe(404)
  })
})

describe('the list of customers', () => {
  test.each([
    ['name', ['Customer 0', 'Customer 1', 'Customer 2']],
    ['email', ['c1@example.com', 'c2@example.com', 'c3@example.com']],
    ['phoneNumber', ['+27820000001', '+27820000002', '+27820000003']],
  ])('customers are sorted by %s, with those who have none at one end', async (sort, values) => {
    const filter = JSON.stringify({ ids: made.customers })
    const read = async (order: string) =>
      (await get('customers', { filter, sort, order })).json().data.map((each: Record<string, string>) => each[sort])
    expect([await read('ASC'), await read('DESC')]).toEqual([values, values.toReversed()])
    const { data } = (await get('customers', { sort, order: 'ASC' })).json()
    // Customers without an e-mail come last, without a name or a phone number first.
    const missing = sort === 'email' ? '\uffff' : ''
    const all: string[] = data.map((each: Record<string, string>) => each[sort]?.toLowerCase() || missing)
    expect(all).toEqual(all.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
    const pages = await Promise.all(
      data.map(
        async (_: unknown, i: number) =>
          (await idsOf('customers', { sort, order: 'ASC', limit: '1', offset: String(i) }))[0],
      ),
    )
    expect(pages).toEqual(data.map(({ id }: { id: string }) => id))
  })

  test('customers are sorted by id, and by the last change', async () => {
    const ids = await idsOf('customers', { sort: 'id', order: 'ASC' })
    expect(ids).toEqual(ids.toSorted())
    api.service.clock.advance(1000)
    const oldest = made.customers?.[2] ?? ''
    await api.call('PATCH', `/api/canary/customers/${oldest}`, { metadata: { a: 1 } })
    expect((await idsOf('customers', { sort: 'updatedAt' }))[0]).toBe(oldest)
  })

  test('customers that are equal in a field are in the order in which they were created', async () => {
    const same: string[] = []
    for (let i = 0; i < 4; i++) {
      const answer = await api.call('POST', '/api/canary/customers', { phoneNumber: '+27829999999', name: 'Same Name' })
      same.push(answer.json().id)
    }
    const filter = JSON.stringify({ name: 'same name' })
    for (const sort of ['name', 'email', 'phoneNumber', 'createdAt', 'updatedAt']) {
      expect(await idsOf('customers', { filter, sort, order: 'ASC' })).toEqual(same)
      expect(await idsOf('customers', { filter, sort, order: 'DESC' })).toEqual(same.toReversed())
    }
  })

  test('conditions hold together, whether they come as a filter or as the older parameters', async () => {
    const [, second = ''] = made.customers ?? []
    const query = { search: 'customer', email: 'C2@example.com', filter: '{"q":"c2","phoneNumber":"082 000 0002"}' }
    expect(await idsOf('customers', query)).toEqual([second])
    expect(await idsOf('customers', { ...query, search: 'somebody' })).toEqual([])
    expect(await idsOf('customers', { ...query, filter: '{"q":"c2","name":["CUSTOMER 1","x"]}' })).toEqual([second])
    expect(
      await idsOf('customers', { filter: '{"email":["c1@example.com","C2@Example.com"],"q":"082 000 0002"}' }),
    ).toEqual([second])
    const { createdAt } = (await api.call('GET', `/api/canary/customers/${second}`)).json()
    expect(await idsOf('customers', { filter: JSON.stringify({ createdAt }) })).toEqual([second])
    for (const text of ['yesterday', '', ' ']) {
      expect((await get('customers', { filter: JSON.stringify({ createdAt: text }) })).statusCode).toBe(400)
    }
  })

  test('a day in a filter is the whole day of the merchant', async () => {
    const create = async (at: string) => {
      api.service.clock.advance(Date.parse(at) - api.service.clock.now().getTime())
      return (await api.call('POST', '/api/canary/customers', { phoneNumber: '+27820000009', name: at })).json().id
    }
    const first = await create('2031-11-27T22:00:00.000Z')
    const last = await create('2031-11-28T21:59:59.999Z')
    const after = await create('2031-11-28T22:00:00.000Z')
    for (const member of ['createdAt', 'updatedAt']) {
      const of = (value: unknown) => idsOf('customers', { filter: JSON.stringify({ [member]: value }), order: 'ASC' })
      expect(await of('2031-11-28')).toEqual([first, last])
      expect(await of(['2031-11-28', '2031-11-29'])).toEqual([first, last, after])
      expect(await of(['2031-11-27', '2031-11-29'])).toEqual([after])
      expect(await of('2031-11-28T00:00:00')).toEqual([first])
    }
  })

  test.each([
    [
      'filter={"__proto__":1}',
      'filter has a member named __proto__ or constructor.prototype, which no object may have',
    ],
    ['filter={"name":1e999}', 'filter.name is a number too large to keep'],
    ['filter[ids][a][]=x', 'filter cannot have "filter[ids][a][]"; write filter[ids]=…'],
    ['filter=', 'filter must be a JSON object such as {"ids":["…"]}, not ""'],
    ['email=a&email=b', 'email came more than once; send it once'],
    ['limit=1&limit=2', 'limit came more than once; send it once'],
  ])('%s is refused by the words: %s', async (query, message) => {
    const answer = await api.call('GET', `/api/canary/customers?${encodeURI(query)}`)
    expect([answer.statusCode, answer.json().message]).toEqual([400, [message]])
  })

  test('a list by another field ends where its pages would be slow, and says what to do', async () => {
    expect((await get('customers', { sort: 'name', offset: '10000' })).statusCode).toBe(200)
    const answer = await get('customers', { sort: 'name', offset: '10001' })
    expect([answer.statusCode, answer.json().message]).toEqual([
      400,
      ['A list by name can be read up to offset 10000; narrow it by a filter, or sort by createdAt'],
    ])
    expect((await get('customers', { sort: 'createdAt', offset: '10001' })).statusCode).toBe(200)
  })
})

test('the other lists are filtered by their own members', async () => {
  const only = (list: string, filter: object) => idsOf(list, { filter: JSON.stringify(filter) })
  expect(await only('checkout/sessions', { customerId: own.otherCode })).toEqual(made['checkout/sessions'])
  expect(await only('checkout/sessions', { customerId: own.customerCode, status: ['open', 'none'] })).toEqual([
    own.checkoutId,
  ])
  expect(await only('checkout/sessions', { status: 'complete' })).toEqual([])
  expect(await only('payment-methods', { customerId: [own.otherCode] })).toEqual(made['payment-methods'])
  expect(await only('payment-methods', { customerId: own.customerCode, type: 'card' })).toEqual([own.cardMethodId])
  expect(await only('balance/history', { type: 'fee' })).toEqual([])
  expect((await only('balance/history', { type: ['credit', 'fee'], currency: 'ZAR' })).slice(0, 3)).toEqual(
    made['balance/history'],
  )
  expect(await only('webhook-endpoints', { url: 'https://example.com/2', active: true })).toEqual([
    made['webhook-endpoints']?.[1],
  ])
  expect(await only('webhook-endpoints', { active: false })).toEqual([])
  expect((await only('events', { type: 'transfer.completed', status: 'pending' })).length).toBeGreaterThan(2)
  expect(await only('events', { status: ['delivered', 'failed'] })).toEqual([])
})
