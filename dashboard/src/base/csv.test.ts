import { expect, test } from 'vitest'
import { readCsv, writeCsv } from './csv.ts'

test.each([
  [
    'a,b\r\n1,2\r\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    '\ufeffname;phone\nAda;082',
    [
      ['name', 'phone'],
      ['Ada', '082'],
    ],
  ],
  ['"O""Brien, Neo","two\nlines"\n', [['O"Brien, Neo', 'two\nlines']]],
  [
    'a,,\n\n,b',
    [
      ['a', '', ''],
      ['', 'b'],
    ],
  ],
  ['', []],
])('%j is read as its cells', (text, rows) => {
  expect(readCsv(text)).toEqual(rows)
})

test('a quote that is not closed is refused, with its row', () => {
  expect(() => readCsv('a,b\n"c')).toThrow('row 2')
})

test('what is written is read again, and no cell is a formula', () => {
  const rows = [['a "b"', 'c,d', 'e\nf', '+27821234567']]
  expect(readCsv(writeCsv(rows))).toEqual(rows)
  expect(writeCsv([['=1+1', '@x', '-x']])).toBe("'=1+1,'@x,'-x\r\n")
})
