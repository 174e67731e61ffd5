import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase } from '../../test/engines.ts'
import type { OwnedDb } from './database.ts'
import { argument, functionCall, listArgument } from './function-call.ts'
import { sql } from './sql.ts'

let db: OwnedDb

beforeAll(async () => {
  db = await openTestDatabase()
  await db.asOwner((owner) =>
    owner.execute(`
      create function describe_parcel(p_weight integer, p_labels text[]) returns text
      language sql as $$ select p_weight || ' kg: ' || array_to_string(p_labels, ', ') $$`),
  )
})

afterAll(() => db.close())

const weight = argument('integer', 3)
const labels = listArgument('text', ['fragile', null, 'this side up'])
const call = (parameters: Parameters<typeof functionCall>[1]) =>
  db.query(sql`select ${functionCall('describe_parcel', parameters)} as parcel, ${'beside'}::text as beside`)

test('a call of a SQL function gives each parameter its value by name, in whatever order they stand', async () => {
  const expected = [{ parcel: '3 kg: fragile, this side up', beside: 'beside' }]
  expect(await call({ p_weight: weight, p_labels: labels })).toEqual(expected)
  expect(await call({ p_labels: labels, p_weight: weight })).toEqual(expected)
})

test('a call of a SQL function is one text for all values, so that it is prepared once', () => {
  const statement = functionCall('describe_parcel', { p_weight: weight, p_labels: labels })
  expect(statement.text).toBe('describe_parcel(p_weight => $1::integer, p_labels => $2::text[])')
  expect(statement.values).toEqual([3, ['fragile', null, 'this side up']])
  expect(functionCall('describe_parcel', { p_weight: argument('integer', 4), p_labels: labels }).name).toBe(
    statement.name,
  )
  expect(functionCall('now', {}).text).toBe('now()')
  // Other parameters, another order or another type make another text, whatever the function was called with before.
  const others = [{ p_weight: weight }, { p_labels: labels, p_weight: weight }, { p_weight: labels, p_labels: labels }]
  expect(others.map((parameters) => functionCall('describe_parcel', parameters).text)).toEqual([
    'describe_parcel(p_weight => $1::integer)',
    'describe_parcel(p_labels => $1::text[], p_weight => $2::integer)',
    'describe_parcel(p_weight => $1::text[], p_labels => $2::text[])',
  ])
})

test('every element of a list arrives as it was given, whatever it looks like in the text of a list', async () => {
  const texts = [
    '',
    ' ',
    'NULL',
    '"',
    '\\',
    '\\"',
    '{}',
    '{a,b}',
    'a,b',
    "it's",
    'two\nlines',
    '\t',
    '😀',
    '\\x00',
    null,
  ]
  const bytes = [Buffer.alloc(0), Buffer.from([0, 34, 92, 255]), null]
  const times = [new Date(0), new Date('2026-11-29T10:30:00.123Z'), new Date('9999-12-31T23:59:59.999Z'), null]
  await db.asOwner((owner) =>
    owner.execute(`
      create function parts(
        t text[], i integer[], n bigint[], b boolean[], u uuid[], y bytea[], m timestamptz[]
      ) returns table (texts text[], integers integer[], bigints bigint[], booleans boolean[], ids uuid[], bytes bytea[], times timestamptz[])
      language sql as $$ select t, i, n, b, u, y, m $$`),
  )
  const ids = ['0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', null]
  const given = {
    t: listArgument('text', texts),
    i: listArgument('integer', [-2147483648, 0, null]),
    n: listArgument('bigint', [-9007199254740993n, 9223372036854775807n, null]),
    b: listArgument('boolean', [true, false, null]),
    u: listArgument('uuid', ids),
    y: listArgument('bytea', bytes),
    m: listArgument('timestamptz', times),
  }
  const [row] = await db.query<{ count: bigint }>(sql`
    select cardinality(texts)::bigint as count, p.* from ${functionCall('parts', given)} p
  `)
  expect(row).toMatchObject({
    texts,
    integers: [-2147483648, 0, null],
    bigints: [-9007199254740993n, 9223372036854775807n, null],
    booleans: [true, false, null],
    ids,
    bytes,
    times,
  })
  const none = { ...given, t: listArgument('text', []), u: listArgument('uuid', [null, null]) }
  expect(await db.query(sql`select texts, ids from ${functionCall('parts', none)} p`)).toEqual([
    { texts: [], ids: [null, null] },
  ])
})

test.each([
  ['a missing parameter', { p_weight: weight }],
  ['a superfluous parameter', { p_weight: weight, p_labels: labels, p_colour: weight }],
  ['a parameter under another name', { p_weight: weight, p_marks: labels }],
  ['a parameter of another type', { p_weight: labels, p_labels: labels }],
])('a call of a SQL function is refused for %s', async (_title, parameters) => {
  await expect(call(parameters)).rejects.toMatchObject({ code: '42883' })
})

test('a name that is no name of a function or parameter never reaches SQL', () => {
  for (const name of ['', 'P', 'a b', 'a"', "a'", '1a', 'a;', 'a => 1, b', 'a\n']) {
    expect(() => functionCall(name, {})).toThrow('is not the name')
    expect(() => functionCall('describe_parcel', { [name]: weight })).toThrow('is not the name')
  }
})
