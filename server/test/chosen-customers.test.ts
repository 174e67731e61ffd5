import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../src/db/connect.ts'
import type { Db, OwnedDb } from '../src/db/database.ts'
import type { Context } from '../src/domain/context.ts'
import { type CustomerFilter, listCustomers } from '../src/domain/customers/customer-lists.ts'
import { makeTestDatabase } from './engines.ts'
import { createTestContext, createTestTenant, type TestTenant } from './service.ts'

// A list that is narrowed does not read all customers: it walks along them until it has counted enough, or begins at the few who fit.

const many = 20_000

let db: OwnedDb
let service: Context
let close: () => Promise<unknown>
beforeAll(async () => {
  const place = await makeTestDatabase()
  db = await openDatabase(place.options)
  close = async () => {
    await db.close()
    await place.remove()
  }
  service = createTestContext(db)
})
afterAll(() => close())

/** Makes customers. Every `nth` customer has money, is identified and is denied; or is the only one without money. */
async function customersWith(nth: number, isWithout = false): Promise<TestTenant> {
  const has = isWithout ? '<>' : '='
  const tenant = await createTestTenant(service)
  const { id } = tenant.merchant
  await db.asOwner(async (session) => {
    await session.execute(`
      insert into customers (
        merchant_id, mode, number, id, code, first_name, search_text, identified, risk_action, created_at, updated_at
      )
      select ${id}, 'test', n, 9000000000 + n, 'bulk${nth}x' || n, 'Ada', E'\\u0004\\nada number ' || n, n % ${nth} = 0,
        case when n % ${nth} = 0 then 'deny' else 'default' end, now(), now()
      from generate_series(1, ${many}) n;
      insert into customers_with_money (merchant_id, mode, number, account_id)
      select ${id}, 'test', n, 9100000000 + n from generate_series(1, ${many}) n where n % ${nth} ${has} 0;
      delete from customers_without_money where merchant_id = ${id} and number % ${nth} ${has} 0;
      insert into merchant_counters (merchant_id, mode, customer_count) values (${id}, 'test', ${many})
      on conflict (merchant_id, mode) do update set customer_count = excluded.customer_count
    `)
    await session.execute('analyze customers')
    await session.execute('analyze customers_with_money')
    await session.execute('analyze customers_without_money')
  })
  return tenant
}

/** The rows that the scans of a plan have read, by its lines. */
function readBy(plan: readonly string[]): number {
  let loops = 1
  let isScan = false
  return plan.reduce((sum, line) => {
    const [, rows, times] = /\(actual rows=([\d.]+) loops=(\d+)\)/.exec(line) ?? []
    if (rows !== undefined) {
      isScan = / Scan /.test(line) && !/(CTE|Subquery) Scan/.test(line)
      loops = Number(times)
      return isScan ? sum + Number(rows) * loops : sum
    }
    const [, removed] = /Rows Removed by \w.*: (\d+)/.exec(line) ?? []
    return removed !== undefined && isScan ? sum + Number(removed) * loops : sum
  }, 0)
}

async function rowsRead(tenant: TestTenant, filter: CustomerFilter): Promise<{ read: number; total: number }> {
  let read = 0
  const query: Db['query'] = async (statement) => {
    if (statement.text.includes('row_number() over ()')) {
      const text = `explain (analyze, costs off, timing off, summary off, buffers off) ${statement.text}`
      const rows = await service.db.query<{ 'QUERY PLAN': string }>({ ...statement, text })
      read += readBy(rows.map((row) => row['QUERY PLAN']))
    }
    return service.db.query(statement)
  }
  const { total } = await listCustomers({ ...service, db: { ...service.db, query } }, tenant, filter, {
    limit: 50,
    offset: 0,
  })
  return { read, total }
}

test.each([
  ['few', 5000, 4, 1000],
  ['every tenth', 10, 1000, 12_000],
  ['all', 1, 1000, 4000],
] as const)(
  'of 20,000 customers, %s have money, are identified or denied: few rows are read',
  async (_few, nth, found, most) => {
    const tenant = await customersWith(nth)
    const filters: CustomerFilter[] = [{ hasMoney: true }, { identified: true }, { riskAction: 'deny' }]
    for (const filter of filters) {
      const { read, total } = await rowsRead(tenant, filter)
      expect([filter, total >= found]).toEqual([filter, true])
      expect([filter, read > 0, read, read <= most]).toEqual([filter, true, read, true])
    }
  },
)

test.each([
  ['few', 5000, 4, 1000],
  ['every tenth', 10, 1000, 12_000],
] as const)('of 20,000 customers, %s have no money: few rows are read', async (_few, nth, found, most) => {
  const tenant = await customersWith(nth, true)
  const { read, total } = await rowsRead(tenant, { hasMoney: false })
  expect([total >= found, read > 0, read, read <= most]).toEqual([true, true, read, true])
})
