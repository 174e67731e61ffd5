import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from '../src/db/sql.ts'
import { openTestApi, type TestApi } from './api.ts'
import { finishErasures } from './erasures.ts'

// How a merchant's own events and recipients may name a customer who is erased.

let api: TestApi
let code: string
let number: number
beforeAll(async () => {
  api = await openTestApi()
  code = (await ask('/api/canary/customers', { phoneNumber: '082 765 0002', email: 'zed@host.example' })).id
  number = (await api.call('GET', `/customer/${code}`)).json().data.id
})
afterAll(() => api.close())

async function ask(path: string, body: object) {
  const answer = await api.call('POST', path, body)
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.body}`)
  return answer.body === '' ? undefined : answer.json()
}

test('an erasure finds the person in texts that have other numbers, separators, cases and forms as well', async () => {
  const naming = [
    'order 17 082 765 0002',
    'ID 8001015009087 082 765 0002 ok',
    '082 765 0002 2026-11-29',
    '2026-11-29 0827650002',
    '0827650009/0827650002',
    '082\u2011765\u20110002',
    '082\u2212765\u22120002',
    '082·765·0002',
    '082_765_0002',
    '082,765,0002',
    'line\n082\t765\n0002',
    ['082', '765', '0002'],
    code.toLowerCase(),
    `for ${code.toUpperCase()}`,
    `customer ${number}`,
    `#${number}`,
    `id=${number}`,
    `${number}.0`,
    `orders 1,${number},2`,
    'zed＠host.example',
    'to:\nZed@Host.example',
  ]
  const others = [
    'order 17 082 765 0003',
    'order 1082 765 0002',
    '082 765 00021',
    '082 765 a 0002',
    ['082', '765', '0003'],
    `${code.slice(0, -1)}_`,
    `${number}1`,
    `${number}.5`,
    `7.${number}`,
    'zed+1@host.example',
    'azed@host.example',
  ]
  const asRecipient = (metadata: object, i: number) =>
    ask('/v1/recipients', {
      type: 'bank_account',
      bankCode: '058',
      accountNumber: `01234567${10 + i}`,
      accountName: 'Anybody',
      metadata,
    })
  for (const text of [...naming, ...others])
    await ask('/api/canary/events', { merchantId: api.tenant.merchant.code, type: 'custom.x', data: { text } })
  for (const [i, text] of [...naming, ...others].entries()) await asRecipient({ text }, i)
  await asRecipient({ customer: number }, 70)
  await asRecipient({ customer: number + 1 }, 71)

  await ask(`/v1/customers/${code}/erase`, {})
  await finishErasures(api.service)
  const { db } = api.service
  const events = await db.query<{ text: unknown }>(sql`
    select data -> 'details' -> 'data' -> 'text' as text from events
    where merchant_id = ${api.tenant.merchant.id} and type = 'custom.x' and data -> 'details' -> 'data' -> 'text' is not null
    order by id
  `)
  expect(events.map(({ text }) => text)).toEqual(others)
  const recipients = await db.query<{ metadata: unknown }>(sql`
    select metadata from recipients where merchant_id = ${api.tenant.merchant.id} and metadata is not null order by id
  `)
  expect(recipients.map(({ metadata }) => metadata)).toEqual([
    ...others.map((text) => ({ text })),
    { customer: number + 1 },
  ])
})
