import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../src/db/connect.ts'
import { sql } from '../src/db/sql.ts'
import { listCustomers } from '../src/domain/customers/customer-lists.ts'
import { openTestApi, type TestApi } from './api.ts'
import { makeTestDatabase } from './engines.ts'
import { createTestContext, createTestTenant, type TestTenant } from './service.ts'

// Customers are found by texts that people write in another way than they are stored.

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
})
afterAll(() => api.close())

const call = (method: string, path: string, body?: object) => api.call(method, path, body, tenant.secret)
async function find(search: string): Promise<string[]> {
  const answer = await call('GET', `/api/canary/customers?search=${encodeURIComponent(search)}`)
  return answer.json().data.map(({ id }: { id: string }) => id)
}

let made = 0
async function create(given: { first_name?: string; phone?: string; metadata?: object }): Promise<string> {
  made += 1
  return (await call('POST', '/customer', { email: `c${made}@example.com`, ...given })).json().data.customer_code
}

test.each([
  ["T.J. O'Brien", ['tj obrien', "T.J. O'Brien", 't j o brien', 'TJ', 'OBrien T.J.']],
  ['Pat O Dwyer', ['odwyer', 'o dwyer', "o'dwyer", 'ODwyer Pat', 'pat odwyer', 'Pat O’Dwyer', 'patodwyer']],
  ['De La Cruz', ['dela cruz', 'delacruz', 'de lacruz', 'DE LA CRUZ', 'cruz de la']],
  ['Van der Merwe', ['vandermerwe', 'van dermerwe', 'vander merwe', 'Van-der-Merwe', 'merwe van der']],
  ['St. John', ['stjohn', 'st john', 'st. john', 'john st', 'St.John', 'st.john', 'St.J']],
  ['St.Clair', ['stclair', 'st clair', 'St. Clair', 'St.Clair', 'clair']],
  ['Dr. Ada Obi', ['Dr.Ada', 'dr.ada obi', 'drada']],
  ['이영희', ['영희', '이영희', '이영']],
  ['山田太郎花子', ['太郎', '花子', '山田', '太郎花']],
  ['鈴木　太郎', ['鈴木太郎', '鈴木 太郎', '鈴木　太郎', '鈴木\u2003太郎']],
  ...[' ', '\u00a0', '\u2003', '\u2009', '\u202f', '\t', '\n', ' \r\n '].map((blank, i): [string, string[]] => [
    `Blank${'abcdefgh'[i]}${blank}Adichie`,
    [`blank${'abcdefgh'[i]}adichie`, `Blank${'abcdefgh'[i]} Adichie`, `adichie blank${'abcdefgh'[i]}`],
  ]),
  ['Mc Donald', ['mcdonald', 'McDonald', 'mc donald', 'donald']],
  ['Delarosa', ['de la rosa', 'dela rosa', 'de larosa', 'DELAROSA']],
  ['MacTavish', ['mac tavish', 'mac-tavish', 'mactavish']],
  ['Jean Pierre Ngũgĩ', ['jeanpierre', 'pierrengugi', 'ngugi jeanpierre', 'jean-pierre']],
  ['É. Dupont', ['e. dupont', 'E Dupont']],
  ['عبد الله', ['عبدالله', 'عبد الله', 'الله']],
  ['عبدالرحمن', ['عبد الرحمن', 'عبدالرحمٰن']],
  ['أحمد فاطمة', ['احمد', 'فاطمه', 'أحـمد']],
  ['שָׁלוֹם', ['שלום', 'שָׁלוֹם']],
  ['ג׳ורג׳', ['גורג', "ג'ורג'"]],
])('the name %s is found by %j', async (first_name, searches) => {
  const code = await create({ first_name })
  for (const search of searches) expect([search, await find(search)]).toEqual([search, [code]])
})

test.each([
  ["King's-Shop", ['kings shop', 'kingsshop', 'king s shop', 'King’s‑Shop']],
  ['Jean–Luc', ['jeanluc', 'jean luc', 'Jean-Luc']],
  ['٢٠٢٦', ['2026', '٢٠٢٦', '२०२६']],
  ['حي النور', ['حيالنور', 'حي النور']],
])('the metadata %s is found by %j', async (note, searches) => {
  const code = await create({ metadata: { note } })
  for (const search of searches) expect([search, await find(search)]).toEqual([search, [code]])
})

test.each([
  ['٠٨٠٣١٢٣٤٥٦٧', ['٠٨٠٣١٢٣٤٥٦٧', '08031234567', '+2348031234567', '٨٠٣١٢٣']],
  [
    '+2348031234568',
    [
      'tel:+2348031234568',
      'tel:+234-803-123-4568',
      'whatsapp:+2348031234568',
      '\u200e+234 803 123 4568',
      '۰۸۰۳۱۲۳۴۵۶۸',
    ],
  ],
  ['tel:+2348031234569', ['tel:+2348031234569', '+2348031234569', '0803 123 4569']],
])('the phone %s is found by %j, whichever surface took it', async (phone, searches) => {
  const cashful = (await call('POST', '/api/canary/customers', { phoneNumber: phone })).json()
  expect(cashful.phoneNumber).toMatch(/^\+234803123456\d$/)
  const paystack = await create({ phone })
  for (const search of searches)
    expect([search, (await find(search)).sort()]).toEqual([search, [cashful.id, paystack].sort()])
})

test.each([
  ['0803.555.1313', ['08035551313', '0803 555 1313', '0803.555.1313', '5551313']],
  ['0803 555 1414 or 0803/555/1515', ['08035551414', '08035551515', '0803-555-1414']],
])('the phone %s, which is none of this country, is found by %j', async (phone, searches) => {
  const abroad = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
  const body = { email: 'abroad@example.com', phone }
  const code = (await api.call('POST', '/customer', body, abroad.secret)).json().data.customer_code
  for (const search of searches) {
    const path = `/api/canary/customers?search=${encodeURIComponent(search)}`
    const { data } = (await api.call('GET', path, undefined, abroad.secret)).json()
    expect([search, data.map(({ id }: { id: string }) => id)]).toEqual([search, [code]])
  }
})

test('a search uses the index of words: for several words, the text as a whole and a word with a dot', async () => {
  const place = await makeTestDatabase()
  const db = await openDatabase(place.options)
  onTestFinished(async () => {
    await db.close()
    await place.remove()
  })
  const service = createTestContext(db)
  const own = await createTestTenant(service)
  await db.asOwner(async (session) => {
    await session.execute(`
      insert into customers (merchant_id, mode, number, id, code, first_name, search_text, created_at, updated_at)
      select ${own.merchant.id}, 'test', n, 9000000000 + n, 'bulk' || n, 'Ada',
        E'\\u0004\nada obi number ' || md5(n::text), now(), now()
      from generate_series(1, 20000) n;
      insert into merchant_counters (merchant_id, mode, customer_count) values (${own.merchant.id}, 'test', 20000)
      on conflict (merchant_id, mode) do update set customer_count = excluded.customer_count
    `)
    // New entries wait outside the index, and the planner counts them.
    await session.execute(`select gin_clean_pending_list('customers_search_text')`)
    await session.execute('analyze customers')
  })
  const plans: string[] = []
  const query: typeof db.query = async (statement) => {
    if (statement.text.includes('with matches')) {
      const rows = await db.transaction(async (tx) => {
        // So few rows are read as fast without the index. A million are not.
        await tx.query(sql`set local enable_seqscan = off`)
        return tx.query<{ 'QUERY PLAN': string }>({ ...statement, text: `explain ${statement.text}` })
      })
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
    }
    return db.query(statement)
  }
  const context = { ...service, db: { ...service.db, query } }
  for (const search of ['zz unseen', 'number unseen', 'ber unsee', 'st.unseen']) {
    await listCustomers(context, own, { search }, { limit: 10, offset: 0 })
  }
  for (const plan of plans) expect(plan).toContain('Bitmap Index Scan on customers_search_text')
  expect(plans).toHaveLength(4)
})
