import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomFrom } from '../../../test/random.ts'
import { openTestService, type TestService } from '../../../test/service.ts'
import { sql } from '../../db/sql.ts'
import { isOtherSpelling, moneyName } from './taken-names.ts'

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
  ['O\u2019Brien 7', "o'brien 7"],
  ['O\u00b4Brien\u30007', "o'brien 7"],
  ['o\u02bcbrien `7`', "o'brien '7"],
  ['\u201cINV\u201d/7', "inv'/7"],
  ['\u00ab7\u00bb', '7'],
  ["'0042", '42'],
  ["''", "'"],
  ['INV\u22152026\u20447\uff0f8', 'inv/2026/7/8'],
  ['\u0660\u0664\u0667', '47'],
  ['ft-\u0967\u06f2\u{11de3}', 'ft-123'],
  ['#0042', '42'],
  ['\u2116 42', '42'],
  ['Order#7', 'order 7'],
  ['order \uff03\u00a07', 'order 7'],
  ['a # b', 'a # b'],
  ['a--b', 'a-b'],
  ['a\u2014b\u203fc', 'a-b_c'],
])('the name %j is compared as %j, and that one as itself', async (given, name) => {
  expect(await moneyName(service, given)).toBe(name)
  expect(await moneyName(service, name)).toBe(name)
})

test('a name that is left out of the index of other spellings is its own spelling', async () => {
  const ascii = Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1))
  const shapes = ascii.flatMap((c) => [c, `${c}1`, `x${c}`, `${c}x1`, `1${c}${c}2`, `a${c}2`])
  const plain = ['1', 'run-1', '4711', 'a.b_c-0', randomUUID().replace(/^0/, '1')]
  const rows = await service.db.query<{ name: string; spelled: string; indexed: boolean }>(sql`
    select n.name, money_name(n.name) as spelled, ${isOtherSpelling(sql`n.name`)} as indexed
    from unnest(${[...shapes, ...plain, 'é', 'Straße', '007', 'pay-0007', 'a--1', 'a\n', '\na']}::text[]) as n (name)
  `)
  expect(rows.filter(({ name, spelled, indexed }) => !indexed && name !== spelled)).toEqual([])
  expect(rows.filter(({ name, indexed }) => indexed && plain.includes(name))).toEqual([])
})

test('the spelling follows the classes of Unicode, for every character', async () => {
  const step = 0x4000
  const starts = [...Array.from({ length: 8 }, (_, i) => i * step), 0xe0000]
  const rows: { code: number; name: string; form: string }[] = []
  for (const start of starts) {
    rows.push(
      ...(await service.db.query<(typeof rows)[number]>(sql`
        select c as code, money_name('x' || chr(c) || 'y') as name, normalize(chr(c), nfkc) as form
        from generate_series(${Math.max(start, 1)}::int, ${start + step - 1}::int) c where c not between x'd800'::int and x'dfff'::int
      `)),
    )
  }
  expect(rows.length).toBeGreaterThan(130_000)
  // The database may know another Unicode than this Node.
  const known = rows.filter(({ code, form }) => form === String.fromCodePoint(code).normalize('NFKC'))
  expect(rows.length - known.length).toBeLessThan(100)
  const wrong = known.filter(({ code, name }) => name !== spell(`x${String.fromCodePoint(code)}y`))
  expect(wrong).toEqual([])
}, 180_000)

test('the spelling of a text of any characters is that of its classes, and a spelling is its own', async () => {
  const random = randomFrom(116)
  const some = (set: readonly string[]) => set[Math.floor(random() * set.length)] as string
  const common = Array.from('aZ09#\'"`/-_ .')
  const all = Array.from({ length: 0x2_0000 - 0x20 }, (_, i) => String.fromCodePoint(i + 0x20))
  const special = all.filter((each) => !/\p{Surrogate}/u.test(each) && spell(`x${each}y`) !== `x${each}y`)
  const texts = Array.from({ length: 5_000 }, () =>
    Array.from({ length: 1 + Math.floor(random() * 8) }, () => some(random() < 0.6 ? common : special)).join(''),
  )
  const rows = await service.db.query<{ given: string; name: string; again: string; form: string }>(sql`
    select n.given, money_name(n.given) as name, money_name(money_name(n.given)) as again, normalize(n.given, nfkc) as form
    from unnest(${texts}::text[]) n (given)
  `)
  const known = rows.filter(({ given, form }) => form === given.normalize('NFKC'))
  expect(known.length).toBeGreaterThan(4_900)
  const wrong = known.filter(({ given, name, again }) => name !== spell(given) || again !== name)
  expect(wrong.map(({ given, name, again }) => ({ given, name, again, wanted: spell(given) })).slice(0, 5)).toEqual([])
}, 180_000)

/** What a name is compared as, said by the classes of Unicode. */
function spell(text: string): string {
  const seen = text.replace(/\p{Default_Ignorable_Code_Point}|\p{Variation_Selector}/gu, '')
  const whole = seen
    .replace(/[\u00b4\u0384\u1fbd\u1fbf\u1ffd\u1ffe]/g, "'")
    .replaceAll('\u2116', '#')
    .normalize('NFKC')
  const small = Array.from(whole, smallOf).join('').normalize('NFKC')
  const runs = small
    .replace(/\p{White_Space}+/gu, ' ')
    .replace(/'+/g, "'")
    .replace(/-+/g, '-')
  const name = runs.replace(/[ #]*#[ #]*(?=[0-9])/g, ' ').trim()
  const bare = name.replace(/^[ ']+|[ ']+$/g, '') || name
  return /^0[0-9]+$/.test(bare) ? bare.replace(/^0+(?=[0-9])/, '') : bare
}

/** Characters of no class that look like one of ASCII, or are typed for it. */
const looks: Readonly<Record<string, string>> = {
  "'": '\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u02ee\u02f4\u02f5\u02f6\u055a\u055d\u05f3\u05f4\u07f4\u07f5\u2032\u2035\u275b\u275c\u275d\u275e\u275f\u2760\u276e\u276f\ua78b\ua78c\u{1f676}\u{1f677}\u{1f678}`',
  '/': '\u2044\u2215\u2571\u27cb\u29f8\u3033',
  '\\': '\u2216\u2572\u27cd\u29f5\u29f9\u3035',
  ':': '\u0589\u05c3\u205a\u02d0\u02f8\ua789\u2236',
  '*': '\u204e\u066d\u2217',
  ',': '\u060c\u066b\u3001\u2e41',
  '.': '\u06d4\u3002',
  ';': '\u061b\u204f',
  '?': '\u061f\u2e2e',
  '%': '\u066a',
  '|': '\u2223\u2502\u23fd',
  '~': '\u223c\u2053',
  '#': '\u266f',
}
const lookOf = new Map(Object.entries(looks).flatMap(([to, from]) => Array.from(from, (each) => [each, to] as const)))

function smallOf(character: string): string {
  const look = lookOf.get(character)
  if (look !== undefined) return look
  if (/\p{Quotation_Mark}/u.test(character)) return "'"
  if (/[\p{Pd}\u2212]/u.test(character)) return '-'
  if (/\p{Pc}/u.test(character)) return '_'
  if (/\p{Nd}/u.test(character)) return String(digitOf(character.codePointAt(0) as number))
  if ('İı'.includes(character)) return 'i'
  return character.toLowerCase().replace('ß', 'ss').replace('ς', 'σ')
}

/** The digits of a script follow each other, from zero on. */
function digitOf(code: number): number {
  let before = 0
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before += 1
  return before % 10
}
