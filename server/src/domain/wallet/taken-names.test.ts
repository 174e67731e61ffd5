import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestService, type TestService } from '../../../test/service.ts'
import { sql } from '../../db/sql.ts'
import { moneyName } from './taken-names.ts'

let service: TestService

beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

test.each([
  ['ORDER-1', 'order-1'],
  ['0004711', '4711'],
  ['000', '0'],
  ['FT-007', 'ft-007'],
  ['FNB\u00a02026/11/29  0001 ', 'fnb 2026/11/29 0001'],
  ['\u3000FNB\u202f2026/11/29\u20030001', 'fnb 2026/11/29 0001'],
  ['Café 1', 'café 1'],
  ['CAFE\u0301 1', 'café 1'],
  ['Straße', 'strasse'],
  ['ΟΔΟΣ', 'οδοσ'],
  ['\uff10\uff14\uff17', '47'],
  ['a\u2011b', 'a-b'],
  ['up-1\ufe0f', 'up-1'],
  ['o\u{e0020}rd\u{e0100}\u115f\u17b4\u180b\uffa0\u200d-2', 'ord-2'],
  ['e\u200d\u0301', 'é'],
])('the name %j is compared as %j, and that one as itself', async (given, name) => {
  expect(await moneyName(service, given)).toBe(name)
  expect(await moneyName(service, name)).toBe(name)
})

test('the spelling follows the classes of Unicode, for every character', async () => {
  const rows = await service.db.query<{ code: number; name: string; form: string }>(sql`
    select c as code, money_name('x' || chr(c) || 'y') as name, normalize(chr(c), nfkc) as form
    from generate_series(1, x'1ffff'::int) c where c not between x'd800'::int and x'dfff'::int
    union all
    select c, money_name('x' || chr(c) || 'y'), normalize(chr(c), nfkc) from generate_series(x'e0000'::int, x'e1000'::int) c
  `)
  expect(rows.length).toBeGreaterThan(130_000)
  // The database may know another Unicode than this Node.
  const known = rows.filter(({ code, form }) => form === String.fromCodePoint(code).normalize('NFKC'))
  expect(rows.length - known.length).toBeLessThan(100)
  const wrong = known.filter(({ code, name }) => name !== spell(`x${String.fromCodePoint(code)}y`))
  expect(wrong).toEqual([])
}, 60_000)

function spell(text: string): string {
  const seen = text.replace(/\p{Default_Ignorable_Code_Point}|\p{Variation_Selector}/gu, '').normalize('NFKC')
  const small = Array.from(seen, smallOf).join('').normalize('NFKC')
  return small.replace(/\p{White_Space}+/gu, ' ').trim()
}

function smallOf(character: string): string {
  if (/[\p{Pd}\u2212]/u.test(character)) return '-'
  if ('İı'.includes(character)) return 'i'
  return character.toLowerCase().replace('ß', 'ss').replace('ς', 'σ')
}
