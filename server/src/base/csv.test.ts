import { expect, test } from 'vitest'
import { csvText } from './csv.ts'

test.each([
  ['Airtime', 'Airtime'],
  ['a-b = c', 'a-b = c'],
  ['a;b', '"a;b"'],
  ['=1+1', "'=1+1"],
  ['x;=1+1', `"x;'=1+1"`],
  ['x; @sum', `"x; '@sum"`],
  ['x\t=1+1', `"x\t'=1+1"`],
  ['x\r\n＋1', `"x\r\n'＋1"`],
  ['\t=1', `"'\t'=1"`],
  ['a"b', '"a""b"'],
])('the text %j is the cell %j', (text, cell) => {
  expect(csvText(text)).toBe(cell)
})
