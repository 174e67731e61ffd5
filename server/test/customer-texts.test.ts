import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from '../src/db/sql.ts'
import { openTestApi, type TestApi } from './api.ts'
import { createTestTenant, type TestTenant } from './service.ts'

// Names, e-mails and phones that look the same or were typed elsewhere, on both surfaces.

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'ZA', currencies: ['ZAR'] })
})

const call = (method: string, path: string, body?: object) => api.call(method, path, body, tenant.secret)

describe('a name that a client sends back as it has read it', () => {
  const create = async (first_name?: string, last_name?: string) =>
    (await call('POST', '/customer', { email: 'ann@example.com', first_name, last_name })).json().data.customer_code
  const names = async (code: string) => {
    const { first_name, last_name } = (await call('GET', `/customer/${code}`)).json().data
    return [first_name, last_name]
  }

  test.each([
    ['Mary Ann', 'Smith'],
    ['Mary', 'Ann Smith'],
    ['Mary Ann', undefined],
    [undefined, 'Ann Smith'],
    ['  Mary Ann ', ' Smith  '],
  ])(
    'the names %j and %j stay as they are when Cashful’s client writes back the name it has read',
    async (first, last) => {
      const code = await create(first, last)
      const before = await names(code)
      const { name } = (await call('GET', `/api/canary/customers/${code}`)).json()
      const changed = await call('PATCH', `/api/canary/customers/${code}`, { name, email: 'ann2@example.com' })
      expect([changed.json().name, await names(code)]).toEqual([name, before])
    },
  )

  test.each([(name: string) => name.normalize('NFD'), (name: string) => name.replaceAll(' ', '  ')])(
    'a name that is written back in another Unicode form, or with more blanks, moves nothing (%#)',
    async (written) => {
      const code = await create('José María', 'García')
      await call('PATCH', `/api/canary/customers/${code}`, { name: written('José María García') })
      expect(await names(code)).toEqual(['José María', 'García'])
    },
  )

  test.each([
    ['mary ann smith', ['mary ann', 'smith']],
    ['MARY  ANN SMITH', ['MARY ANN', 'SMITH']],
    ['Mary Ann smith', ['Mary Ann', 'smith']],
  ])('%j, a name that is written back in other letters, is parted where it was', async (written, parts) => {
    const code = await create('Mary Ann', 'Smith')
    await call('PATCH', `/api/canary/customers/${code}`, { name: written })
    expect(await names(code)).toEqual(parts)
  })

  test('another name is split at its first blank', async () => {
    const code = await create('Mary Ann', 'Smith')
    await call('PATCH', `/api/canary/customers/${code}`, { name: 'Mary Ann Smit' })
    expect(await names(code)).toEqual(['Mary', 'Ann Smit'])
    await call('PATCH', `/api/canary/customers/${code}`, { name: '' })
    expect(await names(code)).toEqual([null, null])
  })

  test('first and last name that Paystack’s client moves are moved', async () => {
    const code = await create('Mary Ann', 'Smith')
    await call('PUT', `/customer/${code}`, { first_name: 'Mary', last_name: 'Ann Smith' })
    expect(await names(code)).toEqual(['Mary', 'Ann Smith'])
  })
})

describe('an e-mail in two Unicode forms', () => {
  const [composed, decomposed] = ['adé@example.com', 'ADE\u0301@example.com']

  test('an e-mail in two Unicode forms is one customer, who is found by either', async () => {
    expect(composed).not.toBe(decomposed)
    const made = (await call('POST', '/customer', { email: decomposed })).json().data
    expect(made.email).toBe(composed)
    expect((await call('POST', '/customer', { email: composed })).json().data.id).toBe(made.id)
    const taken = await call('POST', '/api/canary/customers', { phoneNumber: '0821234567', email: composed })
    expect(taken.statusCode).toBe(409)
    for (const email of [composed, decomposed]) {
      const found = (await call('GET', `/api/canary/customers?email=${encodeURIComponent(email)}`)).json()
      expect(found.data.map((each: { id: string }) => each.id)).toEqual([made.customer_code])
      expect((await call('GET', `/customer/${encodeURIComponent(email)}`)).json().data.id).toBe(made.id)
    }
  })

  test('migration 0022 puts stored e-mails into one form, unless a customer has the e-mail in that form', async () => {
    const store = async (email: string) => {
      const { customer_code } = (await call('POST', '/customer', { email: `x${Math.random()}@example.com` })).json()
        .data
      await api.service.db.query(sql`
        update customers set email = ${email} where merchant_id = ${tenant.merchant.id} and code = ${customer_code}
      `)
      return customer_code
    }
    const alone = await store('e\u0301va@example.com')
    const kept = await store('zoe\u0301@example.com')
    const owner = await store('zoé@example.com')
    const [first, second] = [
      await store('a\u0323\u0301@example.com'),
      await store('ạ\u0301@example.com'.normalize('NFD').replace('\u0323\u0301', '\u0301\u0323')),
    ]
    const migration = readFileSync(new URL('../db/migrations/0022_one_form_of_emails.sql', import.meta.url), 'utf8')
    const [body] = /do \$\$[\s\S]*\$\$;/.exec(migration) ?? []
    await api.service.db.query({ ...sql``, text: body as string, name: '' })
    const rows = await api.service.db.query<{ code: string; email: string }>(sql`
      select code, email from customers where merchant_id = ${tenant.merchant.id}
    `)
    const emails = Object.fromEntries(rows.map(({ code, email }) => [code, email]))
    expect(emails[alone]).toBe('éva@example.com')
    expect([emails[kept], emails[owner]]).toEqual(['zoe\u0301@example.com', 'zoé@example.com'])
    expect(emails[first]).toBe('ạ\u0301@example.com')
    expect(emails[second]).not.toBe(emails[first])
  })
})

describe('invisible characters', () => {
  const zeroWidth = 'has an invisible character, U+200B ZERO WIDTH SPACE; send it without this character'

  test.each([
    [
      'POST',
      '/api/canary/customers',
      { phoneNumber: '0821234567', email: 'a\u200bb@example.com' },
      `email ${zeroWidth}`,
    ],
    ['POST', '/api/canary/customers', { phoneNumber: '082\u200b1234567' }, `phoneNumber ${zeroWidth}`],
    ['POST', '/api/canary/customers', { phoneNumber: '0821234567', name: 'Ada\u200b Obi' }, `name ${zeroWidth}`],
    ['PATCH', '/api/canary/customers/CODE', { name: 'Ada\u200b Obi' }, `name ${zeroWidth}`],
    ['PATCH', '/api/canary/customers/CODE', { email: 'a\u200bb@example.com' }, `email ${zeroWidth}`],
    ['POST', '/customer', { email: 'a\u200bb@example.com' }, `email ${zeroWidth}`],
    ['POST', '/customer', { email: 'a@example.com', first_name: '\u200bAda' }, `name ${zeroWidth}`],
    ['POST', '/customer', { email: 'a@example.com', last_name: 'Obi\u200b' }, `name ${zeroWidth}`],
    ['POST', '/customer', { email: 'a@example.com', phone: '\u200b082' }, `phone ${zeroWidth}`],
    ['PUT', '/customer/CODE', { last_name: 'Obi\u200b' }, `name ${zeroWidth}`],
    ['PUT', '/customer/CODE', { phone: '\u200b082' }, `phone ${zeroWidth}`],
    ['POST', '/transaction/initialize', { email: 'a\u200bb@example.com', amount: 500 }, `email ${zeroWidth}`],
    ['POST', '/customer', { email: 'a@example.com', first_name: 'A\u00adda' }, 'U+00AD SOFT HYPHEN'],
    ['POST', '/customer', { email: 'a@example.com', first_name: '\u202eadA' }, 'U+202E RIGHT-TO-LEFT OVERRIDE'],
    ['POST', '/customer', { email: 'a@example.com', first_name: 'A\u0007' }, 'U+0007'],
    ['POST', '/customer', { email: 'a\ufe0f@example.com' }, 'U+FE0F VARIATION SELECTOR-16'],
    ['POST', '/customer', { email: 'a@example.com', first_name: '\u2800' }, 'U+2800 BRAILLE PATTERN BLANK'],
    ['POST', '/customer', { email: 'a@example.com', last_name: 'Obi\u{e0041}' }, 'U+E0041'],
    ['POST', '/customer', { email: 'a@example.com', first_name: 'A\u200dda' }, 'U+200D ZERO WIDTH JOINER'],
    ['POST', '/customer', { email: 'a@example.com', first_name: 'A\u2028da' }, 'U+2028 LINE SEPARATOR'],
    ['POST', '/customer', { email: 'a@example.com', phone: '0821\u2029234567' }, 'U+2029 PARAGRAPH SEPARATOR'],
    ['POST', '/api/canary/customers', { phoneNumber: '082\u20281234567' }, 'U+2028 LINE SEPARATOR'],
    ['POST', '/customer', { email: 'a\ue000@example.com' }, 'a character without a meaning, U+E000;'],
    ['POST', '/customer', { email: 'a\ufffe@example.com' }, 'a character without a meaning, U+FFFE;'],
    ['POST', '/customer', { email: 'a\u{1ffff}@example.com' }, 'a character without a meaning, U+1FFFF;'],
    ['PATCH', '/api/canary/customers/CODE', { name: 'Ada\ufdd0' }, 'a character without a meaning, U+FDD0;'],
    [
      'POST',
      '/customer',
      { email: '\ufeffa@example.com' },
      'valid email, without the character U+FEFF BYTE ORDER MARK',
    ],
    [
      'POST',
      '/customer',
      { email: 'a\u00a0b@example.com' },
      'valid email, without the character U+00A0 NO-BREAK SPACE',
    ],
    [
      'POST',
      '/api/canary/customers',
      { phoneNumber: '0821234567', email: 'a\u3000@example.com' },
      'valid email, without the character U+3000',
    ],
  ])('%s %s with %j is refused by the name of the character', async (method, path, body, message) => {
    const { customer_code } = (await call('POST', '/customer', { email: 'own@example.com' })).json().data
    const answer = await call(method, path.replace('CODE', customer_code), body)
    expect([answer.statusCode, [answer.json().message].flat()[0]]).toEqual([400, expect.stringContaining(message)])
  })

  test.each(['علی\u200cرضا', 'क्\u200dष', 'Ngũgĩ', 'Ada\tObi', 'Ada\u00a0Obi', 'Ada \u{1faea}'])(
    'the name %j is accepted',
    async (first_name) => {
      const answer = await call('POST', '/customer', { email: 'a@example.com', first_name })
      expect([answer.statusCode, answer.json().data.first_name]).toEqual([200, first_name])
    },
  )

  test('a customer who has an invisible character from before can still be changed', async () => {
    const { customer_code } = (await call('POST', '/customer', { email: 'old@example.com' })).json().data
    await api.service.db.query(sql`
      update customers set first_name = ${'A\u200bda'} where merchant_id = ${tenant.merchant.id} and code = ${customer_code}
    `)
    expect((await call('PUT', `/customer/${customer_code}`, { last_name: 'Obi' })).statusCode).toBe(200)
  })
})

describe('phone numbers of another country or another length', () => {
  const create = (phoneNumber: string) => call('POST', '/api/canary/customers', { phoneNumber })

  test.each([
    ['+27 (0)83 777 1234', '+27837771234'],
    ['083 777 1235 ext 9', '+27837771235'],
    ['+2348031234567', '+2348031234567'],
    // A number of this length is in the numbering plan of South Africa.
    ['+27 82 123 456', '+2782123456'],
    // No numbering plan knows this number, but a client says which country it is of, and plans grow.
    ['+278031234567', '+278031234567'],
  ])('a Cashful customer with the phone %s has the number %s', async (given, number) => {
    expect((await create(given)).json().phoneNumber).toBe(number)
  })

  test.each(['08031234567', '0803', '12', 'ask his sister'])(
    'a Cashful customer with the phone %s is refused by a merchant in South Africa',
    async (given) => {
      const answer = await create(given)
      expect([answer.statusCode, [answer.json().message].flat()[0]]).toEqual([
        400,
        `phoneNumber must be a phone number such as +27821234567, or local to ZA, not "${given}"`,
      ])
    },
  )

  test('a local number that is no number of the merchant’s country keeps its text on both surfaces', async () => {
    const made = (await call('POST', '/customer', { email: 'a@example.com', phone: '08031234567' })).json().data
    const seen = (await call('GET', `/api/canary/customers/${made.customer_code}`)).json()
    expect([made.phone, seen.phoneNumber]).toEqual(['08031234567', '08031234567'])
  })
})
