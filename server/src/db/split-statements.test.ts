import { describe, expect, test } from 'vitest'
import { splitStatements } from './split-statements.ts'

const texts = (script: string) => splitStatements(script).map(({ text }) => text)

describe('a script', () => {
  test('a script is cut at its semicolons, and the last semicolon may be missing', () => {
    expect(texts('select 1;\nselect 2 ;; select 3')).toEqual(['select 1', 'select 2', 'select 3'])
  })

  test('a script of only space and comments has no statement', () => {
    expect(texts('\n-- nothing; here\n/* nor; here */ ;\n')).toEqual([])
  })

  test.each([
    [`select 'a;b', 'it''s;'`],
    [String.raw`select e'it\'s; \\', E'\';'`],
    [String.raw`select 'ends with \' as a`],
    [`select "odd;""name" from t`],
    ['do $$ begin perform 1; end $$'],
    ['create function f() returns int language plpgsql as $body$ begin return $$;$$; end; $body$'],
    ['select 1 -- one; two\n, 2'],
    ['select 1 /* outer; /* inner; */ still; */ , 2'],
    ['create rule r as on insert to t do also (select 1; select 2)'],
    ['create or replace function f(a int) returns int begin atomic select case when a > 0 then 1 end; select 2; end'],
    [`select $1, a$b from t where price$ > '$$;'`],
    ['select größe from tabelle where "ß;" = 1'],
  ])('a script keeps one statement whole: %s', (statement) => {
    expect(texts(`select 0; ${statement}; select 9`)).toEqual(['select 0', statement, 'select 9'])
  })

  test('a script tells the line where each statement begins', () => {
    const script = '-- first\nselect 1;\n\n/* a\nb */ select\n2;'
    expect(splitStatements(script).map(({ line }) => line)).toEqual([2, 5])
  })
})
