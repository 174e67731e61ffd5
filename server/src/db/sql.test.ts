import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nothing, sql } from './sql.ts'

describe('a statement', () => {
  test('a statement carries its values beside it, numbered in order', () => {
    expect(sql`select ${1}::int, ${'two'}`).toMatchObject({ text: 'select $1::int, $2', values: [1, 'two'] })
  })

  test('a statement renumbers the parameters of fragments, however deep the fragments are nested', () => {
    const inner = sql`b = ${2} or c = ${3}`
    const middle = sql`a = ${1} and (${inner})`
    expect(sql`select ${0} where ${middle} limit ${4}`).toMatchObject({
      text: 'select $1 where a = $2 and (b = $3 or c = $4) limit $5',
      values: [0, 1, 2, 3, 4],
    })
  })

  test('a statement may use a fragment twice', () => {
    const fragment = sql`id = ${7}`
    expect(sql`${fragment} or ${fragment}`).toMatchObject({ text: 'id = $1 or id = $2', values: [7, 7] })
  })

  test('a statement leaves text that looks like a parameter alone', () => {
    const fragment = sql`price = '$1' and x = ${5}`
    expect(sql`select ${4} where ${fragment}`).toMatchObject({ text: `select $1 where price = '$1' and x = $2` })
  })

  test('a statement gains nothing from the fragment `nothing`', () => {
    expect(sql`select 1 ${nothing}`).toMatchObject({ text: 'select 1 ', values: [] })
  })

  test('a value that only looks like a statement stays a value', () => {
    const body = { text: 'drop table customers', values: [], name: 'x' }
    expect(sql`select ${body}::jsonb`).toMatchObject({ text: 'select $1::jsonb', values: [body] })
  })

  test('statements have the same name whenever they have the same text, and only then', () => {
    const byId = (id: number) => sql`select * from t where id = ${id}`
    expect(byId(1).name).toBe(byId(2).name)
    expect(byId(1).name).not.toBe(sql`select * from t where id = any(${[1]})`.name)
    // PostgreSQL cuts names at 63 bytes.
    expect(byId(1).name.length).toBeLessThan(63)
  })

  test('a statement never lets a value into its text', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (first, second) => {
        const statement = sql`select ${first} where ${sql`name = ${second}`}`
        expect(statement.text).toBe('select $1 where name = $2')
        expect(statement.values).toEqual([first, second])
      }),
    )
  })
})
