import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { sql } from '../../db/sql.ts'
import { listCustomers } from './customer-lists.ts'
import { createCustomer, updateCustomer } from './customers.ts'
import { foldSearchTexts } from './search-folding.ts'
import { foldingMark } from './search-text.ts'

let service: TestService
let tenant: TestTenant
beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
})
afterAll(() => service.close())

/** Writes the search text as a server of before did: in lower case only. */
async function unfold(code: string, text: string): Promise<void> {
  await service.db.query(sql`
    update customers set search_text = ${text} where merchant_id = ${tenant.merchant.id} and code = ${code}
  `)
}

const find = async (search: string) =>
  (await listCustomers(service, tenant, { search }, { limit: 9, offset: 0 })).items.map(({ firstName }) => firstName)

test('search texts that a server of before wrote are folded in the background, once', async () => {
  const { customer } = await createCustomer(service, tenant, { firstName: 'Ngũgĩ', phone: '082 123 4567' })
  await unfold(customer.code, 'ngũgĩ\n082 123 4567')
  expect([await find('ngugi'), await find('Ngũgĩ'), await find('+27821234567')]).toEqual([[], ['Ngũgĩ'], []])
  expect(await foldSearchTexts(service)).toBe(1)
  expect([await find('ngugi'), await find('Ngũgĩ'), await find('+27821234567')]).toEqual(Array(3).fill(['Ngũgĩ']))
  expect(await foldSearchTexts(service)).toBe(0)
})

test('many search texts are folded in one round, and the rest in the next', async () => {
  const own = await createTestTenant(service)
  const names = Array.from({ length: 2600 }, (_, i) => `É${i}`)
  await Promise.all(names.map((firstName) => createCustomer(service, own, { firstName })))
  await service.db.query(sql`
    update customers set search_text = lower(first_name) where merchant_id = ${own.merchant.id}
  `)
  expect([await foldSearchTexts(service), await foldSearchTexts(service)]).toEqual([2500, 100])
  const [row] = await service.db.query(sql`
    select count(*) as folded from customers
    where merchant_id = ${own.merchant.id} and search_text = ${`${foldingMark}\ne`} || substr(first_name, 2)
  `)
  expect(row).toEqual({ folded: 2600n })
})

test('a customer who changes while search texts are folded keeps the change', async () => {
  const { customer } = await createCustomer(service, tenant, { firstName: 'Before' })
  await unfold(customer.code, 'before')
  const query: typeof service.db.query = async (statement) => {
    if (statement.text.includes('update customers'))
      await updateCustomer(service, tenant, customer, { firstName: 'After' })
    return service.db.query(statement)
  }
  await foldSearchTexts({ ...service, db: { ...service.db, query } })
  expect([await find('before'), await find('after')]).toEqual([[], ['After']])
})
