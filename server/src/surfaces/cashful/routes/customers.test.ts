import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'

const now = '2026-01-15T10:30:00.000Z'
const path = '/api/canary/customers'

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { name: 'Duka', currencies: ['ZAR', 'NGN'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)

async function create(body: Record<string, unknown> = {}) {
  const answer = await call('POST', path, { phoneNumber: '0821234567', ...body })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json()
}

/** The body of a refusal. */
function refusal(statusCode: number, error: string, message: string) {
  return { statusCode, error, message: [message] }
}

describe('creating a customer', () => {
  test('creating a customer answers exactly the documented members', async () => {
    const made = await create({ email: 'John.Doe@Example.com', name: 'John van Doe', metadata: { source: 'web' } })
    expect(made).toEqual({
      id: expect.stringMatching(/^CUS_[a-z0-9]{15}$/),
      merchantId: tenant.merchant.code,
      phoneNumber: '+27821234567',
      email: 'john.doe@example.com',
      name: 'John van Doe',
      metadata: { source: 'web' },
      createdAt: now,
      updatedAt: now,
    })
  })

  test('a created customer leaves out members without a value, except metadata', async () => {
    const made = await create()
    expect(Object.keys(made).sort()).toEqual(['createdAt', 'id', 'merchantId', 'metadata', 'phoneNumber', 'updatedAt'])
    expect(made.metadata).toEqual({})
  })

  test('creating a customer treats null as "not given"', async () => {
    const made = await create({ email: null, name: null, metadata: null, merchantId: null })
    expect(made).toEqual({
      id: made.id,
      merchantId: tenant.merchant.code,
      phoneNumber: '+27821234567',
      metadata: {},
      createdAt: now,
      updatedAt: now,
    })
  })

  test('creating a customer keeps a null inside metadata, and the order of its members', async () => {
    const metadata = { z: null, a: [null, { deep: { '': 'ö😀' } }], '10': 1, m: false }
    expect((await create({ metadata })).metadata).toEqual(metadata)
  })

  test.each([
    ['+27 82 123 4567', '+27821234567'],
    ['0027821234567', '+27821234567'],
    ['082-123-4567', '+27821234567'],
    ['+254 712 345678', '+254712345678'],
  ])('creating a customer reads the phone number %s as %s', async (phoneNumber, e164) => {
    expect((await create({ phoneNumber })).phoneNumber).toBe(e164)
  })

  test('creating a customer reads a local phone number in the merchant’s country', async () => {
    tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
    expect((await create({ phoneNumber: '0803 123 4567' })).phoneNumber).toBe('+2348031234567')
  })

  test('creating a customer takes an e-mail without a phone number, which is shown as empty', async () => {
    for (const phoneNumber of [undefined, null, '']) {
      const email = `ada.${String(phoneNumber)}@example.com`
      const answer = await call('POST', path, { email, phoneNumber, metadata: {} })
      expect([answer.statusCode, answer.json()]).toMatchObject([201, { email, phoneNumber: '' }])
      expect((await call('GET', `${path}/${answer.json().id}`)).json()).toEqual(answer.json())
      expect((await call('GET', `/customer/${email}`)).json().data).toMatchObject({ email, phone: null })
    }
  })

  test('creating a customer accepts a phone number that another customer has', async () => {
    const [one, other] = [await create(), await create()]
    expect(other.id).not.toBe(one.id)
  })

  test('creating a customer is refused with 409 for a known e-mail in any case', async () => {
    await create({ email: 'amina@example.com' })
    const answer = await call('POST', path, { phoneNumber: '0821234568', email: 'AMINA@example.com' })
    expect([answer.statusCode, answer.json()]).toEqual([
      409,
      refusal(409, 'Conflict', 'A customer with the e-mail AMINA@example.com exists already'),
    ])
    expect((await call('GET', path)).json().pagination.total).toBe(1)
  })

  test.each([
    [{}, 'phoneNumber is required, or else an email'],
    [{ phoneNumber: null }, 'phoneNumber is required, or else an email'],
    [{ phoneNumber: ' ', name: 'Ada' }, 'phoneNumber is required, or else an email'],
    [{ phoneNumber: 27821234567 }, 'phoneNumber must be a string'],
    [{ phoneNumber: '0821234567', email: 'nobody' }, 'email must be a valid email, not "nobody"'],
    [{ phoneNumber: '0821234567', metadata: 'x' }, 'metadata must be an object, not "x"'],
    [{ phoneNumber: '0821234567', metadata: [] }, 'metadata must be an object, not []'],
    [{ phoneNumber: '12' }, 'phoneNumber must be a phone number such as +27821234567, or local to ZA, not "12"'],
    [{ phoneNumber: '0821234567', metadata: { big: 'x'.repeat(16_384) } }, 'metadata must be at most 16 KiB of JSON'],
  ])('creating a customer from %j is refused with 400 and the reason', async (body, message) => {
    const answer = await call('POST', path, body)
    expect([answer.statusCode, answer.json()]).toEqual([400, refusal(400, 'Bad Request', message)])
  })

  test('creating a customer names every fault of the body at once', async () => {
    const { message } = (await call('POST', path, { email: 1, name: 2 })).json()
    expect(message.sort()).toEqual(['email must be a string, not 1', 'name must be a string, not 2'])
  })

  test('creating a customer accepts the merchant’s own id and refuses another’s', async () => {
    expect((await create({ merchantId: tenant.merchant.code })).merchantId).toBe(tenant.merchant.code)
    const answer = await call('POST', path, { phoneNumber: '0821234567', merchantId: api.tenant.merchant.code })
    expect(answer.statusCode).toBe(400)
  })

  test('creating a customer ignores an unknown member', async () => {
    expect(await create({ nickname: 'Jo' })).not.toHaveProperty('nickname')
  })

  test('creating a customer opens the cash balance at 0 in the merchant’s first currency', async () => {
    tenant = await createTestTenant(api.service, { currencies: ['KES', 'ZAR'] })
    const { id } = await create()
    const balance = (await call('GET', `${path}/${id}/balance`)).json()
    expect(balance).toEqual({
      id: expect.stringMatching(/^bal_\d+$/),
      customerId: id,
      merchantId: tenant.merchant.code,
      amount: 0,
      currency: 'KES',
      available: 0,
      pending: 0,
      createdAt: now,
      updatedAt: now,
    })
  })

  test('creating a customer with an Idempotency-Key happens once, and the repeat says so', async () => {
    const request = {
      method: 'POST' as const,
      url: path,
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'once' },
      payload: { phoneNumber: '0821234567' },
    }
    const [first, again] = [await api.app.inject(request), await api.app.inject(request)]
    expect([again.statusCode, again.json()]).toEqual([201, first.json()])
    expect([first, again].map((each) => each.headers['idempotent-replayed'])).toEqual([undefined, 'true'])
    const other = await api.app.inject({ ...request, payload: { phoneNumber: '0821234568' } })
    expect(other.statusCode).toBe(409)
    expect((await call('GET', path)).json().pagination.total).toBe(1)
  })
})

describe('retrieving a customer', () => {
  test('retrieving a customer answers the same as creating', async () => {
    const made = await create({ email: 'a@example.com', name: 'A B', metadata: { x: 1 } })
    expect((await call('GET', `${path}/${made.id}`)).json()).toEqual(made)
  })

  test('retrieving a customer by an unknown id answers 404', async () => {
    const answer = await call('GET', `${path}/CUS_nobody`)
    expect([answer.statusCode, answer.json()]).toEqual([
      404,
      refusal(404, 'Not Found', 'There is no customer "CUS_nobody"'),
    ])
  })

  test.each([
    ['%2E%2E', '..'],
    ['a%2Fb', 'a/b'],
    ['%3F%23', '?#'],
    ['%5Bobject%20Object%5D', '[object Object]'],
  ])('retrieving a customer decodes the id %s', async (encoded, id) => {
    const answer = await call('GET', `${path}/${encoded}x`)
    expect(answer.json()).toEqual(refusal(404, 'Not Found', `There is no customer "${id}x"`))
  })

  test('retrieving a customer by an empty id answers 404, never a list', async () => {
    await create()
    const answer = await call('GET', `${path}/`)
    expect([answer.statusCode, answer.json()]).toEqual([
      404,
      refusal(404, 'Not Found', 'There is nothing at GET /api/canary/customers/'),
    ])
  })

  test('retrieving a customer works behind a base address that ends in a slash', async () => {
    const made = await create()
    expect((await call('GET', `/${path}/${made.id}`)).json()).toEqual(made)
    expect((await call('GET', `//api//canary/nothing`)).json().statusCode).toBe(404)
  })

  test('retrieving a Paystack customer without a phone number shows an empty one', async () => {
    const { data } = (
      await call('POST', '/customer', { email: 'P@example.com', first_name: 'Pa', last_name: 'Ul' })
    ).json()
    expect((await call('GET', `${path}/${data.customer_code}`)).json()).toEqual({
      id: data.customer_code,
      merchantId: tenant.merchant.code,
      phoneNumber: '',
      email: 'p@example.com',
      name: 'Pa Ul',
      metadata: {},
      createdAt: now,
      updatedAt: now,
    })
  })
})

describe('updating a customer', () => {
  test('updating a customer changes the given members and leaves the rest', async () => {
    const made = await create({ email: 'a@example.com', name: 'A B', metadata: { keep: 1 } })
    api.service.clock.advance(1000)
    const answer = await call('PATCH', `${path}/${made.id}`, { name: 'Amina  Wanjiru Otieno', metadata: {} })
    const updatedAt = api.service.clock.now().toISOString()
    expect(answer.json()).toEqual({ ...made, name: 'Amina  Wanjiru Otieno', updatedAt })
    expect((await call('GET', `${path}/${made.id}`)).json()).toEqual(answer.json())
    api.service.clock.advance(-1000)
  })

  test('updating a customer treats null as "not given", because clients send every unset field as null', async () => {
    const made = await create({ email: 'a@example.com', name: 'A B', metadata: { keep: 1 } })
    const answer = await call('PATCH', `${path}/${made.id}`, { email: null, name: null, metadata: null })
    expect(answer.json()).toEqual(made)
  })

  test('updating a customer merges metadata member by member, and null removes a member', async () => {
    const made = await create({ metadata: { a: 1, b: { c: 2 }, d: 3 } })
    const answer = await call('PATCH', `${path}/${made.id}`, { metadata: { a: null, b: { e: 4 }, f: 5 } })
    expect(answer.json().metadata).toEqual({ b: { e: 4 }, d: 3, f: 5 })
  })

  test('updating a customer keeps a metadata member that was null before', async () => {
    const made = await create({ metadata: { was: null } })
    const answer = await call('PATCH', `${path}/${made.id}`, { metadata: { other: 1 } })
    expect(answer.json().metadata).toEqual({ was: null, other: 1 })
  })

  test('updating a customer with an empty name clears the name', async () => {
    const made = await create({ name: 'A B' })
    expect((await call('PATCH', `${path}/${made.id}`, { name: '' })).json()).not.toHaveProperty('name')
  })

  test('updating a customer cannot change the phone number or the merchant', async () => {
    const made = await create()
    const answer = await call('PATCH', `${path}/${made.id}`, { phoneNumber: '0829999999', merchantId: 'mer_x' })
    expect(answer.json()).toEqual(made)
  })

  test('updating a customer to another customer’s e-mail is refused with 409 and changes nothing', async () => {
    await create({ email: 'taken@example.com' })
    const made = await create({ email: 'own@example.com', name: 'A' })
    const answer = await call('PATCH', `${path}/${made.id}`, { email: 'TAKEN@example.com', name: 'B' })
    expect([answer.statusCode, answer.json().error]).toEqual([409, 'Conflict'])
    expect((await call('GET', `${path}/${made.id}`)).json()).toEqual(made)
  })

  test('updating a customer to their own e-mail in another case is accepted', async () => {
    const made = await create({ email: 'own@example.com' })
    const answer = await call('PATCH', `${path}/${made.id}`, { email: 'OWN@example.com' })
    expect([answer.statusCode, answer.json().email]).toEqual([200, 'own@example.com'])
  })

  test('concurrent updates of different fields of a customer lose none', async () => {
    const made = await create({ metadata: {} })
    await Promise.all([
      call('PATCH', `${path}/${made.id}`, { name: 'New Name' }),
      call('PATCH', `${path}/${made.id}`, { email: 'new@example.com' }),
      call('PATCH', `${path}/${made.id}`, { metadata: { a: 1 } }),
      call('PATCH', `${path}/${made.id}`, { metadata: { b: 2 } }),
    ])
    expect((await call('GET', `${path}/${made.id}`)).json()).toMatchObject({
      name: 'New Name',
      email: 'new@example.com',
      metadata: { a: 1, b: 2 },
    })
  })
})

describe('listing customers', () => {
  const list = async (query = '') => (await call('GET', `${path}${query}`)).json()
  const ids = (page: { data: { id: string }[] }) => page.data.map((each) => each.id)

  test('the list of customers of a new merchant is empty', async () => {
    expect(await list()).toEqual({ data: [], pagination: { limit: 50, offset: 0, total: 0, hasMore: false } })
  })

  test('customers are listed newest first, in pages that together hold all of them', async () => {
    const made: string[] = []
    for (let i = 0; i < 5; i += 1) made.unshift((await create()).id)
    const pages = [await list('?limit=2'), await list('?limit=2&offset=2'), await list('?limit=2&offset=4')]
    expect(pages.flatMap(ids)).toEqual(made)
    expect(pages.map((page) => page.pagination)).toEqual([
      { limit: 2, offset: 0, total: 5, hasMore: true },
      { limit: 2, offset: 2, total: 5, hasMore: true },
      { limit: 2, offset: 4, total: 5, hasMore: false },
    ])
    expect(await list('?offset=9')).toEqual({
      data: [],
      pagination: { limit: 50, offset: 9, total: 5, hasMore: false },
    })
  })

  test.each([
    ['limit=10.0', { limit: 10, offset: 0 }],
    ['limit=3.4&offset=1.9', { limit: 3, offset: 1 }],
    ['limit=1e%2B21', { limit: 100, offset: 0 }],
    ['limit=1E%2B1', { limit: 10, offset: 0 }],
    ['limit=101', { limit: 100, offset: 0 }],
    ['offset=1e%2B21', { limit: 50, offset: Number.MAX_SAFE_INTEGER }],
    ['email=&search=', { limit: 50, offset: 0 }],
  ])('the list of customers accepts ?%s as clients write it', async (query, page) => {
    const answer = await call('GET', `${path}?${query}`)
    expect([answer.statusCode, answer.json().pagination]).toMatchObject([200, page])
  })

  test.each([
    ['limit=-1', 'limit must be at least 1, not -1'],
    ['limit=0', 'limit must be at least 1, not 0'],
    ['limit=NaN', 'limit must be a number, not "NaN"'],
    ['limit=ten', 'limit must be a number, not "ten"'],
    ['offset=-1', 'offset must be at least 0, not -1'],
    ['limit=1&limit=2', 'limit came more than once; send it once'],
  ])('the list of customers refuses ?%s with 400', async (query, message) => {
    const answer = await call('GET', `${path}?${query}`)
    expect([answer.statusCode, answer.json()]).toEqual([400, refusal(400, 'Bad Request', message)])
  })

  test('the list of customers ignores bracketed keys, which a misused client sends', async () => {
    expect((await call('GET', `${path}?merchantId%5BmerchantId%5D=m&merchantId%5Blimit%5D=5`)).statusCode).toBe(200)
  })

  test('the list of customers accepts the merchant’s own id and answers 404 to another’s', async () => {
    await create()
    expect((await list(`?merchantId=${tenant.merchant.code}`)).pagination.total).toBe(1)
    expect((await list(`?merchantId=${api.tenant.merchant.code}`)).statusCode).toBe(404)
  })

  test('the list of customers filtered by e-mail finds the whole e-mail, in any case', async () => {
    const made = await create({ email: 'amina@example.com' })
    expect(ids(await list('?email=AMINA%40Example.com'))).toEqual([made.id])
    expect(ids(await list('?email=amina%40example'))).toEqual([])
  })

  test.each([
    ['part of the name', 'wanj'],
    ['first and last name', 'Amina Wanjiru'],
    ['part of the e-mail', 'NA@exam'],
    ['the phone number, internationally', '+27 82 123 4567'],
    ['the phone number, locally', '082 123 4567'],
    ['the phone number, locally without spaces', '0821234567'],
    ['part of the phone number', '123456'],
    ['a metadata value', 'gold'],
    ['a nested metadata value', 'westlands'],
    ['a number in metadata', '4711'],
  ])('a search for customers finds %s', async (_what, text) => {
    await create({ phoneNumber: '+254712000000', email: 'other@example.org', name: 'Other' })
    const made = await create({
      email: 'amina@example.com',
      name: 'Amina Wanjiru',
      metadata: { tier: 'Gold', address: { area: ['Westlands', 4711] } },
    })
    const page = await list(`?search=${encodeURIComponent(text)}`)
    expect([ids(page), page.pagination.total]).toEqual([[made.id], 1])
  })

  test.each(['%', '_', '\\', "'", 'tier', 'amina_wanjiru'])(
    'a search for customers takes %s literally',
    async (text) => {
      await create({ name: 'Amina Wanjiru', metadata: { tier: 'gold' } })
      expect(ids(await list(`?search=${encodeURIComponent(text)}`))).toEqual([])
    },
  )

  test('a search for customers sees a change at once and has pages', async () => {
    const made = [await create({ name: 'Kamau' }), await create({ name: 'Kamau' }), await create({ name: 'Njeri' })]
    await call('PATCH', `${path}/${made[2].id}`, { name: 'Kamau too' })
    await call('PATCH', `${path}/${made[0].id}`, { name: 'Njeri' })
    const page = await list('?search=kamau&limit=1')
    expect([ids(page), page.pagination]).toEqual([[made[2].id], { limit: 1, offset: 0, total: 2, hasMore: true }])
    expect(ids(await list('?search=kamau&limit=1&offset=1'))).toEqual([made[1].id])
  })
})

describe('changing several customers', () => {
  const change = (ids: unknown, data: unknown) => call('PATCH', `${path}/bulk`, { ids, data })

  test('several customers are changed alike, and the answer names them', async () => {
    const made = [await create({ name: 'Ada', metadata: { a: 1, b: 2 } }), await create({ metadata: { b: 3 } })]
    const ids = made.map(({ id }) => id)
    const answer = await change([...ids, 'CUS_nobody', ids[0]], {
      name: 'Updated',
      metadata: { tier: 'gold', b: null },
    })
    expect([answer.statusCode, answer.headers['content-type'], answer.json()]).toEqual([
      200,
      expect.stringContaining('application/json'),
      { ids, count: 2 },
    ])
    const now = await Promise.all(ids.map(async (id) => (await call('GET', `${path}/${id}`)).json()))
    expect(now.map(({ name, metadata }) => [name, metadata])).toEqual([
      ['Updated', { a: 1, tier: 'gold' }],
      ['Updated', { tier: 'gold' }],
    ])
  })

  test('an e-mail can be given to one customer only', async () => {
    const [one, other] = [await create({ email: 'one@example.com' }), await create()]
    expect((await change([one.id, other.id], { email: 'new@example.com' })).json()).toEqual(
      refusal(409, 'Conflict', 'The e-mail new@example.com can belong to one customer only, not to 2'),
    )
    expect((await change([other.id], { email: 'one@example.com', name: 'Other' })).statusCode).toBe(409)
    expect((await call('GET', `${path}/${other.id}`)).json()).toEqual(other)
    expect((await change([other.id, other.id], { email: 'new@example.com' })).json().count).toBe(1)
  })

  test.each([
    [{ phoneNumber: '0820000000' }, 'data can have email, name, metadata; phoneNumber cannot be changed'],
    [{ merchantId: 'mer_x' }, 'data can have email, name, metadata; merchantId cannot be changed'],
    [{ name: { set: 'x' } }, 'data.name must be a string, not {"set":"x"}'],
    [{ metadata: { a: 'x'.repeat(17_000) } }, 'metadata must be at most 16 KiB of JSON'],
    [undefined, 'data is required'],
  ])('several customers are not changed by the data %j', async (data, message) => {
    const made = await create({ name: 'Ada' })
    expect((await change([made.id], data)).json()).toEqual(refusal(400, 'Bad Request', message))
    expect((await call('GET', `${path}/${made.id}`)).json()).toEqual(made)
  })

  test.each([[[]], [Array.from({ length: 101 }, (_, i) => `CUS_${i}`)], ['CUS_1'], [[5]], [undefined]])(
    'several customers are not changed or deleted by the ids %j',
    async (ids) => {
      for (const method of ['PATCH', 'DELETE']) {
        expect((await call(method, `${path}/bulk`, { ids, data: {} })).statusCode).toBe(400)
      }
    },
  )

  test('ids that nobody has are answered with 404', async () => {
    for (const method of ['PATCH', 'DELETE']) {
      const answer = await call(method, `${path}/bulk`, { ids: ['CUS_a', 'bulk'], data: { name: 'x' } })
      expect(answer.json()).toEqual(refusal(404, 'Not Found', 'There is no customer "CUS_a", no customer "bulk"'))
    }
  })

  test('a change of several customers with an Idempotency-Key happens once', async () => {
    const { id } = await create({ metadata: { n: 1 } })
    const headers = { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'bulk-1' }
    const send = (name: string) =>
      api.app.inject({ method: 'PATCH', url: `${path}/bulk`, headers, payload: { ids: [id], data: { name } } })
    const answers = [await send('One'), await send('One'), await send('Two')]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 409])
    expect(answers[1]?.headers['idempotent-replayed']).toBe('true')
  })
})

describe('deleting customers', () => {
  const remove = (ids: string[]) => call('DELETE', `${path}/bulk`, { ids })

  test('deleted customers are hidden on every surface, and the others are not', async () => {
    const gone = await create({ email: 'gone@example.com', name: 'Ada Obi' })
    const kept = await create({ email: 'kept@example.com', name: 'Ada Eze' })
    const { data: paystackGone } = (await call('GET', `/customer/${gone.id}`)).json()
    const answer = await remove([gone.id])
    expect([answer.statusCode, answer.json()]).toEqual([200, { ids: [gone.id], count: 1 }])
    expect((await remove([gone.id])).json()).toEqual({ ids: [], count: 0 })

    for (const at of ['', '/balance', '/transactions', '/payment-methods']) {
      expect((await call('GET', `${path}/${gone.id}${at}`)).statusCode).toBe(404)
      expect((await call('GET', `${path}/${kept.id}${at}`)).statusCode).toBe(200)
    }
    for (const query of ['', '?search=ada', '?filter=%7B%22q%22%3A%22Ada%22%7D', '?sort=name', '?sort=id&order=ASC']) {
      const { data, pagination } = (await call('GET', `${path}${query}`)).json()
      expect([data.map(({ id }: { id: string }) => id), pagination.total]).toEqual([[kept.id], 1])
    }
    expect((await call('GET', '/api/canary/analytics/summary')).json().customers).toBe(1)
    for (const name of [gone.id, 'gone@example.com', String(paystackGone.id)]) {
      expect((await call('GET', `/customer/${name}`)).statusCode, name).toBe(404)
    }
    expect((await call('GET', '/customer')).json()).toMatchObject({
      data: [{ email: 'kept@example.com' }],
      meta: { total: 1 },
    })
    expect((await call('GET', '/customer?use_cursor=true')).json().data).toHaveLength(1)
    for (const at of ['balances', 'holds', 'statement?from=2026-01-01&to=2026-02-01']) {
      expect((await call('GET', `/v1/customers/${gone.id}/${at}`)).statusCode, at).toBe(404)
    }
    const [from, to] = [kept.id, gone.id]
    const lines = [{ fromCustomerId: from, toCustomerId: to, amount: 1, currency: 'ZAR' }]
    expect((await call('POST', '/v1/transfers/batch', { transfers: lines })).json().outcomes[0].error.code).toBe(
      'customer_not_found',
    )
    expect((await call('POST', '/api/canary/transfers', lines[0])).statusCode).toBe(404)
    expect((await call('POST', '/v1/sandbox/pay-ins', { customerId: to, amount: 5 })).statusCode).toBe(404)
    expect((await create({ email: 'gone@example.com' })).id).not.toBe(gone.id)
  })

  test('what a deleted customer had is gone on the Paystack surface, and a payment of theirs can still be read', async () => {
    const { id } = await create({ email: 'gone@example.com', name: 'Ada Obi' })
    const { data: account } = (await call('POST', '/dedicated_account', { customer: id })).json()
    const saved = (await call('POST', '/v1/sandbox/payment-methods', { customerId: id, type: 'card' })).json()
    const { data: opened } = (
      await call('POST', '/transaction/initialize', { email: 'gone@example.com', amount: 500 })
    ).json()
    const { data: asked } = (
      await call('POST', '/customer/authorization/initialize', { email: 'gone@example.com', channel: 'direct_debit' })
    ).json()
    expect((await remove([id])).json().message[0]).toContain(`has the dedicated account ${account.account_number}`)
    expect((await call('DELETE', `/dedicated_account/${account.id}`)).statusCode).toBe(200)
    expect((await remove([id])).json()).toEqual({ ids: [id], count: 1 })

    expect((await call('GET', '/dedicated_account')).json()).toMatchObject({ data: [], meta: { total: 0 } })
    expect((await call('GET', `/dedicated_account/${account.id}`)).statusCode).toBe(404)
    const sent = await call('POST', `/v1/sandbox/dedicated-accounts/${account.account_number}/transfers`, { amount: 5 })
    expect(sent.statusCode).toBe(404)
    expect((await call('GET', '/api/canary/payment-methods')).json().pagination.total).toBe(0)
    expect((await call('GET', `/api/canary/payment-methods/${saved.id}`)).statusCode).toBe(404)
    const charge = { email: 'gone@example.com', amount: 5, authorization_code: saved.authorizationCode }
    expect((await call('POST', '/transaction/charge_authorization', charge)).statusCode).toBe(400)
    expect((await call('GET', `/pay/${opened.access_code}`)).statusCode).toBe(404)
    expect((await call('GET', `/authorize/${asked.access_code}`)).statusCode).toBe(404)
    const { data: payment } = (await call('GET', `/transaction/verify/${opened.reference}`)).json()
    expect([payment.status, payment.customer.email]).toEqual(['abandoned', 'gone@example.com'])
  })

  test('customers with money are refused by name, and nobody of the call is deleted', async () => {
    const [rich, poor] = [await create(), await create()]
    await call('POST', '/v1/sandbox/pay-ins', { customerId: rich.id, amount: 70 })
    const answer = await remove([poor.id, rich.id])
    expect([answer.statusCode, answer.json()]).toEqual([
      409,
      refusal(
        409,
        'Conflict',
        `Nobody was deleted: customer ${rich.id} has a balance of ZAR 0.70. Bring each balance to 0 first`,
      ),
    ])
    expect((await call('GET', `${path}/${poor.id}`)).statusCode).toBe(200)
  })

  test('a deletion without its body, which some proxies drop, deletes nobody', async () => {
    const { id } = await create()
    expect((await call('DELETE', `${path}/bulk`)).json()).toEqual(refusal(400, 'Bad Request', 'ids is required'))
    expect((await call('GET', `${path}/${id}`)).statusCode).toBe(200)
  })
})

describe('balance, transactions and payment methods', () => {
  const payIn = async (customerId: string, amount: number, more = {}) =>
    (await call('POST', '/v1/sandbox/pay-ins', { customerId, amount, ...more })).json()

  test('a pay-in shows in the customer’s balance and transactions', async () => {
    const { id } = await create()
    const paid = await payIn(id, 5000, { description: 'Top-up' })
    expect((await call('GET', `${path}/${id}/balance`)).json()).toMatchObject({
      amount: 5000,
      available: 5000,
      pending: 0,
      currency: 'ZAR',
    })
    expect((await call('GET', `${path}/${id}/transactions`)).json()).toEqual({
      data: [
        {
          id: `txn_${paid.transactionId}`,
          customerId: id,
          merchantId: tenant.merchant.code,
          type: 'credit',
          amount: 5000,
          currency: 'ZAR',
          description: 'Top-up',
          relatedEntityId: paid.id,
          relatedEntityType: 'PayIn',
          balanceAfter: 5000,
          createdAt: now,
          updatedAt: now,
        },
      ],
      pagination: { limit: 50, offset: 0, total: 1, hasMore: false },
    })
  })

  test('the customer’s balance is in the merchant’s first currency, or in the currency asked for', async () => {
    const { id } = await create()
    await payIn(id, 700, { currency: 'NGN' })
    const balance = async (query = '') => (await call('GET', `${path}/${id}/balance${query}`)).json()
    expect(await balance()).toMatchObject({ amount: 0, currency: 'ZAR' })
    expect(await balance('?currency=')).toEqual(await balance())
    expect(await balance('?currency=ngn')).toMatchObject({ amount: 700, available: 700, pending: 0, currency: 'NGN' })
    const other = (await create()).id
    const zeros = (await call('GET', `${path}/${other}/balance?currency=NGN`)).json()
    expect(zeros).toMatchObject({ id: `bal_${other}_NGN`, customerId: other, amount: 0, currency: 'NGN' })
    for (const currency of ['XOF', 'rand', '%00']) {
      expect((await balance(`?currency=${currency}`)).statusCode).toBe(400)
      expect((await call('GET', `${path}/${id}/transactions?currency=${currency}`)).statusCode).toBe(400)
    }
  })

  test('a customer’s transactions show the money of every currency, or of the currency asked for', async () => {
    const [ada, ben] = [await create(), await create()]
    await payIn(ada.id, 700, { currency: 'NGN' })
    await payIn(ada.id, 50)
    const sent = { fromCustomerId: ada.id, toCustomerId: ben.id, amount: 200, currency: 'NGN' }
    expect((await call('POST', '/api/canary/transfers', sent)).statusCode).toBe(201)
    const shown = async (id: string, query = '') => {
      const { data, pagination } = (await call('GET', `${path}/${id}/transactions${query}`)).json()
      type Shown = { type: string; amount: number; currency: string; balanceAfter: number }
      const lines = data.map((each: Shown) => [each.type, each.amount, each.currency, each.balanceAfter])
      return [lines.sort(), pagination.total]
    }
    expect(await shown(ben.id)).toEqual([[['transfer_in', 200, 'NGN', 200]], 1])
    const ngn = [
      ['credit', 700, 'NGN', 700],
      ['transfer_out', -200, 'NGN', 500],
    ]
    expect(await shown(ada.id)).toEqual([[['credit', 50, 'ZAR', 50], ...ngn].sort(), 3])
    expect(await shown(ada.id, '?currency=NGN')).toEqual([ngn, 2])
    expect(await shown(ben.id, '?currency=ZAR')).toEqual([[], 0])
  })

  test('a customer’s transactions are listed newest first with the balance after each, in pages', async () => {
    const { id } = await create()
    for (const amount of [100, 20, 3]) await payIn(id, amount)
    const page = async (query: string) => (await call('GET', `${path}/${id}/transactions${query}`)).json()
    const shown = (list: { data: { amount: number; balanceAfter: number }[] }) =>
      list.data.map(({ amount, balanceAfter }) => [amount, balanceAfter])
    expect(shown(await page(''))).toEqual([
      [3, 123],
      [20, 120],
      [100, 100],
    ])
    const second = await page('?limit=1&offset=1')
    expect([shown(second), second.pagination]).toEqual([[[20, 120]], { limit: 1, offset: 1, total: 3, hasMore: true }])
  })

  test.each(['transactions', 'payment-methods'])('a customer’s %s ignore a limit that is no number', async (list) => {
    const { id } = await create()
    for (const query of ['limit=ten&offset=-1', 'limit=NaN', 'limit=%00', 'limit[a]=1', 'limit=1&limit=2']) {
      const answer = await call('GET', `${path}/${id}/${list}?${query}`)
      expect([query, answer.statusCode, answer.json().pagination]).toMatchObject([query, 200, { limit: 50, offset: 0 }])
    }
  })

  test('a customer’s card and mobile money number have the members the strictest clients need, and no more', async () => {
    const { id } = await create()
    const card = (await call('POST', '/v1/sandbox/payment-methods', { customerId: id, type: 'card' })).json()
    const phone = { customerId: id, type: 'mobile_money', phone: '0821234567' }
    const wallet = (await call('POST', '/v1/sandbox/payment-methods', phone)).json()
    expect((await call('GET', `${path}/${id}/payment-methods`)).json()).toEqual({
      data: [
        {
          id: wallet.id,
          customerId: id,
          type: 'mobile_money',
          last4: '4567',
          expiryMonth: 0,
          expiryYear: 0,
          isDefault: false,
          createdAt: now,
          updatedAt: now,
        },
        {
          id: card.id,
          customerId: id,
          type: 'card',
          brand: 'visa',
          last4: '4081',
          expiryMonth: 12,
          expiryYear: 2030,
          isDefault: true,
          createdAt: now,
          updatedAt: now,
        },
      ],
      pagination: { limit: 50, offset: 0, total: 2, hasMore: false },
    })
    const second = (await call('GET', `${path}/${id}/payment-methods?limit=1&offset=1`)).json()
    expect([second.data[0].id, second.pagination]).toEqual([card.id, { limit: 1, offset: 1, total: 2, hasMore: false }])
  })

  test('a customer’s removed payment method is not listed', async () => {
    const { id } = await create()
    const card = (await call('POST', '/v1/sandbox/payment-methods', { customerId: id, type: 'card' })).json()
    await call('POST', '/customer/deactivate_authorization', { authorization_code: card.authorizationCode })
    expect((await call('GET', `${path}/${id}/payment-methods`)).json().data).toEqual([])
  })
})

describe('errors', () => {
  test.each([
    ['no header', null, 'No Authorization header was found'],
    ['a wrong key', 'sk_test_0000000000000000', 'The key or token is not valid, was revoked or has expired'],
    ['no key of ours', 'whatever', 'The key or token is not valid, was revoked or has expired'],
  ])('a Cashful request with %s answers 401 in the envelope', async (_what, bearer, message) => {
    const answer = await api.call('GET', path, undefined, bearer)
    expect([answer.statusCode, answer.json()]).toEqual([401, refusal(401, 'Unauthorized', message)])
  })

  test.each([
    ['{"phoneNumber": ', 'The body is not valid JSON'],
    ['{"phoneNumber": 1,}', 'The body is not valid JSON at position 18'],
    ['--x\r\nContent-Disposition: form-data; name="email"\r\n', 'The body must be JSON, not a multipart form'],
    ['{"__proto__": {}}', 'The body has a member named __proto__ or constructor.prototype, which no object may have'],
    ['[]', 'The body must be a JSON object'],
    ['"text"', 'The body must be a JSON object'],
    ['{"phoneNumber": "\\u0000"}', 'phoneNumber has a NUL character or half a surrogate pair'],
    ['{"phoneNumber": "0821234567", "metadata": {"n": 1e400}}', 'metadata.n is a number too large to keep'],
    ['{"metadata": {"list": [1, "NaN: \\"x", NaN]}}', 'metadata.list.2 is NaN, which JSON does not have'],
    ['{"a": -Infinity}', 'a is -Infinity, which JSON does not have'],
    ['NaN', 'The body is NaN, which JSON does not have'],
    [
      '{"metadata": [{}, {"\\u005f_proto__": {}}]}',
      'metadata.1 has a member named __proto__ or constructor.prototype, which no object may have',
    ],
    [
      '{"metadata": {"a": {"constructor": {"prototype": 1}}}}',
      'metadata.a has a member named __proto__ or constructor.prototype, which no object may have',
    ],
    [`{"metadata": {"a": ${'['.repeat(40)}${']'.repeat(40)}}}`, 'metadata.a.0 is nested deeper than 32 levels'],
  ])('a Cashful request with the body %s answers 400 in the envelope', async (payload, message) => {
    const answer = await api.app.inject({
      method: 'POST',
      url: path,
      headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' },
      payload,
    })
    expect([answer.statusCode, answer.json()]).toEqual([400, refusal(400, 'Bad Request', message)])
  })

  test('an unknown address and an unknown method under /api/canary answer 404 in the envelope', async () => {
    for (const [method, address] of [
      ['GET', '/api/canary'],
      ['GET', '/api/canary/nothing'],
      ['DELETE', path],
      ['PROPFIND', path],
    ] as const) {
      expect((await call(method, address)).json()).toEqual(
        refusal(404, 'Not Found', `There is nothing at ${method} ${address}`),
      )
    }
  })
})
