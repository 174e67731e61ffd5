import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createWallets } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { doTogether } from './commands.ts'

const adminKey = 'operator-0123456789'

let api: TestApi
let other: TestTenant
let customer: string

beforeAll(async () => {
  api = await openTestApi({ adminKey })
  const { service, tenant } = api
  other = await createTestTenant(service)
  const make = commandsFor(service)
  const [a = '', b = ''] = await createWallets(service, tenant, 2)
  const [c = ''] = await createWallets(service, other, 1)
  customer = a
  const texts = ['plain', 'a, b', 'say "hi"', 'two\r\nlines', '=1+1', '+1', '-1', '@x', '\t=x', ' =x', '＝x', "'", '']
  await doTogether(service, tenant, [
    ...texts.map((description) => ({ ...make.payIn(a, 10n), description })),
    { ...make.transfer(a, b, 3n), details: { productId: 'p,"q"' } },
  ])
  // More than one page.
  await doTogether(
    service,
    other,
    [...Array(600)].map(() => make.payIn(c, 1n)),
  )
  await doTogether(
    service,
    other,
    [...Array(600)].map(() => make.purchase(c, 1n)),
  )
})

afterAll(() => api.close())

const get = (query = '', bearer: string | null = adminKey) =>
  api.call('GET', `/v1/ledger/entries${query}`, undefined, bearer)

interface Line {
  merchant: string
  transactionId: string
  kind: string
  accountId: number
  number: number
  amount: number
  balanceAfter: number
  currency: string
}

async function linesOf(query = ''): Promise<Line[]> {
  const { body } = await get(query)
  return body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

describe('an export as JSON lines', () => {
  test('an export as JSON lines has every entry once, the two of each transaction together', async () => {
    const lines = await linesOf()
    const [{ count } = {}] = await api.service.db.query<{ count: bigint }>(sql`select count(*) from entries`)
    expect(lines).toHaveLength(Number(count))
    expect(new Set(lines.map(({ accountId, number }) => `${accountId}/${number}`)).size).toBe(lines.length)
    for (let i = 0; i < lines.length; i += 2) {
      expect(lines[i]?.transactionId).toBe(lines[i + 1]?.transactionId)
      expect((lines[i]?.amount ?? 0) + (lines[i + 1]?.amount ?? 0)).toBe(0)
      expect(lines[i]?.amount).toBeLessThan(0)
    }
  })

  test('an export as JSON lines tells everything of an entry', async () => {
    const lines = await linesOf(`?merchant=${api.tenant.merchant.code}`)
    expect(lines.find(({ kind }) => kind === 'transfer')).toEqual({
      merchant: api.tenant.merchant.code,
      mode: 'test',
      transactionId: expect.any(String),
      kind: 'transfer',
      accountId: expect.any(Number),
      accountKind: 'customer_cash',
      customer,
      number: 14,
      amount: -3,
      balanceAfter: 127,
      currency: 'ZAR',
      description: null,
      details: { productId: 'p,"q"' },
      reversesId: null,
      holdId: null,
      createdAt: '2026-01-15T10:30:00.000Z',
    })
  })

  test('an export of one merchant has no entry of another, by code or number', async () => {
    for (const reference of [other.merchant.code, other.merchant.id]) {
      const lines = await linesOf(`?merchant=${reference}`)
      expect(lines).toHaveLength(2400)
      expect(new Set(lines.map(({ merchant }) => merchant))).toEqual(new Set([other.merchant.code]))
    }
  })
})

describe('an export as CSV', () => {
  test('an export as CSV quotes every text where needed, and no text begins as a formula', async () => {
    const { body, headers } = await get(`?format=csv&merchant=${api.tenant.merchant.code}`)
    expect(headers['content-type']).toBe('text/csv; charset=utf-8')
    const rows = readCsv(body)
    const descriptions = rows.slice(1).map((row) => row[12] ?? '')
    const told = [
      'plain',
      'a, b',
      'say "hi"',
      'two\r\nlines',
      "'=1+1",
      "'+1",
      "'-1",
      "'@x",
      "'\t'=x",
      "' =x",
      "'＝x",
      "'",
      '',
    ]
    expect(new Set(descriptions)).toEqual(new Set(told))
    for (const text of descriptions) expect(text).not.toMatch(/^\s*[=+\-@＝]/)
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([16]))
    expect(rows.find((row) => row[4] === 'transfer')?.[13]).toBe('{"productId":"p,\\"q\\""}')
  })

  test('an export as CSV begins with the names of its columns, and its amounts are numbers', async () => {
    const [names, ...rows] = readCsv((await get('?format=csv')).body)
    expect(names?.slice(0, 5)).toEqual(['merchant', 'mode', 'createdAt', 'transactionId', 'kind'])
    // Those of one millisecond are in any order.
    expect(rows.map((row) => row[9])).toEqual(expect.arrayContaining(['-10', '10', '-3', '3', '-1', '1']))
  })
})

test('an export is the operator’s only', async () => {
  expect((await get('', api.tenant.secret)).statusCode).toBe(401)
  expect((await get('', null)).statusCode).toBe(401)
  expect((await get('?merchant=mer_000000000000000')).statusCode).toBe(404)
  expect((await get('?format=xml')).statusCode).toBe(400)
})

/** As RFC 4180 says. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === '\r\n') rows.push([])
  }
  return rows.filter((row) => row.length > 1)
}
