import { describe, expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { exchange, type WireResponse } from '../src/wire.ts'
import { type CustomerBody, expectAnswer, type Page } from './calls.ts'
import { listUnknownRouteDefects } from './operations.ts'

const merchant = useMerchant()
const customers = '/api/canary/customers'

/** Sends the target and body exactly as written, with a valid token. */
function send(line: string, body?: string): Promise<WireResponse> {
  const [method = '', target = ''] = line.split(' ')
  const headers = { Authorization: `Bearer ${merchant.key}`, 'Content-Type': 'application/json' }
  return exchange(merchant.url, { method, target, headers, ...(body === undefined ? {} : { body }) })
}

async function create(body: object): Promise<CustomerBody> {
  return expectAnswer('createCustomer', 201, await send(`POST ${customers}`, JSON.stringify(body))) as CustomerBody
}

async function list(query: string): Promise<Page<CustomerBody>> {
  return expectAnswer('listCustomers', 200, await send(`GET ${customers}?${query}`)) as Page<CustomerBody>
}

describe('a base address with a trailing slash, which doubles the first slash of the path', () => {
  test('a path that begins with two slashes reaches every operation', async () => {
    const body = '{"phoneNumber":"+27821234567","metadata":{}}'
    const created = expectAnswer('createCustomer', 201, await send(`POST /${customers}`, body)) as CustomerBody
    const path = `/${customers}/${created.id}`
    expectAnswer('listCustomers', 200, await send(`GET /${customers}?limit=1`))
    expectAnswer('retrieveCustomer', 200, await send(`GET ${path}`))
    expectAnswer('updateCustomer', 200, await send(`PATCH ${path}`, '{"metadata":{}}'))
    expectAnswer('getCustomerBalance', 200, await send(`GET ${path}/balance`))
    expectAnswer('listCustomerTransactions', 200, await send(`GET ${path}/transactions`))
    expectAnswer('listCustomerPaymentMethods', 200, await send(`GET ${path}/payment-methods`))
    expectAnswer('health', 200, await send('GET //api/canary/health'))
    expectAnswer('token', 200, await send('GET //api/canary/authentication/token'))
    expectAnswer('jwks', 200, await send('GET //api/canary/authentication/jwks'))
  })
})

describe('the TypeScript client called with one object of options, as its own documents say', () => {
  test('a create without members is refused with the missing members', async () => {
    expectAnswer('createCustomer', 400, await send(`POST ${customers}`, '{}'))
  })

  test('the id "[object Object]" is an unknown customer', async () => {
    expectAnswer('retrieveCustomer', 404, await send(`GET ${customers}/%5Bobject%20Object%5D`))
  })

  test('a list ignores queries in brackets', async () => {
    const { pagination } = await list('merchantId%5BmerchantId%5D=m&merchantId%5Blimit%5D=5')
    expect(pagination).toMatchObject({ limit: 50, offset: 0 })
  })
})

describe('a limit', () => {
  test.each([
    ['10', 10],
    ['10.0', 10],
    ['3.4', 3],
    ['1E%2B2', 100],
    ['1e%2B21', 100],
    ['101', 100],
  ])('the limit %s of a list of customers means %i', async (limit, expected) => {
    expect((await list(`limit=${limit}`)).pagination.limit).toBe(expected)
  })

  test.each(['NaN', '-1', 'ten'])('the limit %s of a list of customers is refused', async (limit) => {
    expectAnswer('listCustomers', 400, await send(`GET ${customers}?limit=${limit}`))
  })

  test.each(['transactions', 'payment-methods'] as const)(
    'the limit NaN counts as no limit for %s, which document no 400',
    async (part) => {
      const { id } = await create({ phoneNumber: '+27821234567', metadata: {} })
      const operation = part === 'transactions' ? 'listCustomerTransactions' : 'listCustomerPaymentMethods'
      expectAnswer(operation, 200, await send(`GET ${customers}/${id}/${part}?limit=NaN&offset=-1`))
    },
  )
})

describe('an offset', () => {
  test('an offset beyond every customer answers an empty page', async () => {
    const page = await list('offset=1e%2B9')
    expect(page).toMatchObject({ data: [], pagination: { offset: 1_000_000_000, hasMore: false } })
  })
})

describe('a body', () => {
  test('null for a member means "not given" when a customer is created or updated', async () => {
    const created = await create({
      merchantId: null,
      phoneNumber: '+27821234567',
      email: 'nulls@example.com',
      name: null,
      metadata: null,
    })
    expect(created.metadata).toEqual({})
    const nulls = '{"email":null,"name":null,"metadata":null}'
    const updated = expectAnswer('updateCustomer', 200, await send(`PATCH ${customers}/${created.id}`, nulls))
    expect(updated).toMatchObject({ email: 'nulls@example.com', phoneNumber: '+27821234567', metadata: {} })
  })

  test('a phone number in national form is accepted and answered in international form', async () => {
    expect(await create({ phoneNumber: '082 123 4567', metadata: {} })).toMatchObject({ phoneNumber: '+27821234567' })
  })

  test.each([
    ['a phone number that is none', '{"phoneNumber":"12","metadata":{}}'],
    ['a phone number that is a number', '{"phoneNumber":27821234567,"metadata":{}}'],
    ['metadata that is text', '{"phoneNumber":"+27821234567","metadata":"{}"}'],
    ['a list', '[]'],
    ['nothing', ''],
    ['JSON that is cut off', '{"phoneNumber":'],
  ])('a create with %s is refused', async (_, body) => {
    expectAnswer('createCustomer', 400, await send(`POST ${customers}`, body))
  })
})

describe('a path', () => {
  test.each([`${customers}/`, '/api/canary/', '/api/canary/cards', `${customers}/x/cards`])(
    'the path %s is answered as no operation',
    async (path) => expect(listUnknownRouteDefects(await send(`GET ${path}`))).toEqual([]),
  )
})
