import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { requestOf } from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { listCustomers } from './customer-lists.ts'
import { createCustomer, findCustomer, type NewCustomer, updateCustomer } from './customers.ts'
import { setRiskAction } from './risk-actions.ts'

let service: TestService
let tenant: TestTenant

beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
})

afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

const somebody = (email: string | null, more: Partial<NewCustomer> = {}): NewCustomer => ({
  email,
  ...more,
})

/** One server. Calls to one server that arrive together go together, but not with the calls to another server. */
const server = () => ({ ...service })

describe('creating customers', () => {
  test('many customers created at once are numbered without gaps and have their accounts and events', async () => {
    const own = await createTestTenant(service)
    const servers = Array.from({ length: 4 }, server)
    const made = await Promise.all(
      Array.from({ length: 200 }, (_, i) => createCustomer(servers[i % 4] ?? server(), own, somebody(`c${i}@x.y`))),
    )
    expect(made.every(({ created }) => created)).toBe(true)
    const [row] = await service.db.query(sql`
      select
        (select customer_count from merchant_counters where merchant_id = ${own.merchant.id} and mode = 'test') as counted,
        (select max(number) from customers where merchant_id = ${own.merchant.id}) as last,
        (select count(*) from ledger_accounts where merchant_id = ${own.merchant.id}) as accounts,
        (select count(*) from events where merchant_id = ${own.merchant.id} and type = 'customer.created') as events
    `)
    expect(row).toEqual({ counted: 200n, last: 200n, accounts: 200n, events: 200n })
  })

  test('twenty servers that create a customer with one e-mail, in any case, make one customer', async () => {
    const spellings = ['Amani@Example.com', 'amani@example.com', ' AMANI@EXAMPLE.COM ']
    const calls = Array.from({ length: 20 }, (_, i) =>
      createCustomer(server(), tenant, somebody(spellings[i % 3] ?? '')),
    )
    const made = await Promise.all(calls)
    expect(made.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(made.map(({ customer }) => customer.code)).size).toBe(1)
    expect((await listCustomers(service, tenant, { email: 'amani@example.com' }, { limit: 5, offset: 0 })).total).toBe(
      1,
    )
  })

  test('one e-mail twice in a batch makes one customer, and the second call gets that customer unchanged', async () => {
    const queues = server()
    const [first, second] = await Promise.all([
      createCustomer(queues, tenant, somebody('bahati@example.com', { firstName: 'Bahati' })),
      createCustomer(queues, tenant, somebody('bahati@example.com', { firstName: 'Other' })),
    ])
    expect([first.created, second.created]).toEqual([true, false])
    expect(second.customer).toEqual(first.customer)
    expect(second.customer.firstName).toBe('Bahati')
  })

  test('each customer created without an e-mail is a new one', async () => {
    const queues = server()
    const made = await Promise.all([1, 2, 3].map(() => createCustomer(queues, tenant, somebody(null))))
    expect(new Set(made.map(({ customer }) => customer.code)).size).toBe(3)
  })

  test('creating a customer while an update takes the e-mail gives one owner of the e-mail', async () => {
    for (let i = 0; i < 10; i++) {
      const email = `moving${i}@example.com`
      const { customer } = await createCustomer(server(), tenant, somebody(`before${i}@example.com`))
      const update = updateCustomer(service, tenant, { code: customer.code }, { email }).catch((error) => error.code)
      const [updated, made] = await Promise.all([update, createCustomer(server(), tenant, somebody(email))])
      const owner = await findCustomer(service, tenant, { email })
      expect(made.customer.code).toBe(owner.code)
      expect(updated === 'email_taken').toBe(made.created)
    }
  })
})

describe('creating customers with a key', () => {
  test('creating with a key makes one customer, and each repeat answers the customer as first answered', async () => {
    const request = requestOf('create-1')
    const given = somebody('chausiku@example.com', { firstName: 'Chausiku', metadata: { a: [1, 'ü'] } })
    const first = await createCustomer(server(), tenant, given, request)
    await updateCustomer(service, tenant, { code: first.customer.code }, { firstName: 'Other', metadata: () => ({}) })
    await setRiskAction(service, tenant, { code: first.customer.code }, { riskAction: 'deny' })
    const again = await createCustomer(server(), tenant, given, request)
    expect(again).toEqual({ ...first, replayed: true })
  })

  test('creating with a key remembers that another customer had the e-mail', async () => {
    const request = requestOf('create-2')
    await createCustomer(server(), tenant, somebody('dalila@example.com'))
    expect(await createCustomer(server(), tenant, somebody('dalila@example.com'), request)).toMatchObject({
      created: false,
      replayed: false,
    })
    await updateCustomer(service, tenant, { email: 'dalila@example.com' }, { email: 'gone@example.com' })
    expect(await createCustomer(server(), tenant, somebody('dalila@example.com'), request)).toMatchObject({
      created: false,
      replayed: true,
    })
  })

  test('creating with keys in one batch answers repeats, new customers and other bodies each on their own', async () => {
    const keyed = (key: string, name: string) => {
      const given = somebody(`${name}@example.com`)
      return { given, request: requestOf(key, { name }) }
    }
    const known = keyed('create-3', 'eshe')
    await createCustomer(server(), tenant, known.given, known.request)
    const queues = server()
    const calls = [known, keyed('create-3', 'other'), keyed('create-4', 'faraja'), keyed('create-5', 'gamba'), known]
    const outcomes = await Promise.all(
      calls.map(({ given, request }) =>
        createCustomer(queues, tenant, given, request).then(
          ({ customer, created, replayed }) => [customer.email, created, replayed],
          (error: ServiceError) => error.code,
        ),
      ),
    )
    expect(outcomes).toEqual([
      ['eshe@example.com', true, true],
      'idempotency_key_reused',
      ['faraja@example.com', true, false],
      ['gamba@example.com', true, false],
      ['eshe@example.com', true, true],
    ])
  })

  test('twenty servers that create with one key at once make one customer', async () => {
    const request = requestOf('create-6')
    const calls = Array.from({ length: 20 }, () => createCustomer(server(), tenant, somebody(null), request))
    const made = await Promise.all(calls)
    expect(new Set(made.map(({ customer }) => customer.code)).size).toBe(1)
    expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1)
  })

  test('twenty servers that create with one key and different bodies make one customer and refuse the rest', async () => {
    const calls = Array.from({ length: 20 }, (_, i) => {
      const request = requestOf('create-7', { i })
      return createCustomer(server(), tenant, somebody(`seven${i}@example.com`), request)
    })
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const each of outcomes) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'idempotency_key_reused', field: 'i' })
    }
  })
})

test('concurrent updates of different fields of a customer lose nothing', async () => {
  const { customer } = await createCustomer(server(), tenant, somebody('hidaya@example.com', { metadata: { n: 0 } }))
  const reference = { code: customer.code }
  const count = 15
  await Promise.all([
    updateCustomer(service, tenant, reference, { firstName: 'Hidaya' }),
    updateCustomer(service, tenant, reference, { lastName: 'Juma' }),
    updateCustomer(service, tenant, reference, { phone: '+27821234567' }),
    updateCustomer(service, tenant, reference, { email: 'hj@example.com' }),
    setRiskAction(service, tenant, reference, { riskAction: 'allow' }),
    ...Array.from({ length: count }, (_, i) =>
      updateCustomer(service, tenant, reference, {
        metadata: (current) => ({ ...current, n: Number(current.n) + 1, [`key${i}`]: i }),
      }),
    ),
  ])
  const kept = await findCustomer(service, tenant, reference)
  expect(kept).toMatchObject({
    email: 'hj@example.com',
    firstName: 'Hidaya',
    lastName: 'Juma',
    phone: '+27821234567',
    riskAction: 'allow',
  })
  expect(kept.metadata).toMatchObject({ n: count, key0: 0, key14: 14 })
  const [{ count: told } = {}] = await service.db.query<{ count: bigint }>(sql`
    select count(*) from events where merchant_id = ${tenant.merchant.id} and customer_id = ${kept.id}
  `)
  expect(told).toBe(BigInt(1 + 5 + count))
})

test('of two customers who take one e-mail at once, one is refused with email_taken', async () => {
  const made = await Promise.all(['i1@x.y', 'i2@x.y'].map((email) => createCustomer(server(), tenant, somebody(email))))
  const outcomes = await Promise.all(
    made.map(({ customer }) =>
      updateCustomer(service, tenant, { code: customer.code }, { email: 'imani@example.com' }).then(
        () => 'done',
        (error: unknown) => (error instanceof ServiceError ? error.code : error),
      ),
    ),
  )
  expect(outcomes.sort()).toEqual(['done', 'email_taken'])
})
