import { expect, test } from 'vitest'
import { readRows } from './import-rows.ts'

test('columns are known by their words, and the others become metadata', () => {
  const rows = readRows([
    ['First Name', 'Surname', 'Mobile', 'E-mail', 'Branch'],
    ['Ada', 'Obi', '0821234567', 'ada@example.com', 'Soweto'],
  ])
  const given = { name: 'Ada Obi', phoneNumber: '0821234567', email: 'ada@example.com', metadata: { Branch: 'Soweto' } }
  expect(rows).toEqual([{ number: 2, given, problem: undefined }])
})

test('a row that cannot become a customer says why, with the numbers of the file', () => {
  const rows = readRows([
    ['name', 'email'],
    ['Ada', 'ada@example.com'],
    ['Neo', ''],
    ['Ada', 'ADA@example.com'],
    ['a', 'b@c.d', 'e'],
  ])
  expect(rows.map(({ number, problem }) => [number, problem])).toEqual([
    [2, undefined],
    [3, 'has neither a phone nor an e-mail'],
    [4, 'has the e-mail of row 2'],
    [5, 'has more cells than the first row'],
  ])
})

test('a row that the server would refuse for its e-mail or its phone is not counted as one that can be created', () => {
  const rows = readRows([
    ['name', 'phone', 'email'],
    ['Ada', '', 'bad-mail'],
    ['Neo', '12', ''],
    ['Sipho', '082 123-4567', 'sipho@example.com'],
    ['Amina', 'tel:+254 (0)722 000 000', ''],
    ['Fatou', '٠٨٢١٢٣٤٥٦٧', ''],
  ])
  expect(rows.map(({ problem }) => problem)).toEqual([
    '“bad-mail” is no e-mail',
    '“12” is no phone number',
    undefined,
    undefined,
    undefined,
  ])
})
