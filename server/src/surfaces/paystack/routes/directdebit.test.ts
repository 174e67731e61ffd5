import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { activateDueMandates } from '../../../domain/payments/mandate-activations.ts'

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
})
afterAll(() => api.close())

async function call(method: string, path: string, body?: unknown) {
  const answer = await api.call(method, path, body, tenant.secret)
  return { status: answer.statusCode, body: answer.json() }
}

/** A customer whose new mandate waits for the bank. */
async function giveMandate(email: string) {
  const { body } = await call('POST', '/customer/authorization/initialize', { email, channel: 'direct_debit' })
  await call('POST', `/v1/sandbox/mandates/${body.data.reference}/approve`, {})
  return (await call('GET', `/customer/${email}`)).body.data as { id: number; customer_code: string }
}

async function list(query = '') {
  const { status, body } = await call('GET', `/directdebit/mandate-authorizations${query}`)
  expect(status).toBe(200)
  const emails = body.data.map(({ customer }: { customer: { email: string } }) => customer.email)
  return { ...body, emails }
}

describe('the mandates of all customers', () => {
  test('the mandates of all customers are the approved ones, newest first, as in each customer’s own list', async () => {
    await call('POST', '/customer/authorization/initialize', { email: 'asked@example.com', channel: 'direct_debit' })
    const { id } = await giveMandate('a@example.com')
    await giveMandate('b@example.com')
    const { emails, data, meta, message } = await list()
    expect({ emails, meta, message }).toEqual({
      emails: ['b@example.com', 'a@example.com'],
      meta: { per_page: 50, next: null, count: 2, total: 2 },
      message: 'Mandate authorizations retrieved successfully',
    })
    const own = await call('GET', `/customer/${id}/directdebit-mandate-authorizations`)
    expect(own.body.data).toEqual([data[1]])
  })

  test('the mandates of all customers are none at first', async () => {
    expect(await list()).toMatchObject({ data: [], meta: { per_page: 50, next: null, count: 0, total: 0 } })
  })

  test('the mandates of all customers are walked by cursor, each once, also when new ones come meanwhile', async () => {
    for (const name of ['a', 'b', 'c']) await giveMandate(`${name}@example.com`)
    const first = await list('?per_page=2')
    expect(first.meta).toMatchObject({ per_page: 2, count: 2, total: 3 })
    expect(Buffer.from(first.meta.next, 'base64').toString()).toMatch(/^\d+$/)
    await giveMandate('d@example.com')
    const second = await list(`?per_page=2&cursor=${encodeURIComponent(first.meta.next)}`)
    expect([...first.emails, ...second.emails]).toEqual(['c@example.com', 'b@example.com', 'a@example.com'])
    expect(second.meta.next).toBeNull()
  })

  test('the mandates of all customers are filtered by status', async () => {
    await giveMandate('old@example.com')
    await api.settle()
    await giveMandate('new@example.com')
    const { data } = (await call('GET', '/customer/old@example.com')).body
    expect((await list('?status=active')).emails).toEqual(['old@example.com'])
    expect((await list('?status=pending')).emails).toEqual(['new@example.com'])
    const [{ authorization_code }] = data.authorizations
    await call('POST', '/customer/authorization/deactivate', { authorization_code })
    expect((await list('?status=revoked')).emails).toEqual(['old@example.com'])
  })

  test.each([
    ['status=paid', '"status" must be one of [pending, active, revoked]'],
    ['cursor=abc', '"cursor" must be next of an earlier page'],
    ['per_page=x', '"per_page" must be a whole number from 1 to 1000000000000, not "x"'],
  ])('the list of mandates refuses %s', async (query, message) => {
    const { status, body } = await call('GET', `/directdebit/mandate-authorizations?${query}`)
    expect([status, body.message, body.code]).toEqual([400, message, 'invalid_params'])
  })
})

describe('an activation charge for many customers', () => {
  test('an activation charge activates the pending mandates of the given customers', async () => {
    const [a, b] = [await giveMandate('a@example.com'), await giveMandate('b@example.com')]
    await giveMandate('c@example.com')
    expect(await call('PUT', '/directdebit/activation-charge', { customer_ids: [a.id, b.id, a.id] })).toEqual({
      status: 200,
      body: { status: true, message: 'Mandate is queued for retry' },
    })
    await activateDueMandates(api.service)
    expect((await list('?status=active')).emails).toEqual(['b@example.com', 'a@example.com'])
  })

  test('an activation charge that names an unknown customer activates no mandate', async () => {
    const { id } = await giveMandate('a@example.com')
    expect((await call('PUT', '/directdebit/activation-charge', { customer_ids: [id, 1] })).status).toBe(404)
    await activateDueMandates(api.service)
    expect((await list('?status=active')).emails).toEqual([])
  })

  test.each([[{}], [{ customer_ids: [] }], [{ customer_ids: ['x'] }], [{ customer_ids: [0] }]])(
    'an activation charge with %j is refused',
    async (body) => {
      expect((await call('PUT', '/directdebit/activation-charge', body)).status).toBe(400)
    },
  )
})
