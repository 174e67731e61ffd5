import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { listCustomers } from './customer-lists.ts'
import { createCustomer } from './customers.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

/** Customers of a new tenant with these names, oldest first. */
async function createNamed(names: string[]): Promise<TestTenant> {
  const tenant = await createTestTenant(service)
  const create = (firstName: string) => createCustomer(service, tenant, { email: null, firstName })
  await Promise.all(names.map(create))
  return tenant
}

async function search(tenant: TestTenant, text: string, page = { limit: 5, offset: 0 }) {
  const { items, total } = await listCustomers(service, tenant, { search: text }, page)
  return { names: items.map((each) => each.firstName), total }
}

describe('a search', () => {
  test('a search for one or two characters finds words that begin with them', async () => {
    const found = ['(Xi)', "D'Xavi", 'Nox Xu', 'Xola Ndou', 'x.y@example.com']
    const tenant = await createNamed([...found, 'Maxine', 'OneX'])
    for (const text of ['x', 'X ']) expect((await search(tenant, text)).names.sort()).toEqual(found)
    expect(await search(tenant, 'xo')).toEqual({ names: ['Xola Ndou'], total: 1 })
    expect(await search(tenant, 'xy')).toEqual({ names: [], total: 0 })
  })

  test.each(['.', '+', '(', '[', 'a.', '.y', '*a', 'x*', '(x', '^x'])(
    'a search takes the pattern character in %s literally',
    async (text) => {
      const tenant = await createNamed(['axb', 'x.y@example.com'])
      expect((await search(tenant, text)).names).toEqual(text === '.' ? ['x.y@example.com'] : [])
    },
  )

  test('a search counts up to a thousand matches exactly, on every page', async () => {
    const tenant = await createNamed(Array.from({ length: 1000 }, (_, i) => `${i % 2 === 0 ? 'Thabo' : 'Amina'} ${i}`))
    const last = await search(tenant, 'thabo', { limit: 5, offset: 498 })
    expect([last.names.length, last.total]).toEqual([2, 500])
    expect((await search(tenant, 'a')).total).toBe(500)
  })

  test('a search with more than a thousand matches has a total beyond the page, however far the page is', async () => {
    const tenant = await createNamed(Array.from({ length: 1003 }, (_, i) => `Thabo ${i}`))
    const pages = [0, 500, 1000, 1001, 2000].map(async (offset) => {
      const { names, total } = await search(tenant, 'thabo', { limit: 2, offset })
      return [offset, names.length, total]
    })
    expect(await Promise.all(pages)).toEqual([
      [0, 2, 1000],
      [500, 2, 1000],
      [1000, 2, 1003],
      [1001, 2, 1003],
      [2000, 0, 1003],
    ])
  })
})
